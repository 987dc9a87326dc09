"""Who has a library open: a lock for one process, and a file beside it that says which process that is.

The lock is the truth: it is gone with the process that held it, however that ended. The file only explains a lock that
is held, so what a killed process left in it does no harm.
"""

import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from mmsearch.errors import LibraryLocked

HOLDER_FILE = "holder.json"


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has a library open; `address` is where it serves it, empty when it does not.

    `token` lets the reader of the file change the library through that server.
    """

    pid: int
    command: str
    address: str = ""
    token: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"process {self.pid} ({self.command})"


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
        self._write(Holder(os.getpid(), command_line()))

    def announce(self, address: str, token: str) -> None:
        """Say that this process serves the library at the address."""
        self._write(Holder(os.getpid(), command_line(), address, token))

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
    """Who says to have the library open; None when nobody does or another user may not know."""
    try:
        said: Any = json.loads((folder / HOLDER_FILE).read_text())
        return Holder(**said) if isinstance(said, Mapping) and isinstance(said["pid"], int) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


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
