"""The process that documents are read in: orders come in on its standard input, outcomes go out on its output.

It guards itself against its readers where Python cannot: a thread of faulthandler ends it after too long without a sign
of life, whatever the reader is stuck in, and the end of its input, which is the end of its parent, ends it too.
"""

import faulthandler
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

from mmsearch import identification, liveness
from mmsearch.errors import MMSearchError, ReaderFailed, ReaderOutOfMemory
from mmsearch.limits import FileLimits
from mmsearch.protocols import Reader
from mmsearch.reading.orders import Failed, Order, Outcome, fulfil
from mmsearch.sources import Copies

BOOT = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from mmsearch.reading.child import main
main()
"""
"""Run with `python -P -c`: no other program's __main__ is imported, as multiprocessing would."""

ERRORS_FD = 2
START_S = 60.0
"""To make the readers and load what every document needs, at least: no document is to blame for a busy machine."""


@dataclass(frozen=True, slots=True)
class Start:
    """The first thing that a child is told: the import path of what makes the readers, and what it is called with."""

    factory: str
    arguments: tuple[object, ...]
    folder: Path
    timeout_s: float
    copies: Copies
    limits: FileLimits


def main() -> None:
    """Read what is ordered until the input ends. The first thing said is None, or why there are no readers."""
    orders, outcomes = _channels()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # a terminal and an init system tell all of us; the parent decides
    faulthandler.enable(all_threads=False)
    start: Start = pickle.load(orders)
    waiting: SimpleQueue[Order] = SimpleQueue()
    threading.Thread(target=_receive, args=(orders, waiting), daemon=True).start()
    watchdog = _Watchdog(start.timeout_s)
    liveness.watch(watchdog.sign)
    try:
        with _Watchdog(max(START_S, start.timeout_s)):
            readers = _readers(start)
            identification.load()
    except MMSearchError as error:
        _send(outcomes, error)
        return
    _send(outcomes, None)
    while True:
        order = waiting.get()
        os.ftruncate(ERRORS_FD, 0)
        with watchdog:
            outcome = _outcome(order, readers, start)
        _send(outcomes, outcome)


def _channels() -> tuple[BinaryIO, BinaryIO]:
    """Input and output, moved to where no reader's `input` and `print` can touch them."""
    orders, outcomes = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(ERRORS_FD, 1)
    return orders, outcomes


def _receive(orders: BinaryIO, waiting: "SimpleQueue[Order]") -> None:
    """Passes orders on; where they end, the parent is gone, and nobody waits for what is being read."""
    try:
        while True:
            waiting.put(pickle.load(orders))
    finally:
        os._exit(0)


def _readers(start: Start) -> Sequence[Reader]:
    module, _, name = start.factory.partition(":")
    readers: Sequence[Reader] = getattr(import_module(module), name)(*start.arguments)
    return readers


def _outcome(order: Order, readers: Sequence[Reader], start: Start) -> Outcome:
    uri = order.document.uri
    try:
        return fulfil(order, readers, start.folder, start.copies, start.limits)
    except MMSearchError as error:
        ours = type(error).__module__ == MMSearchError.__module__  # others might not unpickle
        return Failed(error if ours else ReaderFailed(str(error)))
    except MemoryError:
        return Failed(ReaderOutOfMemory(f"{uri}: its reader ran out of memory"))
    except Exception as error:  # noqa: BLE001 - the outermost loop: a third party's reader may raise anything
        return Failed(ReaderFailed(f"{uri}: its reader failed: {type(error).__name__}: {error}"[:1000]))


def _send(outcomes: BinaryIO, outcome: object) -> None:
    outcomes.write(pickle.dumps(outcome, pickle.HIGHEST_PROTOCOL))
    outcomes.flush()


class _Watchdog:
    """Inside, the process ends `timeout_s` after the last sign of life, and writes where it was to its stderr."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._pause_s = min(1.0, timeout_s / 10)
        self._armed = self._busy_s = 0.0
        self._on = False

    def sign(self, busy_s: float) -> None:
        """Start the time anew, `busy_s` longer; not more often than is of use."""
        if self._on and (busy_s != self._busy_s or time.monotonic() - self._armed > self._pause_s):
            self._arm(busy_s)

    def __enter__(self) -> None:
        self._on = True
        self._arm()

    def __exit__(self, *_: object) -> None:
        self._on = False
        faulthandler.cancel_dump_traceback_later()

    def _arm(self, busy_s: float = 0.0) -> None:
        self._armed, self._busy_s = time.monotonic(), busy_s
        ends_s = self._timeout_s + self._pause_s + busy_s
        faulthandler.dump_traceback_later(ends_s, exit=True, file=sys.__stderr__ or ERRORS_FD)
