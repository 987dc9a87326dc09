"""Hostile files indexed among good ones, by the product's own way: what became of them, and what they took."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

import psutil

from hostile import Hostile
from mmsearch.client import Client
from mmsearch.reports import Report

BETWEEN = 20
"""After so many hostile files stands a good one."""
LOOK_S = 0.02
MIB = 1 << 20
STORE = "milvus"
"""How the name of the store's process starts."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of hostile files by their names: the code and the words of their failures, "" for indexed ones.

    `found` of the `good` files were the first result for a word that only they have. `workers` processes read, of
    which the largest held `worker_bytes`; the library, with what was on its way, took `disk_bytes`, of `files_bytes`.
    """

    failures: Mapping[str, tuple[str, str]]
    good: int
    found: int
    workers: int
    worker_bytes: int
    disk_bytes: int
    files_bytes: int
    took_s: float

    @property
    def codes(self) -> Counter[str]:
        """How many ended in which way."""
        return Counter(code for code, _ in self.failures.values())


def index_among_good(files: Iterable[Hostile], folder: Path, settings: Mapping[str, Any]) -> Ended:
    """Write the files into the folder with good ones between them, index all with the settings, and look for the good.

    Raises AssertionError where a document is neither indexed nor in the report.
    """
    place = folder / "files"
    hostile, good = _written(files, place)
    peak = _Peak(folder / "library")
    started = time.perf_counter()
    with Client(folder / "library", **settings) as client:
        with peak:
            report = client.index(place)
        took_s = time.perf_counter() - started
        found = sum(_first(client, word) == path for word, path in good.items())
    return Ended(
        _failures(report, hostile),
        len(good),
        found,
        len(peak.workers),
        peak.worker_bytes,
        peak.disk_bytes,
        sum(file.stat().st_size for file in place.iterdir()),
        took_s,
    )


def _failures(report: Report, hostile: Iterable[Path]) -> dict[str, tuple[str, str]]:
    said = {Path(failure.uri).name: (failure.code, failure.reason) for failure in report.failed}
    assert len(said) + report.indexed == report.found
    return {path.name: said.get(path.name, ("", "")) for path in hostile}


def _written(files: Iterable[Hostile], folder: Path) -> tuple[list[Path], dict[str, str]]:
    """(documents that are hostile, the place of each good one by a word that no other has)."""
    folder.mkdir(parents=True)
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
    """The processes that read, the most that one of them held, and that the library took of disk."""

    def __init__(self, library: Path) -> None:
        self._library = library
        self._over = Event()
        self._thread = Thread(target=self._watch)
        self.workers: set[int] = set()
        self.worker_bytes = self.disk_bytes = 0

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(LOOK_S):
            for pid, held in _readers():
                self.workers.add(pid)
                self.worker_bytes = max(self.worker_bytes, held)
            self.disk_bytes = max(self.disk_bytes, _size(self._library))


def _readers() -> Iterator[tuple[int, int]]:
    for process in psutil.Process().children(recursive=True):
        try:
            if not process.name().startswith(STORE):
                yield process.pid, process.memory_info().rss
        except psutil.Error:
            continue


def _size(folder: Path) -> int:
    size = 0
    for file in folder.rglob("*"):
        try:
            size += file.lstat().st_blocks * 512
        except OSError:  # gone meanwhile
            continue
    return size
