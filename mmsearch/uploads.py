"""Files that were given to a library to keep: copies in a folder of its own, indexed like any other folder."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from mmsearch.errors import InputError, TooLarge, UnsupportedMedia
from mmsearch.protocols import Reader
from mmsearch.sight import ENDING
from mmsearch.sources import CORPUS_FILE, MANIFEST_ENDING, find_documents
from mmsearch.types import Document, Root

MOST_NAME_BYTES = 200
CHUNK_BYTES = 1 << 20


class Uploads:
    """The folder of the files given to a library; one name is one file."""

    def __init__(self, folder: Path, max_file_bytes: int) -> None:
        self.folder, self.root = folder, Root.at(folder)
        self._max_file_bytes = max_file_bytes

    def keep(
        self,
        name: str,
        content: BinaryIO,
        readers: Sequence[Reader],
        replace: bool = False,
        access: Sequence[str] = (),
    ) -> Path:
        """Keep the content under the name, whole or not at all, for those of the access list; where it is.

        Raises InputError for a name that is no file name or is taken (unless `replace`), UnsupportedMedia when no
        reader takes files of its ending and for lists, whose paths would be opened here, TooLarge.
        """
        place = self.folder / _checked(name)
        if name.endswith(MANIFEST_ENDING) or name == CORPUS_FILE:
            raise UnsupportedMedia(f"{name}: a library keeps no lists of documents; index it, or send its records")
        endings = {ending for reader in readers for ending in (*reader.suffixes, *reader.sidecar_suffixes)}
        if place.suffix.lower() not in endings:
            raise UnsupportedMedia(f'{name}: no reader takes files that end in "{place.suffix}"')
        if place.exists() and not replace:
            raise InputError(f"the library has a file {name} already; send it to be replaced, or under another name")
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = self.folder / f".{uuid4().hex}.partial"
        try:
            self._copy(content, partial, name)
            if access:
                self._list_of(place).write_text("\n".join(access) + "\n", "utf-8")
            partial.replace(place)
        finally:
            partial.unlink(missing_ok=True)
        return place

    def remove(self, uri: str, readers: Sequence[Reader]) -> bool:
        """Remove the document's file and what describes it, if it is one of ours; whether it was."""
        if not self.folder.is_dir() or Path(uri).parent != self.folder.resolve():
            return False
        for found in find_documents(self.root, readers):
            if isinstance(found, Document) and found.uri == uri:
                for file in (found.path, *found.sidecars, self._list_of(found.path)):
                    file.unlink(missing_ok=True)
        return True

    def _list_of(self, file: Path) -> Path:
        return file.with_name(file.name + ENDING)

    def _copy(self, content: BinaryIO, place: Path, name: str) -> None:
        with place.open("xb") as file:
            shutil.copyfileobj(content, file, CHUNK_BYTES)
            if file.tell() > self._max_file_bytes:
                limit = f"{self._max_file_bytes:,}"
                raise TooLarge(f"{name} has {file.tell():,} bytes; indexing.max_file_bytes is {limit}")
            file.flush()
            os.fsync(file.fileno())


def _checked(name: str) -> str:
    """The name if it names one visible file in one folder, on every system."""
    bad = (
        not name
        or name.startswith(".")
        or name != name.strip()
        or any(mark in name for mark in '/\\:*?"<>|')
        or not name.isprintable()
        or len(name.encode(errors="replace")) > MOST_NAME_BYTES
    )
    if bad:
        raise InputError(f"{name[:80]!r} is not a file name that a library takes")
    return name
