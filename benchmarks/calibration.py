"""Do scores keep what they promise once judgements have refined them? `make bench-quality` fills in the answer.

A set's scores are refined by the judgements of all other sets, less the queries that it shares with them, and by its
own other queries, as `mmsearch calibrate` tries it. Every figure goes the whole way, as in `benchmarks.quality`.
"""

import argparse
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import numpy as np

from benchmarks import quality_report as report
from benchmarks.quality import (
    HERE,
    MEDIA,
    NO_IMAGE_MODEL,
    SETS,
    SIMULATED,
    WORDED,
    indexed,
    simulated_library,
    simulated_pictures,
)
from mmsearch.calibration import log_odds
from mmsearch.evaluation import Outcome, evaluate
from mmsearch.judged_rankings import RANKED, JudgedRanking, of_set
from mmsearch.refinement import Lines, Refinement
from mmsearch.reliability import MEASURES, Comparison, compare, cross_validate, fit_rankings
from mmsearch.retrieval_sets import RetrievalSet, read_set
from mmsearch.search import Searcher
from mmsearch.spaces import fingerprints
from mmsearch.types import Query, Ranking

PLACE = "calibration by judgements"
SEED = 7
"""Of the simulated pictures."""
AS_IT_IS, REFINED = "as it is", "refined"
MANY_MEDIA = ("mixed", SIMULATED)
"""The sets whose rankings hold several media."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the sets, print the tables, and write them into the report."""
    options = _options(arguments)
    report.check(options.report, [PLACE])
    rankings, notes = dict[str, Sequence[JudgedRanking]](), list[str]()
    for name in options.sets:
        with _searching(options, name) as (judged_set, searcher):
            judged = of_set(judged_set, searcher.search)
        rankings[name] = judged.rankings
        notes += judged.notes
    lines = {name: fit_rankings(_others(rankings, name)) for name in options.sets}
    kept = {name: (compare([(found, lines[name])]), cross_validate(found)) for name, found in rankings.items()}
    orders = {name: _orders(options, name, lines[name]) for name in MANY_MEDIA if name in options.sets}
    ndcg = [_ndcg_table(name, ways) for name, ways in orders.items()]
    left_out = "\n".join(f"- {note}" for note in notes)
    text = "\n\n".join(filter(None, [_kept(kept), left_out, *ndcg, _lines(lines)]))
    targets = [target for name, ways in orders.items() for target in _targets(name, kept[name][0], ways)]
    print(f"{text}\n\n{report.targets(targets)}")
    report.write(options.report, PLACE, report.Measured(text, targets))


@contextmanager
def _searching(options: argparse.Namespace, name: str) -> Iterator[tuple[RetrievalSet, Searcher]]:
    """A set with the queries that its media can answer, and its index."""
    print(f"searching {name} ...", file=sys.stderr, flush=True)
    judged_set = read_set(options.data / ("mixed" if name == SIMULATED else name))
    place = simulated_library(options.library) if name == SIMULATED else options.library / name
    spaces = simulated_pictures(options.data, SEED) if name == SIMULATED else NO_IMAGE_MODEL
    if name == "mixed":
        queries = {id: text for id, text in judged_set.queries.items() if judged_set.intended[id] in WORDED}
        judged_set = replace(judged_set, queries=queries)
    with indexed(place, judged_set, spaces) as searcher:
        yield judged_set, searcher


def _others(rankings: Mapping[str, Sequence[JudgedRanking]], name: str) -> list[JudgedRanking]:
    """What the scores of a set are fitted to: real media of other sets, without the queries that are the set's too."""
    own = {ranking.query for ranking in rankings[name]}
    others = [found for other, found in rankings.items() if other not in (name, SIMULATED)]
    return [ranking for found in others for ranking in found if ranking.query not in own]


def _kept(found: Mapping[str, tuple[Comparison, Comparison]]) -> str:
    """Each measure as it is, refined by the other sets, and refined by the set's own other queries."""
    rows = []
    for name, (others, own) in found.items():
        for medium, before in others.before.items():
            if medium == "all" or len(others.before) > 2:
                refined = [(getattr(others.after[medium], m), getattr(own.after[medium], m)) for m in MEASURES]
                cells = (
                    f"{getattr(before, m):.3f} → {by_others:.3f} / {by_own:.3f}"
                    for m, (by_others, by_own) in zip(MEASURES, refined, strict=True)
                )
                rows.append((name, medium, f"{before.results} ({before.relevant})", *cells))
    header = ("set", "scores of", "results (relevant)", "calibration error", "Brier score", "log loss")
    return report.table("As it is → by the judgements of the other sets / by the set's own other queries", header, rows)


def _orders(options: argparse.Namespace, name: str, lines: Lines) -> dict[str, Sequence[Outcome]]:
    """Every query searched as it is, refined by the other sets, and ranked by the lines alone."""
    with _searching(options, name) as (judged_set, searcher):
        refinement = Refinement(lines, fingerprints(searcher.spaces))
        refined = replace(searcher, refinement=refinement).search
        return {
            AS_IT_IS: _outcomes(judged_set, searcher.search),
            REFINED: _outcomes(judged_set, refined),
            "in the order of the lines alone": _outcomes(judged_set, _by_lines(searcher, lines)),
        }


def _outcomes(judged_set: RetrievalSet, search: Callable[[Query], Ranking]) -> Sequence[Outcome]:
    return evaluate(judged_set, lambda query: search(replace(query, top_k=RANKED)))


def _ndcg_table(name: str, ways: Mapping[str, Sequence[Outcome]]) -> str:
    """nDCG@10 by intended medium."""
    media = [medium for medium in MEDIA if any(o.intended == medium for o in ways[AS_IT_IS])]
    rows = [(way, *(f"{_ndcg(o, {m}):.4f}" for m in media), f"{_ndcg(o, set(media)):.4f}") for way, o in ways.items()]
    return report.table(f"{name}, by the judgements of the other sets: nDCG@10", ("", *media, "all"), rows)


def _targets(name: str, kept: Comparison, ways: Mapping[str, Sequence[Outcome]]) -> list[report.Target]:
    gained = _ndcg(ways[REFINED], set(MEDIA)) - _ndcg(ways[AS_IT_IS], set(MEDIA))
    return [
        report.Target(PLACE, f"{name}: calibration error", kept.after["all"].calibration_error, 0.05, at_most=True),
        report.Target(PLACE, f"{name}: nDCG@10 gained by refined scores", gained, 0.0),
    ]


def _by_lines(searcher: Searcher, lines: Lines) -> Callable[[Query], Ranking]:
    """What a search would be that ranked by the medium's line and shared no promises."""

    def search(query: Query) -> Ranking:
        ranking = searcher.search(query)
        odds = log_odds(np.array([result.score for result in ranking.results]))
        used = [lines.by_medium.get(result.segment.modality, lines.pooled) for result in ranking.results]
        promised = [line.slope * float(x) + line.offset for line, x in zip(used, odds, strict=True)]
        order = sorted(range(len(promised)), key=lambda place: -promised[place])
        results = (replace(ranking.results[place], rank=rank) for rank, place in enumerate(order, start=1))
        return replace(ranking, results=tuple(results))

    return search


def _ndcg(outcomes: Sequence[Outcome], media: Collection[str]) -> float:
    return fmean(outcome.metrics["ndcg@10"] for outcome in outcomes if outcome.intended in media)


def _lines(found: Mapping[str, Lines]) -> str:
    """What was fitted, for those who want to see it."""
    media = [medium for medium in MEDIA if any(medium in lines.by_medium for lines in found.values())]
    rows = []
    for name, lines in found.items():
        fitted = [lines.pooled, *(lines.by_medium.get(medium) for medium in media)]
        rows.append((name, *(f"{line.slope:.2f}, {line.offset:.2f}" if line else "" for line in fitted)))
    return report.table("Slope and offset, fitted to the other sets", ("used on", "pooled", *media), rows)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration", description=__doc__)
    parser.add_argument("data", nargs="?", type=Path, default=HERE.parent / "../shared/data", help="folder of the sets")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS, metavar="SET", help=", ".join(SETS))
    parser.add_argument("--library", type=Path, default=HERE / ".cache" / "quality", help="where the indexes are kept")
    parser.add_argument("--report", type=Path, default=HERE / "QUALITY.md", help="the file to fill")
    options = parser.parse_args(arguments)
    options.data = options.data.resolve()
    if len(set(options.sets) - {SIMULATED}) < 2:
        parser.error("name two sets at least: one is fitted to, the other tried")
    return options


if __name__ == "__main__":
    main()
