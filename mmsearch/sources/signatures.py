"""How change is noticed: by size and times, or by the bytes."""

import json
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any
from uuid import uuid4

from mmsearch.errors import InputError, NotFound
from mmsearch.sources.found import reachable
from mmsearch.sources.remote import looked_up, name_of
from mmsearch.types import Document, Remote, digest

NAMES = frozenset({"_id", "path", "bytes", "name", "format"})
"""Keys of a record that name it or hold its bytes, which are compared as files."""


def stat_signature(document: Document) -> str:
    """A digest of size and times of the document's files: equal while nobody touched them; nothing is opened.

    Of files elsewhere it is what their listing says; where that is nothing, it is never equal. Raises NotFound,
    Forbidden, SourceUnavailable.
    """
    parts: list[object] = [_said(document.record)] if document.record is not None else []
    for remote in document.remote:
        found = remote if remote.version else _asked_for(remote)
        parts += [found.url, found.size_bytes, found.version or uuid4().hex]
    for path in () if document.remote and document.record is None else _files_of(document):
        with reachable(path):
            stat = path.stat()
        parts += [path.name, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]
    return digest(*parts)


def content_signature(document: Document) -> str:
    """A digest of the bytes of the document and its side-cars, the same wherever they lie and whatever they are called.

    The document is at hand. Raises NotFound, Forbidden.
    """
    total = blake2b(digest_size=16)
    if document.record is not None:
        total.update(_said({k: value for k, value in document.record.items() if k not in NAMES}).encode())
    for path in _files_of(document):
        total.update(f"\0{path.suffix.lower()}\0".encode(errors="surrogateescape"))
        with reachable(path), path.open("rb") as file:
            while chunk := file.read(1 << 20):
                total.update(chunk)
    return total.hexdigest()


def size_bytes(document: Document) -> int:
    """The bytes of the document's files, and of the record where it is one. Raises NotFound, Forbidden."""
    total = len(_said(document.record)) + len(document.record.get("bytes", b"")) if document.record is not None else 0
    total += sum(remote.size_bytes or 0 for remote in document.remote)
    for path in () if document.remote and document.record is None else _files_of(document):
        with reachable(path):
            total += path.stat().st_size
    return total


def kind_of(document: Document) -> str:
    """The ending by which documents are counted, lower case; "record" for a record without a file."""
    if document.record is None:
        return document.path.suffix.lower()
    names = [name_of(remote.url) for remote in document.remote]
    names += [str(document.record[key]) for key in ("path", "name") if key in document.record]
    return Path(names[0]).suffix.lower() if names else "record"


def _said(record: Mapping[str, Any]) -> str:
    """The record as JSON, bytes as their digest."""
    return json.dumps(record, sort_keys=True, default=lambda value: blake2b(value, digest_size=16).hexdigest())


def _asked_for(remote: Remote) -> Remote:
    found, is_folder = looked_up(remote.url)
    if found is None:
        raise InputError(f"{remote.url} is a folder") if is_folder else NotFound(f"{remote.url} does not exist")
    return found


def _files_of(document: Document) -> list[Path]:
    if document.record is None:
        return [document.path, *document.sidecars]
    if "path" not in document.record:
        return []
    file = document.path.parent / str(document.record["path"])
    beside = sorted(file.parent.glob(f"{file.stem}.*")) if file.parent.is_dir() else []
    return [file, *(other for other in beside if other != file), *document.sidecars]
