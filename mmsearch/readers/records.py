"""Records of retrieval sets, manifests and datasets: text, tables, pictures and recordings."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from mmsearch.errors import CorruptMedia, UnsupportedMedia
from mmsearch.limits import USUAL, FileLimits
from mmsearch.passages import PassageSplitter
from mmsearch.protocols import Reader
from mmsearch.readers.decoding import decoding
from mmsearch.readers.segments import Origin
from mmsearch.readers.tables import cell_text, window_segments
from mmsearch.types import Document, Segment, digest

_OWN_KEYS = frozenset({"_id", "title", "text", "table", "path", "modality", "bytes", "name", "format", "transcript"})


@dataclass(frozen=True, slots=True)
class RecordReader:
    """A record: its text as passages, its table in windows, its file by the reader of that file.

    `readers` take the files. The keys of the record that are plain values become metadata, `_id` as `record_id`.
    """

    splitter: PassageSplitter
    readers: Sequence[Reader] = field(default=())
    table_rows: int = 20
    limits: FileLimits = USUAL
    suffixes: ClassVar[frozenset[str]] = frozenset({""})
    sidecar_suffixes: ClassVar[tuple[str, ...]] = ()

    @property
    def fingerprint(self) -> str:
        parts = (reader.fingerprint for reader in self.readers)
        return digest("record 1", self.splitter.fingerprint, self.table_rows, *parts)[:16]

    def read(self, document: Document) -> Iterator[Segment]:
        record = document.record
        if record is None:
            raise UnsupportedMedia(f"{document.uri} is no record")
        facts = _facts(record)
        origin = Origin(document, "record", str(record.get("title") or ""), facts, limits=self.limits)
        if "path" in record:
            yield from self._file(origin, str(record["path"]))
        elif "table" in record:
            header, rows = _table(document, record["table"])
            yield from window_segments(origin, header, rows, self.table_rows)
        elif str(record.get("text") or "").strip():
            yield from origin.passages(self.splitter, str(record["text"]))
        elif origin.title:
            yield from origin.passages(self.splitter, origin.title)
        else:
            raise CorruptMedia(f"{document.uri} has neither text nor table nor path")

    def _file(self, origin: Origin, place: str) -> Iterator[Segment]:
        """The segments of the file, with the record's title and metadata over the file's own."""
        document = origin.document
        path = document.path.parent / place
        reader = next((reader for reader in self.readers if path.suffix.lower() in reader.suffixes), None)
        if reader is None:
            raise UnsupportedMedia(f'{document.uri}: no reader takes files that end in "{path.suffix}"')
        inner = Document(document.uri, path, (*document.sidecars, *_beside(path, reader.sidecar_suffixes)))
        for segment in reader.read(inner):
            title = origin.title or segment.title
            yield replace(segment, title=title, metadata={**segment.metadata, **origin.metadata})


def _beside(path: Path, suffixes: Sequence[str]) -> tuple[Path, ...]:
    """The files that describe this one, the preferred first."""
    candidates = [path.with_name(base + suffix) for suffix in suffixes for base in (path.stem, path.name)]
    with decoding(path):
        return tuple(candidate for candidate in candidates if candidate != path and candidate.is_file())


def _table(document: Document, said: object) -> tuple[list[str], list[list[str]]]:
    match said:
        case {"header": list(header), "rows": list(rows)} if header and all(isinstance(row, list) for row in rows):
            if not rows:
                raise CorruptMedia(f"{document.uri}: its table has no rows")
            return [cell_text(name) for name in header], [[cell_text(cell) for cell in row] for row in rows]
    raise CorruptMedia(f'{document.uri}: its table is not {{"header": [...], "rows": [[...], ...]}}')


def _facts(record: Mapping[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {"record_id": str(record["_id"])} if "_id" in record else {}
    for key, value in record.items():
        words = isinstance(value, list) and all(isinstance(item, str) for item in value)
        if key not in _OWN_KEYS and (isinstance(value, (str, int, float, bool)) or words):
            facts[key] = value
    return facts
