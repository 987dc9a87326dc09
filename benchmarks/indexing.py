"""How fast and how steadily a library is made: `make bench-indexing` measures and fills benchmarks/INDEXING.md.

Sides of a comparison take turns, round after round, peers in processes of their own; figures are medians of whole runs,
ratios medians of the ratios within a round. What a person waits for is measured: what reads is started in every run.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import indexing_peers as peers
from benchmarks import quality_report as report
from benchmarks.indexing_kills import killed_at_random
from benchmarks.indexing_parts import TimedStore
from benchmarks.indexing_plot import plot_memory
from benchmarks.indexing_runs import killed_at_half, weighed, whole_command_s
from benchmarks.indexing_sides import (
    ALONE,
    OUR_ENCODER,
    PLAIN,
    PictureSides,
    Side,
    TextSides,
    draw_pictures,
    write_corpus,
)
from benchmarks.quality_report import Measured, Target
from mmsearch.client import Client

HERE = Path(__file__).parent
OFF = {"part": ""}
WORDS_ONLY: Mapping[str, Any] = {
    "spaces": dict.fromkeys(("text", "image", "table", "sound"), OFF),
    "recognizer": OFF,
    "ocr": OFF,
}

STORE_TIMED: Mapping[str, Any] = {"store": {"part": "benchmarks.indexing_parts:TimedStore"}}


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
    """Passages: ours end to end, the plain way with the same model, the models alone, and two peers."""
    corpus = write_corpus(options.data / "scifact" / "corpus.jsonl", folder / "set", options.documents)
    sides = TextSides(corpus, folder)
    others = peers.start(sides.model, sides.texts, folder)
    try:
        took = _in_turns(sides.all() | others, options.rounds)
    finally:
        for peer in others.values():
            peer.close()
    cosine = sides.least_cosine()
    title = f"{sides.documents} documents of scifact in {len(sides.texts)} passages, {options.rounds} rounds"
    return Measured(
        report.table(title, ("", "documents/s", "ours to it"), _rates(took, sides.documents))
        + f"\n\nLeast cosine between our vector of a passage and the plain one: {cosine:.6f}. {peers.versions()}.",
        [
            Target("text", "ours to the plain way", _ratio(took, PLAIN), 1.2),
            Target("text", "ours to the model alone", _ratio(took, ALONE), 0.95),
            Target("text", "ours to our encoder alone", _ratio(took, OUR_ENCODER), 0.95),
            Target("text", "least cosine to the plain vectors", cosine, 0.999),
            *(Target("text", f"ours to {name}", _ratio(took, name), 1.0) for name in others),
        ],
    )


def scifact(options: argparse.Namespace, folder: Path) -> Measured:
    """All abstracts once: ours, the plain way and the models alone, with what the store takes of our time."""
    corpus = write_corpus(options.data / "scifact" / "corpus.jsonl", folder / "set", options.abstracts)
    sides = TextSides(corpus, folder)
    took: dict[str, list[float]] = {name: [] for name in sides.all()}
    for name, side in sides.all().items():
        with _timed(took[name]):
            side(**STORE_TIMED) if name == "ours" else side()
    cosine = sides.least_cosine()
    title = f"{sides.documents:,} documents of scifact in {len(sides.texts):,} passages, one round"
    rows = [
        (name, f"{seconds:.0f}", *cells)
        for (name, *cells), [seconds] in zip(_rates(took, sides.documents), took.values(), strict=True)
    ]
    share = TimedStore.took_s / took["ours"][0]
    return Measured(
        report.table(title, ("", "s", "documents/s", "ours to it"), rows)
        + f"\n\nLeast cosine: {cosine:.6f}. The store took {TimedStore.rows:,} rows in {TimedStore.took_s:.1f} s, "
        f"{share:.1%} of the job, in a thread beside the encoder.",
        [
            Target("scifact", "ours to the plain way", _ratio(took, PLAIN), 1.2),
            Target("scifact", "ours to the model alone", _ratio(took, ALONE), 0.95),
            Target("scifact", "ours to our encoder alone", _ratio(took, OUR_ENCODER), 0.95),
            Target("scifact", "least cosine to the plain vectors", cosine, 0.999),
            Target("scifact", "share of the job in the store", share, 0.15, at_most=True),
        ],
    )


def pictures(options: argparse.Namespace, folder: Path) -> Measured:
    """Pictures: ours end to end, and the models alone on tensors."""
    sides = PictureSides(draw_pictures(folder / "pictures", options.pictures), folder)
    took = _in_turns(sides.all(), options.rounds)
    title = f"{options.pictures} JPEGs of 1024 x 768, ViT-B-32 with random weights, no OCR, {options.rounds} rounds"
    return Measured(
        report.table(title, ("", "pictures/s", "ours to it"), _rates(took, options.pictures)),
        [
            Target("pictures", "ours to the model alone", _ratio(took, ALONE), 0.95),
            Target("pictures", "ours to our encoder alone", _ratio(took, OUR_ENCODER), 0.95),
        ],
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
    for number in range(options.resumes):
        killed = killed_at_half(corpus, folder / f"library-{number}", options.resumed)
        shares.append(killed.share_again)
        rows.append((str(number + 1), str(killed.remembered), str(killed.encoded_again), f"{killed.share_again:.4f}"))
    header = ("round", "documents remembered at the kill", "passages encoded again", "share of all")
    return Measured(
        report.table(f"{options.resumed} documents of scifact, killed (SIGKILL) at half", header, rows),
        [Target("resume", "share encoded again", median(shares), 0.02, at_most=True)],
    )


def kills(options: argparse.Namespace, folder: Path) -> Measured:
    """A mixed job, kill -9 at random moments, run again, and compared with one that was left alone."""
    rows, equal, running = [], 0, 0
    for number, (moment_s, was_running, different) in enumerate(killed_at_random(folder, options.kills), start=1):
        running += was_running
        equal += not different
        rows.append((str(number), f"{moment_s:.2f}", "yes" if was_running else "no", "; ".join(different[:3]) or "-"))
    header = ("kill", "after, s", "still running", "what differs in the end")
    return Measured(
        report.table(f"{options.kills} kills (SIGKILL), {running} of them before the job was done", header, rows),
        [Target("kills", "share of libraries equal to the undisturbed one", equal / options.kills, 1.0)],
    )


def memory(options: argparse.Namespace, folder: Path) -> Measured:
    """Memory of the processes for a corpus and one ten times as large, and what the store takes of the time."""
    rows, store, targets, runs = [], [], [], {}
    for kind, count in (("passages", options.few_passages), ("pictures", options.few_pictures)):
        few, many = (weighed(kind, count * times, folder / f"{kind}-{times}") for times in (1, 10))
        runs[kind] = few, many
        for label, with_n, with_ten in (
            (f"{count:,} {kind}", max(few.whole_mib), max(many.whole_mib)),
            ("without the store", max(few.rest_mib), max(many.rest_mib)),
        ):
            rows.append((label, f"{with_n:,.0f}", f"{with_ten:,.0f}", f"{with_ten / with_n:.3f}"))
        whole, rest = (max(many.whole_mib) / max(few.whole_mib), max(many.rest_mib) / max(few.rest_mib))
        targets.append(Target("memory", f"growth, {kind} x 10", whole - 1, 0.1, at_most=True))
        targets.append(Target("memory", f"growth without the store, {kind} x 10", rest - 1, 0.1, at_most=True))
        for run, times in ((few, 1), (many, 10)):
            rate, share = f"{run.rows / run.store_s:,.0f}", f"{run.store_s / run.took_s:.3f}"
            store.append((f"{count * times:,} {kind}", f"{run.took_s:.0f}", f"{run.rows:,}", rate, share))
    plot_memory(runs, options.report.with_name("indexing-memory.svg"))
    header = ("N", "peak for N, MiB", "peak for 10 N, MiB", "ratio")
    written = ("", "whole job, s", "rows", "rows/s while writing", "share of the job")
    return Measured(
        report.table("Resident memory of all processes together", header, rows)
        + "\n\n![Resident memory over the job](indexing-memory.svg)\n\n"
        + report.table("Written into Milvus Lite, vectors at no cost", written, store),
        targets,
    )


MEASUREMENTS: Mapping[str, Callable[[argparse.Namespace, Path], Measured]] = {
    "text": text,
    "scifact": scifact,
    "pictures": pictures,
    "unchanged": unchanged,
    "resume": resume,
    "kills": kills,
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
        ("documents", 250),
        ("abstracts", 5_183),
        ("pictures", 200),
        ("files", 10_000),
        ("resumed", 3_000),
        ("resumes", 1),
        ("kills", 30),
        ("few-passages", 10_000),
        ("few-pictures", 1_000),
    ):
        parser.add_argument(f"--{name}", type=int, default=default)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
