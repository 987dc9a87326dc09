"""A server that is searched, changed, audited and backed up at once for minutes: its memory, and what it answered."""

import argparse
import random
import shutil
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import psutil

from benchmarks.indexing_runs import OFF
from benchmarks.quality_report import Measured, Target, table
from benchmarks.trust_kills import begin, mmsearch, places
from mmsearch.holding import holder_of
from mmsearch.types import Document

WARM_S = 120.0
"""Until caches and allocators have what they need; the slope is measured from there."""
LOOK_S, WINDOW_S = 1.0, 30.0
STEADY, CHANGING = 200, 200
"""Files that stay as they are, and files that come, change and go."""
WORDS = tuple(f"word{number}" for number in range(400))
SETTINGS: Mapping[str, Any] = {"spaces": {"image": OFF, "table": OFF}}
REFUSALS = {("/v1/audit", 409), ("/v1/search", 429)}
"""Answers that are right though they say no: an audit while something is indexed, a search too many."""
MIB = 1 << 20

Answers = Iterator[tuple[str, int]]
"""(route, status) of each answer."""


@dataclass(slots=True)
class _Load:
    """What is asked of the server at an address, by whoever has its token, and what came back."""

    address: str
    token: str
    folder: Path
    over: float
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    @property
    def files(self) -> Path:
        return self.folder / "files"

    def ask(self, how: Callable[["_Load", httpx2.Client, random.Random], Answers], seed: int) -> None:
        """Ask in that way until it is over; what breaks off is noted."""
        drawn, headers = random.Random(seed), {"Authorization": f"Bearer {self.token}"}
        with httpx2.Client(base_url=self.address, headers=headers, timeout=120) as http:
            while time.monotonic() < self.over:
                try:
                    self.answers.update(how(self, http, drawn))
                except httpx2.HTTPError as error:
                    self.broken.append(f"{how.__name__}: {type(error).__name__}")


def load(options: argparse.Namespace, folder: Path) -> Measured:
    """Threads that search, browse, judge, index what changes, audit and back up, by the real server and encoder."""
    library, files = folder / "library", folder / "files"
    files.mkdir()
    drawn = random.Random(7)
    for number in range(STEADY):
        _write(files / f"steady-{number}.txt", drawn)
    code, report = mmsearch(library, "index", str(files), settings=SETTINGS)
    assert code == 0, report
    log = (folder / "log").open("w")
    server = begin(library, "serve", "--port", "0", settings=SETTINGS, log=log)
    try:
        assert server.stdout
        address = server.stdout.readline().split(" at ")[1].split()[0].rstrip("/")
        holder = holder_of(library)
        assert holder
        run = _Load(address, holder.token, folder, time.monotonic() + 60 * options.minutes)
        ways = (_search, _search, _browse, _judge, _index, _look_after)
        threads = [threading.Thread(target=run.ask, args=(way, seed)) for seed, way in enumerate(ways)]
        memory = _Memory(server.pid)
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            memory.look()
            time.sleep(LOOK_S)
    finally:
        server.terminate()
        server.communicate()
        log.close()
    print((folder / "log").read_text(), file=sys.stderr)  # why, where something failed
    return _measured(run, memory, options.minutes, _differences(library, files))


def _measured(run: _Load, memory: "_Memory", minutes: float, differ: int) -> Measured:
    failed = sum(n for answer, n in run.answers.items() if answer[1] >= 400 and answer not in REFUSALS)
    rows = [(route, str(status), f"{count:,}") for (route, status), count in sorted(run.answers.items())]
    first, last, slope = memory.trend(WARM_S)
    text = table(f"Answers in {minutes:g} minutes", ("route", "status", "answers"), rows)
    text += (
        f"\n\nThe server and its store held {first:,.0f} MiB when warm and {last:,.0f} in the end, with the processes "
        f"that read {memory.most_mib:,.0f} at most. "
        f"Requests that broke off: {', '.join(sorted(set(run.broken))) or 'none'}."
    )
    return Measured(
        text,
        [
            Target("load", "requests that failed wrongly", failed + len(run.broken), 0, at_most=True),
            Target("load", "MiB more memory a minute", slope, 1.0, at_most=True),
            Target("load", "documents missing or too many, and differences", differ, 0, at_most=True),
        ],
    )


def _differences(library: Path, files: Path) -> int:
    """What the last indexing and the doctor still find wrong."""
    _, report = mmsearch(library, "index", str(files), settings=SETTINGS)
    _, said = mmsearch(library, "doctor", "--deep", settings=SETTINGS)
    there = {file.as_posix() for file in files.iterdir()}
    return len(report["failed"]) + len(said["audit"]["differences"]) + len(there ^ places(library, "where done"))


def _search(_: _Load, http: httpx2.Client, drawn: random.Random) -> Answers:
    words = " ".join(drawn.choices(WORDS, k=drawn.randint(1, 4)))
    yield "/v1/search", http.post("/v1/search", json={"text": words, "top_k": drawn.choice([1, 10, 50])}).status_code
    limits = {"q": words, "filter": f'uri contains "steady-{drawn.randrange(STEADY)}"', "offset": "1"}
    yield "/v1/search", http.get("/v1/search", params=limits).status_code


def _browse(run: _Load, http: httpx2.Client, drawn: random.Random) -> Answers:
    yield "/", http.get("/").status_code
    for place in ("/v1/stats", "/v1/spaces", "/metrics", "/readyz", f"/v1/documents?offset={drawn.randrange(STEADY)}"):
        yield place.partition("?")[0], http.get(place).status_code
    yield "/v1/documents/ID", http.get(f"/v1/documents/{_steady(run, drawn)}").status_code
    yield "/v1/documents/ID/content", http.get(f"/v1/documents/{_steady(run, drawn)}/content").status_code


def _judge(run: _Load, http: httpx2.Client, drawn: random.Random) -> Answers:
    said = {"query": drawn.choice(WORDS), "document": _steady(run, drawn)}
    yield "/v1/feedback", http.post("/v1/feedback", json={**said, "grade": drawn.choice([0, 1])}).status_code
    yield "/v1/feedback", http.get("/v1/feedback").status_code
    yield "/v1/feedback", http.request("DELETE", "/v1/feedback", json=said).status_code
    time.sleep(0.2)


def _index(run: _Load, http: httpx2.Client, drawn: random.Random) -> Answers:
    """Some files come or change, some go; one job, followed to its end, which is to be without a failure."""
    for number in drawn.sample(range(CHANGING), 30):
        file = run.files / f"changing-{number}.txt"
        if file.exists() and drawn.random() < 0.3:
            file.unlink()
        else:
            _write(file, drawn)
    answer = http.post("/v1/jobs", json={"roots": [{"place": run.files.as_posix()}]})
    yield "/v1/jobs", answer.status_code
    if not answer.is_success:
        return
    job = answer.json()
    while job["state"] in ("waiting", "running"):
        time.sleep(0.2)
        answer = http.get(f"/v1/jobs/{job['id']}")
        yield "/v1/jobs/ID", answer.status_code
        job = answer.json()
    yield "the job itself", 200 if job["state"] == "done" and not job["report"]["failed"] else 500


def _look_after(run: _Load, http: httpx2.Client, _: random.Random) -> Answers:
    yield "/v1/audit", http.post("/v1/audit", json={}).status_code
    backup = run.folder / "backup"
    yield "/v1/backups", http.post("/v1/backups", json={"folder": backup.as_posix()}).status_code
    shutil.rmtree(backup, ignore_errors=True)
    time.sleep(5)


def _steady(run: _Load, drawn: random.Random) -> str:
    """The id of a document that stays."""
    file = run.files / f"steady-{drawn.randrange(STEADY)}.txt"
    return Document(file.as_posix(), file).id


def _write(file: Path, drawn: random.Random) -> None:
    file.write_text(". ".join(" ".join(drawn.choices(WORDS, k=12)) for _ in range(drawn.randint(1, 12))) + ".\n")


class _Memory:
    """What a server and its store hold from look to look, and with them the processes that read."""

    def __init__(self, pid: int) -> None:
        self._tree = psutil.Process(pid)
        self._lasting = [self._tree, *self._tree.children(recursive=True)]
        self._seen: list[tuple[float, float]] = []
        self.most_mib = 0.0

    def look(self) -> None:
        self._seen.append((time.monotonic(), sum(_resident(self._lasting)) / MIB))
        every = [self._tree, *self._tree.children(recursive=True)]
        self.most_mib = max(self.most_mib, sum(_resident(every)) / MIB)

    def trend(self, warm_s: float) -> tuple[float, float, float]:
        """(MiB after it was warm, MiB in the end, MiB more a minute by the straight line through all between).

        Of the least in each half minute: what is above it was at hand, for a batch or an answer.
        """
        since = self._seen[0][0] + warm_s
        warm = [(s - since, mib) for s, mib in self._seen if s >= since] or [(0.0, self._seen[-1][1])]
        least: dict[int, float] = {}
        for seconds, mib in warm:
            window = int(seconds // WINDOW_S)
            least[window] = min(least.get(window, mib), mib)
        minutes = np.array(list(least)) * WINDOW_S / 60
        held = np.array(list(least.values()))
        slope = float(np.polyfit(minutes, held, 1)[0]) if len(held) > 1 else 0.0
        return float(held[0]), float(held[-1]), slope


def _resident(processes: Iterable[psutil.Process]) -> Iterator[int]:
    for process in processes:
        with suppress(psutil.Error):  # a reader ends when it likes
            yield process.memory_info().rss
