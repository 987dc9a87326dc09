import pytest

from mmsearch.readers.columns import cell_type, column_type, is_header, names


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("12", "integer"),
        ("1,500", "integer"),
        ("-3", "integer"),
        ("1.5", "number"),
        ("1,50", "number"),
        ("12 %", "number"),
        ("$4.20", "number"),
        ("1e-3", "number"),
        ("2024-05-01", "date"),
        ("2024-05-01 12:30:00", "date"),
        ("1.5.2024", "date"),
        ("yes", "boolean"),
        ("n/a", "empty"),
        ("–", "empty"),
        ("", "empty"),
        ("007 James", "text"),
        ("Oslo", "text"),
    ],
)
def test_cell_type(cell: str, expected: str) -> None:
    assert cell_type(cell) == expected


def test_column_type_is_what_all_cells_share() -> None:
    assert column_type(["1", "", "2"]) == "integer"
    assert column_type(["1", "2.5"]) == "number"
    assert column_type(["1", "two"]) == "text"
    assert column_type(["", "-"]) == "empty"


@pytest.mark.parametrize(
    ("first", "rows", "expected"),
    [
        (["name", "age"], [["Ann", "30"], ["Bob", "25"]], True),
        (["Ann", "30"], [["Bob", "25"], ["Cid", "41"]], False),
        (["country", "2019", "2020"], [["Chad", "3.5", "4.1"], ["Peru", "7.5", "8.0"]], True),
        (["city", "country"], [["Oslo", "Norway"], ["Rome", "Italy"]], True),
        (["Oslo", "Norway"], [["Rome", "Italy"], ["Bergen", "Norway"]], False),
        (["id", "name"], [["1", "a"], ["id", "name"], ["2", "b"]], True),
        (["2021-01-01", "5"], [["2021-01-02", "6"]], False),
        (["", "x", "y"], [["0", "1", "2"], ["1", "3", "4"]], True),
        (["", "", "note"], [["1", "2", "a"], ["3", "4", "b"]], False),
        (["name", "age"], [], False),
        (["1990", "1991"], [["1992", "1993"], ["1994", "1995"]], False),
    ],
)
def test_is_header(first: list[str], rows: list[list[str]], expected: bool) -> None:
    assert is_header(first, rows) is expected


def test_nameless_columns_are_called_by_their_place() -> None:
    assert names(["a", "", "c\nd"], 4) == ("a", "column 2", "c d", "column 4")
