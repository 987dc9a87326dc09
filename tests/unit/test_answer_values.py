"""Cells read as numbers, dates, durations and scores."""

import pytest

from mmsearch.answering.values import Date, read


@pytest.mark.parametrize(
    ("cell", "number", "unit"),
    [
        ("1452", 1452.0, ""),
        ("$ 1,452.4", 1452.4, "$"),
        ("€12", 12.0, "€"),
        ("3.5 %", 3.5, "%"),
        ("1 234,5", 1234.5, ""),
        ("1.234.567,8", 1234567.8, ""),
        ("3,5", 3.5, ""),
        ("1,234", 1234.0, ""),
        ("12\u00a0345", 12345.0, ""),
        ("(120)", -120.0, ""),
        ("($1,200)", -1200.0, "$"),
        ("−12", -12.0, ""),
        ("$-3", -3.0, "$"),
        ("$1.2 million", 1_200_000.0, "$"),
        ("7th", 7.0, ""),
        ("120 km", 120.0, "km"),
        ("23[4]", 23.0, ""),
        (".5", 0.5, ""),
    ],
)
def test_numbers_with_their_units(cell: str, number: float, unit: str) -> None:
    value = read(cell)
    assert (value.number, value.unit, value.whole) == (number, unit, True)


def test_a_number_before_other_words_is_not_the_whole_cell() -> None:
    assert (read("23 (3)").number, read("23 (3)").whole) == (23.0, False)
    assert read("400 m hurdles").whole is False


@pytest.mark.parametrize(
    ("cell", "date"),
    [
        ("1978-05-10", Date(1978, 5, 10)),
        ("May 10, 1978", Date(1978, 5, 10)),
        ("10 May 1978", Date(1978, 5, 10)),
        ("Sunday, October 4, 1998", Date(1998, 10, 4)),
        ("16.03.2001", Date(2001, 3, 16)),
        ("12/31/2004", Date(2004, 12, 31)),
        ("31/12/2004", Date(2004, 12, 31)),
        ("May 1978", Date(1978, 5)),
        ("June 20–22", Date(None, 6, 20)),
        ("September", Date(None, 9)),
        ("1999–2000", Date(1999)),
        ("2008–09", Date(2008)),
        ("1978", Date(1978)),
    ],
)
def test_dates_as_far_as_they_are_said(cell: str, date: Date) -> None:
    assert read(cell).date == date


def test_dates_are_in_order() -> None:
    said = ["1977", "May 1978", "May 10, 1978", "1978-05-11", "June 1978", "1979"]
    orders = [date.order for cell in said if (date := read(cell).date)]
    assert len(orders) == len(said)
    assert orders == sorted(set(orders))


@pytest.mark.parametrize("cell", ["99.99.2001", "13/13/2001", "May 45, 1978", "no date", "12345"])
def test_what_is_no_date(cell: str) -> None:
    assert read(cell).date is None


@pytest.mark.parametrize(
    ("cell", "seconds"), [("1:32.45", 92.45), ("2:03:21", 7401.0), ("1 h 20 min", 4800.0), ("07:15", 435.0)]
)
def test_durations_in_seconds(cell: str, seconds: float) -> None:
    assert (read(cell).kind, read(cell).number) == ("duration", seconds)


@pytest.mark.parametrize(("cell", "own", "against"), [("3–2", 3, 2), ("W 31–24", 31, 24), ("L 3-5 (OT)", 3, 5)])
def test_scores_have_two_sides(cell: str, own: float, against: float) -> None:
    assert (read(cell).kind, read(cell).number, read(cell).against) == ("score", own, against)


@pytest.mark.parametrize("cell", ["", " – ", "n/a", "?", "TBA"])
def test_nothing_is_no_number(cell: str) -> None:
    assert read(cell).kind == "empty"
    assert read(cell).number is None
