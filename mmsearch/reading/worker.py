"""One process that reads, from its parent's side: what it is asked, what it answers, and what it died of."""

import json
import os
import pickle
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import psutil

from mmsearch.errors import JobError, ReaderFailed, ReaderOutOfMemory, ReaderTimedOut
from mmsearch.reading.child import BOOT, Start
from mmsearch.reading.orders import Failed, Order, Outcome

THREAD_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
DYING_S = 5.0
"""A process whose output has ended is about to end; what it ends by is its own."""
_FRAME = re.compile(r'File "(.+)", line (\d+) in (\S+)')
_ASKED = re.compile(r"^memory allocation of (\d+) bytes failed", re.MULTILINE)
"""What readers in Rust say last."""
_TIMED_OUT = re.compile(r"^Timeout \(", re.MULTILINE)


class Worker:
    """A running process of `reading.child`. One thread asks it; any thread may watch its memory or end it."""

    def __init__(self, start: Start, number: int, threads: int, memory_bytes: int) -> None:
        """Start it and wait until its readers are there. Raises what making them raises, JobError when it dies."""
        self._start, self._memory_bytes = start, memory_bytes
        self._log = start.folder / f"worker-{number}.log"
        self._over_bytes = 0
        with self._log.open("wb") as log:
            log.truncate()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", BOOT, json.dumps(sys.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **_limited(threads)},
            )
        self._seen = psutil.Process(self._process.pid)
        try:
            self._send(start)
            refused = self._receive()
        except (EOFError, OSError, pickle.UnpicklingError):
            self.end()
            raise JobError(
                f"a process for reading does not start ({self._status()}): {self._said()[-500:]}; "
                "set indexing.workers to 0 to read in this process"
            ) from None
        if refused is not None:
            self.end()
            raise refused

    @property
    def ended(self) -> bool:
        """Whether it cannot be asked any more."""
        return self._process.poll() is not None

    def ask(self, order: Order) -> Outcome:
        """The outcome of the order; where the process dies of it, Failed says how, and it is `ended`."""
        try:
            self._send(order)
            outcome: Outcome = self._receive()
        except (EOFError, OSError, pickle.UnpicklingError):
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(DYING_S)
            self.end()
            return Failed(self._autopsy(order.document.uri))
        return outcome

    def check_memory(self) -> None:
        """End it when it holds more than it may. What is resident counts: address space says little where models map
        their weights and CUDA reserves all there is, and macOS limits neither."""
        try:
            held = self._seen.memory_info().rss
        except psutil.Error:
            return
        if held > self._memory_bytes:
            self._over_bytes = held
            self._process.kill()

    def kill(self) -> None:
        """End it; whoever asks it finds it ended."""
        self._process.kill()

    def end(self) -> None:
        """End it and wait until it is gone."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):  # what was not sent is not wanted
                    stream.close()

    def _send(self, message: object) -> None:
        stdin: IO[bytes] = self._process.stdin  # type: ignore[assignment]  # a pipe
        pickle.dump(message, stdin, pickle.HIGHEST_PROTOCOL)
        stdin.flush()

    def _receive(self) -> Any:
        stdout: IO[bytes] = self._process.stdout  # type: ignore[assignment]  # a pipe
        return pickle.load(stdout)

    def _autopsy(self, uri: str) -> ReaderFailed:
        said = self._said()
        if self._over_bytes:
            return ReaderOutOfMemory(
                f"{uri}: its reader held {self._over_bytes >> 20:,} MiB; "
                f"indexing.worker_memory_bytes is {self._memory_bytes:,}"
            )
        if asked := _ASKED.search(said):
            return ReaderOutOfMemory(f"{uri}: its reader asked for {int(asked[1]) >> 20:,} MiB at once{_where(said)}")
        if _TIMED_OUT.search(said):
            return ReaderTimedOut(
                f"{uri}: its reader gave no sign of life for {self._start.timeout_s:g} s "
                f"(indexing.read_timeout_s){_where(said)}"
            )
        return ReaderFailed(f"{uri}: its reader crashed ({self._status()}){_where(said)}")

    def _status(self) -> str:
        code = self._process.returncode
        if code is None or code >= 0:
            return f"exit code {code}"
        try:
            return signal.Signals(-code).name
        except ValueError:
            return f"signal {-code}"

    def _said(self) -> str:
        with self._log.open("rb") as log:
            return log.read(1 << 16).decode(errors="replace")


def _limited(threads: int) -> dict[str, str]:
    """The environment that keeps numeric libraries to so many threads, or fewer where that is set already."""
    return {name: str(min(threads, _number(os.environ.get(name), threads))) for name in THREAD_LIMITS}


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isdecimal() and int(text) else otherwise


def _where(said: str) -> str:
    """Where faulthandler saw the reader last; it lists the main thread last, and the innermost frame first."""
    frame = _FRAME.search(said[max(said.rfind("hread 0x"), 0) :])
    return f", in {frame[3]}, {Path(frame[1]).name}:{frame[2]}" if frame else ""
