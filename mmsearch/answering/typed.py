"""A table with its cells read: what each column is measured in, and the polars frame that programs run on."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from mmsearch.answering.values import Value, read
from mmsearch.answering.words import stems
from mmsearch.errors import ModelUnavailable
from mmsearch.types import Table

if TYPE_CHECKING:
    import polars

KeyKind = Literal["number", "date", "against", "margin"]
"""What rows may be ordered by: the number in a column, its date, the other side of a score, the gap between both."""

LEAST_READ = 0.6
"""The share of the filled cells of a column that must read as numbers or dates for rows to be ordered by them."""
FEW = 0.1
"""With so many other numbers in the column, 1,500 is a number like them and no year."""
FIRST_YEAR, LAST_YEAR = 1700, 2100
"""A column of nothing but such numbers holds years, which are no amounts."""


@dataclass(frozen=True, slots=True)
class Key:
    """Something that rows have a number for."""

    column: int
    kind: KeyKind

    @property
    def name(self) -> str:
        """Its column in the frame."""
        return f"{self.kind}{self.column}"


@dataclass(frozen=True)
class TypedTable:
    """A table whose cells are read once. `title` is what the table is of: words that need not stand in it."""

    table: Table
    title: str = ""

    @cached_property
    def values(self) -> tuple[tuple[Value, ...], ...]:
        """The cells read, column by column."""
        return tuple(tuple(map(read, self.column(index))) for index in range(self.width))

    @property
    def width(self) -> int:
        return len(self.table.header)

    @property
    def height(self) -> int:
        return len(self.table.rows)

    def column(self, index: int) -> tuple[str, ...]:
        """The cells of a column as they read."""
        return tuple(row[index] for row in self.table.rows)

    @cached_property
    def header_stems(self) -> tuple[tuple[str, ...], ...]:
        return tuple(map(stems, self.table.header))

    @cached_property
    def cell_stems(self) -> tuple[tuple[tuple[str, ...], ...], ...]:
        """The stems of the cells, column by column."""
        return tuple(tuple(map(stems, self.column(index))) for index in range(self.width))

    @cached_property
    def title_stems(self) -> frozenset[str]:
        return frozenset(stems(self.title))

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """What each column holds mostly: number, date, duration, score, text or empty."""
        return tuple(map(_kind, self.values))

    def unit(self, column: int) -> str:
        """The unit that all the numbers of the column are in, if it is one."""
        units = {value.unit for value in self.values[column] if value.kind == "number"}
        return units.pop() if len(units) == 1 else ""

    @cached_property
    def keys(self) -> tuple[Key, ...]:
        """What rows can be ordered by, column by column."""
        keys: list[Key] = []
        for column, values in enumerate(self.values):
            filled = [value for value in values if value.kind != "empty"]
            least = LEAST_READ * max(1, len(filled))
            dates = sum(value.date is not None for value in filled)
            numbers = [value.number for value in filled if value.number is not None]
            plain = sum(value.kind == "number" for value in filled)
            if dates >= least and plain < FEW * len(filled):
                keys.append(Key(column, "date"))
            if len(numbers) >= least and not all(FIRST_YEAR <= number <= LAST_YEAR for number in numbers):
                keys.append(Key(column, "number"))
            if sum(value.against is not None for value in filled) >= least:
                keys += [Key(column, "against"), Key(column, "margin")]
        return tuple(keys)

    @cached_property
    def frame(self) -> "polars.DataFrame":
        """`row`, the words of each column (`words0`, " a b "), its folded text (`text0`), and a column for each key.

        Raises ConfigError when polars is not installed.
        """
        try:
            import polars
        except ModuleNotFoundError as error:
            raise ModelUnavailable('answers from tables need polars; pip install "mmsearch[answers]"') from error
        data: dict[str, polars.Series] = {"row": polars.Series(range(self.height), dtype=polars.Int32)}
        for column, cells in enumerate(self.cell_stems):
            joined = [" ".join(cell) for cell in cells]
            data[f"text{column}"] = polars.Series(joined, dtype=polars.String)
            data[f"words{column}"] = polars.Series([f" {text} " for text in joined], dtype=polars.String)
        for key in self.keys:
            data[key.name] = polars.Series(self.measures(key), dtype=polars.Float64)
        return polars.DataFrame(data)

    def measures(self, key: Key) -> tuple[float | None, ...]:
        """The number of each row by the key; None where the cell says none."""
        return tuple(_measure(value, key.kind) for value in self.values[key.column])


def _measure(value: Value, kind: KeyKind) -> float | None:
    match kind:
        case "number":
            return value.number
        case "date":
            return float(value.date.order) if value.date else None
        case "against":
            return value.against
        case "margin":
            return None if value.against is None or value.number is None else value.number - value.against


def _kind(values: Sequence[Value]) -> str:
    kinds = [value.kind for value in values if value.kind != "empty"]
    if not kinds:
        return "empty"
    most = max(dict.fromkeys(kinds), key=kinds.count)
    return most if kinds.count(most) >= LEAST_READ * len(kinds) else "text"
