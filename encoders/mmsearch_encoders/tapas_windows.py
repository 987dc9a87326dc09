"""Parts of a table that TAPAS can read at once: columns that fit, chosen by the question, and rows in windows."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from mmsearch.answering.linking import Links
from mmsearch_encoders.tapas import MAX_COLUMNS, MAX_ROWS

ROWS_BESIDE = 8
"""Columns are left out until so many rows of the usual length fit beside the header, so that rows can be compared."""
CELL_CHARACTERS = 60
HEADER_WEIGHT = 2.0
"""A word of the question in a column's name says more of the column than one in a cell."""
SLACK = 1.5
"""So many times what is thought to fit is counted in tokens, which takes 0.2 ms a cell."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Windows of a table: rows by window, the columns that all of them have, and whether every row is in one.

    `matched` are the rows that hold words of the question, `tokens` those that a row takes of the `room` of a window.
    """

    windows: tuple[tuple[int, ...], ...]
    columns: tuple[int, ...]
    whole: bool
    matched: frozenset[int]
    tokens: Mapping[int, int]
    room: int

    def covers(self, rows: Iterable[int]) -> bool:
        """Whether what these rows show cannot be changed by rows that are in no window.

        Those hold no word of the question; where these do, they are of another kind.
        """
        read = {row for window in self.windows for row in window}
        return self.whole or (self.matched <= read and self.matched.issuperset(rows))

    def together(self, rows: Sequence[int]) -> tuple[int, ...]:
        """The rows as one window, none where they are too many for one."""
        windows = packed(rows, self.tokens, self.room)
        return tuple(windows[0]) if len(windows) == 1 else ()


def shown(text: str) -> str:
    """As much of a cell as is read."""
    return text[:CELL_CHARACTERS]


def lay_out(links: Links, room: int, count: Callable[[str], int], most_windows: int) -> Layout | None:
    """The windows for so many tokens beside the question; None where no row fits.

    `count` gives the tokens of a text. Of a table that needs more than so many windows, those rows are read that hold
    most of the question's words, then the first.
    """
    table, match = links.typed.table, matches(links)
    columns = _columns(links, room)
    left = room - sum(max(1, count(shown(table.header[column]))) for column in columns)
    tokens: dict[int, int] = {}
    thought = 0
    for row in sorted(range(len(table.rows)), key=lambda row: (-match.get(row, 0), row)):
        cells = [shown(table.rows[row][column]) for column in columns]
        thought += sum(map(_about, cells))
        if tokens and (thought > SLACK * left * most_windows or len(tokens) == MAX_ROWS * most_windows):
            break
        tokens[row] = sum(max(1, count(cell)) for cell in cells)
    taken = [row for row, size in tokens.items() if size <= left]
    while len(windows := packed(sorted(taken), tokens, left)) > most_windows:
        taken.pop()
    if not windows:
        return None
    whole = len(taken) == len(table.rows)
    return Layout(tuple(map(tuple, windows)), columns, whole, frozenset(match), tokens, left)


def packed(rows: Sequence[int], tokens: Mapping[int, int], room: int) -> list[list[int]]:
    """The rows in windows, in order, each as full as it can be."""
    windows, left = list[list[int]](), 0
    for row in rows:
        if not windows or tokens[row] > left or len(windows[-1]) == MAX_ROWS:
            windows.append([])
            left = room
        windows[-1].append(row)
        left -= tokens[row]
    return windows


def matches(links: Links) -> dict[int, int]:
    """The rows whose cells have words of the question, and how many words."""
    found: dict[int, set[int]] = {}
    for link in links.cells:
        words = link.holds.words
        for row, cell in enumerate(links.typed.cell_stems[link.holds.column]):
            if any(cell[start : start + len(words)] == words for start in range(len(cell) - len(words) + 1)):
                found.setdefault(row, set()).update(link.places)
    return {row: len(places) for row, places in found.items()}


def _columns(links: Links, room: int) -> tuple[int, ...]:
    """Columns that leave room for rows: those that the question names or holds a cell of first, then from the left.

    Where all of the first do not fit beside ROWS_BESIDE rows, there are to be fewer rows rather than fewer of them.
    """
    typed = links.typed
    match = [HEADER_WEIGHT * len(places) for places in links.headers]
    for link in links.cells:
        match[link.holds.column] += link.weight
    order = sorted(range(typed.width), key=lambda column: (-match[column], column))[:MAX_COLUMNS]
    names = [_about(shown(name)) for name in typed.table.header]
    usual = [sum(_about(shown(cell)) for cell in typed.column(column)) / typed.height for column in order]
    beside = min(ROWS_BESIDE, typed.height)
    while True:
        costs = [names[column] + beside * each for column, each in zip(order, usual, strict=True)]
        fit = sum(total <= room for total in accumulate(costs))
        if beside == 1 or all(not match[column] for column in order[fit:]):
            return tuple(sorted(order[: max(1, fit)]))
        beside //= 2


def _about(text: str) -> int:
    """How many tokens a text takes, told by its length."""
    return max(1, len(text.split()), -(-len(text) // 4))
