"""Rankings with what people said of their results: what scores are fitted to and measured by."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mmsearch.calibration import Floats, log_odds
from mmsearch.errors import InputError
from mmsearch.feedback import Judgement
from mmsearch.progress import Progress
from mmsearch.retrieval_sets import RetrievalSet
from mmsearch.types import Modality, Query, Ranking

SHOWN = 10
"""How many results a person looks at: in a set, those without a judgement count as not relevant so far down."""

RANKED = 50
"""Results asked for: the most with which a search goes no deeper than for ten."""

LEAST_RESULTS = 20
"""Judged results below which nothing is fitted."""

Search = Callable[[Query], Ranking]
"""Searches with scores as the evidence has them, before any refinement."""


@dataclass(frozen=True, slots=True)
class JudgedRanking:
    """The results of a query, best first: the log odds and medium of each, and `relevant` (1, 0, nan: not judged)."""

    query: str
    log_odds: Floats
    media: tuple[Modality, ...]
    relevant: Floats

    @property
    def judged(self) -> NDArray[np.bool_]:
        """Which results count."""
        return ~np.isnan(self.relevant)


@dataclass(frozen=True, slots=True)
class Judged:
    """Judged rankings, and what did not go into them: `assumed` not relevant for want of a judgement, and `notes`."""

    rankings: tuple[JudgedRanking, ...] = ()
    assumed: int = 0
    notes: tuple[str, ...] = ()

    @property
    def results(self) -> int:
        """How many results count."""
        return sum(int(ranking.judged.sum()) for ranking in self.rankings)

    @property
    def relevant(self) -> int:
        """How many of them are relevant."""
        return sum(int(np.nansum(ranking.relevant)) for ranking in self.rankings)


def of_set(
    retrieval_set: RetrievalSet,
    search: Search,
    judged_only: bool = False,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Judged:
    """The first ten results of every judged query of a set.

    Those without a judgement count as not relevant unless `judged_only`; but of a medium in which the set's judgements
    found nothing at all they say nothing: nobody seems to have looked there, and its results are left out.
    """
    rankings = []
    for number, (id, text) in enumerate(retrieval_set.queries.items()):
        on_progress(Progress(number, len(retrieval_set.queries), text))
        ranking = search(Query(text, top_k=RANKED, all_copies=True))
        grades = retrieval_set.qrels[id]
        names = [retrieval_set.document(result.segment.uri) for result in ranking.results]
        rankings.append(_ranking(text, ranking, [grades.get(name) for name in names], SHOWN))
    on_progress(Progress(len(rankings), len(rankings), ""))
    return Judged(tuple(rankings)) if judged_only else _assuming(retrieval_set.name, rankings)


def _assuming(name: str, rankings: Sequence[JudgedRanking]) -> Judged:
    """The rankings of a set with what nobody judged as not relevant, in the media where judgements found anything."""
    found = {m for r in rankings for m, relevant in zip(r.media, r.relevant, strict=True) if relevant == 1}
    counted, assumed, left_out = [], 0, Counter[Modality]()
    for ranking in rankings:
        relevant = ranking.relevant.copy()
        for place in np.flatnonzero(~ranking.judged[:SHOWN]):
            if ranking.media[place] in found:
                relevant[place] = 0.0
                assumed += 1
            else:
                left_out[ranking.media[place]] += 1
        counted.append(replace(ranking, relevant=relevant))
    notes = (
        f"{name}: {count} results are of the medium {medium}, of which no judged query found any relevant: left out"
        for medium, count in sorted(left_out.items())
    )
    return Judged(tuple(counted), assumed, tuple(notes))


def of_feedback(
    judgements: Iterable[Judgement], search: Search, on_progress: Callable[[Progress], None] = lambda _: None
) -> Judged:
    """The results that the feedback of a library speaks of, its queries searched anew; only judged documents count."""
    grades: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for judgement in judgements:
        grades[judgement.query][judgement.document_id] = judgement.grade
    rankings, notes, absent = [], [], 0
    for number, (text, of_query) in enumerate(grades.items()):
        on_progress(Progress(number, len(grades), text))
        try:
            found = search(Query(text, top_k=RANKED, all_copies=True))
        except InputError as error:
            notes.append(f'feedback on "{text}" is left out: {error}')
            continue
        of_results = [of_query.get(result.segment.document_id) for result in found.results]
        rankings.append(_ranking(text, found, of_results, RANKED))
        absent += len(of_query) - sum(grade is not None for grade in of_results)
    if absent:
        notes.append(f"{absent} judged documents are not among the first {RANKED} results any more and are left out")
    return Judged(tuple(rankings), 0, tuple(notes))


def _ranking(text: str, found: Ranking, grades: Sequence[int | None], depth: int) -> JudgedRanking:
    """The ranking with the grades of its results down to a depth; a grade of 1 and more is relevant."""
    relevant = [np.nan if grade is None or place >= depth else float(grade > 0) for place, grade in enumerate(grades)]
    scores = np.array([result.score for result in found.results], dtype=np.float64)
    media = tuple(result.segment.modality for result in found.results)
    return JudgedRanking(" ".join(text.split()), log_odds(scores), media, np.array(relevant, dtype=np.float64))


def pooled(parts: Iterable[Judged]) -> Judged:
    """All of them together."""
    found = list(parts)
    return Judged(
        tuple(ranking for part in found for ranking in part.rankings if ranking.judged.any()),
        sum(part.assumed for part in found),
        tuple(note for part in found for note in part.notes),
    )


def check(judged: Judged) -> None:
    """Raises InputError, with the numbers, when there is too little to fit scores to."""
    results, relevant, queries = judged.results, judged.relevant, len({r.query for r in judged.rankings})
    counts = f"{results} judged results ({relevant} relevant, {results - relevant} not) of {queries} queries"
    more = 'judge more with "mmsearch feedback add", or name a retrieval set with judgements'
    if results < LEAST_RESULTS:
        raise InputError(f"{counts} are too few to calibrate by, at least {LEAST_RESULTS} are needed: {more}")
    if not 0 < relevant < results:
        raise InputError(f"{counts} cannot be calibrated by: relevant ones and others are both needed; {more}")
    if queries < 2:
        raise InputError(f"{counts} cannot be calibrated by: what one query teaches is tried on another; {more}")
