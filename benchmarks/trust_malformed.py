"""Files that are broken or mean harm among good ones: what became of each, and what they took."""

import argparse
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from threading import Event, Thread
from typing import Any

import psutil
from hostile import Hostile, bombs, damaged

from benchmarks.quality_report import Measured, Target, table
from mmsearch.client import Client
from mmsearch.errors import error_class

OFF = {"part": ""}
BETWEEN = 20
"""After so many hostile files stands a good one."""
WORKER_BYTES = 1 << 30
SETTINGS: Mapping[str, Any] = {
    "spaces": {"image": OFF, "table": OFF},
    "recognizer": OFF,
    "ocr": OFF,
    "indexing": {"workers": 1, "read_timeout_s": 30.0, "worker_memory_bytes": WORKER_BYTES},
}
LOOK_S = 0.02
MIB = 1 << 20


def malformed(options: argparse.Namespace, folder: Path) -> Measured:
    """Every format damaged in every way by each seed, and the bombs, indexed together; good files are looked for."""
    seeds = range(options.seeds)
    files = folder / "files"
    hostile, good = _written(chain(bombs(), *(damaged(seed) for seed in seeds)), files)
    peak = _Peak(folder / "library")
    started = time.perf_counter()
    with Client(folder / "library", **SETTINGS) as client:
        with peak:
            report = client.index(files)
        took_s = time.perf_counter() - started
        found = sum(_first(client, word) == path for word, path in good.items())
    ends = Counter(failure.code for failure in report.failed)
    assert sum(ends.values()) + report.indexed == report.found == len(hostile) + len(good)
    named = sum(count for code, count in ends.items() if error_class(code))
    rest = report.indexed - len(good)
    rows = [("indexed", str(rest)), *((code, str(count)) for code, count in ends.most_common())]
    of_limit = peak.worker_mib * MIB / WORKER_BYTES
    return Measured(
        table(f"{len(hostile):,} files by what became of them, in {took_s:.0f} s", ("", "files"), rows)
        + f"\n\nThe process that reads held {peak.worker_mib:,.0f} MiB at most; it may hold {WORKER_BYTES // MIB:,}. "
        f"The library, with what was on its way, took {peak.disk_mib:,.0f} MiB of disk at most, "
        f"the files themselves {sum(f.stat().st_size for f in files.iterdir()) / MIB:,.0f}.",
        [
            Target("malformed", "share indexed or failed by name", (named + rest) / len(hostile), 1.0),
            Target("malformed", "share of good files found", found / len(good), 1.0),
            Target("malformed", "readers that crashed or tripped", ends["reader_failed"], 0, at_most=True),
            Target("malformed", "memory of the reading process to its limit", of_limit, 1.0, at_most=True),
        ],
    )


def _written(files: Iterator[Hostile], folder: Path) -> tuple[list[Path], dict[str, str]]:
    """(documents that are hostile, the place of each good one by a word that no other has)."""
    folder.mkdir()
    hostile: list[Path] = []
    good: dict[str, str] = {}
    for file in files:
        hostile.append(file.write(folder))
        if len(hostile) % BETWEEN == 0:
            word = f"zeppelin{len(good)}"
            path = folder / f"{hostile[-1].stem}_good.txt"
            path.write_text(f"The {word} flies over the harbour.")
            good[word] = path.as_posix()
    return hostile, good


def _first(client: Client, word: str) -> str:
    results = client.search(word, top_k=1).results
    return results[0].segment.uri if results else ""


class _Peak:
    """The most that the largest process below this one held, the store's aside, and that the library took of disk."""

    def __init__(self, library: Path) -> None:
        self._library = library
        self._over = Event()
        self._thread = Thread(target=self._watch)
        self.worker_mib = self.disk_mib = 0.0

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(LOOK_S):
            self.worker_mib = max([self.worker_mib, *_readers_mib()])
            self.disk_mib = max(self.disk_mib, _size_mib(self._library))


def _readers_mib() -> Iterator[float]:
    for process in psutil.Process().children(recursive=True):
        try:
            if not process.name().startswith("milvus"):
                yield process.memory_info().rss / MIB
        except psutil.Error:
            continue


def _size_mib(folder: Path) -> float:
    size = 0
    for file in folder.rglob("*"):
        try:
            size += file.lstat().st_blocks * 512
        except OSError:  # gone meanwhile
            continue
    return size / MIB
