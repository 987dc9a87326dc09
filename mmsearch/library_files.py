"""The files of a library's folder that mean something elsewhere, and how a database among them is copied."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from mmsearch.holding import HOLDER_FILE

OF_PROCESSES = frozenset({"lock", HOLDER_FILE, "jobs", "reading"})
"""At the top of the folder: of the process that has the library open, and of what it reads at the moment."""
JOURNALS = ("-wal", "-shm", "-journal")


def library_files(library: Path) -> Iterator[Path]:
    """The files in the order of their names; what they hold may be replaced meanwhile."""
    for file in sorted(library.rglob("*")):
        place = file.relative_to(library)
        passing = file.name.endswith((".partial", *JOURNALS)) or any(part.startswith(".") for part in place.parts)
        if not passing and place.parts[0] not in OF_PROCESSES and file.is_file():
            yield file


def is_database(file: Path) -> bool:
    """Whether the file is to be copied by `copy_database`. Milvus Lite keeps one of the same kind."""
    return file.suffix in (".sqlite", ".sqlite3", ".db")


def copy_database(file: Path, copy: Path) -> None:
    """A copy of an SQLite database as it is at one moment, whoever uses it."""
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
