"""The reference store: exact, in memory, gone with the process."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from mmsearch import bm25
from mmsearch.errors import NotFound, SpaceMismatch, StoreError
from mmsearch.filters import matches
from mmsearch.stores.ranking import Found, ranked
from mmsearch.types import Content, Filter, Hit, Modality, Segment, Space, Vector


@dataclass(slots=True)
class _Collection:
    space: Space
    segments: dict[str, Segment] = field(default_factory=dict)
    vectors: dict[str, Vector] = field(default_factory=dict)
    terms: dict[str, Counter[str]] = field(default_factory=dict)

    def checked(self, vector: Vector) -> Vector:
        if vector.shape != (self.space.dim,):
            raise StoreError(f"space {self.space.name} has {self.space.dim} dimensions, the vector {vector.shape}")
        return np.array(vector, dtype=np.float32)

    def remove(self, id: str) -> None:
        for rows in (self.segments, self.vectors, self.terms):
            rows.pop(id, None)


class MemoryStore:
    """Every promise of the Store protocol in the plainest way; what other stores are compared with."""

    def __init__(self) -> None:
        self._collections: dict[str, _Collection] = {}

    def open(self, collection: str, space: Space) -> None:
        found = self._collections.setdefault(collection, _Collection(space))
        if found.space.fingerprint != space.fingerprint:
            raise SpaceMismatch(
                f"collection {collection} was made for {found.space.model} {found.space.revision}, "
                f"not {space.model} {space.revision}; index into a new collection"
            )

    def drop(self, collection: str) -> None:
        self._collections.pop(collection, None)

    def upsert(self, collection: str, segments: Sequence[Segment], content: Content) -> None:
        held = self._collection(collection)
        rows = [value if isinstance(value, str) else held.checked(value) for value in content]
        for segment, row in zip(segments, rows, strict=True):
            held.segments[segment.id] = replace(segment, picture=None, sound=None)
            if isinstance(row, str):
                held.terms[segment.id] = Counter(bm25.clipped(row).split())
            else:
                held.vectors[segment.id] = row

    def prune(self, collection: str, document_id: str, keep: frozenset[str] = frozenset()) -> int:
        held = self._collection(collection)
        gone = [s.id for s in held.segments.values() if s.document_id == document_id and s.id not in keep]
        for id in gone:
            held.remove(id)
        return len(gone)

    def search(self, collection: str, query: Vector | str, top_k: int, filter: Filter | None = None) -> list[Hit]:
        held = self._collection(collection)
        scores = bm25.scores(held.terms, query) if isinstance(query, str) else _cosines(held.vectors, query)
        held_rows = [(held.segments[id], score) for id, score in scores.items()]
        allowed = [(row, score) for row, score in held_rows if filter is None or matches(filter, row)]
        found = (Found(row.id, row.document_id, row.modality, score) for row, score in allowed)
        return ranked(held.space.name, found, top_k)

    def segments(self, collection: str, ids: Sequence[str]) -> dict[str, Segment]:
        held = self._collection(collection).segments
        return {id: held[id] for id in ids if id in held}

    def vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vector]:
        held = self._collection(collection).vectors
        return {id: held[id] for id in ids if id in held}

    def sample(self, collection: str, size: int) -> Content:
        held = self._collection(collection)
        chosen = sorted(held.segments)[: max(size, 0)]
        if held.space.kind == "lexical":
            return [" ".join(held.terms[id].elements()) for id in chosen]
        return np.array([held.vectors[id] for id in chosen], dtype=np.float32).reshape(-1, held.space.dim)

    def scan(self, collection: str, documents: Sequence[str]) -> Iterator[tuple[Segment, Vector | str]]:
        held, wanted = self._collection(collection), frozenset(documents)
        for segment in [segment for segment in held.segments.values() if segment.document_id in wanted]:
            lexical = held.space.kind == "lexical"
            yield segment, " ".join(held.terms[segment.id].elements()) if lexical else held.vectors[segment.id]

    def count(self, collection: str, filter: Filter | None = None) -> int:
        held = self._collection(collection).segments.values()
        return sum(filter is None or matches(filter, segment) for segment in held)

    def listing(self, collection: str) -> Iterator[tuple[str, str, Modality]]:
        held = self._collection(collection).segments
        return iter([(segment.id, segment.document_id, segment.modality) for segment in held.values()])

    def close(self) -> None:
        self._collections.clear()

    def _collection(self, name: str) -> _Collection:
        if name not in self._collections:
            raise NotFound(f"there is no collection {name}; open it first")
        return self._collections[name]


def _cosines(vectors: Mapping[str, Vector], query: Vector) -> dict[str, float]:
    if not vectors:
        return {}
    rows = np.stack(list(vectors.values())).astype(np.float64)
    lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(query)
    cosines = np.divide(rows @ query.astype(np.float64), lengths, out=np.zeros(len(rows)), where=lengths > 0)
    return dict(zip(vectors, map(float, cosines), strict=True))
