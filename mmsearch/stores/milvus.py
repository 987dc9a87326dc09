"""Milvus Lite, a Milvus server or a cluster: one collection a space, exact where the backend is."""

import json
import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, cast

import numpy as np

from mmsearch import bm25
from mmsearch.errors import NotFound, SpaceMismatch
from mmsearch.filters import matches
from mmsearch.masking import without_secrets
from mmsearch.stores import rows
from mmsearch.stores.milvus_connection import connected, dialect_of, start_lite, steadily, translating
from mmsearch.stores.milvus_filters import DOCUMENT_NUMBER, EVERYTHING, LITE, Condition, compiled, literal, of_documents
from mmsearch.stores.milvus_schema import index, schema
from mmsearch.stores.ranking import DECIMALS, Found, ranked
from mmsearch.stores.safe_text import plain, safe
from mmsearch.types import Content, Filter, Hit, Modality, Segment, Space, Vector

CONNECT_S = 5.0
"""For a server, which answers at once or not at all; our own child may start slowly on a busy machine."""
MOST_HITS = 16_384
"""What Milvus gives at most for one search."""
PAGE_ROWS = 100
"""Read at once where rows are large: a server answers with at most 100 MB."""
BROUGHT_ROWS = 128
"""So many rows bring their segments along, for nearly nothing; to find one by its id takes Milvus Lite ten ms."""
NAMED_DOCUMENTS = 512
"""In one expression."""
LEAST_GARBAGE = 2_000
"""Rows that Milvus Lite may hold in memory though they were replaced or deleted; in larger collections, as many as
there are."""
SPARE_HITS = 16
"""Asked for beyond top_k, so that ties at the end are cut by id and not by chance."""
UNIT_WITHIN = 1e-6
"""Of 1: so much a length in float32 is off."""
UNCUT, CUT = "cut == false", "cut == true"


class MilvusStore:
    """The Store protocol on Milvus.

    `uri` is a file that ends in `.db` (Milvus Lite, in a child process that this store owns) or
    `http://host:19530`, `https://...` with a `token` ("user:password" or an API key). No call takes
    longer than `timeout_s`. Raises StoreUnavailable within seconds when nothing answers, LibraryLocked
    when another process holds the file.
    """

    def __init__(self, uri: str, token: str = "", timeout_s: float = 30.0) -> None:
        self._place, self._timeout_s = without_secrets(uri), timeout_s
        self._spaces: dict[str, Space] = {}
        self._metrics: dict[str, str] = {}
        self._behind: set[str] = set()
        self._in_memory: dict[str, int] = {}
        """Rows of a collection that Milvus Lite holds, the replaced and deleted ones too."""
        self._deletions, self._filled = 0, dict[str, int]()
        """How often rows were deleted, and how often they had been when a collection was seen to have any."""
        self._lock = threading.Lock()
        self._opening = threading.Lock()
        self._lite = start_lite(uri)
        try:
            with self._asking():
                patience_s = timeout_s if self._lite else min(timeout_s, CONNECT_S)
                self._client = connected(self._lite.uri if self._lite else uri, token, patience_s)
                self._dialect = dialect_of(self._client, patience_s)
        except BaseException:
            if self._lite:
                self._lite.stop()
            raise

    def open(self, collection: str, space: Space) -> None:
        """As promised; from here on this store sees all that was written before, and at once what it writes itself.

        What another process writes to the same server meanwhile is seen within moments: waiting for it would cost a
        server 0.3 s a call.
        """
        with self._opening, self._asking():
            if not self._client.has_collection(collection, timeout=self._timeout_s):
                self._client.create_collection(
                    collection, schema=schema(space), consistency_level="Session", timeout=self._timeout_s
                )
            made = self._client.list_indexes(collection, timeout=self._timeout_s)
            if not made:  # also when stopped in between
                params = index(space, exact=self._dialect is LITE)
                self._client.create_index(collection, params, timeout=self._timeout_s, sync=False)
                made = self._client.list_indexes(collection, timeout=self._timeout_s)
            indexed = self._client.describe_index(collection, made[0], timeout=self._timeout_s)
            self._metrics[collection] = str(indexed["metric_type"])
            self._client.load_collection(collection, timeout=self._timeout_s)
        made_for = self._facts(collection)
        if made_for["fingerprint"] != space.fingerprint:
            raise SpaceMismatch(
                f"collection {collection} was made for {made_for['model']} {made_for['revision']}, "
                f"not {space.model} {space.revision}; index into a new collection"
            )
        with self._lock:
            self._spaces[collection] = space
            self._behind.add(collection)
        self._in_memory[collection] = self._how_many(collection, "")

    def drop(self, collection: str) -> None:
        with self._lock:
            self._spaces.pop(collection, None)
            self._filled.pop(collection, None)
        with self._asking():
            self._client.drop_collection(collection, timeout=self._timeout_s)

    def upsert(self, collection: str, segments: Sequence[Segment], content: Content) -> None:
        lexical = self._space(collection).kind == "lexical"
        made: dict[str, dict[str, Any]] = {}
        for segment, value in zip(segments, content, strict=True):
            made[segment.id] = rows.row(segment)
            if lexical:
                made[segment.id]["terms"] = bm25.clipped(str(value))
            else:
                made[segment.id]["vector"] = _unit(value)
        with self._asking():
            for batch in rows.batches(list(made.values())):
                held = self._held(collection, [row["id"] for row in batch])
                new = [row for row in batch if row["id"] not in held]
                if new:
                    self._client.insert(collection, new, timeout=self._timeout_s)
                if held:
                    replaced = [row for row in batch if row["id"] in held]
                    self._client.upsert(collection, replaced, timeout=self._timeout_s)
                self._in_memory[collection] += len(batch)
        self._reclaim(collection)

    def prune(self, collection: str, document_id: str, keep: frozenset[str] = frozenset()) -> int:
        self._space(collection)
        with self._asking():
            held = [found["id"] for found in self._rows(collection, of_documents([document_id]), [])]
            gone = sorted(set(held) - set(map(safe, keep)))
            for start in range(0, len(gone), rows.BATCH_ROWS):
                self._client.delete(collection, ids=gone[start : start + rows.BATCH_ROWS], timeout=self._timeout_s)
        if gone:
            with self._lock:
                self._behind.add(collection)
                self._deletions += 1
            self._reclaim(collection)
        return len(gone)

    def search(self, collection: str, query: Vector | str, top_k: int, filter: Filter | None = None) -> list[Hit]:
        space = self._space(collection)
        asked = bm25.asked(query) if isinstance(query, str) else _unit(query)
        condition = compiled(filter, self._dialect) if filter else EVERYTHING
        if top_k < 1 or condition.expression is False or (isinstance(asked, str) and not asked):
            return []
        if space.kind == "lexical" and self._empty(collection):  # Lite's BM25 divides by the rows
            return []
        limit = min(top_k + SPARE_HITS, MOST_HITS)
        while True:
            found = self._nearest(collection, asked, limit, _or_cut(condition))
            passing = self._passing(collection, found, filter, condition)
            hits = ranked(space.name, passing, top_k)
            enough = len(hits) == top_k and round(found[-1].score, DECIMALS) < hits[-1].score
            if enough or len(found) < limit:
                return hits
            if limit == MOST_HITS:
                return hits if len(hits) == top_k else self._among_all(collection, asked, top_k, filter, condition)
            limit = min(limit * 4, MOST_HITS)

    def segments(self, collection: str, ids: Sequence[str]) -> dict[str, Segment]:
        return {plain(row["id"]): rows.segment(row["payload"]) for row in self._by_id(collection, ids, "payload")}

    def vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vector]:
        if self._space(collection).kind == "lexical":
            return {}
        found = self._by_id(collection, ids, "vector")
        return {plain(row["id"]): np.asarray(row["vector"], dtype=np.float32) for row in found}

    def sample(self, collection: str, size: int) -> Content:
        """Those of the first ids: ids are hashes, so they are as good as drawn."""
        space = self._space(collection)
        field = "terms" if space.kind == "lexical" else "vector"
        with self._asking():
            first = self._rows(collection, "", [field], most=size) if size > 0 else iter(())
            held = [row[field] for row in sorted(first, key=lambda row: str(row["id"]))]
        if space.kind == "lexical":
            return list(map(str, held))
        return np.array(held, dtype=np.float32).reshape(-1, space.dim)

    def scan(self, collection: str, documents: Sequence[str]) -> Iterator[tuple[Segment, Vector | str]]:
        lexical = self._space(collection).kind == "lexical"
        field, unique = "terms" if lexical else "vector", list(dict.fromkeys(documents))
        for start in range(0, len(unique), NAMED_DOCUMENTS):
            named = of_documents(unique[start : start + NAMED_DOCUMENTS])
            with self._asking():
                for row in self._rows(collection, named, ["payload", field]):
                    content = str(row[field]) if lexical else np.asarray(row[field], dtype=np.float32)
                    yield rows.segment(row["payload"]), content

    def count(self, collection: str, filter: Filter | None = None) -> int:
        self._space(collection)
        condition = compiled(filter, self._dialect) if filter else EVERYTHING
        if filter is None or condition == EVERYTHING:
            return self._how_many(collection, "")
        if condition.exact:
            sure = "" if condition.expression is False else f"({condition.expression}) and {UNCUT}"
            unsure = CUT
        else:
            sure, unsure = "", _or_cut(condition)
        counted = self._how_many(collection, sure) if sure else 0
        return counted + sum(matches(filter, segment) for segment in self._read(collection, unsure))

    def listing(self, collection: str) -> Iterator[tuple[str, str, Modality]]:
        self._space(collection)
        with self._asking():
            for row in self._rows(collection, "", ["document", "modality"]):
                yield plain(row["id"]), plain(row["document"]), cast(Modality, plain(row["modality"]))

    def close(self) -> None:
        with self._asking():
            self._client.close()
        if self._lite:
            self._lite.stop()

    def _held(self, collection: str, ids: list[str]) -> set[str]:
        """Those of the ids that may be there. Milvus Lite is asked: new rows by upsert hold up its searches ten times
        as long, 70 to 140 ms of 100,000 rows, and nobody else writes to it."""
        if self._lite is None:
            return set(ids)
        found = steadily(self._client.query, collection, ids=ids, output_fields=["id"], **self._reading(collection))
        return {row["id"] for row in found}

    def _reclaim(self, collection: str) -> None:
        """Let Milvus Lite read the collection anew, which it does with the next call, where much of it is garbage."""
        if self._lite is None or self._in_memory[collection] < LEAST_GARBAGE:
            return
        rows_held = self._how_many(collection, "")
        if self._in_memory[collection] - rows_held >= max(LEAST_GARBAGE, rows_held):
            with self._asking():
                self._client.release_collection(collection, timeout=self._timeout_s)
            self._in_memory[collection] = rows_held

    def _among_all(
        self, collection: str, asked: Any, top_k: int, filter: Filter | None, condition: Condition
    ) -> list[Hit]:
        """The same by looking at every row first: for a filter that Milvus cannot express and nearly nothing passes."""
        candidates = self._read(collection, _or_cut(condition))
        passing = [segment.id for segment in candidates if filter is None or matches(filter, segment)]
        found: list[Found] = []
        for start in range(0, len(passing), rows.BATCH_ROWS):
            ids = passing[start : start + rows.BATCH_ROWS]
            found += self._nearest(collection, asked, len(ids), f"id in [{', '.join(map(literal, ids))}]")
        return ranked(self._space(collection).name, found, top_k)

    def _nearest(self, collection: str, asked: Any, limit: int, expression: str) -> list[Found]:
        """What comes nearest, best first."""
        lexical = isinstance(asked, str)
        params: dict[str, Any] = {} if lexical or self._dialect is LITE else {"ef": max(2 * limit, 128)}
        with self._asking():
            [found] = steadily(
                self._client.search,
                collection,
                data=[asked],
                anns_field="weights" if lexical else "vector",
                limit=limit,
                filter=expression,
                output_fields=[
                    "document",
                    "modality",
                    "cut",
                    *(["payload"] if limit <= BROUGHT_ROWS else []),
                ],
                search_params={"metric_type": self._metrics[collection], "params": params},
                **self._reading(collection),
            )
        return [_found(hit["distance"], hit["id"], **hit["entity"]) for hit in found]

    def _passing(self, collection: str, found: list[Found], filter: Filter | None, condition: Condition) -> list[Found]:
        """What passes the filter; only what the expression could not decide is read and looked at."""
        if filter is None or condition == EVERYTHING:
            return found
        unsure = [hit.id for hit in found if hit.cut or not condition.exact]
        refused = {id for id, segment in self.segments(collection, unsure).items() if not matches(filter, segment)}
        return [hit for hit in found if hit.id not in refused]

    def _by_id(self, collection: str, ids: Sequence[str], field: str) -> Iterator[dict[str, Any]]:
        self._space(collection)
        unique = list(dict.fromkeys(ids))
        for start in range(0, len(unique), PAGE_ROWS):
            wanted = ", ".join(map(literal, unique[start : start + PAGE_ROWS]))
            with self._asking():
                found = steadily(
                    self._client.query,
                    collection,
                    filter=f"id in [{wanted}]",
                    output_fields=["id", field],
                    **self._reading(collection),
                )
            yield from found

    def _read(self, collection: str, expression: str) -> Iterator[Segment]:
        """Every segment under the expression."""
        with self._asking():
            for row in self._rows(collection, expression, ["payload"]):
                yield rows.segment(row["payload"])

    def _rows(
        self, collection: str, expression: str, fields: list[str], most: int | None = None
    ) -> Iterator[dict[str, Any]]:
        """All rows under the expression, however many, in the order of their ids.

        Not by pymilvus' query_iterator: it asks for a snapshot of now, for which a server waits 0.3 s and more.
        The last option makes a server give the lowest ids first.
        """
        page_rows, last, left = _page_rows(fields), "", math.inf if most is None else most
        while left > 0:
            beyond = f'id > "{last}"'
            page = steadily(
                self._client.query,
                collection,
                filter=f"({expression}) and {beyond}" if expression else beyond,
                output_fields=["id", *fields],
                limit=int(min(page_rows, left)),
                **self._reading(collection),
                reduce_stop_for_best="True",
            )
            yield from page
            if len(page) < min(page_rows, left):
                return
            last, left = max(row["id"] for row in page), left - len(page)

    def _empty(self, collection: str) -> bool:
        """Whether there is no row; where nobody else deletes any, counted anew after a deletion alone."""
        deletions = self._deletions
        if self._lite and self._filled.get(collection) == deletions:
            return False
        rows_held = self._how_many(collection, "")
        if rows_held:
            self._filled[collection] = deletions
        return not rows_held

    def _how_many(self, collection: str, expression: str) -> int:
        with self._asking():
            [found] = steadily(
                self._client.query,
                collection,
                filter=expression,
                output_fields=["count(*)"],
                **self._reading(collection),
            )
        return int(found["count(*)"])

    def _reading(self, collection: str) -> dict[str, Any]:
        """How to read: all that this store wrote; after an opening or a deletion, which has no date, all there is."""
        with self._lock:
            behind = collection in self._behind
            self._behind.discard(collection)
        return {"consistency_level": "Strong" if behind else "Session", "timeout": self._timeout_s}

    def _space(self, collection: str) -> Space:
        found = self._spaces.get(collection)
        if found is None:
            raise NotFound(f"there is no collection {collection}; open it first")
        return found

    def _facts(self, collection: str) -> dict[str, Any]:
        with self._asking():
            described = self._client.describe_collection(collection, timeout=self._timeout_s)
        try:
            facts = json.loads(described["description"])
            if DOCUMENT_NUMBER not in {field["name"] for field in described["fields"]}:
                raise SpaceMismatch(
                    f"collection {collection} was made by an earlier mmsearch: index into a new library"
                )
            return {name: facts[name] for name in ("fingerprint", "model", "revision")}
        except (ValueError, KeyError, TypeError) as error:
            raise SpaceMismatch(
                f"collection {collection} at {self._place} was not made by mmsearch; drop it"
            ) from error

    def _asking(self) -> AbstractContextManager[None]:
        """Around every call to Milvus."""
        return translating(self._place, self._lite is not None)


def _unit(vector: Any) -> Vector:
    """The vector as it is where it has unit length, as encoders promise, else made so; zero stays zero."""
    given: Vector = np.asarray(vector, dtype=np.float32)
    length = np.linalg.norm(given)
    return given if abs(length - 1) < UNIT_WITHIN or not length else given / length


def _found(
    score: float, id: str, document: str, modality: str, cut: bool, payload: Sequence[str] | None = None
) -> Found:
    read = partial(rows.segment, payload) if payload else None
    return Found(plain(id), plain(document), cast(Modality, plain(modality)), float(score), bool(cut), read)


def _page_rows(fields: list[str]) -> int:
    """As many at once as an answer holds: each page costs Milvus Lite a look at every row."""
    if "payload" in fields:
        return PAGE_ROWS
    return rows.BATCH_ROWS if {"vector", "terms"}.intersection(fields) else MOST_HITS


def _or_cut(condition: Condition) -> str:
    """Rows whose columns do not hold everything are always let through, to be looked at."""
    match condition.expression:
        case True:
            return ""
        case False:
            return CUT
        case expression:
            return f"({expression}) or {CUT}"
