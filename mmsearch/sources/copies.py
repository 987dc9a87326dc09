"""Documents whose bytes are no files of this machine, as files while they are read."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from mmsearch.errors import MMSearchError
from mmsearch.sources.remote import fetch, name_of
from mmsearch.types import Document, digest

COMING = ".coming"


@dataclass(frozen=True, slots=True)
class Copies:
    """Copies in a folder, each from when it is first needed until its document is done with.

    There are as many at a time as documents are read, and none is larger than `max_file_bytes`. Picklable: readers in
    other processes share the folder.
    """

    folder: Path
    max_file_bytes: int
    timeout_s: float

    @contextmanager
    def at_hand(self, document: Document) -> Iterator[Document]:
        """The document with its bytes in files, which are gone afterwards. Raises as `local`; errors name the place."""
        with self.lent(document):
            yield self.local(document)

    @contextmanager
    def lent(self, document: Document) -> Iterator[None]:
        """Lets `local` be called inside, and removes what it made. Errors that name a copy name its origin instead."""
        try:
            yield
        except MMSearchError as error:
            copy = str(self._place(document))
            if copy in str(error):
                for remote in document.remote:
                    error.args = (str(error).replace(f"{copy}/{name_of(remote.url)}", remote.url), *error.args[1:])
            raise
        finally:
            if document.remote:
                for made in (self._place(document), self._place(document).with_suffix(COMING)):
                    shutil.rmtree(made, ignore_errors=True)

    def local(self, document: Document) -> Document:
        """The document with its bytes in files; one whose bytes are in files already is itself.

        Raises SourceUnavailable, NotFound, Forbidden, TooLarge.
        """
        if not document.remote:
            return document
        place = self._place(document)
        if not place.is_dir():
            coming = place.with_suffix(COMING)
            shutil.rmtree(coming, ignore_errors=True)
            coming.mkdir(parents=True)
            for remote in document.remote:
                fetch(remote, coming / name_of(remote.url), self.max_file_bytes, self.timeout_s)
            coming.rename(place)
        own, *beside = (place / name_of(remote.url) for remote in document.remote)
        return replace(document, path=own, sidecars=tuple(beside))

    def clear(self) -> None:
        """Remove what a killed run left behind."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _place(self, document: Document) -> Path:
        return self.folder / digest(document.id, *(remote.version for remote in document.remote))[:16]
