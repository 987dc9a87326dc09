"""How good the rankings are: a retrieval set with judgements, searched query by query and measured.

The metrics are those of ir-measures 0.4.3 (Apache-2.0, released in the winter of 2025/26; MacAvaney et al., ECIR 2022),
because it wraps trec_eval's own C code, so that figures compare with published ones, and needs one wheel more, which is
there for every platform; ranx 0.3.21 (MIT, released in autumn 2025) implements the metrics anew and brings numba,
ir-datasets, fastparquet and seaborn along.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from platformdirs import user_cache_path

from mmsearch.errors import ConfigError
from mmsearch.manifest import FORMAT as MANIFEST_FORMAT
from mmsearch.progress import Pace, Progress
from mmsearch.retrieval_sets import JudgedDocument, RetrievalSet
from mmsearch.types import Qrels, Query, Ranking, Run, digest

CUTOFF = 100
"""Documents asked for each query: recall@100 needs as many."""

KEPT = 10
"""Results that are kept with title and snippet, so that a report can show what was found."""

METRICS = ("ndcg@10", "recall@10", "recall@100", "mrr@10")


@dataclass(frozen=True, slots=True)
class Found:
    """A result as it was shown; `grade` is the judged relevance of the document, 0 also where nobody judged it."""

    id: str
    rank: int
    score: float
    modality: str
    title: str
    snippet: str
    grade: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """A relevant document and the rank it came at, None below the cutoff; `words` is what a person reads of it."""

    id: str
    grade: int
    rank: int | None
    modality: str
    title: str
    words: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """One query of a set: its metrics, the milliseconds it took by step, what was found and what was wanted.

    `ranking` names up to 100 documents, best first; `weights` are those that the router gave the spaces, and
    `no_good_match` is what the engine said of its own answer.
    """

    id: str
    text: str
    intended: str
    metrics: Mapping[str, float]
    took_ms: Mapping[str, float]
    weights: Mapping[str, float]
    no_good_match: bool
    ranking: tuple[str, ...]
    found: tuple[Found, ...]
    wanted: tuple[Wanted, ...]


def cached_library(folder: Path) -> Path:
    """Where the index of a set is kept for the next evaluation; an mmsearch with another format makes its own."""
    place = folder.expanduser().resolve()
    return user_cache_path("mmsearch") / "evaluation" / f"{place.name}-{digest(place, MANIFEST_FORMAT)[:8]}"


def evaluate(
    retrieval_set: RetrievalSet,
    search: Callable[[Query], Ranking],
    spaces: frozenset[str] = frozenset(),
    on_progress: Callable[[Progress], None] = lambda _: None,
    rerank: bool | None = None,
) -> tuple[Outcome, ...]:
    """The outcome of every query in the set's order, searched one at a time; the first is searched twice to warm up.

    Documents that the library holds beside the set count as not relevant. Near copies are ranked each by itself: sets
    judge documents, and one that is folded into another would count as missed.
    """
    queries = [
        (id, Query(text, top_k=CUTOFF, spaces=spaces, rerank=rerank, all_copies=True))
        for id, text in retrieval_set.queries.items()
    ]
    if queries:
        search(queries[0][1])
    outcomes, pace = [], Pace()
    for number, (id, query) in enumerate(queries):
        rate = pace.rate(number)
        eta_s = (len(queries) - number) / rate if rate else None
        on_progress(Progress(number, len(queries), query.text, rate=rate, eta_s=eta_s))
        started = time.perf_counter()
        ranking = search(query)
        total_ms = (time.perf_counter() - started) * 1000
        outcomes.append(_outcome(retrieval_set, id, ranking, total_ms))
    on_progress(Progress(len(queries), len(queries), ""))
    return tuple(outcomes)


def _outcome(retrieval_set: RetrievalSet, id: str, ranking: Ranking, total_ms: float) -> Outcome:
    grades = retrieval_set.qrels[id]
    ranked = [retrieval_set.document(result.segment.uri) for result in ranking.results]
    found = [
        Found(
            document,
            result.rank,
            round(result.score, 6),
            result.segment.modality,
            result.segment.title,
            result.snippet,
            grades.get(document, 0),
        )
        for document, result in zip(ranked, ranking.results, strict=True)
    ]
    weights: defaultdict[str, float] = defaultdict(float)
    for route in ranking.routes:
        weights[route.space] += route.weight
    return Outcome(
        id=id,
        text=ranking.query.text,
        intended=retrieval_set.intended.get(id, ""),
        metrics=query_metrics({id: grades}, {id: scores_of(ranked)})[id],
        took_ms={**ranking.took_ms, "total": round(total_ms, 2)},
        weights=dict(weights),
        no_good_match=ranking.no_good_match,
        ranking=tuple(ranked),
        found=tuple(found[:KEPT]),
        wanted=_wanted(grades, retrieval_set.judged, {result.id: result for result in found}),
    )


def _wanted(
    grades: Mapping[str, int], judged: Mapping[str, JudgedDocument], found: Mapping[str, Found]
) -> tuple[Wanted, ...]:
    """The relevant documents, the most relevant first, in the corpus's words or, where it has none, the result's."""
    wanted = []
    for id, grade in sorted(grades.items(), key=lambda item: (-item[1], item[0])):
        if grade > 0:
            said, result = judged.get(id, JudgedDocument("", "", "not in the corpus")), found.get(id)
            title = said.title or (result.title if result else "")
            words = result.snippet if result and said.modality in ("image", "audio") else said.words
            wanted.append(Wanted(id, grade, result.rank if result else None, said.modality, title, words))
    return tuple(wanted)


def scores_of(ranked: Sequence[str]) -> dict[str, float]:
    """Scores that say the order and nothing else: an engine's own may tie, and trec_eval breaks ties by the id."""
    return {document: float(len(ranked) - place) for place, document in enumerate(ranked)}


def query_metrics(qrels: Qrels, run: Run) -> dict[str, dict[str, float]]:
    """The METRICS of each judged query; one without results has 0. nDCG counts the grades, the others grade >= 1.

    Raises ConfigError when the evaluation extra is not installed.
    """
    try:
        import ir_measures
    except ModuleNotFoundError as error:
        raise ConfigError('evaluation needs ir-measures; pip install "mmsearch[evaluation]"') from error
    measures = {
        ir_measures.nDCG @ 10: "ndcg@10",
        ir_measures.R @ 10: "recall@10",
        ir_measures.R @ 100: "recall@100",
        ir_measures.RR @ 10: "mrr@10",
    }
    values: dict[str, dict[str, float]] = {id: dict.fromkeys(METRICS, 0.0) for id in qrels}
    for found in ir_measures.iter_calc(list(measures), qrels, run):
        values[found.query_id][measures[found.measure]] = round(float(found.value), 6)
    return values


def mean_metrics(values: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """The mean of each metric over queries, to four places."""
    rows = [[of_query[name] for name in METRICS] for of_query in values]
    return {name: round(float(mean), 4) for name, mean in zip(METRICS, np.mean(rows, axis=0), strict=True)}


def metrics(qrels: Qrels, run: Run) -> dict[str, float]:
    """nDCG@10, recall@10, recall@100 and MRR@10: means over the judged queries; a query without results counts 0."""
    return mean_metrics(query_metrics(qrels, run).values())


def percentiles(took_ms: Sequence[float]) -> dict[str, float]:
    """`p50` and `p99` of latencies, linear between the two nearest."""
    p50, p99 = np.percentile(took_ms, (50, 99))
    return {"p50": round(float(p50), 2), "p99": round(float(p99), 2)}


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """`metrics` over all queries and `by_intended` modality, `latency_ms`, and the mean `weights` of the spaces.

    `no_good_match` is the share of the queries, all of which have an answer, that were said to have none.
    """
    groups: defaultdict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.intended:
            groups[outcome.intended].append(outcome)
    weights: Counter[str] = Counter()
    for outcome in outcomes:
        weights.update(outcome.weights)
    return {
        "metrics": mean_metrics(outcome.metrics for outcome in outcomes),
        "by_intended": {name: mean_metrics(o.metrics for o in groups[name]) for name in sorted(groups)},
        "no_good_match": round(sum(outcome.no_good_match for outcome in outcomes) / len(outcomes), 4),
        "latency_ms": percentiles([outcome.took_ms["total"] for outcome in outcomes]),
        "weights": {space: round(total / len(outcomes), 4) for space, total in sorted(weights.items())},
    }
