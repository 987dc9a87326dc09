"""A query through the engine: route, encode, retrieve, calibrate, fuse, show."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np

from mmsearch.calibration import (
    GOOD_MATCH,
    SAMPLE_TEXTS,
    SAMPLE_VECTORS,
    Background,
    Calibration,
    Floats,
    TermStatistics,
)
from mmsearch.candidates import Candidates, gather, log_priors
from mmsearch.errors import InputError, NotFound
from mmsearch.fusion import calibrated, method
from mmsearch.manifest import Manifest
from mmsearch.protocols import Store
from mmsearch.query_language import read_operators
from mmsearch.router import Plan, media, route
from mmsearch.snippets import snippet
from mmsearch.spaces import CATALOGUE, OpenSpace
from mmsearch.types import And, Filter, Hit, In, Modality, Query, Ranking, Result, Route, Vector
from mmsearch.wording import Sieve

MORE_SEGMENTS = 3
"""How many further segments of a document a result names."""

MOST_COMPLETED = 2_000
"""Rows asked for at most when a space is asked about documents that others found."""

Lists = Sequence[tuple[Route, Sequence[Hit]]]
Encoded = dict[str, Vector | str]
"""The query in each space that was asked, by name."""


@dataclass(frozen=True, slots=True)
class Searcher:
    """A library as it can be searched: open spaces by name, the closed ones with the reason, and what calibrates them.

    Made anew as the library changes: calibrations are kept from the first query on. Any thread may search.
    """

    spaces: Mapping[str, OpenSpace]
    closed: Mapping[str, str]
    store: Store
    manifest: Manifest
    depth: int
    fusion: str
    _calibrations: dict[str, Calibration] = field(default_factory=dict)
    _calibrating: threading.Lock = field(default_factory=threading.Lock)

    def search(self, query: Query) -> Ranking:
        """The ranking for the query.

        Raises InputError for a query that asks nothing, NotFound where nothing is indexed, StoreError, ModelError.
        """
        clock = _Clock()
        asked, wording = read_operators(query)
        _check(query, asked)
        if CATALOGUE not in self.spaces:
            raise NotFound(self.closed.get(CATALOGUE, f'the settings leave out the space "{CATALOGUE}"'))
        with clock("route"):
            census = self.manifest.census()
            wanted = {m: n for m, n in census.items() if not asked.modalities or m in asked.modalities}
            spaces = {name: opened.space for name, opened in self.spaces.items()}
            plan = route(asked, spaces, self.depth, wanted)
        sieve = Sieve(self.store, self.spaces[CATALOGUE].collection, wording)
        asked = replace(asked, text=plan.text)
        if wording.required:
            with clock("phrases"):
                asked = replace(asked, filter=self._with_phrases(asked, sieve))
        lists, encoded = self._retrieve(asked, plan, sieve, clock)
        with clock("fuse"):
            wants = media(plan, wanted, spaces, encoded)
            candidates = self._candidates(asked, lists, encoded, sieve, log_priors(wanted, wants.shares))
            scores = method(self.fusion)(candidates)
            best = calibrated.fuse(candidates).max(initial=0.0)
        with clock("show"):
            results = self._results(query, plan.text, lists, candidates, scores)
        no_good_match = bool(best < GOOD_MATCH)
        took_ms = clock.took_ms()
        return Ranking(query, plan.routes, wants.shares, no_good_match, self.closed, took_ms, results, wants.reason)

    def _with_phrases(self, query: Query, sieve: Sieve) -> Filter | None:
        """The query's filter, and that a document holds its phrases."""
        statistics = self._calibration(CATALOGUE)
        assert isinstance(statistics, TermStatistics)  # the catalogue is the space of words
        holders = sieve.documents(statistics.idf, _limit(query.filter, query.modalities))
        return _both(query.filter, holders)

    def _retrieve(
        self, query: Query, plan: Plan, sieve: Sieve, clock: "_Clock"
    ) -> tuple[list[tuple[Route, list[Hit]]], Encoded]:
        lists: list[tuple[Route, list[Hit]]] = []
        encoded: Encoded = {}
        for step in plan.routes:
            space = self.spaces[step.space]
            if step.space not in encoded:
                with clock(f"encode {step.space}"):
                    encoded[step.space] = space.encoder.encode_query(query)
            with clock(f"search {step.space}"):
                limit = _limit(query.filter, step.modalities or query.modalities)
                depth = max(step.depth, 2 * query.top_k)
                hits = sieve.search(space.collection, encoded[step.space], depth, limit)
            lists.append((step, hits))
        return lists, encoded

    def _candidates(
        self, query: Query, lists: Lists, encoded: Encoded, sieve: Sieve, log_prior: Mapping[Modality, float]
    ) -> Candidates:
        """The documents that any space found, with their scores in every space that holds them."""
        names = {opened.space.fingerprint: name for name, opened in self.spaces.items()}
        found = {hit.document_id for _, hits in lists for hit in hits}
        held = {
            document: {names[space]: count for space, count in spaces.items() if names.get(space) in encoded}
            for document, spaces in self.manifest.held(found).items()
        }

        def evidence(space: str, scores: Floats) -> Floats:
            return self._calibration(space).evidence(encoded[space], scores)  # type: ignore[arg-type]  # of its kind

        return gather([*lists, *self._missing(query, lists, encoded, held, sieve)], evidence, held, log_prior)

    def _missing(
        self, query: Query, lists: Lists, encoded: Encoded, held: Mapping[str, Mapping[str, int]], sieve: Sieve
    ) -> list[tuple[Route, list[Hit]]]:
        """What the spaces say of documents that others found: not among the first is not the same as nothing."""
        completed, limit = [], _limit(query.filter, query.modalities)
        for name, asked in encoded.items():
            found = {hit.document_id for route, hits in lists if route.space == name for hit in hits}
            missing = {document: spaces[name] for document, spaces in held.items() if spaces.get(name)}
            missing = {document: count for document, count in missing.items() if document not in found}
            if missing:
                depth = min(sum(missing.values()), MOST_COMPLETED)
                only = _both(limit, In("document", tuple(sorted(missing))))
                hits = sieve.search(self.spaces[name].collection, asked, depth, only)
                weight = max(route.weight for route, _ in lists if route.space == name)
                completed.append((Route(name, weight, depth, "found by other spaces"), hits))
        return completed

    def _calibration(self, name: str) -> Calibration:
        with self._calibrating:  # one thread makes it, and the others wait for it
            if name not in self._calibrations:
                self._calibrations[name] = self._calibrated(self.spaces[name])
            return self._calibrations[name]

    def _calibrated(self, opened: OpenSpace) -> Calibration:
        if opened.space.kind == "lexical":
            texts = self.store.sample(opened.collection, SAMPLE_TEXTS)
            return TermStatistics.of(map(str, texts), self.store.count(opened.collection))
        vectors = self.store.sample(opened.collection, SAMPLE_VECTORS)
        return Background(np.asarray(vectors, dtype=np.float32), opened.space.usual_cosines)

    def _results(
        self, query: Query, words: str, lists: Lists, candidates: Candidates, scores: Floats
    ) -> tuple[Result, ...]:
        """The best top_k documents by their best segment, ties by document id."""
        order = np.argsort(-scores, kind="stable")[: query.top_k]
        hits: dict[str, dict[str, list[Hit]]] = {}
        for hit in dict.fromkeys(hit for step, found in lists if not step.modalities for hit in found):
            hits.setdefault(hit.document_id, {}).setdefault(hit.segment_id, []).append(hit)
        shown = []
        for place in order:
            document, best = candidates.documents[place], candidates.best[place]
            others = [id for id in hits.get(document, ()) if id != best]
            shown.append((best, others[:MORE_SEGMENTS], float(scores[place])))
        ids = [id for best, others, _ in shown for id in (best, *others)]
        segments = self.store.segments(self.spaces[CATALOGUE].collection, ids) if ids else {}
        results: list[Result] = []
        for best, others, score in shown:
            if first := segments.get(best):
                text, highlights = snippet(first, words)
                brought = tuple(hits.get(first.document_id, {}).get(best, ()))
                more = tuple(segments[id] for id in others if id in segments)
                results.append(Result(len(results) + 1, score, first, text, highlights, brought, more))
        return tuple(results)


def _check(query: Query, asked: Query) -> None:
    """`query` as it came, `asked` without its operators."""
    if asked.kind == "text" and not asked.text:
        if query.text.strip():
            raise InputError(
                f'"{query.text.strip()}" says where to look and not for what: add words, a picture or a sound'
            )
        raise InputError("the query is empty: give words, a picture or a sound")
    if query.top_k < 1:
        raise InputError(f"top_k is {query.top_k}; it must be at least 1")


def _limit(filter: Filter | None, modalities: frozenset[Modality]) -> Filter | None:
    if not modalities:
        return filter
    return _both(filter, In("modality", tuple(sorted(modalities))))


def _both(one: Filter | None, other: Filter | None) -> Filter | None:
    return And((one, other)) if one and other else one or other


class _Clock:
    """Adds up the time of named steps."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._spent_s: dict[str, float] = {}

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self._spent_s[step] = self._spent_s.get(step, 0.0) + time.perf_counter() - started

    def took_ms(self) -> dict[str, float]:
        """Milliseconds by step and in total, so far."""
        spent = self._spent_s | {"total": time.perf_counter() - self._started}
        return {step: round(seconds * 1000, 2) for step, seconds in spent.items()}
