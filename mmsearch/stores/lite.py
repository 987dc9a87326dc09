"""Milvus Lite as a child process that we own.

The package milvus-lite 2.5 ships the server as a program; its own launcher needs `pkg_resources`, which setuptools
no longer has, waits half a second in any case, prints to our stderr, and does not say who holds the file. The program
watches a lock that we hold and ends by itself when we are gone, however that happened.
"""

import fcntl
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import weakref
from contextlib import suppress
from pathlib import Path
from typing import IO

from mmsearch.allocations import ARENAS
from mmsearch.errors import LibraryLocked, StoreUnavailable

START_S = 20.0
"""A large file is read before the first answer, but the socket is there long before."""
HAND_OVER_S = 3.0
"""A process that was killed leaves a child that needs a moment to notice it."""
STOP_S = 10.0

PREFIX = "mmsearch-"

_held: set[Path] = set()
_holding = threading.Lock()


class Lite:
    """A running Milvus Lite on one file; `uri` is where it listens, `stop` ends it, as does the end of this process."""

    def __init__(self, file: Path) -> None:
        file = file.absolute()
        program = lite_program()
        _hold(file)
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_short_folder()))
        place = folder / "milvus.sock"
        self.uri = f"unix:{place}"
        lock: IO[str] | None = None
        try:
            lock = _lock(file)
            with (folder / "stderr").open("wb") as stderr:
                child = subprocess.Popen(
                    [program, file, self.uri, "ERROR", lock.name],
                    env={
                        **os.environ,
                        "LD_LIBRARY_PATH": str(program.parent),
                        "DYLD_LIBRARY_PATH": str(program.parent),
                        "MALLOC_ARENA_MAX": str(ARENAS),
                    },
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=stderr,
                    start_new_session=True,  # Ctrl-C in a terminal is for us, who have rows to write yet
                )
            lock.write(f"{child.pid} {folder}")
            lock.flush()
        except BaseException:
            _release(file, folder, lock)
            raise
        self._stop = weakref.finalize(self, _stop, child, file, folder, lock)
        self._wait(child, place, file)

    def stop(self) -> None:
        """End the child and let others open the file."""
        self._stop()

    def _wait(self, child: subprocess.Popen[bytes], place: Path, file: Path) -> None:
        deadline = time.monotonic() + START_S
        while not _listens(place):
            if child.poll() is not None or time.monotonic() > deadline:
                said = (place.parent / "stderr").read_text(errors="replace").strip()
                self.stop()
                raise StoreUnavailable(f"{file}: Milvus Lite does not start: {said[-500:] or 'it said nothing'}")
            time.sleep(0.005)


def _listens(place: Path) -> bool:
    """Whether somebody answers: the socket is there a moment before, and who calls then is refused."""
    with socket.socket(socket.AF_UNIX) as caller:
        try:
            caller.connect(str(place))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
    return True


def lite_program() -> Path:
    """Found without importing the package: its __init__ imports pkg_resources."""
    package = importlib.util.find_spec("milvus_lite")
    for folder in (package and package.submodule_search_locations) or ():
        program = Path(folder) / "lib" / "milvus"
        if program.is_file():
            return program
    raise StoreUnavailable(
        'Milvus Lite is not installed for this system; pip install "milvus-lite>=2.5.1,<3" (Linux, macOS) '
        "or set store.uri to a Milvus server (http://host:19530)"
    )


def _short_folder() -> str | None:
    """A path of a socket has at most 107 bytes (103 on macOS)."""
    return None if len(tempfile.gettempdir()) < 60 else "/tmp"


def _hold(file: Path) -> None:
    """Within one process POSIX locks do not exclude each other, so this does."""
    with _holding:
        if file in _held:
            raise LibraryLocked(f"{file} is already open in this process; close the other store first")
        _held.add(file)


def _lock(file: Path) -> IO[str]:
    """The lock that the child waits for: when it gets it, we are gone. POSIX, because the child asks for that kind."""
    lock = file.with_name(f".{file.name}.lock").open("a+")
    deadline = time.monotonic() + HAND_OVER_S
    while True:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except OSError as error:
            if time.monotonic() > deadline:
                lock.close()
                raise LibraryLocked(f"{file} is held by another process; end it, or ask the server it runs") from error
            time.sleep(0.05)
    lock.seek(0)
    pid, _, folder = lock.read().partition(" ")
    lock.truncate(0)
    if pid.isdecimal():
        _clear_away(int(pid), Path(folder), file)
    return lock


def _clear_away(pid: int, folder: Path, file: Path) -> None:
    """End the child of a process that was killed, where we had the lock before the child could notice."""
    deadline = time.monotonic() + HAND_OVER_S
    while _command(pid)[1:2] == [str(file)]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM if time.monotonic() < deadline else signal.SIGKILL)
        time.sleep(0.02)
    if folder.name.startswith(PREFIX) and folder.parent in (Path(tempfile.gettempdir()), Path("/tmp")):
        shutil.rmtree(folder, ignore_errors=True)


def _command(pid: int) -> list[str]:
    """The arguments of a process if it is a Milvus Lite; empty for others and for one that has ended."""
    if Path("/proc/self").exists():
        try:
            command = os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes()).split("\0")
        except (FileNotFoundError, ProcessLookupError):
            return []
    else:
        asked = ["ps", "-p", str(pid), "-o", "args="]
        command = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.split()
    return command if command and command[0].endswith("/milvus") else []


def _stop(child: subprocess.Popen[bytes], file: Path, folder: Path, lock: IO[str]) -> None:
    lock.truncate(0)
    fcntl.lockf(lock, fcntl.LOCK_UN)
    try:
        child.wait(STOP_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    _release(file, folder, lock)


def _release(file: Path, folder: Path, lock: IO[str] | None) -> None:
    if lock is not None:
        lock.close()
    shutil.rmtree(folder, ignore_errors=True)
    with _holding:
        _held.discard(file)
