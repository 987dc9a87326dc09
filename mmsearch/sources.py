"""What there is to index: the documents below a path, with the files that describe them."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from mmsearch.errors import CorruptMedia, Forbidden, InputError, MMSearchError, NotFound, UnsupportedMedia
from mmsearch.protocols import Reader
from mmsearch.settings import MANIFEST_FILE
from mmsearch.types import Document, digest

CORPUS_FILE = "corpus.jsonl"
"""A folder with this file and `queries.jsonl` or `qrels` beside it is a retrieval set in the BEIR layout."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A place below the root that gave no document: `error` is None for a format that no reader takes."""

    path: Path
    error: MMSearchError | None = None


def find_documents(root: Path, readers: Sequence[Reader]) -> Iterator[Document | Unread]:
    """The documents at or below `root` in the order of their paths, and the places that could not be looked at.

    Hidden files, libraries and folder links are passed over; side-cars come with the document that
    they describe. Raises NotFound when the root is not there.
    """
    sidecars = {suffix: reader.sidecar_suffixes for reader in readers for suffix in reader.suffixes}
    if not root.exists():
        raise NotFound(f"{root} does not exist")
    if root.is_file():
        yield _document(root, {file.name for file in root.parent.iterdir()}, sidecars) or Unread(
            root, _unsupported(root)
        )
        return
    unread: list[Unread] = []

    def note(error: OSError) -> None:
        unread.append(Unread(Path(error.filename), Forbidden(f"{error.filename}: {error.strerror}")))

    for folder, folders, names in os.walk(root, onerror=note):
        yield from unread
        unread.clear()
        place = Path(folder)
        if is_set(place):
            yield from _records(place / CORPUS_FILE)
            folders.clear()
        elif MANIFEST_FILE in names:
            folders.clear()
        else:
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            yield from _files(place, names, sidecars)
    yield from unread


def is_set(folder: Path) -> bool:
    """Whether the folder is a retrieval set in the BEIR layout."""
    return (folder / CORPUS_FILE).is_file() and ((folder / "queries.jsonl").is_file() or (folder / "qrels").is_dir())


def reader_of(document: Document, readers: Sequence[Reader]) -> Reader:
    """The reader that takes the document: the one for records, or the first that names the file's ending."""
    suffix = "" if document.record is not None else document.path.suffix.lower()
    for reader in readers:
        if suffix in reader.suffixes:
            return reader
    raise _unsupported(document.path)


def original(uri: str) -> Path | None:
    """The file at a document's place; for a record of a set its media file, None when it has none or is gone."""
    corpus, of_set, _ = uri.partition(f"/{CORPUS_FILE}#")
    if not of_set:
        path = Path(uri)
    else:
        place = Path(corpus, CORPUS_FILE)
        record = next((d.record for d in _records(place) if isinstance(d, Document) and d.uri == uri), None)
        if not record or "path" not in record:
            return None
        path = place.parent / str(record["path"])
    return path if path.is_file() else None


def stat_signature(document: Document) -> str:
    """A digest of size and times of the document's files: equal while nobody touched them; nothing is opened.

    Raises NotFound, Forbidden.
    """
    parts: list[object] = [json.dumps(document.record, sort_keys=True)] if document.record is not None else []
    for path in _files_of(document):
        with reachable(path):
            stat = path.stat()
        parts += [path.name, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]
    return digest(*parts)


def content_signature(document: Document) -> str:
    """A digest of the bytes of the document and its side-cars. Raises NotFound, Forbidden."""
    total = blake2b(digest_size=16)
    if document.record is not None:
        total.update(json.dumps(document.record, sort_keys=True).encode())
    for path in _files_of(document):
        total.update(path.name.encode(errors="surrogateescape"))
        with reachable(path), path.open("rb") as file:
            while chunk := file.read(1 << 20):
                total.update(chunk)
    return total.hexdigest()


class reachable:  # noqa: N801 - reads as a statement
    """Says in our words that a file is gone or must not be read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        match error:
            case FileNotFoundError():
                raise NotFound(f"{self.path} is no longer there") from error
            case PermissionError():
                raise Forbidden(f"{self.path}: no right to read it") from error
            case OSError():
                raise InputError(f"{self.path}: {error.strerror or error}") from error


def _files_of(document: Document) -> list[Path]:
    if document.record is None:
        return [document.path, *document.sidecars]
    if "path" not in document.record:
        return []
    file = document.path.parent / str(document.record["path"])
    beside = sorted(file.parent.glob(f"{file.stem}.*")) if file.parent.is_dir() else []
    return [file, *(other for other in beside if other != file)]


def _files(folder: Path, names: list[str], sidecars: Mapping[str, tuple[str, ...]]) -> Iterator[Document | Unread]:
    present = {name for name in names if not name.startswith(".")}
    found = [(name, _document(folder / name, present, sidecars)) for name in sorted(present)]
    described = {path.name for _, document in found if document for path in document.sidecars}
    for name, document in found:
        if name not in described:
            yield document or Unread(folder / name)


def _document(path: Path, present: set[str], sidecars: Mapping[str, tuple[str, ...]]) -> Document | None:
    suffixes = sidecars.get(path.suffix.lower())
    if suffixes is None:
        return None
    candidates = [base + suffix for suffix in suffixes for base in (path.stem, path.name)]
    beside = tuple(path.with_name(name) for name in candidates if name in present and name != path.name)
    return Document(uri=path.as_posix(), path=path, sidecars=beside)


def _records(corpus: Path) -> Iterator[Document | Unread]:
    with reachable(corpus), corpus.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                record = json.loads(line)
                yield Document(uri=f"{corpus.as_posix()}#{record['_id']}", path=corpus, record=record)
            except (ValueError, KeyError, TypeError) as error:
                yield Unread(corpus, CorruptMedia(f"{corpus}, line {number} is not a record with an _id: {error!r}"))


def _unsupported(path: Path) -> UnsupportedMedia:
    return UnsupportedMedia(f'{path}: no reader takes files that end in "{path.suffix}"')
