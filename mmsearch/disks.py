"""A disk that is full or cannot be written, said in one sentence wherever something of a library is written."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmsearch.errors import StoreError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
CLOSED = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
LEAST_BYTES = 1 << 20
"""Less than this is no room: a store may have given up before the last byte."""


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Inside, a disk that is full or read-only is a StoreError that names the folder; other errors pass as they are."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise full(folder) from error
        if error.errno in CLOSED and _lies_in(error.filename, folder):
            raise StoreError(
                f"the library {folder} cannot be written ({error.strerror}): let this user write there, on a disk that "
                "can be written; searching writes too"
            ) from error
        raise


def _lies_in(file: str | bytes | int | None, folder: Path) -> bool:
    """Whether the error is about the folder, and not about a file that it was to be filled from."""
    return not isinstance(file, str) or Path(file).resolve().is_relative_to(folder.resolve())


def full(folder: Path) -> StoreError:
    """The error that says it."""
    return StoreError(f"the disk of {folder} is full: make room, and run the same command again; what is done is kept")


def is_full(folder: Path) -> bool:
    """Whether the disk of the folder has no room left to speak of."""
    try:
        return shutil.disk_usage(folder).free < LEAST_BYTES
    except OSError:
        return False
