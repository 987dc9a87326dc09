"""The last stage of a search: candidates and their scores into the results that a person sees.

Group by document (candidates are documents), fold near copies, mix where diversity is wanted, cut to top_k, and read
from the store what is shown. It takes the scores as they come, from whatever stage made them.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from mmsearch.candidates import Candidates
from mmsearch.grouping import WITHIN, Group, diversified, folded, similarities
from mmsearch.languages import language_of
from mmsearch.lexical import analyze
from mmsearch.manifest import Manifest
from mmsearch.protocols import Store
from mmsearch.reranking import Standing
from mmsearch.serialisation import for_words
from mmsearch.sketches import Sketch
from mmsearch.snippets import snippet
from mmsearch.spaces import CATALOGUE, OpenSpace
from mmsearch.types import Duplicate, Hit, Query, Result, Route, Segment, Span, Vector
from mmsearch.windows import segment_of

MORE_SEGMENTS = 3
"""How many further segments of a document a result names."""

Lists = Sequence[tuple[Route, Sequence[Hit]]]
Hits = Mapping[str, Mapping[str, Sequence[Hit]]]
"""Document id -> segment id -> what found it, or a piece of it."""


@dataclass(frozen=True, slots=True)
class Presentation:
    """A library from which results are shown, with sketches of documents by their ids.

    `diversity` holds for queries that ask for none of their own.
    """

    spaces: Mapping[str, OpenSpace]
    store: Store
    manifest: Manifest
    sketches: Callable[[Collection[str]], Mapping[str, Sketch]]
    fold_duplicates: bool
    diversity: float
    brought: Callable[[Collection[str]], Mapping[str, Segment]]
    """Those of the segments, by id, that came with the hits: to read one by its id costs Milvus Lite a millisecond."""

    def groups(self, query: Query, candidates: Candidates, standing: Standing) -> list[Group]:
        """At most top_k groups in the order of the final list; without folding and diversity, the best.

        Near copies are looked for among the first 4 * top_k candidates; while their places cannot be filled from
        these, among all that were retrieved.
        """
        order = [int(place) for place in standing.order]
        diversity = self.diversity if query.diversity is None else query.diversity
        wanted = WITHIN * query.top_k if diversity else query.top_k
        if query.all_copies or not self.fold_duplicates:
            groups = [Group(place) for place in order[:wanted]]
        else:
            groups = self._folded(candidates.documents, order, query.top_k, wanted)
        if diversity:
            groups = self._mixed(groups, candidates, standing, diversity)
        return groups[: query.top_k]

    def results(
        self, groups: Sequence[Group], words: str, lists: Lists, candidates: Candidates, standing: Standing
    ) -> tuple[Result, ...]:
        """A result for each group, each document by its best segment; `words` are what the query asks with."""
        hits = _hits_in({candidates.documents[group.shown] for group in groups}, lists, standing)
        others = [
            [id for id in hits.get(candidates.documents[group.shown], ()) if id != candidates.best[group.shown]]
            for group in groups
        ]
        ids = [candidates.best[place] for group in groups for place in (group.shown, *group.copies)]
        segments = self._segments([*ids, *(id for more in others for id in more[:MORE_SEGMENTS])])
        heard = self._heard([group.shown for group in groups], candidates, hits)
        results: list[Result] = []
        for group, more in zip(groups, others, strict=True):
            best = candidates.best[group.shown]
            if first := segments.get(best):
                first = _where(first, heard.get(best))
                text, highlights = snippet(first, words)
                result = Result(
                    rank=len(results) + 1,
                    score=float(standing.scores[group.shown]),
                    segment=first,
                    snippet=text,
                    highlights=highlights,
                    hits=_told(hits.get(first.document_id, {}).get(best, ()), candidates),
                    more=tuple(segments[id] for id in more[:MORE_SEGMENTS] if id in segments),
                    duplicates=tuple(
                        Duplicate(copy.document_id, copy.uri, copy.title, float(standing.scores[place]))
                        for place in group.copies
                        if (copy := segments.get(candidates.best[place]))
                    ),
                )
                results.append(result)
        return tuple(results)

    def _folded(self, documents: Sequence[str], order: Sequence[int], top_k: int, most: int) -> list[Group]:
        groups: list[Group] = []
        for near in (order[: WITHIN * top_k], order):
            held = self.sketches([documents[place] for place in near])
            sketches = {place: held[documents[place]] for place in near if documents[place] in held}
            groups = folded(near, sketches, most)
            if len(groups) >= top_k or len(near) == len(order):
                break
        return groups

    def _mixed(
        self, groups: Sequence[Group], candidates: Candidates, standing: Standing, diversity: float
    ) -> list[Group]:
        """The groups by maximal marginal relevance, compared by the segments that they are shown by."""
        shown = [group.shown for group in groups]
        ids = [candidates.best[place] for place in shown]
        vectors = self._vectors([candidates.documents[place] for place in shown], ids)
        terms = [frozenset[str]()] * len(ids)
        if not vectors.keys() >= set(ids):
            segments = self._segments(ids)
            terms = [_terms(segments[id]) if id in segments else frozenset() for id in ids]
        similarity = similarities([vectors.get(id) for id in ids], terms)
        return [groups[place] for place in diversified(standing.scores[shown], similarity, diversity)]

    def _vectors(self, documents: Sequence[str], ids: Sequence[str]) -> Mapping[str, Vector]:
        """The segments' vectors in the one space that holds most of the documents: those compare with each other."""
        held = self.manifest.held(documents)
        holding = {
            opened.collection: sum(bool(spaces.get(opened.space.fingerprint)) for spaces in held.values())
            for opened in self.spaces.values()
            if opened.space.kind == "dense"
        }
        fullest = max(holding, key=lambda collection: holding[collection], default="")
        return self.store.vectors(fullest, ids) if holding.get(fullest) else {}

    def _heard(self, places: Sequence[int], candidates: Candidates, hits: Hits) -> dict[str, Span]:
        """Where the segments that are shown sound as asked, by id: of those that their sound was found by most."""
        spans: dict[str, Span] = {}
        for name, opened in self.spaces.items():
            if "audio" in opened.space.answers:
                shown = [place for place in places if candidates.found_by[place] == name]
                found = [hits.get(candidates.documents[p], {}).get(candidates.best[p], ()) for p in shown]
                ids = [piece for own in found if (piece := next((h.segment_id for h in own if h.space == name), ""))]
                pieces = self.store.segments(opened.collection, ids) if ids else {}
                spans |= {segment_of(id): piece.span for id, piece in pieces.items()}
        return spans

    def _segments(self, ids: Sequence[str]) -> Mapping[str, Segment]:
        here = self.brought(ids)
        others = [id for id in ids if id not in here]
        return {**here} | (self.store.segments(self.spaces[CATALOGUE].collection, others) if others else {})


def _hits_in(documents: Collection[str], lists: Lists, standing: Standing) -> dict[str, dict[str, list[Hit]]]:
    """What found these documents, in the order of the lists: spaces in all media, then the reranker; none twice."""
    told = chain(*(found for step, found in lists if not step.modalities), standing.hits)
    hits: dict[str, dict[str, list[Hit]]] = {}
    for hit in dict.fromkeys(hit for hit in told if hit.document_id in documents):
        hits.setdefault(hit.document_id, {}).setdefault(segment_of(hit.segment_id), []).append(hit)
    return hits


def _told(hits: Sequence[Hit], candidates: Candidates) -> tuple[Hit, ...]:
    """A segment's hits as a result names them: the best piece in each space stands for it, with its probability."""
    best: dict[str, Hit] = {}
    for hit in hits:
        best.setdefault(hit.space, hit)
    known = candidates.probabilities
    return tuple(
        replace(
            hit,
            segment_id=segment_of(hit.segment_id),
            probability=known.get((hit.space, hit.segment_id)),
            read=None,
        )
        for hit in best.values()
    )


def _where(segment: Segment, heard: Span | None) -> Segment:
    """The segment where it sounds as asked, if it was found by that; its words only if they are said about there."""
    if heard is None or heard == segment.span:
        return segment
    starts_s, ends_s = segment.span.start_s or 0.0, segment.span.end_s or 0.0
    said_there = starts_s < (heard.end_s or 0.0) and (heard.start_s or 0.0) < ends_s
    return replace(segment, span=heard, text=segment.text if said_there else "")


def _terms(segment: Segment) -> frozenset[str]:
    return frozenset(analyze(for_words(segment), language_of(segment)))
