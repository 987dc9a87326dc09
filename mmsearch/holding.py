"""Who has a library open: a lock for one process, and a file beside it that says which process that is.

The lock is the truth: it is gone with the process that held it, however that ended. The file only explains a lock that
is held, so what a killed process left in it does no harm.
"""

import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock, Timeout

from mmsearch.errors import LibraryLocked

HOLDER_FILE = "holder.json"
CLOCK_S = 2.0
"""By how much the system's time of a process's start may differ from the clock."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has a library open, since an ISO 8601 time in UTC.

    `address` is where it serves it, empty when it does not; `token` lets the reader of the file change the library
    through that server. `started_s` is when the process started, in seconds since the machine did: the clock may be set
    meanwhile.
    """

    pid: int
    command: str
    since: str
    address: str = ""
    token: str = field(default="", repr=False)
    started_s: float | None = None

    def __str__(self) -> str:
        since = datetime.fromisoformat(self.since).astimezone()
        return f"process {self.pid} ({self.command}), since {since:%Y-%m-%d %H:%M:%S}"

    @property
    def lives(self) -> bool:
        """Whether that process is still there, and not a later one of its number."""
        try:
            process = psutil.Process(self.pid)
            if self.started_s is not None:
                return abs(_started_s(process) - self.started_s) < CLOCK_S
            return process.create_time() <= datetime.fromisoformat(self.since).timestamp() + CLOCK_S
        except psutil.Error:
            return False


class Hold:
    """The right to the library of a folder, for one process at a time."""

    def __init__(self, folder: Path) -> None:
        """Take it. Raises LibraryLocked, naming who has it, without waiting."""
        self._file = folder / HOLDER_FILE
        self._lock = FileLock(folder / "lock", thread_local=False)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise LibraryLocked(_held_by(folder, holder_of(folder))) from None
        since = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._holder = Holder(os.getpid(), command_line(), since, started_s=_started_s(psutil.Process()))
        self._write(self._holder)

    def announce(self, address: str, token: str) -> None:
        """Say that this process serves the library at the address."""
        self._write(replace(self._holder, address=address, token=token))

    def release(self) -> None:
        """Let others have it."""
        if self._lock.is_locked:
            self._file.unlink(missing_ok=True)
            self._lock.release()

    def _write(self, holder: Holder) -> None:
        """Readable by this user alone, and never half written."""
        partial = self._file.with_suffix(".partial")
        with suppress(FileNotFoundError):
            partial.unlink()
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(asdict(holder), file)
        partial.replace(self._file)


def holder_of(folder: Path) -> Holder | None:
    """Who says to have the library open; None when nobody who lives does, or another user may not know."""
    try:
        said: Any = json.loads((folder / HOLDER_FILE).read_text())
        holder = Holder(**said) if isinstance(said, Mapping) and isinstance(said["pid"], int) else None
        return holder if holder and holder.lives else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _started_s(process: psutil.Process) -> float:
    """Both are reckoned from the clock of now, so that it is no matter."""
    return float(process.create_time() - psutil.boot_time())


def _held_by(folder: Path, holder: Holder | None) -> str:
    if holder and holder.address:
        return (
            f"{folder} is served at {holder.address} by {holder}: ask it there, or stop it to use settings of your own"
        )
    return (
        f"{folder} is open in {holder or 'another process'}: wait for it or stop it; "
        '"mmsearch serve" lets several commands use one library'
    )


def command_line() -> str:
    """How this process was started, as a person would type it."""
    script = Path(sys.argv[0])
    program = "python" if sys.argv[0] in ("", "-c") else script.name
    return " ".join(["mmsearch" if "mmsearch" in script.parts[-3:] else program, *sys.argv[1:]])
