"""What programs come to: the values, the cells that they are read from, and how they are written."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmsearch.answering.programs import Aggregate, Cells, Count, Difference, Gap, Program, Repeats, Run, Streak
from mmsearch.answering.proposing import Candidate
from mmsearch.answering.typed import TypedTable

DECIMALS = 4
"""Of a figure that was reckoned."""

Values = tuple[str | float, ...]
"""Cells as they read, different ones in the order of the table, or the one figure."""


@dataclass(frozen=True, slots=True)
class Denotation:
    """A candidate with what it comes to."""

    candidate: Candidate
    values: Values


def denotations(candidates: Sequence[Candidate], run: Run) -> list[Denotation]:
    """The candidates that come to something, in order."""
    figures = run.figures([c.program for c in candidates if not isinstance(c.program, Cells)])
    found = []
    for candidate in candidates:
        program = candidate.program
        if isinstance(program, Cells):
            values = _cells(program, run)
        else:
            figure = figures[program]
            values = () if figure is None else (round(figure, DECIMALS),)
        if values:
            found.append(Denotation(candidate, values))
    return found


def _cells(program: Cells, run: Run) -> Values:
    rows = np.flatnonzero(run.mask(program.rows))
    if program.number:
        numbers = [run.typed.values[program.column][row].number for row in rows]
        return tuple(dict.fromkeys(number for number in numbers if number is not None))
    cells = (run.typed.table.rows[row][program.column] for row in rows)
    return tuple(dict.fromkeys(cell for cell in cells if cell.strip()))


def cells_of(program: Program, run: Run) -> tuple[tuple[int, int], ...]:
    """The (row, column) cells that the program's values are read from; the first column stands for a counted row."""
    match program:
        case Cells(rows, column):
            columns = [column]
        case Count(rows, column):
            columns = [_naming(run.typed) if column is None else column]
        case Aggregate(_, rows, key):
            columns = [key.column]
        case Gap(rows, key, other):
            columns = [key.column, other.column]
        case Repeats(rows, column):
            columns = [column]
        case Streak(rows):
            columns = [_naming(run.typed)]
        case Difference(one, other, key):
            column = _naming(run.typed) if key is None else key.column
            either = run.mask(one) | run.mask(other)
            return tuple((int(row), column) for row in np.flatnonzero(either))
    return tuple((int(row), column) for row in np.flatnonzero(run.mask(rows)) for column in columns)


def _naming(typed: TypedTable) -> int:
    """The column that tells rows apart for a reader: the first of text, else the first."""
    return next((column for column, kind in enumerate(typed.kinds) if kind == "text"), 0)
