"""JSON and JSON Lines: tables where they are tables, text where not."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from mmsearch.errors import CorruptMedia
from mmsearch.limits import USUAL, FileLimits
from mmsearch.passages import PassageSplitter
from mmsearch.readers.charsets import decode, encoding_of
from mmsearch.readers.decoding import decoding
from mmsearch.readers.segments import Origin, title_from_name
from mmsearch.readers.tables import cell_text, sheet_segments, window_segments
from mmsearch.types import Document, Segment, digest


class _Literal(str):
    """A number as it is written."""


@dataclass(frozen=True, slots=True)
class JsonReader:
    """Tables: a list of objects, lists under column names, {"header", "rows"}, {"columns", "data"}, a list of rows.

    An object whose only list of objects stands under one key is that table, the key its heading. Every other JSON
    is text. Numbers read as they are written, values inside values as JSON.
    """

    splitter: PassageSplitter
    table_rows: int = 20
    limits: FileLimits = USUAL
    suffixes: ClassVar[frozenset[str]] = frozenset({".json"})
    sidecar_suffixes: ClassVar[tuple[str, ...]] = ()

    @property
    def fingerprint(self) -> str:
        return digest("json 1", self.splitter.fingerprint, self.table_rows)[:16]

    def read(self, document: Document) -> Iterator[Segment]:
        path = document.path
        text, _ = decode(path)
        with decoding(path, ValueError):
            value = _parsed(text, f"{path}", self.limits)
        origin = Origin(document, "json", title_from_name(path), limits=self.limits)
        match value:
            case [{}, *_] if all(isinstance(item, dict) for item in value):
                yield from self._objects(origin, value)
            case {"header": list(header), "rows": list(rows)} if _is_rows(rows):
                yield from window_segments(origin, _cells(header), map(_cells, rows), self.table_rows)
            case {"columns": list(header), "data": list(rows)} if _is_rows(rows):
                yield from window_segments(origin, _cells(header), map(_cells, rows), self.table_rows)
            case {} if (columns := _columns(value)) is not None:
                across = zip(*columns, strict=True)
                yield from window_segments(origin, list(value), map(_cells, across), self.table_rows)
            case {} if len(tables := _tables(value)) == 1:
                (name, objects) = tables[0]
                yield from self._objects(origin, objects, [name])
            case [[_, *_], _, *_] if _is_rows(value):
                yield from sheet_segments(origin, map(_cells, value), self.table_rows)
            case _:
                yield from origin.passages(self.splitter, text)

    def _objects(self, origin: Origin, items: Sequence[Any], headings: Sequence[str] = ()) -> Iterator[Segment]:
        header = list(dict.fromkeys(key for item in items for key in item))
        rows = ([_cell(item.get(key)) for key in header] for item in items)
        yield from window_segments(origin, header, rows, self.table_rows, headings=headings)


@dataclass(frozen=True, slots=True)
class JsonLinesReader:
    """One object a line; the columns are the keys in the order of their first appearance. Read line by line, twice."""

    table_rows: int = 20
    limits: FileLimits = USUAL
    suffixes: ClassVar[frozenset[str]] = frozenset({".jsonl", ".ndjson"})
    sidecar_suffixes: ClassVar[tuple[str, ...]] = ()

    @property
    def fingerprint(self) -> str:
        return digest("jsonlines 1", self.table_rows)[:16]

    def read(self, document: Document) -> Iterator[Segment]:
        encoding = encoding_of(document.path)
        keys: dict[str, None] = {}
        for item in _lines(document, encoding, self.limits):
            keys.update(dict.fromkeys(item))
            self.limits.hold("columns", len(keys), f"{document.path} has more than {self.limits.columns:,} columns")
        header = list(keys)
        if not header:
            raise CorruptMedia(f"{document.path} holds no rows")
        origin = Origin(document, "jsonlines", title_from_name(document.path), limits=self.limits)
        rows = ([_cell(item.get(key)) for key in header] for item in _lines(document, encoding, self.limits))
        yield from window_segments(origin, header, rows, self.table_rows)


def _lines(document: Document, encoding: str, limits: FileLimits) -> Iterator[dict[str, Any]]:
    path = document.path
    with decoding(path, UnicodeError), path.open(encoding=encoding) as lines:
        for number, line in enumerate(iter(lambda: lines.readline(limits.line_chars + 1), ""), start=1):
            limits.hold("line_chars", len(line), f"{path}, line {number} is longer than it is read")
            if not line.strip():
                continue
            try:
                item = _parsed(line, f"{path}, line {number}", limits)
            except ValueError as error:
                raise CorruptMedia(f"{path}, line {number} is not JSON: {error}") from error
            if not isinstance(item, dict):
                raise CorruptMedia(f"{path}, line {number} is not an object")
            yield item


def _parsed(text: str, place: str, limits: FileLimits) -> Any:
    """The value, numbers as they are written. Raises ValueError, TooLarge naming the place."""
    try:
        value = json.loads(text, parse_int=_Literal, parse_float=_Literal)
    except RecursionError:
        value, depth = None, limits.nesting + 1
    else:
        depth = _depth(value)
    limits.hold("nesting", depth, f"{place} has values nested too deep")
    return value


def _depth(value: Any) -> int:
    """How many lists and objects stand inside each other."""
    depth, inside = 0, [value]
    while inside := [part for part in inside if isinstance(part, dict | list)]:
        depth += 1
        inside = [part for whole in inside for part in (whole.values() if isinstance(whole, dict) else whole)]
    return depth


def _cells(row: Sequence[Any]) -> list[str]:
    return [_cell(value) for value in row]


def _cell(value: object) -> str:
    return cell_text(_plain(value))


def _plain(value: Any) -> Any:
    """Numbers inside values become numbers again, so that they stand without quotes."""
    if isinstance(value, dict):
        return {key: _number(item) for key, item in value.items()}
    return [_number(item) for item in value] if isinstance(value, list) else value


def _number(value: Any) -> Any:
    if not isinstance(value, _Literal):
        return _plain(value)
    try:
        return json.loads(value)
    except ValueError:  # more digits than Python makes a number of
        return str(value)


def _is_rows(rows: Sequence[Any]) -> bool:
    """Whether these are rows of plain values."""
    return bool(rows) and all(
        isinstance(row, list) and not any(isinstance(cell, (list, dict)) for cell in row) for row in rows
    )


def _columns(value: dict[str, Any]) -> list[list[Any]] | None:
    """The columns, when the object is nothing but lists of plain values of one length, or such objects by row name."""
    lists = [list(item.values()) if isinstance(item, dict) else item for item in value.values()]
    lengths = {len(item) if isinstance(item, list) else 0 for item in lists}
    if len(lists) < 2 or len(lengths) != 1 or lengths == {0} or not _is_rows(lists):
        return None
    named = {tuple(item) for item in value.values() if isinstance(item, dict)}
    return lists if len(named) <= 1 else None


def _tables(value: dict[str, Any]) -> list[tuple[str, list[Any]]]:
    return [
        (name, item)
        for name, item in value.items()
        if isinstance(item, list) and item and all(isinstance(part, dict) for part in item)
    ]
