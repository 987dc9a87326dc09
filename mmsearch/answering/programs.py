"""Candidate programs: what a question may mean, as expressions over a typed table, run by polars.

polars and DuckDB were measured on the same 384 aggregates over 40 rows: 10 ms in one polars `select`, 370 ms in one
DuckDB `SELECT` (its planner is made for few expressions over many rows), 0.04 against 0.3 ms one by one. A question
has hundreds of candidates, so it is polars; its wheel is 170 MB unpacked, DuckDB's 66.

Row sets nest; each is run once, as a column of booleans, however many programs are made from it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, assert_never

import numpy as np
from numpy.typing import NDArray

from mmsearch.answering.typed import Key, TypedTable

if TYPE_CHECKING:
    import polars

Comparison = Literal["<", "<=", ">", ">=", "="]
Mask = NDArray[np.bool_]
"""Which rows, shape (rows,)."""


@dataclass(frozen=True, slots=True)
class All:
    """Every row."""


@dataclass(frozen=True, slots=True)
class Holds:
    """Rows whose cell in the column has the words, one after the other."""

    column: int
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Filled:
    """Rows whose cell in the column is not empty."""

    column: int


@dataclass(frozen=True, slots=True)
class Measured:
    """Rows whose number by the key compares so with the figure."""

    key: Key
    op: Comparison
    figure: float


@dataclass(frozen=True, slots=True)
class Both:
    one: "Rows"
    other: "Rows"


@dataclass(frozen=True, slots=True)
class Either:
    one: "Rows"
    other: "Rows"


@dataclass(frozen=True, slots=True)
class Except:
    """The rows of the first that are not of the second."""

    rows: "Rows"
    without: "Rows"


@dataclass(frozen=True, slots=True)
class Extreme:
    """The rows with the most (or least) by the key; all of them where several have it."""

    rows: "Rows"
    key: Key
    most: bool


@dataclass(frozen=True, slots=True)
class End:
    """The first or the last of the rows, as they stand."""

    rows: "Rows"
    last: bool


@dataclass(frozen=True, slots=True)
class Beside:
    """The row right after (or right before) each of the rows, as they stand."""

    rows: "Rows"
    after: bool


@dataclass(frozen=True, slots=True)
class Beyond:
    """All rows after the last (or before the first) of the rows, as they stand."""

    rows: "Rows"
    after: bool


@dataclass(frozen=True, slots=True)
class Exceeding:
    """Rows with more (or less) by the key than all of the rows."""

    rows: "Rows"
    key: Key
    more: bool


@dataclass(frozen=True, slots=True)
class Alike:
    """Other rows whose cell in the column reads as that of one of the rows."""

    rows: "Rows"
    column: int


@dataclass(frozen=True, slots=True)
class Frequent:
    """The rows whose cell in the column occurs most (or least) often among the rows."""

    rows: "Rows"
    column: int
    most: bool


Rows = (
    All | Holds | Filled | Measured | Both | Either | Except | Extreme | End | Beside | Beyond | Exceeding | Alike
    | Frequent
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of the column in the rows; of each only its number where `number` is set."""

    rows: Rows
    column: int
    number: bool = False


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows; with a column, how many different cells it has in them."""

    rows: Rows
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A figure made of the rows' numbers by the key."""

    how: Literal["sum", "mean", "max", "min", "range"]
    rows: Rows
    key: Key


@dataclass(frozen=True, slots=True)
class Difference:
    """How far two rows, or how many rows two sets, are apart. By date the figure is in years."""

    one: Rows
    other: Rows
    key: Key | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """How far two columns are apart in one row."""

    rows: Rows
    key: Key
    other: Key


@dataclass(frozen=True, slots=True)
class Repeats:
    """How often the most frequent cell of the column occurs among the rows."""

    rows: Rows
    column: int


@dataclass(frozen=True, slots=True)
class Streak:
    """The length of the longest run of the rows, as they stand."""

    rows: Rows


Figure = Count | Aggregate | Difference | Gap | Repeats | Streak
Program = Cells | Figure


def parts(rows: Rows) -> tuple[Rows, ...]:
    """The row sets that it is made from."""
    match rows:
        case Both(one, other) | Either(one, other) | Except(one, other):
            return one, other
        case Extreme() | End() | Beside() | Beyond() | Exceeding() | Alike() | Frequent():
            return (rows.rows,)
        case All() | Holds() | Filled() | Measured():
            return ()
        case _ as never:
            assert_never(never)


def depth(rows: Rows) -> int:
    """How many row sets nest in it."""
    return 1 + max(map(depth, parts(rows)), default=-1)


class Run:
    """Row sets and figures over one table, each run once."""

    def __init__(self, typed: TypedTable) -> None:
        self.typed = typed
        self._frame = typed.frame
        self._names: dict[Rows, str] = {}
        self._masks: dict[Rows, Mask] = {}

    def rows(self, wanted: Sequence[Rows]) -> None:
        """Run the row sets, and what they are made from, the inner ones first."""
        levels: dict[int, dict[Rows, None]] = {}
        waiting = list(wanted)
        while waiting:
            rows = waiting.pop()
            if rows not in self._names:
                levels.setdefault(depth(rows), {})[rows] = None
                waiting += parts(rows)
        for level in sorted(levels):
            named = {rows: f"set{len(self._names) + place}" for place, rows in enumerate(levels[level])}
            made = self._frame.select([self._mask(rows).alias(name) for rows, name in named.items()])
            self._frame = self._frame.hstack(made)
            self._masks |= {rows: made[name].to_numpy() for rows, name in named.items()}
            self._names |= named

    def mask(self, rows: Rows) -> Mask:
        """Which rows the set has; it must have been run."""
        return self._masks[rows]

    def figures(self, wanted: Sequence[Figure]) -> Mapping[Figure, float | None]:
        """The figures; None where the rows have no number for it."""
        if not wanted:
            return {}
        self.rows([rows for figure in wanted for rows in _rows_of(figure)])
        row = self._frame.select([self._figure(figure).alias(str(n)) for n, figure in enumerate(wanted)]).row(0)
        return dict(zip(wanted, row, strict=True))

    def _set(self, rows: Rows) -> "polars.Expr":
        import polars as pl

        return pl.col(self._names[rows])

    def _mask(self, rows: Rows) -> "polars.Expr":
        import polars as pl

        match rows:
            case All():
                return pl.col("row") >= 0
            case Holds(column, words):
                return pl.col(f"words{column}").str.contains(f" {' '.join(words)} ", literal=True)
            case Filled(column):
                return pl.col(f"text{column}") != ""
            case Measured(key, op, figure):
                return _compared(pl.col(key.name), op, figure).fill_null(False)
            case Both(one, other):
                return self._set(one) & self._set(other)
            case Either(one, other):
                return self._set(one) | self._set(other)
            case Except(one, other):
                return self._set(one) & ~self._set(other)
            case Extreme(inner, key, most):
                among = pl.col(key.name).filter(self._set(inner))
                best = among.max() if most else among.min()
                return self._set(inner) & (pl.col(key.name) == best).fill_null(False)
            case End(inner, last):
                among = pl.col("row").filter(self._set(inner))
                return (pl.col("row") == (among.max() if last else among.min())).fill_null(False)
            case Beside(inner, after):
                return self._set(inner).shift(1 if after else -1).fill_null(False)
            case Beyond(inner, after):
                among = pl.col("row").filter(self._set(inner))
                row = pl.col("row")
                return (row > among.max() if after else row < among.min()).fill_null(False)
            case Exceeding(inner, key, more):
                among, own = pl.col(key.name).filter(self._set(inner)), pl.col(key.name)
                return (own > among.max() if more else own < among.min()).fill_null(False)
            case Alike(inner, column):
                text = pl.col(f"text{column}")
                shared = self._set(inner).any().over(text)
                return shared & ~self._set(inner) & (text != "")
            case Frequent(inner, column, most):
                text = pl.col(f"text{column}")
                among = self._set(inner) & (text != "")
                times = among.sum().over(text)
                best = times.filter(among).max() if most else times.filter(among).min()
                return (among & (times == best)).fill_null(False)
            case _ as never:
                assert_never(never)

    def _figure(self, figure: Figure) -> "polars.Expr":
        import polars as pl

        match figure:
            case Count(rows, None):
                return self._set(rows).sum().cast(pl.Float64)
            case Count(rows, column):
                text = pl.col(f"text{column}").filter(self._set(rows))
                return text.filter(text != "").n_unique().cast(pl.Float64)
            case Aggregate(how, rows, key):
                among = pl.col(key.name).filter(self._set(rows))
                if how == "range":
                    return _years(among.max(), key) - _years(among.min(), key)
                made = {"sum": among.sum, "mean": among.mean, "max": among.max, "min": among.min}[how]()
                return pl.when(among.count() > 0).then(_years(made, key))
            case Difference(one, other, key):
                if key is None:
                    sides = [self._set(rows).sum().cast(pl.Float64) for rows in (one, other)]
                else:
                    sides = [_years(pl.col(key.name).filter(self._set(rows)).max(), key) for rows in (one, other)]
                return (sides[0] - sides[1]).abs()
            case Gap(rows, key, other):
                pair = [_years(pl.col(each.name).filter(self._set(rows)).max(), each) for each in (key, other)]
                return (pair[0] - pair[1]).abs()
            case Repeats(rows, column):
                text = pl.col(f"text{column}")
                return self._set(rows).sum().over(text).filter(text != "").max().cast(pl.Float64)
            case Streak(rows):
                inside = self._set(rows)
                run = (inside != inside.shift(1)).fill_null(True).cum_sum()
                return inside.sum().over(run).max().cast(pl.Float64)
            case _ as never:
                assert_never(never)


def _rows_of(figure: Figure) -> tuple[Rows, ...]:
    return (figure.one, figure.other) if isinstance(figure, Difference) else (figure.rows,)


def _years(measure: "polars.Expr", key: Key) -> "polars.Expr":
    """Dates as their years, other figures as they are."""
    from mmsearch.answering.values import DAYS_A_YEAR

    return (measure / DAYS_A_YEAR).floor() if key.kind == "date" else measure


def _compared(measure: "polars.Expr", op: Comparison, figure: float) -> "polars.Expr":
    match op:
        case "<":
            return measure < figure
        case "<=":
            return measure <= figure
        case ">":
            return measure > figure
        case ">=":
            return measure >= figure
        case "=":
            return measure == figure
        case _ as never:
            assert_never(never)
