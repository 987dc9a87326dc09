"""The Parquet files of an export, written and read a row group at a time."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from mmsearch.errors import InputError
from mmsearch.manifest import Entry
from mmsearch.portable.columns import (
    LETTERING,
    Row,
    document_schema,
    from_batch,
    picture_schema,
    row_schema,
    sketch_schema,
)
from mmsearch.portable.layout import DOCUMENTS, PICTURES, SKETCHES, Contents, arrow
from mmsearch.renditions import SIGNATURES
from mmsearch.sketches import Sketch
from mmsearch.spaces import CATALOGUE
from mmsearch.types import MODALITIES, Space

GROUP_ROWS, GROUP_BYTES = 4_096, 16 * 1024 * 1024
"""What is held before it is written as a row group."""
COMPRESSION = "zstd"
READ_ROWS = 500
Item = TypeVar("Item")
_ID = re.compile(r"\w[\w.#-]*")


@dataclass(slots=True)
class Sheet:
    """A Parquet file that is being written, a row group at a time; `made` turns held rows into an Arrow table."""

    file: Path
    schema: Any
    made: Callable[[Sequence[Any]], Any]
    rows: int = 0
    _held: list[Any] = field(default_factory=list)
    _held_bytes: int = 0
    _writer: Any = None

    def __enter__(self) -> "Sheet":
        _, pq = arrow()
        self.file.parent.mkdir(exist_ok=True)
        self._writer = pq.ParquetWriter(self.file, self.schema, compression=COMPRESSION)
        return self

    def add(self, row: Any, size_bytes: int) -> None:
        """Take a row of about so many bytes."""
        self._held.append(row)
        self._held_bytes += size_bytes
        self.rows += 1
        if len(self._held) >= GROUP_ROWS or self._held_bytes >= GROUP_BYTES:
            self._write()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._write()
        self._writer.close()

    def _write(self) -> None:
        if self._held:
            self._writer.write_table(self.made(self._held))
        self._held, self._held_bytes = [], 0


class InOrder(Generic[Item]):
    """Items in the order of documents, read up to one document at a time."""

    def __init__(self, items: Iterator[tuple[str, Item]]) -> None:
        self._items = items
        self._next: tuple[str, Item] | None = next(items, None)

    def until(self, document: str) -> Iterator[Item]:
        """The items up to and with those of the document."""
        while self._next is not None and self._next[0] <= document:
            before, item = self._next
            self._next = next(self._items, None)
            if self._next is not None and self._next[0] < before:
                raise InputError("the rows of the export are not in the order of their documents: export again")
            yield item


def check_schemas(folder: Path, contents: Contents) -> None:
    """Raises InputError for a file that has other columns than an export has."""
    pa, pq = arrow()
    expected = {DOCUMENTS: document_schema(), PICTURES: picture_schema(), SKETCHES: sketch_schema()}
    expected |= {exported.file: row_schema(exported.space) for exported in contents.spaces.values()}
    if CATALOGUE not in contents.spaces:
        raise InputError(f'{folder} is damaged: it lacks the space "{CATALOGUE}", which holds every segment')
    for name, schema in expected.items():
        try:
            found = pq.read_schema(folder / name)
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"{folder / name} is no Parquet file: {error}") from error
        since = LETTERING, "access"
        if not found.equals(schema) and list(found) != [field for field in schema if field.name not in since]:
            raise InputError(f"{folder / name} has other columns than mmsearch exports: {', '.join(found.names)}")


def read_documents(opened: ExitStack, file: Path) -> Iterator[Entry]:
    """The documents; `spaces` are named, not their fingerprints."""
    last = ""
    for values in _values(opened, file):
        if not last < _checked(values["id"], values["id"], file):
            raise InputError(f"{file} is not in the order of its documents: export again")
        last = values["id"]
        exact = {"spaces": dict(values["spaces"]), "access": tuple(values.get("access") or ())}
        yield Entry(**{**values, **exact}, done=True)


def read_rows(opened: ExitStack, file: Path, space: Space) -> Iterator[tuple[str, Row]]:
    """(document, row). Raises InputError for ids that no export has: they become names of files."""
    for batch in _record_batches(opened, file):
        for segment, content in from_batch(space, batch):
            yield _checked(segment.document_id, segment.id, file), (segment, content)


def read_pictures(opened: ExitStack, file: Path) -> Iterator[tuple[str, tuple[str, str, bytes]]]:
    """(document, (document, segment, picture)). Raises InputError for what is no picture."""
    for value in _values(opened, file):
        document, segment, picture = value["document"], value["segment"], value["bytes"]
        if picture[:2] not in SIGNATURES:
            raise InputError(f"{file} holds what is no picture, in the document {document!r}")
        yield _checked(document, segment, file), (document, segment, picture)


def read_sketches(opened: ExitStack, file: Path) -> Iterator[tuple[str, tuple[str, Sketch]]]:
    """(document, (document, sketch))."""
    for value in _values(opened, file):
        if value["modality"] not in MODALITIES:
            raise InputError(f"{file} holds the modality {value['modality']!r}, which there is not")
        sketch = Sketch(value["modality"], tuple(value["shingles"]), tuple(value["pictures"]))
        yield _checked(value["document"], value["document"], file), (value["document"], sketch)


def _checked(document: str, segment: str, file: Path) -> str:
    if not (_ID.fullmatch(document) and _ID.fullmatch(segment)):
        raise InputError(f"{file} holds the ids {document!r} and {segment!r}: it was not written by mmsearch export")
    return document


def _values(opened: ExitStack, file: Path) -> Iterator[dict[str, Any]]:
    for batch in _record_batches(opened, file):
        yield from batch.to_pylist()


def _record_batches(opened: ExitStack, file: Path) -> Iterator[Any]:
    """The file in pieces; no more than a row group of it is held."""
    pa, pq = arrow()
    try:
        parquet = opened.enter_context(pq.ParquetFile(file))
        yield from parquet.iter_batches(READ_ROWS)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{file} cannot be read: {error}") from error
