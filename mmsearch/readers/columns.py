"""What the columns of a table are: which row names them, and what type their cells have."""

import re
from collections.abc import Sequence
from itertools import islice, pairwise
from typing import Literal

ColumnType = Literal["empty", "integer", "number", "date", "boolean", "text"]

_INTEGER = re.compile(r"[-+−]?\d{1,3}(?:([,.'  \u202f\u00a0])\d{3}(?:\1\d{3})*)?|[-+−]?\d+")
_NUMBER = re.compile(r"[$€£¥]?\s?[-+−]?\d[\d,.'\u202f\u00a0 ]*(?:[eE][-+]?\d+)?\s?(?:%|[$€£¥])?")
_DATE = re.compile(r"\d{4}-\d{2}(?:-\d{2})?(?:[T ]\d{2}:\d{2}(?::\d{2}.*)?)?|\d{1,2}[./]\d{1,2}[./]\d{2,4}")
_YEAR = re.compile(r"(?:1[5-9]|2[01])\d\d")
_NOTHING = frozenset({"", "-", "–", "—", "na", "n/a", "nan", "null", "none", "?"})
_BOOLEAN = frozenset({"true", "false", "yes", "no"})
_MEASURED = frozenset({"integer", "number", "date"})


def cell_type(cell: str) -> ColumnType:
    """The type a single cell reads as."""
    cell = cell.strip()
    if cell.lower() in _NOTHING:
        return "empty"
    if cell.lower() in _BOOLEAN:
        return "boolean"
    if _DATE.fullmatch(cell):
        return "date"
    if _INTEGER.fullmatch(cell):
        return "integer"
    return "number" if _NUMBER.fullmatch(cell) else "text"


def column_type(cells: Sequence[str]) -> ColumnType:
    """The type that all the cells share, empty ones aside; integers among numbers are numbers."""
    types = {cell_type(cell) for cell in cells} - {"empty"}
    if not types:
        return "empty"
    if types == {"integer", "number"}:
        return "number"
    return types.pop() if len(types) == 1 else "text"


def is_header(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names the columns of the rows below.

    It does unless it is clearly data: half empty, or with a number or date above numbers or dates (a run of years
    is a header), or with a word that comes again below it in its own column.
    """
    cells = [cell.strip() for cell in first]
    if not rows or 2 * sum(map(bool, cells)) < len(cells):
        return False
    columns = [[row[place].strip() for row in rows if place < len(row)] for place in range(len(cells))]
    measured = [
        place
        for place, cell in enumerate(cells)
        if cell_type(cell) in _MEASURED and column_type(columns[place]) in _MEASURED
    ]
    if measured:
        years = [cells[place] for place in measured]
        below = [cell for place in measured for cell in columns[place]]
        return _is_run_of_years(years) and not all(map(_YEAR.fullmatch, below))
    repeated = [cell for cell, column in zip(cells, columns, strict=True) if cell and cell in column]
    return not repeated or list(cells) in [[cell.strip() for cell in row] for row in rows]


def _is_run_of_years(cells: Sequence[str]) -> bool:
    if len(cells) < 2 or not all(map(_YEAR.fullmatch, cells)):
        return False
    steps = {int(after) - int(before) for before, after in pairwise(cells)}
    return len(steps) == 1 and steps != {0}


def names(first: Sequence[str], width: int) -> tuple[str, ...]:
    """Column names of that width from a header row; nameless columns are called by their place, from 1."""
    cells = [" ".join(cell.split()) for cell in islice(first, width)]
    return tuple(cell or f"column {place}" for place, cell in enumerate([*cells, *[""] * (width - len(cells))], 1))
