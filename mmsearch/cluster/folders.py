"""Folders of workers for what is on its way: Ray kills workers at the end, and nobody but the next one tidies up."""

import getpass
import shutil
from contextlib import suppress
from pathlib import Path
from tempfile import gettempdir, mkdtemp

from filelock import FileLock, Timeout


class Folder:
    """A new folder in the system's temporary one; those of workers that are gone are removed."""

    def __init__(self) -> None:
        folders = Path(gettempdir()) / f"mmsearch-workers-{getpass.getuser()}"
        folders.mkdir(mode=0o700, exist_ok=True)
        with FileLock(folders / "lock"):
            for other in folders.glob("*/"):
                with suppress(Timeout), FileLock(other / "lock", timeout=0):
                    shutil.rmtree(other, ignore_errors=True)
            self.path = Path(mkdtemp(dir=folders))
            self._lock = FileLock(self.path / "lock")
            self._lock.acquire()

    def close(self) -> None:
        """Remove it."""
        self._lock.release()
        shutil.rmtree(self.path, ignore_errors=True)
