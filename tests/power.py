"""Power that goes: what a disk may hold of a library at each commit of its manifest."""

import copy
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from libraries import Library

from mmsearch.settings import MANIFEST_FILE

WAL = f"{MANIFEST_FILE}-wal"


@dataclass(frozen=True)
class Moment:
    """A folder as a disk may hold it, with the store of then; the manifest is as after `commits` commits, whole."""

    folder: Path
    store: object
    commits: int
    torn: str = ""


class PowerCut:
    """Copies a library's files before and after each commit, and with what was written in between only in part.

    SQLite's log has grown by the commit. It is on the disk when the commit returns (`synchronous=full`). If power goes
    before that, the disk may have kept any part of what was added, and anything in the rest of it.
    """

    def __init__(self, library: Library, folder: Path) -> None:
        self._library, self._folder = library, folder
        self.moments: list[Moment] = []
        self._commits = 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Inside, every commit is watched."""
        manifest = self._library.manifest
        writing = manifest._writing

        @contextmanager
        def watched() -> Iterator[object]:
            before, store = self._log(), copy.deepcopy(self._library.memory)
            with writing() as sql:
                yield sql
            after = self._log()
            self._tear(before, after, store)
            self._commits += 1
            self._keep(after, self._library.memory, "")

        manifest._writing = watched  # type: ignore[method-assign,assignment]
        manifest.succession._writing = watched  # type: ignore[assignment]
        self._keep(self._log(), self._library.memory, "")
        yield

    def _log(self) -> bytes:
        return (self._library.folder / WAL).read_bytes()

    def _tear(self, before: bytes, after: bytes, store: object) -> None:
        """The log with half of what was added, all but its last bytes, and all with one bit of it wrong."""
        if not after.startswith(before[:32]) or len(after) <= len(before):
            return  # it began anew, from its start
        added = len(after) - len(before)
        self._keep(after[: len(before) + added // 2], store, "half")
        self._keep(after[:-7], store, "all but the end")
        flipped = bytearray(after)
        flipped[len(before) + added // 2] ^= 1
        self._keep(bytes(flipped), store, "a wrong bit")
        self._keep(before + bytes(added), store, "zeros")

    def _keep(self, log: bytes, store: object, torn: str) -> None:
        folder = self._folder / f"{len(self.moments):04}"
        shutil.copytree(self._library.folder, folder, ignore=shutil.ignore_patterns("*-shm", "*-wal"))
        (folder / WAL).write_bytes(log)
        self.moments.append(Moment(folder, copy.deepcopy(store), self._commits, torn))
