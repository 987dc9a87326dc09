"""What the router does for the set `mixed`: `make bench-quality` fills in the answer.

How often the intended medium is among the two that the router makes heaviest, for every query with three media cues in
four languages and without; and nDCG@10 with the router and without, over three media and over four. Every figure of
nDCG@10 goes the whole way, as in `benchmarks.quality`.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks import quality_report as report
from benchmarks.media_cues import with_cues
from benchmarks.quality import HERE, NO_IMAGE_MODEL, SIMULATED, indexed, simulated_library, simulated_pictures
from mmsearch.comparison import bootstrap_interval
from mmsearch.evaluation import Outcome, evaluate
from mmsearch.retrieval_sets import RetrievalSet, read_set
from mmsearch.router import Media, Plan, media, route
from mmsearch.search import Searcher
from mmsearch.types import MODALITIES, Modality, Query, Ranking, Route, Space

PLACE = "the router"
SEED = 7
"""Of the simulated pictures."""
SHOWN = 10
CUED = "with a cue"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the tables, and write them into the report."""
    options = _options(arguments)
    report.check(options.report, [PLACE])
    judged = read_set(options.data / "mixed")
    words = {m: [q for id, q in judged.queries.items() if judged.intended[id] == m] for m in MODALITIES}
    in_words = replace(judged, queries={id: q for id, q in judged.queries.items() if judged.intended[id] != "image"})
    cued_set = cued(judged)
    rows, targets = list[tuple[str, ...]](), list[report.Target]()
    with indexed(options.library / "mixed", judged, NO_IMAGE_MODEL) as searcher:
        heaviest, share = _heaviest(searcher, words)
        rows += _gains("mixed, three media", searcher, in_words, targets)
    with indexed(simulated_library(options.library), judged, simulated_pictures(options.data, SEED)) as searcher:
        rows += _gains(SIMULATED, searcher, judged, targets)
        rows += _gains(f"{SIMULATED}, {CUED}", searcher, cued_set, targets)
    header = ("", "medium", "queries", "router", "none", "difference [95 %]", "better, worse, equal")
    text = "\n\n".join([heaviest, report.table("nDCG@10 with the router and without", header, rows)])
    targets.insert(0, report.Target(PLACE, f"intended medium among the two heaviest, {CUED}", share, 0.95))
    print(f"{text}\n\n{report.targets(targets)}")
    report.write(options.report, PLACE, report.Measured(text, targets))


def cued(judged: RetrievalSet) -> RetrievalSet:
    """The set with every query asked with one of its cues, and not without."""
    queries = dict[str, str]()
    for medium in MODALITIES:
        ids = [id for id in judged.queries if judged.intended[id] == medium]
        asked = with_cues(medium, [judged.queries[id] for id in ids])
        queries |= {id: texts[number % len(texts)] for number, (id, texts) in enumerate(zip(ids, asked, strict=True))}
    return replace(judged, queries=queries)


def _heaviest(searcher: Searcher, texts: Mapping[Modality, Sequence[str]]) -> tuple[str, float]:
    """A table of how often the intended medium is among the two heaviest, and that share of the queries with cues."""
    rows, everywhere = list[tuple[str, ...]](), list[int]()
    for medium, of_medium in texts.items():
        asked = [text for cues in with_cues(medium, of_medium) for text in cues]
        cued, bare = ([place(searcher, text, medium) for text in group] for group in (asked, of_medium))
        everywhere += cued
        rows.append((medium, *_within(cued), *_within(bare)))
    rows.append(("all", *_within(everywhere), "", "", ""))
    header = ("intended", f"queries {CUED}", "in two", "heaviest", "queries without", "in two", "heaviest")
    title = "The intended medium among the two heaviest of four, and the heaviest, as shares of the queries"
    return report.table(title, header, rows), fmean(place <= 2 for place in everywhere)


def place(searcher: Searcher, text: str, medium: Modality) -> int:
    """The place of the medium among all media of the library, the heaviest 1."""
    census = searcher.manifest.census()
    spaces = {name: opened.space for name, opened in searcher.spaces.items()}
    plan = route(Query(text), spaces, searcher.depth, census)
    asked = {"text": searcher.spaces["text"].encoder.encode_query(Query(plan.text))}
    found = media(plan, census, spaces, asked).shares
    return sorted(found, key=lambda m: -found[m]).index(medium) + 1


def _within(places: Sequence[int]) -> tuple[str, str, str]:
    return str(len(places)), f"{fmean(p <= 2 for p in places):.3f}", f"{fmean(p == 1 for p in places):.3f}"


def _gains(
    name: str, searcher: Searcher, judged: RetrievalSet, targets: list[report.Target]
) -> Iterator[tuple[str, ...]]:
    """A row for each medium and for all; the mean over all has to gain."""
    print(f"  {name}", file=sys.stderr, flush=True)

    def search(query: Query) -> Ranking:
        return searcher.search(replace(query, top_k=SHOWN))

    asked = evaluate(judged, search)
    with no_router():
        plain = evaluate(judged, search)
    pairs = list(zip(asked, plain, strict=True))
    for group in (*MODALITIES, "all"):
        of_group = [pair for pair in pairs if group in (pair[0].intended, "all")]
        if of_group:
            yield name, group, *compared(of_group)
    gained = fmean(_ndcg(a) for a in asked) - fmean(_ndcg(b) for b in plain)
    targets.append(report.Target(PLACE, f"{name}: nDCG@10 gained", gained, 0.0))


def compared(pairs: Sequence[tuple[Outcome, Outcome]]) -> tuple[str, ...]:
    """Queries, both means, the mean difference with its interval by the bootstrap, and how many moved which way."""
    difference = np.array([_ndcg(a) - _ndcg(b) for a, b in pairs])
    low, high = bootstrap_interval(difference)
    means = (fmean(_ndcg(pair[side]) for pair in pairs) for side in (0, 1))
    signs = ", ".join(str(int(np.sum(np.sign(difference) == sign))) for sign in (1, -1, 0))
    interval = f"{difference.mean():+.4f} [{low:+.4f}, {high:+.4f}]"
    return str(len(pairs)), *(f"{mean:.4f}" for mean in means), interval, signs


def _ndcg(outcome: Outcome) -> float:
    return outcome.metrics["ndcg@10"]


@contextmanager
def no_router() -> Iterator[None]:
    """Searches that ask every space alike, and expect each medium as often as the library holds it."""

    def plain_route(query: Query, spaces: Mapping[str, Space], depth: int, _: Mapping[Modality, int]) -> Plan:
        names: Iterable[str] = (name for name, space in spaces.items() if query.kind in space.answers)
        return Plan(query.text, tuple(Route(name, 1.0, depth, "no router") for name in names))

    def plain_media(plan: Plan, census: Mapping[Modality, int], *_: Any) -> Media:
        return Media({medium: count / sum(census.values()) for medium, count in census.items()}, "no router")

    with patch.multiple("mmsearch.search", route=plain_route, media=plain_media):
        yield


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.router", description=__doc__)
    parser.add_argument("data", nargs="?", type=Path, default=HERE.parent / "../shared/data", help="folder of the sets")
    parser.add_argument("--library", type=Path, default=HERE / ".cache" / "quality", help="where the indexes are kept")
    parser.add_argument("--report", type=Path, default=HERE / "QUALITY.md", help="the file to fill")
    options = parser.parse_args(arguments)
    options.data = options.data.resolve()
    return options


if __name__ == "__main__":
    main()
