"""How change is noticed: by size and times, or by the bytes."""

import json
from hashlib import blake2b
from pathlib import Path
from uuid import uuid4

from mmsearch.sources.found import reachable
from mmsearch.types import Document, digest

NAMES = frozenset({"_id", "id"})
"""Keys of a record that name it and say nothing about what is in it."""


def stat_signature(document: Document) -> str:
    """A digest of size and times of the document's files: equal while nobody touched them; nothing is opened.

    Of files elsewhere it is what their listing says; where that is nothing, it is never equal. Raises NotFound,
    Forbidden.
    """
    if not all(remote.version for remote in document.remote):
        return uuid4().hex
    parts: list[object] = [json.dumps(document.record, sort_keys=True)] if document.record is not None else []
    for remote in document.remote:
        parts += [remote.url, remote.size_bytes, remote.version]
    for path in () if document.remote else _files_of(document):
        with reachable(path):
            stat = path.stat()
        parts += [path.name, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]
    return digest(*parts)


def content_signature(document: Document) -> str:
    """A digest of the bytes of the document and its side-cars, the same wherever they lie and whatever they are called.

    Raises NotFound, Forbidden.
    """
    total = blake2b(digest_size=16)
    if document.record is not None:
        said = {key: value for key, value in document.record.items() if key not in NAMES}
        total.update(json.dumps(said, sort_keys=True).encode())
    for path in _files_of(document):
        total.update(f"\0{path.suffix.lower()}\0".encode(errors="surrogateescape"))
        with reachable(path), path.open("rb") as file:
            while chunk := file.read(1 << 20):
                total.update(chunk)
    return total.hexdigest()


def size_bytes(document: Document) -> int:
    """The bytes of the document's files, and of the record as JSON where it is one. Raises NotFound, Forbidden."""
    total = len(json.dumps(document.record).encode()) if document.record is not None else 0
    if document.remote:
        return total + sum(remote.size_bytes or 0 for remote in document.remote)
    for path in _files_of(document):
        with reachable(path):
            total += path.stat().st_size
    return total


def kind_of(document: Document) -> str:
    """The ending by which documents are counted, lower case; "record" for a record without a file."""
    if document.record is None:
        return document.path.suffix.lower()
    return Path(str(document.record["path"])).suffix.lower() if "path" in document.record else "record"


def _files_of(document: Document) -> list[Path]:
    if document.record is None:
        return [document.path, *document.sidecars]
    if "path" not in document.record:
        return []
    file = document.path.parent / str(document.record["path"])
    beside = sorted(file.parent.glob(f"{file.stem}.*")) if file.parent.is_dir() else []
    return [file, *(other for other in beside if other != file)]
