"""Documents whose bytes are no files of this machine, as files while they are read."""

import mimetypes
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mmsearch.errors import ConfigError, MMSearchError, UnsupportedMedia
from mmsearch.liveness import alive
from mmsearch.sources.remote import fetch, name_of
from mmsearch.types import Document, digest

COMING = ".coming"


@dataclass(frozen=True, slots=True)
class Copies:
    """Copies in a folder, each from when it is first needed until its document is done with.

    There are as many at a time as documents are read, since who reads a document fetches it, and no file is larger than
    `max_file_bytes` nor fetched for longer than `timeout_s`. Picklable: processes that read share the folder.
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
        if not _is_made(document):
            yield
            return
        place = self._place(document)
        try:
            yield
        except MMSearchError as error:
            origins = {name_of(remote.url): remote.url for remote in document.remote}
            for copy in place.glob("*"):
                error.args = (str(error).replace(str(copy), origins.get(copy.name, document.uri)), *error.args[1:])
            raise
        finally:
            self.discard(document)

    def local(self, document: Document) -> Document:
        """The document with its bytes in files; one whose bytes are in files already is itself.

        Raises SourceUnavailable, NotFound, Forbidden, TooLarge, and UnsupportedMedia for bytes of an unknown format.
        """
        if not _is_made(document):
            return document
        place = self._place(document)
        if not place.is_dir():
            coming = place.with_suffix(COMING)
            shutil.rmtree(coming, ignore_errors=True)
            coming.mkdir(parents=True)
            for remote in document.remote:
                alive(self.timeout_s)
                fetch(remote, coming / name_of(remote.url), self.max_file_bytes, self.timeout_s)
            alive()
            if document.record is not None:
                _write(document.uri, document.record, coming)
            coming.rename(place)
        own = [place / name_of(remote.url) for remote in document.remote]
        if document.record is None:
            return replace(document, path=own[0], sidecars=tuple(own[1:]))
        own += sorted(place.glob(f"{OWN}.*"))
        described = {key: value for key, value in document.record.items() if key not in MADE}
        record = {**described, **({"path": str(own[0].absolute())} if own else {})}
        return replace(document, record=record, sidecars=tuple(sorted(place.glob(f"{BESIDE}*"), reverse=True)))

    def discard(self, document: Document) -> None:
        """Remove what a process that died left of the document."""
        if _is_made(document):
            place = self._place(document)
            for made in (place, place.with_suffix(COMING)):
                shutil.rmtree(made, ignore_errors=True)

    def _place(self, document: Document) -> Path:
        return self.folder / digest(document.id, *(remote.version for remote in document.remote))[:16]


MADE = ("bytes", "caption", "transcript")
"""Keys of a record whose values become files, so that the readers of files read them."""
OWN, BESIDE = "_", "beside-"
"""Names of those files: no reader takes a title from them."""


def _is_made(document: Document) -> bool:
    record = document.record or {}
    return bool(document.remote) or "bytes" in record or ("path" in record and any(key in record for key in MADE))


def _write(uri: str, record: Mapping[str, Any], folder: Path) -> None:
    if "bytes" in record:
        (folder / (OWN + _suffix(uri, record))).write_bytes(record["bytes"])
    if "caption" in record:
        (folder / f"{BESIDE}caption.txt").write_text(record["caption"], "utf-8")
    if "transcript" in record:
        (folder / f"{BESIDE}transcript{_form(record['transcript'])}").write_text(record["transcript"], "utf-8")


def _form(transcript: str) -> str:
    if transcript.lstrip("\ufeff \n").startswith("WEBVTT"):
        return ".vtt"
    return ".srt" if re.match(r"\s*\d+\s*\n\d+:\d\d:\d\d,\d{3} --> ", transcript) else ".txt"


def _suffix(uri: str, record: Mapping[str, Any]) -> str:
    """The ending for the bytes: by the record's `name`, its `format` (an ending or a MIME type), else by themselves."""
    if suffix := Path(str(record.get("name", ""))).suffix:
        return suffix.lower()
    if said := str(record.get("format", "")):
        return (mimetypes.guess_extension(said) or "") if "/" in said else f".{said.lower().lstrip('.')}"
    try:
        import puremagic
    except ModuleNotFoundError as error:
        raise ConfigError(f'{uri} needs puremagic to be recognised: pip install "mmsearch[readers]"') from error
    try:
        suffix = str(puremagic.from_string(record["bytes"]))
    except (puremagic.PureError, ValueError) as error:
        raise UnsupportedMedia(f'{uri}: what its bytes are cannot be told; say "name" or "format"') from error
    return ".m4a" if suffix == ".mp4" else suffix
