"""Several processes that read: each document in one of them, and a fresh process after one that died.

Not by a library of pools, of which these were tried in November 2026: pebble 5.2.3 (LGPL, October 2026) has time limits
for the whole of a task, not since its last sign of life, and, like multiprocessing's spawn below it, imports the
program's main module again, so that a plain script that indexes starts itself; in loky 3.7.0 (BSD, September 2026) and
concurrent.futures a worker that dies fails every task under way. What is needed beside them is what subprocess has.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from pathlib import Path

from mmsearch.errors import ReaderOutOfMemory
from mmsearch.limits import USUAL, FileLimits
from mmsearch.reading.child import Start
from mmsearch.reading.orders import Failed, Order, Outcome, Read
from mmsearch.reading.worker import Worker
from mmsearch.sources import Copies, kind_of

LOOK_AHEAD = 1024
"""Orders that are given at most before an outcome is taken."""
READY_BYTES = 32 << 20
"""When more than this waits to be taken, in memory and in files, no further document is read."""
WATCH_S = 0.05
"""Between looks at the workers' memory: a reader that fills pages as fast as it can adds some 200 MiB meanwhile."""
MOST_WORKERS = 8


@dataclass(frozen=True, slots=True)
class Limits:
    """What a worker may take: seconds without a sign of life, bytes of resident memory, and for one file."""

    timeout_s: float
    memory_bytes: int
    files: FileLimits = USUAL


class ProcessPool:
    """Reads in up to `workers` processes, which are started as they are needed.

    `factory` is the import path of what makes the readers from `arguments` in each process: no reader is sent. Files
    that end in one of the `alone` suffixes are read by the first process only: what reads them is too large to be
    loaded twice (a recogniser of speech, on a GPU too). It may use every core, as the encoder has next to nothing to
    do while speech is written down. Where it is the only process, everything else comes first.
    """

    def __init__(
        self,
        factory: str,
        arguments: tuple[object, ...],
        folder: Path,
        workers: int,
        limits: Limits,
        copies: Copies,
        alone: frozenset[str] = frozenset(),
    ) -> None:
        self._start = Start(factory, arguments, folder, limits.timeout_s, copies, limits.files)
        self._copies = copies
        self._most, self._limits, self._alone = workers, limits, alone
        self._state = threading.Condition()
        self._waiting: tuple[deque[Order], deque[Order]] = (deque(), deque())
        self._done: deque[tuple[Order, Outcome]] = deque()
        self._ready_bytes = self._pending = self._idle = 0
        self._workers: dict[int, Worker] = {}
        self._serving: list[Future[None]] = []
        self._closed = threading.Event()

    @property
    def full(self) -> bool:
        return self._pending >= LOOK_AHEAD or self._ready_bytes > READY_BYTES

    def submit(self, order: Order) -> None:
        with self._state:
            alone = kind_of(order.document) in self._alone
            self._waiting[alone].append(order)
            self._pending += 1
            if not self._serving:
                self._serving.append(_in_thread("reading watched", self._watch))
            started = len(self._serving) - 1
            if started < self._most and (started == 0 or not (alone or self._idle)):
                self._serving.append(_in_thread(f"reading {started}", self._serve, started))
            self._state.notify_all()

    def take(self, timeout_s: float) -> tuple[Order, Outcome] | None:
        with self._state:
            self._state.wait_for(lambda: self._done or self._broken(), timeout_s)
            for future in self._broken():
                future.result()
            if not self._done:
                return None
            order, outcome = self._done.popleft()
            self._pending -= 1
            self._ready_bytes -= _size(outcome)
            self._state.notify_all()
        return order, outcome

    def close(self) -> None:
        self._closed.set()
        with self._state:
            for worker in self._workers.values():
                worker.kill()
            self._state.notify_all()
        wait(self._serving)

    def _broken(self) -> Sequence[Future[None]]:
        return [future for future in self._serving if future.done()]

    def _serve(self, number: int) -> None:
        """The thread of one worker: asks it document by document."""
        try:
            while (order := self._next(number)) is not None:
                outcome = self._outcome(number, order)
                with self._state:
                    self._done.append((order, outcome))
                    self._ready_bytes += _size(outcome)
                    self._state.notify_all()
        finally:
            if worker := self._workers.pop(number, None):
                worker.end()
            with self._state:
                self._state.notify_all()

    def _next(self, number: int) -> Order | None:
        """The order that this worker is to read next, when there is room for its outcome; None at the end."""
        common, alone = self._waiting
        mine = (common,) if number else (common, alone) if self._most == 1 else (alone, common)
        with self._state:
            self._idle += 1
            while not self._closed.is_set():
                if self._ready_bytes <= READY_BYTES and (orders := next(filter(None, mine), None)):
                    self._idle -= 1
                    return orders.popleft()
                self._state.wait()
            return None

    def _outcome(self, number: int, order: Order) -> Outcome:
        worker = self._workers.get(number)
        if fresh := worker is None or worker.ended:
            worker = self._started(number)
        outcome = worker.ask(order)
        if worker.ended:
            del self._workers[number]
            self._copies.discard(order.document)
            died_of_memory = isinstance(outcome, Failed) and isinstance(outcome.error, ReaderOutOfMemory)
            if died_of_memory and not fresh and not self._closed.is_set():
                return self._outcome(number, order)  # what earlier documents left behind is no fault of this one
        return outcome

    def _started(self, number: int) -> Worker:
        cores = usable_cores()
        threads = cores if number == 0 and self._alone else max(1, cores // 2 // self._most)
        worker = Worker(self._start, number, threads, self._limits.memory_bytes)
        with self._state:
            self._workers[number] = worker
        if self._closed.is_set():
            worker.kill()
        return worker

    def _watch(self) -> None:
        while not self._closed.wait(WATCH_S):
            for worker in list(self._workers.values()):
                worker.check_memory()


def _in_thread(name: str, work: Callable[..., None], *arguments: object) -> Future[None]:
    """How the work ends, in a thread that keeps no process alive: Ray ends its workers without closing a pool.

    The threads of concurrent.futures are waited for when Python ends.
    """
    future: Future[None] = Future()

    def run() -> None:
        try:
            work(*arguments)
        except BaseException as error:  # noqa: BLE001 - whoever takes outcomes gets it
            future.set_exception(error)
        else:
            future.set_result(None)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future


def usable_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def usual_workers() -> int:
    """Half the cores, as the encoder needs the others; one at least, eight at most."""
    return max(1, min(MOST_WORKERS, usable_cores() // 2))


def _size(outcome: Outcome) -> int:
    return outcome.spooled.size_bytes if isinstance(outcome, Read) else 0
