"""A query through the engine: route, encode, retrieve, fuse, group by document, show."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from mmsearch.errors import InputError
from mmsearch.fusion import method
from mmsearch.protocols import Store
from mmsearch.router import Plan, route
from mmsearch.snippets import snippet
from mmsearch.spaces import CATALOGUE, OpenSpace
from mmsearch.types import And, Filter, Hit, In, Modality, Query, Ranking, Result, Route, Segment

MORE_SEGMENTS = 3
"""How many further segments of a document a result names."""

SEGMENTS_A_DOCUMENT = 8
"""Segments fetched for each document wanted: enough that grouping leaves top_k documents."""


@dataclass(frozen=True, slots=True)
class Searcher:
    """The parts of one library that a search needs: open spaces by name, and the closed ones with the reason."""

    spaces: Mapping[str, OpenSpace]
    closed: Mapping[str, str]
    store: Store
    depth: int
    fusion: str

    def search(self, query: Query) -> Ranking:
        """The ranking for the query. Raises InputError for an empty query, StoreError, ModelError."""
        _check(query)
        clock = _Clock()
        with clock("route"):
            plan = route(query, {name: open_space.space for name, open_space in self.spaces.items()}, self.depth)
        lists = self._retrieve(replace(query, text=plan.text), plan, clock)
        with clock("fuse"):
            scores = method(self.fusion)(lists)
        with clock("show"):
            results = self._results(query, plan.text, lists, scores)
        return Ranking(query, plan.routes, self.closed, clock.took_ms(), results)

    def _retrieve(self, query: Query, plan: Plan, clock: "_Clock") -> list[tuple[Route, list[Hit]]]:
        lists = []
        for name in dict.fromkeys(step.space for step in plan.routes):
            space = self.spaces[name]
            with clock(f"encode {name}"):
                encoded = space.encoder.encode_query(query)
            for step in plan.routes:
                if step.space == name:
                    with clock(f"search {name}"):
                        limit = _limit(query.filter, query.modalities | step.modalities)
                        hits = self.store.search(space.collection, encoded, step.depth, limit)
                    lists.append((step, hits))
        return lists

    def _results(
        self, query: Query, words: str, lists: Sequence[tuple[Route, Sequence[Hit]]], scores: Mapping[str, float]
    ) -> tuple[Result, ...]:
        """The best top_k documents by their best segment, ties by segment id."""
        best = sorted(scores, key=lambda id: (-scores[id], id))[: query.top_k * SEGMENTS_A_DOCUMENT]
        if not best:
            return ()
        segments = self.store.segments(self.spaces[CATALOGUE].collection, best)
        documents: dict[str, list[Segment]] = {}
        for id in best:
            if id in segments:
                documents.setdefault(segments[id].document_id, []).append(segments[id])
        hits: dict[str, list[Hit]] = {}
        for step, found in lists:
            for hit in found if not step.modalities else ():
                hits.setdefault(hit.segment_id, []).append(hit)
        results = []
        for rank, (first, *more) in enumerate(list(documents.values())[: query.top_k], start=1):
            text, highlights = snippet(first, words)
            brought = tuple(hits.get(first.id, ()))
            score = min(1.0, scores[first.id])
            results.append(Result(rank, score, first, text, highlights, brought, tuple(more[:MORE_SEGMENTS])))
        return tuple(results)


def _check(query: Query) -> None:
    if query.kind == "text" and not query.text.strip():
        raise InputError("the query is empty: give words, a picture or a sound")
    if query.top_k < 1:
        raise InputError(f"top_k is {query.top_k}; it must be at least 1")


def _limit(filter: Filter | None, modalities: frozenset[Modality]) -> Filter | None:
    if not modalities:
        return filter
    wanted = In("modality", tuple(sorted(modalities)))
    return And((filter, wanted)) if filter else wanted


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
