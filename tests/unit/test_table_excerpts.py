"""Which rows of a table a card shows."""

import pytest

from mmsearch.types import Answer, Table
from mmsearch_ui.tables import excerpt, numeric_columns, word_pattern


def _table(*names: str) -> Table:
    return Table(("n", "name"), tuple((str(number), name) for number, name in enumerate(names)))


def test_a_short_table_is_shown_whole_and_in_order() -> None:
    rows = excerpt(_table("ash", "elm", "oak"), {"elm"})
    assert [(row.number, row.cells[1], row.matches) for row in rows] == [
        (1, "ash", False),
        (2, "elm", True),
        (3, "oak", False),
    ]


def test_rows_with_more_of_the_words_come_before_rows_beside_them() -> None:
    names = ["-"] * 30
    names[4], names[20], names[25] = "grey seal", "grey seal pup", "seal"
    rows = excerpt(_table(*names), {"grey", "seal", "pup"})
    assert [row.number for row in rows] == [5, 20, 21, 22, 26]
    assert [row.number for row in rows if row.matches] == [21]
    assert [row.number for row in rows if row.after_gap] == [20, 26]


def test_without_a_word_that_matches_the_table_begins_at_its_top() -> None:
    rows = excerpt(_table(*["x"] * 9), set())
    assert [row.number for row in rows] == [1, 2, 3, 4, 5]
    assert not any(row.matches for row in rows)


def test_rows_that_answer_come_first() -> None:
    rows = excerpt(_table(*["seal"] * 4, *["-"] * 30), {"seal"}, answer=Answer("cells", "-", 0.9, ((30, 1), (30, 0))))
    assert [(row.number, row.answers) for row in rows if row.answers] == [(31, (1, 0))]
    assert [row.number for row in rows if row.matches] == [31]


def test_an_empty_table_has_no_rows() -> None:
    assert excerpt(Table(("a",), ()), {"a"}) == []
    assert numeric_columns(Table(("a",), ())) == frozenset()


@pytest.mark.parametrize(
    ("cells", "is_numeric"),
    [
        (["1", "2.5", "-3"], True),
        (["1,200", "12 %", ""], True),
        (["€ 3.50"], True),
        (["2024-01-13"], False),
        (["12:00"], False),
        (["3 boats"], False),
        (["", ""], False),
    ],
)
def test_columns_of_numbers_are_told_from_others(cells: list[str], is_numeric: bool) -> None:
    table = Table(("a",), tuple((cell,) for cell in cells))
    assert (numeric_columns(table) == {0}) is is_numeric


def test_words_are_found_whole_in_any_case_and_literally() -> None:
    pattern = word_pattern({"lamp", "a+b", "lamps"})
    assert pattern
    assert pattern.findall("Lamps, LAMP; lampshade a+b aab") == ["Lamps", "LAMP", "a+b"]
    assert word_pattern(set()) is None
