"""Rows of any source into table segments: windows of rows, each under the same header."""

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import chain, islice

from mmsearch.readers.columns import column_type, is_header, names
from mmsearch.readers.segments import Origin
from mmsearch.types import Segment, Span, Table

SAMPLED_ROWS = 200
"""How many rows are looked at to tell header, width and types of a table."""
WINDOW_CHARS = 1 << 20
"""A window ends after the row that reaches this."""
MAX_TITLE_ROWS = 5
"""How many lines of title may stand above the header."""


def sheet_segments(
    origin: Origin,
    rows: Iterable[Sequence[str]],
    window_rows: int,
    *,
    headings: Sequence[str] = (),
    place: Span | None = None,
    headed: bool = False,
) -> Iterator[Segment]:
    """The table that starts somewhere near the top of these rows; nothing when there is no row of data.

    Empty rows are left out; lines with a single cell above the header are headings. `headed` says that the source
    names the columns in its first row, which need not be told then.
    """
    filled = (row for row in rows if any(cell.strip() for cell in row))
    sample = list(islice(filled, SAMPLED_ROWS))
    wide = max(map(_filled_cells, sample), default=0)
    above: list[str] = []
    while not headed and len(above) < MAX_TITLE_ROWS and len(sample) > 2 and wide > 2 and _filled_cells(sample[0]) == 1:
        above.append(" ".join(cell.strip() for cell in sample.pop(0) if cell.strip()))
    if not sample:
        return
    width = max(map(_width, sample))
    header = (
        names(sample.pop(0), width)
        if (headed and len(sample) > 1) or is_header(sample[0][:width], sample[1:])
        else names((), width)
    )
    rest = chain(sample, filled)
    yield from window_segments(origin, header, rest, window_rows, headings=[*headings, *above], place=place)


def window_segments(
    origin: Origin,
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    window_rows: int,
    *,
    headings: Sequence[str] = (),
    types: Sequence[str] | None = None,
    place: Span | None = None,
) -> Iterator[Segment]:
    """Windows of at most `window_rows` rows; `types` are told by the first rows when the source does not know them.

    A row that is too long keeps its surplus in the last cell. `place` is where the table stands, when it is not a file.
    Raises TooLarge for more columns or rows than the limits.
    """
    columns = tuple(header)
    uri, limits = origin.document.uri, origin.limits
    limits.hold("columns", len(columns), f"{uri} has a table of {len(columns):,} columns")
    fitted = (_fit(row, len(columns)) for row in rows)
    sample = list(islice(fitted, SAMPLED_ROWS))
    types = types or [column_type([row[column] for row in sample]) for column in range(len(columns))]
    facts = {"columns": list(columns), "column_types": list(types)}
    remaining = chain(sample, fitted)
    start = 0
    base = place or Span()
    while window := _window(remaining, window_rows):
        limits.hold("rows", start + len(window), f"{uri} has a table of {start + len(window):,} rows or more")
        span = replace(base, start_row=start, end_row=start + len(window))
        yield origin.segment("table", span, headings=headings, table=Table(columns, window), metadata=facts)
        start += len(window)


def _window(rows: Iterator[tuple[str, ...]], most: int) -> tuple[tuple[str, ...], ...]:
    """The next rows; fewer than `most` where they are long, as a window is in memory whole wherever it goes."""
    window: list[tuple[str, ...]] = []
    chars = 0
    while len(window) < most and chars < WINDOW_CHARS and (row := next(rows, None)) is not None:
        window.append(row)
        chars += sum(map(len, row))
    return tuple(window)


def cell_text(value: object) -> str:
    """A value of a typed source as it reads: dates in ISO 8601, whole numbers without a fraction, nothing as ""."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float():
            if value != value:
                return ""
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case dt.datetime():
            midnight = value.time() == dt.time() and value.tzinfo is None
            return value.date().isoformat() if midnight else value.isoformat(sep=" ")
        case int() | Decimal() | dt.date() | dt.time() | dt.timedelta():
            return str(value)
        case bytes():
            return f"<{len(value)} bytes>"
        case _:
            return json.dumps(value, ensure_ascii=False, default=cell_text)


def _fit(row: Sequence[str], width: int) -> tuple[str, ...]:
    if len(row) <= width:
        return (*row, *[""] * (width - len(row)))
    surplus = [row[width - 1], *(cell for cell in row[width:] if cell)]
    return (*row[: width - 1], " | ".join(surplus))


def _width(row: Sequence[str]) -> int:
    """The length of the row without the empty cells at its end."""
    return max((place for place, cell in enumerate(row, 1) if cell.strip()), default=0)


def _filled_cells(row: Sequence[str]) -> int:
    return sum(1 for cell in row if cell.strip())
