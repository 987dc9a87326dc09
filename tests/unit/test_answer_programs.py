"""Programs over a table small enough to reckon by hand."""

import pytest

from mmsearch.answering.programs import (
    Aggregate,
    Alike,
    All,
    Beside,
    Beyond,
    Both,
    Count,
    Difference,
    Either,
    End,
    Exceeding,
    Except,
    Extreme,
    Figure,
    Filled,
    Frequent,
    Gap,
    Holds,
    Measured,
    Repeats,
    Rows,
    Run,
    Streak,
)
from mmsearch.answering.typed import Key, TypedTable
from mmsearch.types import Table

TABLE = Table(
    ("year", "ship", "crew", "cargo (£)", "score"),
    (
        ("1990", "Star of the Sea", "12", "£1,000", "3–2"),
        ("1991", "Moon", "7", "", "1–4"),
        ("1993", "Star", "12", "(250)", "2–2"),
        ("1999", "Moon", "9", "1 500,5", "0–1"),
        ("2004", "Gull", "n/a", "2000", ""),
    ),
)
YEAR, CREW, CARGO, MARGIN = Key(0, "date"), Key(2, "number"), Key(3, "number"), Key(4, "margin")
EVERY, MOON, STAR = All(), Holds(1, ("moon",)), Holds(1, ("star",))


@pytest.fixture
def run() -> Run:
    return Run(TypedTable(TABLE))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (EVERY, [0, 1, 2, 3, 4]),
        (STAR, [0, 2]),
        (Holds(1, ("star", "of", "the", "sea")), [0]),
        (Filled(3), [0, 2, 3, 4]),
        (Measured(CREW, ">", 7), [0, 2, 3]),
        (Measured(CREW, ">=", 7), [0, 1, 2, 3]),
        (Measured(CREW, "<", 9), [1]),
        (Measured(CREW, "<=", 9), [1, 3]),
        (Measured(CREW, "=", 12), [0, 2]),
        (Both(MOON, Measured(CREW, ">", 8)), [3]),
        (Either(MOON, Holds(1, ("gull",))), [1, 3, 4]),
        (Except(EVERY, MOON), [0, 2, 4]),
        (Extreme(EVERY, CREW, True), [0, 2]),
        (Extreme(EVERY, CARGO, False), [2]),
        (Extreme(EVERY, MARGIN, True), [0]),
        (Extreme(MOON, YEAR, True), [3]),
        (Extreme(Holds(1, ("whale",)), CREW, True), []),
        (End(MOON, False), [1]),
        (End(MOON, True), [3]),
        (Beside(STAR, True), [1, 3]),
        (Beside(STAR, False), [1]),
        (Beyond(MOON, True), [4]),
        (Beyond(MOON, False), [0]),
        (Exceeding(MOON, CREW, True), [0, 2]),
        (Exceeding(STAR, CREW, False), [1, 3]),
        (Alike(End(MOON, True), 1), [1]),
        (Frequent(EVERY, 1, True), [1, 3]),
        (Frequent(EVERY, 1, False), [0, 2, 4]),
    ],
)
def test_row_sets(run: Run, rows: Rows, expected: list[int]) -> None:
    run.rows([rows])
    assert run.mask(rows).nonzero()[0].tolist() == expected


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        (Count(EVERY), 5.0),
        (Count(MOON), 2.0),
        (Count(EVERY, 1), 4.0),
        (Count(EVERY, 3), 4.0),
        (Aggregate("sum", EVERY, CARGO), 1000 - 250 + 1500.5 + 2000),
        (Aggregate("mean", EVERY, CREW), (12 + 7 + 12 + 9) / 4),
        (Aggregate("max", MOON, CREW), 9.0),
        (Aggregate("min", MOON, CREW), 7.0),
        (Aggregate("range", EVERY, CREW), 5.0),
        (Aggregate("range", EVERY, YEAR), 14.0),
        (Aggregate("sum", Holds(1, ("gull",)), CREW), None),
        (Difference(STAR, MOON), 0.0),
        (Difference(STAR, Holds(1, ("gull",))), 1.0),
        (Difference(End(STAR, True), End(MOON, True), YEAR), 6.0),
        (Difference(End(STAR, True), End(MOON, True), CREW), 3.0),
        (Gap(Holds(1, ("gull",)), CREW, CARGO), None),
        (Gap(End(MOON, True), CREW, CARGO), 1491.5),
        (Repeats(EVERY, 1), 2.0),
        (Streak(Except(EVERY, MOON)), 1.0),
        (Streak(Measured(YEAR, ">", 1992 * 372.0)), 3.0),
    ],
)
def test_figures(run: Run, figure: Figure, expected: float | None) -> None:
    assert run.figures([figure])[figure] == pytest.approx(expected)


def test_many_at_once_are_as_one_by_one(run: Run) -> None:
    asked: list[Figure] = [Count(Extreme(Either(MOON, STAR), CREW, True)), Count(MOON), Repeats(STAR, 1)]
    together = run.figures(asked)
    assert [together[figure] for figure in asked] == [2.0, 2.0, 1.0]
    assert [Run(TypedTable(TABLE)).figures([figure])[figure] for figure in asked] == [2.0, 2.0, 1.0]


def test_years_are_no_amounts_and_figures_are_no_years() -> None:
    typed = TypedTable(Table(("year", "people"), (("1990", "1452"), ("1991", "980"), ("1992", "15,000"))))
    assert typed.keys == (Key(0, "date"), Key(1, "number"))
