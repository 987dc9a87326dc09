"""The few rows of a table that show why it was found."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from mmsearch.types import Answer, Table

SHOWN_ROWS = 5
NUMBER = re.compile(r"[-+−±]?[$€£]?\s?\d[\d.,'’\s]*\s?(?:%|‰)?")


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it is shown: its number in the source (from 1), its cells, and whether it is what was looked for.

    `after_gap` says that rows between this and the one before are left out; `answers` are the columns that answer.
    """

    number: int
    cells: tuple[str, ...]
    matches: bool
    after_gap: bool
    answers: tuple[int, ...] = ()


def excerpt(table: Table, words: Collection[str], first_number: int = 1, answer: Answer | None = None) -> list[Row]:
    """At most five rows in the order of the table: those with most of the words and the rows next to the best of them.

    `first_number` is the number of the table's first row in its source, from where an answer's cells are counted. Rows
    that answer come before all others.
    """
    answers: dict[int, list[int]] = {}
    for row, column in answer.cells if answer else ():
        answers.setdefault(row - first_number + 1, []).append(column)
    score = [(index in answers, _matches(row, words)) for index, row in enumerate(table.rows)]
    most = max(score, default=(False, 0))
    best = score.index(most) if score else 0
    ranked = sorted(range(len(score)), key=lambda i: (not score[i][0], -score[i][1], abs(i - best), i))
    shown = sorted(ranked[:SHOWN_ROWS])
    return [
        Row(
            number=first_number + index,
            cells=table.rows[index],
            matches=score[index] == most and any(most),
            after_gap=before is not None and index > before + 1,
            answers=tuple(answers.get(index, ())),
        )
        for before, index in zip([None, *shown], shown, strict=False)
    ]


def numeric_columns(table: Table) -> frozenset[int]:
    """The columns whose cells are numbers, empty cells aside: they are set flush right."""
    columns = [[cell.strip() for cell in cells if cell.strip()] for cells in zip(*table.rows, strict=True)]
    return frozenset(index for index, cells in enumerate(columns) if cells and all(map(NUMBER.fullmatch, cells)))


def word_pattern(words: Collection[str]) -> re.Pattern[str] | None:
    """Finds the words, whole and in any case; None when there are none."""
    if not words:
        return None
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)


def _matches(row: Sequence[str], words: Collection[str]) -> int:
    line = " \x1f ".join(row).casefold()
    return sum(bool(pattern.search(line)) for word in words if (pattern := word_pattern([word])))
