"""Indexing in processes of its own, to be killed and to be weighed."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.indexing_parts import LOG
from benchmarks.indexing_sides import draw_pictures

OFF = {"part": ""}
PARTS = "benchmarks.indexing_parts"
LOOK_S = 0.05
WORDS = 5_000
"""Different words of the drawn passages."""
DRAWINGS = 200
"""Different pictures; the files that show the same differ in bytes behind the end of the picture."""
STORE = "milvus"
"""How the name of the store's process starts."""


@dataclass(frozen=True, slots=True)
class Killed:
    """A run that was killed when it remembered half of the documents, and what the next run did again."""

    remembered: int
    encoded_again: int
    passages: int

    @property
    def share_again(self) -> float:
        return self.encoded_again / self.passages


@dataclass(frozen=True, slots=True)
class Weighed:
    """A run with the memory that was resident in its processes from look to look, in MiB: of the store, of the rest.

    `rows` were written in `store_s` of its `took_s`.
    """

    store_mib: tuple[float, ...]
    rest_mib: tuple[float, ...]
    took_s: float
    rows: int
    store_s: float

    @property
    def whole_mib(self) -> tuple[float, ...]:
        """Of all processes together."""
        return tuple(map(sum, zip(self.store_mib, self.rest_mib, strict=True)))


def whole_command_s(files: Path, library: Path) -> float:
    """Seconds of `mmsearch index` from start to end."""
    started = time.perf_counter()
    process = start(files, library, {"spaces": dict.fromkeys(("text", "image", "table", "sound"), OFF)})
    assert process.wait() == 0
    return time.perf_counter() - started


def killed_at_half(corpus: Path, library: Path, documents: int) -> Killed:
    """Index, kill -9 when half is remembered, and index again to the end."""
    settings = {"spaces": {"image": OFF, "table": OFF, "text": {"part": f"{PARTS}:LoggedTextEncoder"}}}
    log = library.with_suffix(".log")
    process = start(corpus, library, settings, log)
    while (remembered := _remembered(library)) < documents / 2:
        assert process.poll() is None, "it ended before half was done"
        time.sleep(LOOK_S)
    process.kill()
    process.wait()
    remembered = _remembered(library)
    assert start(corpus, library, settings, log).wait() == 0
    encoded = log.read_text().split()
    return Killed(remembered, len(encoded) - len(set(encoded)), len(set(encoded)))


def weighed(kind: str, count: int, folder: Path) -> Weighed:
    """Index so many drawn passages or pictures into a new library, with vectors that cost no time."""
    folder.mkdir(parents=True)
    spaces: dict[str, Any] = {"table": OFF, "image": OFF, "text": {"part": f"{PARTS}:DrawnTextEncoder"}}
    if kind == "pictures":
        spaces = {"table": OFF, "text": OFF, "image": {"part": f"{PARTS}:DrawnImageEncoder"}}
    files = (_draw_passages if kind == "passages" else _copy_pictures)(folder / "files", count)
    settings = {"spaces": spaces, "store": {"part": f"{PARTS}:TimedStore"}}
    log = folder / "store.json"
    started = time.perf_counter()
    process = start(files, folder / "library", settings, log)
    tree, store, rest = psutil.Process(process.pid), [], []
    while process.poll() is None:
        held = list(_resident(tree))
        store.append(sum(size for name, size in held if name.startswith(STORE)) / 2**20)
        rest.append(sum(size for name, size in held if not name.startswith(STORE)) / 2**20)
        time.sleep(LOOK_S)
    assert process.returncode == 0
    written = json.loads(log.read_text())
    took_s = time.perf_counter() - started
    return Weighed(tuple(store), tuple(rest), took_s, written["rows"], written["seconds"])


def start(
    files: Path, library: Path, settings: Mapping[str, Any], log: Path | None = None
) -> "subprocess.Popen[bytes]":
    """`mmsearch index` under way, without speech and lettering."""
    options = {key: json.dumps(value) for key, value in {**settings, "recognizer": OFF, "ocr": OFF}.items()}
    environment = {f"MMSEARCH_{key.upper()}": value for key, value in options.items()}
    return subprocess.Popen(
        [sys.executable, "-m", "mmsearch.cli", "index", str(files), "--library", str(library), "--json"],
        env={**os.environ, **environment, LOG: str(log or os.devnull), "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _resident(tree: psutil.Process) -> Iterable[tuple[str, int]]:
    """(name, bytes) of a process and all below it."""
    try:
        processes = [tree, *tree.children(recursive=True)]
    except psutil.Error:
        return
    for process in processes:
        try:
            yield process.name(), process.memory_info().rss
        except psutil.Error:
            continue


def _remembered(library: Path) -> int:
    """How many documents a library says are done; 0 before it is there."""
    file = library / "manifest.sqlite3"
    if not file.is_file():
        return 0
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as sql:
            return int(sql.execute("select count(*) from documents where done").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def _draw_passages(folder: Path, count: int) -> Path:
    """A retrieval set of passages of 40 words, drawn as words are: a few often, most seldom."""
    folder.mkdir(parents=True)
    (folder / "queries.jsonl").write_text("")
    drawn = np.random.default_rng(7)
    with (folder / "corpus.jsonl").open("w") as lines:
        for number in range(count):
            words = " ".join(f"w{word % WORDS}" for word in drawn.zipf(1.3, 40))
            lines.write(json.dumps({"_id": str(number), "title": f"Passage {number}", "text": words}) + "\n")
    return folder


def _copy_pictures(folder: Path, count: int) -> Path:
    """So many JPEGs, no two of the same bytes."""
    drawings = sorted(draw_pictures(folder.with_name("drawings"), min(count, DRAWINGS)).iterdir())
    folder.mkdir(parents=True)
    for number in range(count):
        (folder / f"{number:06}.jpg").write_bytes(drawings[number % len(drawings)].read_bytes() + b"%d" % number)
    return folder
