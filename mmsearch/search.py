"""A query through the engine: route, encode, retrieve, calibrate, fuse, rerank, group, show, answer."""

import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from mmsearch.ahead import Ahead
from mmsearch.answering.asking import MOST_SEGMENTS, Answering, answered, whole_table
from mmsearch.calibration import (
    GOOD_MATCH,
    SAMPLE_TEXTS,
    SAMPLE_VECTORS,
    Background,
    Calibration,
    Floats,
    TermStatistics,
    posterior,
)
from mmsearch.candidates import gather, log_priors
from mmsearch.errors import InputError, SpaceMismatch
from mmsearch.fusion import CALIBRATED, METHODS, calibrated, method
from mmsearch.grouping import WITHIN
from mmsearch.languages import ENGLISH, LANGUAGES, in_language
from mmsearch.manifest import Manifest
from mmsearch.protocols import Store
from mmsearch.query_language import read_operators
from mmsearch.refinement import Refinement
from mmsearch.reranking import Reranking, Standing, rerank
from mmsearch.results import Lists, Presentation
from mmsearch.router import Plan, media, route
from mmsearch.sight import seen_by
from mmsearch.spaces import CATALOGUE, OpenSpace
from mmsearch.types import (
    EVERYTHING,
    And,
    CalibratedBy,
    Filter,
    Hit,
    In,
    Modality,
    Query,
    Ranking,
    Route,
    Segment,
    Sight,
    Vector,
)
from mmsearch.wording import Sieve

MOST_COMPLETED = 2_000
"""Rows asked for at most when a space is asked about documents that others found."""

Encoded = dict[str, Vector | str]
"""The query in each space that was asked, by name."""


@dataclass(frozen=True, slots=True)
class Searcher:
    """A library as it can be searched: open spaces by name, the closed ones with the reason, and what calibrates them.

    Made anew as the library changes: calibrations and languages are kept from the first query on. Any thread may
    search. `refinement` is one that was fitted for these spaces.
    """

    spaces: Mapping[str, OpenSpace]
    closed: Mapping[str, str]
    store: Store
    manifest: Manifest
    depth: int
    fusion: str
    fold_duplicates: bool = True
    diversity: float = 0.0
    reranking: Reranking = field(default_factory=Reranking)
    refinement: Refinement | None = None
    answering: Answering = field(default_factory=Answering)
    _calibrations: dict[str, Calibration] = field(default_factory=dict)
    _languages: dict[str, bool] = field(default_factory=dict)
    _calibrating: threading.Lock = field(default_factory=threading.Lock)

    def search(self, query: Query) -> Ranking:
        """The ranking for the query.

        `no_good_match` compares the evidence with chance, whatever judgements make of the scores: a refined score says
        how often such a result is relevant to queries like the judged, and hardly anybody judges queries without an
        answer, so that it says nothing of them.
        Raises InputError for a query that asks nothing, SpaceMismatch when the words, which name every segment, are of
        an earlier mmsearch, StoreError, ModelError, and what Reranking.asked raises.
        """
        if CATALOGUE not in self.spaces:
            raise SpaceMismatch(self.closed.get(CATALOGUE, f'there is no space "{CATALOGUE}" in the settings'))
        clock = _Clock()
        asked, wording = read_operators(query)
        _check(query, asked)
        if (seen := self.manifest.lists(query.sight)) is not None:
            asked = replace(asked, filter=_both(seen_by(seen), asked.filter))
        reranker = self.reranking.asked(asked)
        self._check_spaces(query)
        with clock("route"):
            census = self.manifest.census(query.sight)
            wanted = {m: n for m, n in census.items() if not asked.modalities or m in asked.modalities}
            spaces = {name: opened.space for name, opened in self.spaces.items()}
            plan = route(asked, spaces, self.depth, wanted)
        if not plan.routes and query.spaces & self.spaces.keys():
            raise InputError(_nobody_answers(asked))
        asked = replace(asked, text=plan.text, languages=asked.languages or self._library_languages())
        sieve = Sieve(self.store, self.spaces[CATALOGUE].collection, wording, asked.languages)
        if wording.required:
            with clock("phrases"):
                asked = replace(asked, filter=self._with_phrases(asked, sieve))
        names = {opened.space.fingerprint: name for name, opened in self.spaces.items()}
        rows, sketches = Ahead(partial(self.manifest.held, names=names)), Ahead(self.manifest.sketches)
        lists, encoded = self._retrieve(asked, plan, sieve, rows, clock)
        lists = self._seen(lists, query.sight)
        if self.fold_duplicates and not query.all_copies:
            near = WITHIN * query.top_k
            sketches.ask({hit.document_id for _, hits in lists for hit in hits[:near]})
        completed = self._completed(asked, lists, encoded, rows, sieve, clock)
        with clock("hold"):
            held = rows.of({hit.document_id for _, hits in lists for hit in hits})
        with clock("fuse"):
            wants = media(plan, wanted, spaces, encoded)
            log_prior = log_priors(wanted, wants.shares)
            candidates = gather([*lists, *completed], partial(self._evidence, encoded), held, log_prior)
            fusion = query.fusion or self.fusion
            fused = method(fusion)(candidates)
            odds = calibrated.log_odds(candidates)
            best = posterior(odds).max(initial=0.0)
            refinement = self._refining(asked, fusion)
            scores = refinement.lines.refined(fused, candidates.media) if refinement else fused
            standing = Standing.of(odds if fusion == CALIBRATED else fused, scores, candidates.nearness)
        if reranker:
            with clock("rerank"):
                depth = self.reranking.depth
                standing = rerank(reranker, asked.text, candidates, standing, depth, self._segments)
        presentation = Presentation(
            self.spaces,
            self.store,
            self.manifest,
            sketches.of,
            self.fold_duplicates,
            self.diversity,
            partial(_brought, [*lists, *completed], held),
        )
        with clock("group"):
            groups = presentation.groups(query, candidates, standing)
        with clock("show"):
            results = presentation.results(groups, plan.text, lists, candidates, standing)
        no_good_match = bool(best < GOOD_MATCH)
        if answerers := self.answering.asked(asked):
            with clock("answer"):
                results = answered(answerers, plan.text, results, self._whole, not no_good_match)
        took_ms = clock.took_ms()
        by = _calibrated_by(fusion, refinement)
        return Ranking(query, plan.routes, wants.shares, no_good_match, self.closed, took_ms, results, wants.reason, by)

    def warm_up_as(self, before: "Searcher") -> None:
        """Make what the one before had made by its queries. Raises StoreError."""
        for name in before._calibrations.keys() & self.spaces.keys():
            self._calibration(name)
        if before._languages and CATALOGUE in self.spaces:
            self._library_languages()

    def _refining(self, query: Query, fusion: str) -> Refinement | None:
        """The refinement for scores such as it was fitted to: of words, asked in every space, calibrated."""
        judged_alike = fusion == CALIBRATED and query.kind == "text" and not query.spaces
        return self.refinement if judged_alike else None

    def _check_spaces(self, query: Query) -> None:
        names = [*self.spaces, *self.closed]
        if unknown := sorted(query.spaces.difference(names)):
            raise InputError(f'no space is called "{unknown[0]}"; there are {", ".join(names)}')

    def _with_phrases(self, query: Query, sieve: Sieve) -> Filter | None:
        """The query's filter, and that a document holds its phrases."""
        statistics = self._calibration(CATALOGUE)
        assert isinstance(statistics, TermStatistics)  # the catalogue is the space of words
        holders = sieve.documents(statistics.idf, _limit(query.filter, query.modalities))
        return _both(query.filter, holders)

    def _retrieve(
        self, query: Query, plan: Plan, sieve: Sieve, rows: "Ahead[dict[str, int]]", clock: "_Clock"
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
            rows.ask({hit.document_id for hit in hits})
        return lists, encoded

    def _seen(self, lists: Lists, sight: Sight) -> list[tuple[Route, list[Hit]]]:
        """The hits in documents that the sight sees by what is remembered of them, whatever their rows say."""
        if sight == EVERYTHING:
            return [(step, list(hits)) for step, hits in lists]
        seen = self.manifest.seen({hit.document_id for _, hits in lists for hit in hits}, sight)
        return [(step, [hit for hit in hits if hit.document_id in seen]) for step, hits in lists]

    def _evidence(self, encoded: Encoded, space: str, scores: Floats) -> Floats | None:
        return self._calibration(space).evidence(encoded[space], scores)  # type: ignore[arg-type]  # of its kind

    def _completed(
        self,
        query: Query,
        lists: Lists,
        encoded: Encoded,
        rows: "Ahead[dict[str, int]]",
        sieve: Sieve,
        clock: "_Clock",
    ) -> list[tuple[Route, list[Hit]]]:
        """What the spaces say of documents that others found: not among the first is not the same as nothing.

        The last space first: what the others found is looked up by now, what it found itself is looked up meanwhile.
        """
        completed, limit = [], _limit(query.filter, query.modalities)
        found: dict[str, set[str]] = {name: set() for name in encoded}
        for step, hits in lists:
            found[step.space] |= {hit.document_id for hit in hits}
        for name, asked in reversed(encoded.items()):
            others = rows.of(set().union(*found.values()) - found[name])
            missing = {document: count for document, spaces in others.items() if (count := spaces.get(name))}
            if missing:
                depth = min(sum(missing.values()), MOST_COMPLETED)
                only = _both(limit, In("document", tuple(sorted(missing))))
                with clock(f"search {name}"):
                    hits = sieve.search(self.spaces[name].collection, asked, depth, only)
                weight = max(route.weight for route, _ in lists if route.space == name)
                completed.append((Route(name, weight, depth, "found by other spaces"), hits))
        return completed[::-1]

    def _library_languages(self) -> frozenset[str]:
        """The languages that segments are analysed in: English, and what else there are segments of."""
        with self._calibrating:
            for code in LANGUAGES.keys() - self._languages.keys():
                held = self.store.count(self.spaces[CATALOGUE].collection, in_language(code)) if code != ENGLISH else 1
                self._languages[code] = held > 0
            return frozenset(code for code, held in self._languages.items() if held)

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

    def _whole(self, segment: Segment) -> Segment | None:
        """The segment with all rows of its table, which may be stored in pieces; None where there are too many."""
        if segment.table is None:
            return segment
        catalogue, document = self.spaces[CATALOGUE], segment.document_id
        held = self.manifest.held([document]).get(document, {}).get(catalogue.space.fingerprint, 1)
        if held == 1:
            return segment
        if held > MOST_SEGMENTS:
            return None
        return whole_table(segment, (stored for stored, _ in self.store.scan(catalogue.collection, [document])))

    def _segments(self, ids: Sequence[str]) -> Mapping[str, Segment]:
        return self.store.segments(self.spaces[CATALOGUE].collection, ids) if ids else {}


def _brought(lists: Lists, held: Mapping[str, Mapping[str, int]], ids: Collection[str]) -> dict[str, Segment]:
    """Those of the segments that came along with their hits, by id.

    Other spaces than the catalogue may hold a segment in pieces, and a picture without its lettering: but a document
    of text that is one row in both is whole in either.
    """

    def whole(hit: Hit) -> bool:
        rows = held.get(hit.document_id, {})
        return hit.space == CATALOGUE or (hit.modality == "text" and rows.get(hit.space) == rows.get(CATALOGUE) == 1)

    wanted = set(ids)
    found = (hit for _, hits in lists for hit in hits if hit.segment_id in wanted)
    reads = {hit.segment_id: hit.read for hit in found if hit.read and whole(hit)}
    return {id: read() for id, read in reads.items()}


def _calibrated_by(fusion: str, refinement: Refinement | None) -> CalibratedBy:
    if fusion != CALIBRATED:
        return "nothing"
    return "judgements" if refinement else "background"


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
    if query.diversity is not None and not 0 <= query.diversity <= 1:
        raise InputError(f"diversity is {query.diversity:g}; it must be between 0 and 1")
    if query.fusion and query.fusion not in METHODS:
        raise InputError(f'no fusion is called "{query.fusion}"; there are {", ".join(METHODS)}')


def _nobody_answers(query: Query) -> str:
    names = ", ".join(sorted(query.spaces))
    about = f" about {', '.join(sorted(query.modalities))}" if query.modalities else ""
    return f"no space among {names} answers a query by {query.kind}{about}; name others, or none to ask all that do"


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
