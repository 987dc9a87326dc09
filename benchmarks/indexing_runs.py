"""Indexing in processes of its own, to be killed and to be weighed."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.indexing_sides import draw_pictures, save_vit
from mmsearch.types import Embeddings, Segment
from mmsearch_encoders.text import TextEncoder

OFF = {"part": ""}
LOG = "MMSEARCH_BENCH_LOG"
LOOK_S = 0.05
WORDS = 5_000
"""Different words of the drawn passages."""


class LoggedTextEncoder(TextEncoder):
    """Writes down what it is about to encode, also when the process is killed over it."""

    def encode(self, segments: Sequence[Segment]) -> Embeddings:
        with Path(os.environ[LOG]).open("a") as log:
            log.writelines(f"{segment.id}\n" for segment in segments)
        return super().encode(segments)


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
class Peak:
    """The most memory that was resident in a run, of all processes and of all but the store's."""

    all_mib: float
    without_store_mib: float


def whole_command_s(files: Path, library: Path) -> float:
    """Seconds of `mmsearch index` from start to end."""
    settings = {"spaces": dict.fromkeys(("text", "image", "table"), OFF)}
    started = time.perf_counter()
    process = _index(files, library, settings)
    assert process.wait() == 0
    return time.perf_counter() - started


def killed_at_half(corpus: Path, library: Path, documents: int) -> Killed:
    """Index, kill -9 when half is remembered, and index again to the end."""
    text = {"part": "benchmarks.indexing_runs:LoggedTextEncoder"}
    settings = {"spaces": {"image": OFF, "table": OFF, "text": text}}
    log = library.with_suffix(".log")
    process = _index(corpus, library, settings, log)
    while (remembered := _remembered(library)) < documents / 2:
        assert process.poll() is None, "it ended before half was done"
        time.sleep(LOOK_S)
    process.kill()
    process.wait()
    remembered = _remembered(library)
    assert _index(corpus, library, settings, log).wait() == 0
    encoded = log.read_text().split()
    return Killed(remembered, len(encoded) - len(set(encoded)), len(set(encoded)))


def peak_of(kind: str, count: int, folder: Path) -> Peak:
    """The peak of indexing so many drawn passages or pictures in a new library."""
    folder.mkdir(parents=True)
    settings: dict[str, Any] = {"spaces": {"image": OFF, "table": OFF}}
    if kind == "passages":
        files = _draw_passages(folder / "files", count)
    else:
        image = {"part": "mmsearch_encoders.image:ImageEncoder", "model": "ViT-B-32"}
        image["pretrained"] = str(save_vit(folder / "vit.safetensors"))
        settings = {"spaces": {"image": image, "table": OFF, "text": OFF}}
        files = draw_pictures(folder / "files", count)
    process = _index(files, folder / "library", settings)
    whole, without = 0.0, 0.0
    tree = psutil.Process(process.pid)
    while process.poll() is None:
        held = dict(_resident(tree))
        whole = max(whole, sum(held.values()))
        without = max(without, sum(size for name, size in held.items() if not name.startswith("milvus")))
        time.sleep(LOOK_S)
    assert process.returncode == 0
    return Peak(whole / 2**20, without / 2**20)


def _resident(tree: psutil.Process) -> Iterable[tuple[str, int]]:
    """(name and id, bytes) of a process and all below it."""
    try:
        processes = [tree, *tree.children(recursive=True)]
    except psutil.Error:
        return
    for process in processes:
        try:
            yield f"{process.name()} {process.pid}", process.memory_info().rss
        except psutil.Error:
            continue


def _index(files: Path, library: Path, settings: dict[str, Any], log: Path | None = None) -> "subprocess.Popen[bytes]":
    options = {key: json.dumps(value) for key, value in {**settings, "recognizer": OFF, "ocr": OFF}.items()}
    environment = {f"MMSEARCH_{key.upper()}": value for key, value in options.items()}
    return subprocess.Popen(
        [sys.executable, "-m", "mmsearch.cli", "index", str(files), "--library", str(library), "--json"],
        env={**os.environ, **environment, LOG: str(log or os.devnull), "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


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
