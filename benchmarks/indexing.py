"""How fast and how steadily a library is made: `make bench-indexing` measures and fills benchmarks/INDEXING.md.

Sides of a comparison take turns in one process, round after round; figures are medians of whole runs, ratios medians
of the ratios within a round. What a person waits for is measured: reading processes are started in every run.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import quality_report as report
from benchmarks.indexing_runs import killed_at_half, peak_of, whole_command_s
from benchmarks.indexing_sides import PictureSides, Side, TextSides, draw_pictures, write_corpus
from benchmarks.quality_report import Measured, Target
from mmsearch.client import Client

HERE = Path(__file__).parent
OFF = {"part": ""}
WORDS_ONLY: Mapping[str, Any] = {
    "spaces": dict.fromkeys(("text", "image", "table"), OFF),
    "recognizer": OFF,
    "ocr": OFF,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is asked for, print the tables, and write them into the report."""
    options = _options(arguments)
    wanted = options.only or list(MEASUREMENTS)
    report.check(options.report, wanted)
    for name in wanted:
        with tempfile.TemporaryDirectory() as folder:
            measured = MEASUREMENTS[name](options, Path(folder))
        print(f"{measured.text}\n\n{report.targets(measured.targets)}\n", flush=True)
        report.write(options.report, name, measured)


def text(options: argparse.Namespace, folder: Path) -> Measured:
    """Passages: ours end to end, the plain way with the same model, and the model alone."""
    corpus = write_corpus(options.data / "scifact" / "corpus.jsonl", folder / "set", options.documents)
    sides = TextSides(corpus, folder)
    took = _in_turns(sides.all(), options.rounds)
    cosine = sides.least_cosine()
    title = f"{sides.documents} documents of scifact in {sides.passages} passages, {options.rounds} rounds"
    rows = _rates(took, sides.documents)
    return Measured(
        report.table(title, ("", "documents/s", "ours to it"), rows)
        + f"\n\nLeast cosine between our vector of a passage and the plain one: {cosine:.6f}.",
        [
            Target("text", "ours to the plain way", _ratio(took, "plain"), 1.2),
            Target("text", "ours to the encoder alone", _ratio(took, "alone"), 0.95),
            Target("text", "least cosine to the plain vectors", cosine, 0.999),
        ],
    )


def pictures(options: argparse.Namespace, folder: Path) -> Measured:
    """Pictures: ours end to end, and the model alone on tensors."""
    sides = PictureSides(draw_pictures(folder / "pictures", options.pictures), folder)
    took = _in_turns(sides.all(), options.rounds)
    title = f"{options.pictures} JPEGs of 1024 x 768, ViT-B-32 with random weights, no OCR, {options.rounds} rounds"
    return Measured(
        report.table(title, ("", "pictures/s", "ours to it"), _rates(took, options.pictures)),
        [Target("pictures", "ours to the encoder alone", _ratio(took, "alone"), 0.95)],
    )


def unchanged(options: argparse.Namespace, folder: Path) -> Measured:
    """A second run over many small files of which none changed."""
    files = folder / "files"
    for number in range(options.files):
        place = files / f"{number % 100:02}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number}.txt").write_text(f"Note {number} of the harbour and its lamp.")
    with Client(folder / "library", **WORDS_ONLY) as client:
        first = client.index(files)
        took_s = median(client.index(files).seconds for _ in range(options.rounds))
        assert client.index(files).unchanged == options.files
    command_s = median(whole_command_s(files, folder / "library") for _ in range(options.rounds))
    rows = [
        ("first run", f"{first.seconds:.1f}", f"{options.files / first.seconds:,.0f}"),
        ("second run, nothing changed", f"{took_s:.2f}", f"{options.files / took_s:,.0f}"),
        ("the same as a command, Python and all", f"{command_s:.2f}", f"{options.files / command_s:,.0f}"),
    ]
    return Measured(
        report.table(f"{options.files:,} text files of one line, space `words`", ("", "s", "files/s"), rows),
        [Target("unchanged", "seconds of the second run", took_s, 3.0, at_most=True)],
    )


def resume(options: argparse.Namespace, folder: Path) -> Measured:
    """What a kill at half costs: passages that are encoded a second time."""
    corpus = write_corpus(options.data / "scifact" / "corpus.jsonl", folder / "set", options.resumed)
    shares, rows = [], []
    for number in range(options.rounds):
        killed = killed_at_half(corpus, folder / f"library-{number}", options.resumed)
        shares.append(killed.share_again)
        rows.append((str(number + 1), str(killed.remembered), str(killed.encoded_again), f"{killed.share_again:.4f}"))
    header = ("round", "documents remembered at the kill", "passages encoded again", "share of all")
    return Measured(
        report.table(f"{options.resumed} documents of scifact, killed (SIGKILL) at half", header, rows),
        [Target("resume", "share encoded again", median(shares), 0.02, at_most=True)],
    )


def memory(options: argparse.Namespace, folder: Path) -> Measured:
    """Peak memory of the processes for a corpus and one ten times as large."""
    rows, targets = [], []
    for kind, count in (("passages", options.few_passages), ("pictures", options.few_pictures)):
        few, many = (peak_of(kind, count * times, folder / f"{kind}-{times}") for times in (1, 10))
        for label, with_n, with_ten in (
            (f"{count:,} {kind}", few.all_mib, many.all_mib),
            ("without the store", few.without_store_mib, many.without_store_mib),
        ):
            rows.append((label, f"{with_n:,.0f}", f"{with_ten:,.0f}", f"{with_ten / with_n:.3f}"))
        targets.append(Target("memory", f"growth, {kind} x 10", many.all_mib / few.all_mib - 1, 0.1, at_most=True))
    header = ("N", "peak for N, MiB", "peak for 10 N, MiB", "ratio")
    return Measured(report.table("Resident memory of all processes together", header, rows), targets)


MEASUREMENTS: Mapping[str, Callable[[argparse.Namespace, Path], Measured]] = {
    "text": text,
    "pictures": pictures,
    "unchanged": unchanged,
    "resume": resume,
    "memory": memory,
}


def _in_turns(sides: Mapping[str, Side], rounds: int) -> dict[str, list[float]]:
    """Seconds of each run of each side; the first round of each is not counted."""
    took: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, side in sides.items():
            with _timed(took[name] if number else []):
                side()
    return took


@contextmanager
def _timed(took: list[float]) -> Iterator[None]:
    started = time.perf_counter()
    yield
    took.append(time.perf_counter() - started)


def _ratio(took: Mapping[str, Sequence[float]], other: str) -> float:
    """How much faster ours is than another side, within a round."""
    return median(theirs / ours for ours, theirs in zip(took["ours"], took[other], strict=True))


def _rates(took: Mapping[str, Sequence[float]], count: int) -> list[tuple[str, str, str]]:
    return [(name, f"{count / median(seconds):.2f}", f"{_ratio(took, name):.3f}") for name, seconds in took.items()]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder of the judged sets, for the texts of scifact")
    parser.add_argument("--only", action="append", choices=list(MEASUREMENTS), help="measure this; may be repeated")
    parser.add_argument("--report", type=Path, default=HERE / "INDEXING.md")
    parser.add_argument("--rounds", type=int, default=3)
    for name, default in (
        ("documents", 300),
        ("pictures", 200),
        ("files", 10_000),
        ("resumed", 1000),
        ("few-passages", 300),
        ("few-pictures", 30),
    ):
        parser.add_argument(f"--{name}", type=int, default=default)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
