"""How good the rankings are: `make bench-quality` measures the product on judged sets and fills benchmarks/QUALITY.md.

Every figure goes the whole way: files, readers, encoders, Milvus Lite, search. The index of a set is kept and reused.
"""

import argparse
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks import quality_report as report
from benchmarks.quality_report import Target
from benchmarks.remembering import remembering
from benchmarks.unanswerable import nonsense, outside
from mmsearch.client import Client
from mmsearch.evaluation import Outcome, evaluate
from mmsearch.retrieval_sets import RetrievalSet, read_set
from mmsearch.search import Searcher
from mmsearch.types import Modality, Query, Ranking

HERE = Path(__file__).parent
MEDIA: tuple[Modality, ...] = ("audio", "table", "text", "image")
WORDED = MEDIA[:3]
SIMULATED = "four media, pictures simulated"
SETS = ("scifact", "wikitablequestions", "fetaqa", "speech_small", "mixed", SIMULATED)

SHOWN = 10
"""Results asked for: what a person gets who does not say how many."""

BY_RANK, DEFAULT = "reciprocal_rank", "calibrated"
WORDS, TEXT, IMAGE = frozenset({"words"}), frozenset({"text"}), frozenset({"image"})


@dataclass(frozen=True, slots=True)
class Configuration:
    """A way to search: `spaces` to ask (all when empty). Over one space, reciprocal rank keeps that space's order."""

    name: str
    fusion: str
    spaces: frozenset[str] = frozenset()


WORDS_ALONE, TEXT_ALONE = Configuration("words alone", BY_RANK, WORDS), Configuration("text alone", BY_RANK, TEXT)
FUSED = (
    Configuration("reciprocal rank", BY_RANK),
    Configuration("z-score", "z_score"),
    Configuration("min-max", "min_max"),
    Configuration("calibrated (default)", DEFAULT),
)
CONFIGURATIONS = (WORDS_ALONE, TEXT_ALONE, *FUSED)
ORACLES = (
    *CONFIGURATIONS,
    Configuration("words, calibrated", DEFAULT, WORDS),
    Configuration("text, calibrated", DEFAULT, TEXT),
)
PICTURE_ORACLES = (
    Configuration("pictures alone", BY_RANK, IMAGE),
    Configuration("pictures, calibrated", DEFAULT, IMAGE),
)

REACH: Mapping[str, Mapping[str, float]] = {
    "scifact": {"words alone": 0.67, "text alone": 0.64, "calibrated (default)": 0.72},
    "wikitablequestions": {"words alone": 0.68, "calibrated (default)": 0.72},
    "fetaqa": {"words alone": 0.87, "calibrated (default)": 0.92},
    "speech_small": {"calibrated (default)": 0.92},
}
REACH_MIXED: Mapping[Modality, float] = {"audio": 0.91, "table": 0.90, "text": 0.89}

NO_IMAGE_MODEL: Mapping[str, Any] = {"image": {"part": ""}, "table": {"part": ""}}
SIDE_CARS_ONLY: Mapping[str, Any] = {"recognizer": {"part": ""}, "ocr": {"part": ""}}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the sets, print the tables, and write them into the report."""
    options = _options(arguments)
    report.check(options.report, options.sets)
    for name in options.sets:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        measured = simulated(options) if name == SIMULATED else without_pictures(options, name)
        print(f"\n## {name}\n\n{measured.text}\n\n{report.targets(measured.targets)}\n", flush=True)
        report.write(options.report, name, measured)


def without_pictures(options: argparse.Namespace, name: str) -> report.Measured:
    """The shipped weights: words and sentences, no image model."""
    judged = read_set(options.data / name)
    with indexed(options.library / name, judged, NO_IMAGE_MODEL) as searcher:
        found = {way: _outcomes(searcher, judged, way, name) for way in CONFIGURATIONS}
        false = _false_answers(searcher)
    default: Sequence[Outcome] = found[FUSED[-1]]
    if name != "mixed":
        targets = [
            Target(name, way.name, _mean(found[way]), REACH[name][way.name])
            for way in CONFIGURATIONS
            if way.name in REACH[name]
        ]
        tables = [report.ndcg({way.name: {"all queries": found[way]} for way in CONFIGURATIONS})]
    else:
        groups = {way.name: _by_intended(found[way], WORDED) for way in CONFIGURATIONS}
        targets = [
            Target(name, f"{medium}, calibrated (default)", _mean(groups[FUSED[-1].name][medium]), least)
            for medium, least in REACH_MIXED.items()
        ]
        tables = [report.ndcg(groups)]
        default = [outcome for outcome in default if outcome.intended in WORDED]
        targets += _no_good_match_targets(name, default, false)
    tables += [report.no_good_match({name: (default, false)}), report.reliability(default)]
    return report.Measured("\n\n".join(tables), targets)


def simulated(options: argparse.Namespace) -> report.Measured:
    """Four media, with a simulated picture space; one round for each seed of the pictures."""
    judged = read_set(options.data / "mixed")
    place = simulated_library(options.library)
    oracles: dict[Modality, dict[str, float]] = {}
    tables, targets, answers = [], list[Target](), dict[str, tuple[Sequence[Outcome], Mapping[str, float]]]()
    for seed in options.seeds:
        with indexed(place, judged, simulated_pictures(options.data, seed)) as searcher:
            found = {way.name: _outcomes(searcher, judged, way, f"seed {seed}") for way in FUSED}
            for medium in MEDIA:
                if medium == "image" or medium not in oracles:
                    oracles[medium] = _oracle(searcher, judged, medium)
            default, false = found[FUSED[-1].name], _false_answers(searcher)
        answers[f"seed {seed}"] = (default, false)
        groups = {name: _by_intended(outcomes, MEDIA) for name, outcomes in found.items()}
        best: dict[str, float] = {medium: max(oracles[medium].values()) for medium in MEDIA}
        tables.append(report.four_media(f"Pictures simulated with seed {seed}", groups, best))
        targets += _four_media_targets(f"{SIMULATED}, seed {seed}", groups, best)
        targets += _no_good_match_targets(f"{SIMULATED}, seed {seed}", default, false)
    tables += [report.oracles(oracles), report.no_good_match(answers), report.reliability(default)]
    return report.Measured("\n\n".join(tables), targets)


def simulated_library(libraries: Path) -> Path:
    """The place of the index with simulated pictures, begun as a copy: what is encoded once is not encoded again."""
    place = libraries / "mixed-simulated-pictures"
    if not place.exists() and (libraries / "mixed").exists():
        shutil.copytree(libraries / "mixed", place)
    return place


def simulated_pictures(data: Path, seed: int) -> dict[str, Any]:
    """The settings of the spaces with pictures simulated from human captions."""
    captions = str(data / "coco_small" / "captions_1_to_4.jsonl")
    part = {"part": "benchmarks.simulated_pictures:SimulatedPictures", "captions": captions, "seed": seed}
    return {**NO_IMAGE_MODEL, "image": part}


@contextmanager
def indexed(place: Path, judged: RetrievalSet, spaces: Mapping[str, Any]) -> Iterator[Searcher]:
    """The set, indexed where that is still to be done, as it can be searched."""
    with Client(place, spaces=dict(spaces), **SIDE_CARS_ONLY) as client:
        done = client.index(judged.folder)
        if done.failed:
            raise SystemExit(f"{done.failed[0].uri}: {done.failed[0].reason}")
        yield remembering(client.app.searcher)


def _outcomes(
    searcher: Searcher, judged: RetrievalSet, way: Configuration, label: str, medium: Modality | None = None
) -> tuple[Outcome, ...]:
    """Each query of the set searched in this way, and in one medium only where one is named."""
    print(f"  {label}: {way.name}{f' in {medium}' if medium else ''}", file=sys.stderr, flush=True)
    fused = replace(searcher, fusion=way.fusion)

    def search(query: Query) -> Ranking:
        return fused.search(replace(query, top_k=SHOWN, modalities=frozenset({medium} if medium else ())))

    return evaluate(judged, search, way.spaces)


def _oracle(searcher: Searcher, judged: RetrievalSet, medium: Modality) -> dict[str, float]:
    """nDCG@10 of every configuration, told which medium the query is after and searching nothing else."""
    wanted = {id: text for id, text in judged.queries.items() if judged.intended[id] == medium}
    of_medium = replace(judged, queries=wanted, qrels={id: judged.qrels[id] for id in wanted})
    ways = PICTURE_ORACLES if medium == "image" else ORACLES
    return {way.name: _mean(_outcomes(searcher, of_medium, way, "oracle", medium)) for way in ways}


def _false_answers(searcher: Searcher) -> dict[str, float]:
    """The share of the queries without an answer that the engine says to have answered."""
    kinds = {"nonsense": list(nonsense()), "outside topics": list(outside())}
    return {
        kind: sum(not searcher.search(Query(text)).no_good_match for text in texts) / len(texts)
        for kind, texts in kinds.items()
    }


def _four_media_targets(
    name: str, groups: Mapping[str, Mapping[str, Sequence[Outcome]]], best: Mapping[str, float]
) -> list[Target]:
    means = {way: {medium: _mean(found) for medium, found in media.items()} for way, media in groups.items()}
    default, by_rank = means[FUSED[-1].name], means[FUSED[0].name]
    of_oracle = sum(default.values()) / sum(best.values())
    ahead = (sum(default.values()) - sum(by_rank.values())) / len(MEDIA)
    worst = min(MEDIA, key=lambda medium: default[medium] / best[medium])
    return [
        Target(name, "mean of four, share of the oracle", of_oracle, 0.97),
        Target(name, "ahead of reciprocal rank", ahead, 0.05),
        Target(name, f"worst medium ({worst}), share of its oracle", default[worst] / best[worst], 0.95),
    ]


def _no_good_match_targets(name: str, judged: Sequence[Outcome], false: Mapping[str, float]) -> list[Target]:
    kept = sum(not outcome.no_good_match for outcome in judged) / len(judged)
    mean_false = sum(false.values()) / len(false)
    return [
        Target(name, "judged queries answered as good", kept, 0.90),
        Target(name, "queries without an answer answered as good", mean_false, 0.05, at_most=True),
    ]


def _by_intended(outcomes: Sequence[Outcome], media: Iterable[Modality]) -> dict[str, Sequence[Outcome]]:
    return {medium: [outcome for outcome in outcomes if outcome.intended == medium] for medium in media}


def _mean(outcomes: Sequence[Outcome]) -> float:
    return sum(outcome.metrics["ndcg@10"] for outcome in outcomes) / len(outcomes)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument("data", nargs="?", type=Path, default=HERE.parent / "../shared/data", help="folder of the sets")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS, metavar="SET", help=", ".join(SETS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[7, 8, 9], help="of the simulated pictures")
    parser.add_argument("--library", type=Path, default=HERE / ".cache" / "quality", help="where the indexes are kept")
    parser.add_argument("--report", type=Path, default=HERE / "QUALITY.md", help="the file to fill")
    options = parser.parse_args(arguments)
    options.data = options.data.resolve()
    return options


if __name__ == "__main__":
    main()
