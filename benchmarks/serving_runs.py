"""Servers, commands and clients in processes of their own, timed and weighed."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.environments import HERE, python_of
from mmsearch.types import Ranking

LOOK_S = 0.5
ENDS_S = 60.0


@dataclass(frozen=True, slots=True)
class Load:
    """What clients met that asked at the same time: milliseconds, answers per second, and the memory meanwhile.

    `cores` is how many the server and its store kept busy. `memory_mib` is resident from look to look: of the server,
    and of its store.
    """

    clients: int
    requests: int
    failures: int
    seconds: float
    p50_ms: float
    p99_ms: float
    errors: tuple[str, ...]
    cores: float
    memory_mib: tuple[tuple[float, float], ...] = ()

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


@dataclass(frozen=True, slots=True)
class Spent:
    """Milliseconds of one search: to embed the query, in the store's search, to answer, for all else, and in all."""

    embedding: float
    store: float
    answering: float
    rest: float
    total: float

    @classmethod
    def of(cls, ranking: Ranking) -> "Spent":
        """By what the answer says that its steps took."""
        took = ranking.took_ms
        embedding = sum(ms for step, ms in took.items() if step.startswith("encode "))
        store = sum(ms for step, ms in took.items() if step.startswith("search "))
        answering = took.get("answer", 0.0)
        return cls(embedding, store, answering, took["total"] - embedding - store - answering, took["total"])


@contextmanager
def serving(library: Path, *options: str, log: Path) -> Iterator[tuple[str, psutil.Process]]:
    """The address of `mmsearch serve` on the library, and its process, which is interrupted at the end."""
    with log.open("w") as said:
        process = subprocess.Popen(
            command("serve", "--library", str(library), "--port", "0", *options),
            stdout=subprocess.PIPE,
            stderr=said,
            env=_environment(),
            text=True,
        )
        assert process.stdout
        try:
            line = process.stdout.readline()
            assert " ready at http://127.0.0.1:" in line, line + log.read_text()
            yield line.split(" ready at ")[1].split()[0].rstrip("/"), psutil.Process(process.pid)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=ENDS_S)
            process.stdout.close()


def command(*arguments: str) -> list[str]:
    """`mmsearch` with these arguments."""
    return [sys.executable, "-m", "mmsearch.cli", *arguments]


def first_result_s(library: Path, query: str) -> float:
    """Seconds from the start of a process that searches to its result."""
    started = time.perf_counter()
    asked = command("search", query, "--library", str(library), "--json")
    done = subprocess.run(asked, env=_environment(), capture_output=True, text=True, check=True)
    took_s = time.perf_counter() - started
    assert json.loads(done.stdout)["results"]
    return took_s


def loaded(address: str, queries: Sequence[str], clients: int, requests: int, folder: Path, server: Any) -> Load:
    """So many clients at once, without a pause, until so many requests are answered."""
    (folder / "queries.json").write_text(json.dumps(list(queries)))
    out = folder / "load.json"
    out.unlink(missing_ok=True)
    names = {"SERVING_QUERIES": folder / "queries.json", "SERVING_OUT": out, "SERVING_REQUESTS": requests}
    run = [str(python_of("locust")), "-m", "locust", "-f", str(HERE / "serving_load.py"), "--headless"]
    run += ["--host", address, "-u", str(clients), "-r", str(clients), "--only-summary", "--loglevel", "WARNING"]
    before_s = _worked_s(server)
    with _watched(server) as memory_mib:
        done = subprocess.run(
            run, env={**os.environ, **{key: str(value) for key, value in names.items()}}, capture_output=True, text=True
        )
    assert out.is_file(), done.stderr
    told: dict[str, Any] = json.loads(out.read_text())
    told |= {"errors": tuple(told["errors"]), "cores": (_worked_s(server) - before_s) / told["seconds"]}
    return Load(clients, **told, memory_mib=tuple(memory_mib))


def _worked_s(server: psutil.Process) -> float:
    """Seconds of the processor that the server took, and what runs below it."""
    return sum(sum(process.cpu_times()[:2]) for process in (server, *server.children(recursive=True)))


@contextmanager
def _watched(server: psutil.Process) -> Iterator[list[tuple[float, float]]]:
    """Inside, the memory of the server and of what runs below it is looked at."""
    seen: list[tuple[float, float]] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(LOOK_S):
            own = server.memory_info().rss
            below = sum(child.memory_info().rss for child in server.children(recursive=True))
            seen.append((own / 2**20, below / 2**20))

    watching = threading.Thread(target=look)
    watching.start()
    try:
        yield seen
    finally:
        over.set()
        watching.join()


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONUNBUFFERED": "1", "HF_HUB_OFFLINE": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
