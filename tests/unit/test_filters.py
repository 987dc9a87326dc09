"""The filter language: what text means which tree, what a tree means for a segment, what a mistake is answered."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmsearch.errors import InvalidFilter
from mmsearch.filters import MAX_DEPTH, expression, matches, parse
from mmsearch.types import And, Compare, Contains, Filter, In, Not, Or, Prefix, Segment, Span

A, B, C = Compare("a", "=", 1), Compare("b", "=", 2), Compare("c", "=", 3)


def segment(**metadata: Any) -> Segment:
    return Segment("s", "d", "/photos/2024/sea.jpg", "image", Span(), title="The sea", metadata=metadata)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ('modality = "image"', Compare("modality", "=", "image")),
        ("year!=2024", Compare("year", "!=", 2024)),
        ("rating >= -3.5e1", Compare("rating", ">=", -35.0)),
        ("published = TRUE", Compare("published", "=", True)),
        ("date < 2024-05", Compare("date", "<", "2024-05")),
        ("date < 2024", Compare("date", "<", "2024")),
        ("date < 2024-05-31T10:30:00Z", Compare("date", "<", "2024-05-31T10:30:00Z")),
        ("date in [2023, 2024-05]", In("date", ("2023", "2024-05"))),
        ("date prefix 2024-05", Prefix("date", "2024-05")),
        ("date prefix 2024", Prefix("date", "2024")),
        ("title contains 007", Contains("title", "007")),
        ('year in [2023, 2024.5, "x", false]', In("year", (2023, 2024.5, "x", False))),
        ("year in []", In("year", ())),
        ("year NOT IN [1]", Not(In("year", (1,)))),
        ('tags contains "sea"', Contains("tags", "sea")),
        ("uri prefix '/a/b'", Prefix("uri", "/a/b")),
        ("exif.iso-speed:x = 1", Compare("exif.iso-speed:x", "=", 1)),
        ('"page label" = "iv"', Compare("page label", "=", "iv")),
        ("größe = 1", Compare("größe", "=", 1)),
        ("order = 1 and android = 2", And((Compare("order", "=", 1), Compare("android", "=", 2)))),
        ("a = 1 and b = 2 and c = 3", And((A, B, C))),
        ("a = 1 or b = 2 and c = 3", Or((A, And((B, C))))),
        ("(a = 1 or b = 2) and c = 3", And((Or((A, B)), C))),
        ("not a = 1 and b = 2", And((Not(A), B))),
        ("not (a = 1 and not b = 2)", Not(And((A, Not(B))))),
        ("  a\n=\t1  ", A),
        ("author = 'Anna \"A\" O''Brien'", Compare("author", "=", 'Anna "A" O\'Brien')),
        (r'a = "\"\\\n\t\u6f22"', Compare("a", "=", '"\\\n\t漢')),
        ('a = "two\nlines"', Compare("a", "=", "two\nlines")),
        ('a = ""', Compare("a", "=", "")),
    ],
)
def test_text_becomes_a_tree(text: str, tree: Filter) -> None:
    assert parse(text) == tree


@given(st.text(), st.sampled_from("\"'"))
def test_any_string_can_be_written(value: str, quote: str) -> None:
    escaped = value.replace("\\", "\\\\").replace(quote, quote * 2)
    assert parse(f"a = {quote}{escaped}{quote}") == Compare("a", "=", value)


_words = st.text(st.characters() | st.sampled_from("\"'\\\n\ud800"), max_size=8)
_scalars = _words | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
_fields = _words.filter(lambda field: field != "date")
_conditions = st.one_of(
    st.builds(Compare, _fields, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), _scalars),
    st.builds(In, _fields, st.lists(_scalars, max_size=3).map(tuple)),
    st.builds(Contains, _fields, _words),
    st.builds(Prefix, _fields, _words),
)
_trees = st.recursive(
    _conditions,
    lambda parts: (
        st.builds(Not, parts)
        | st.builds(And, st.lists(parts, min_size=2, max_size=3).map(tuple))
        | st.builds(Or, st.lists(parts, min_size=2, max_size=3).map(tuple))
    ),
    max_leaves=8,
)


@given(_trees)
def test_any_tree_is_written_as_words_that_are_read_as_it(tree: Filter) -> None:
    assert parse(expression(tree)) == tree


@pytest.mark.parametrize("tree", [And(()), Compare("a", "<", float("inf")), Compare("date", "=", 2024)])
def test_what_no_words_say_is_refused(tree: Filter) -> None:
    with pytest.raises(InvalidFilter):
        expression(tree)


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        ("", 1, "a field"),
        ("modality", 9, "contains"),
        ("modality = ", 12, "a string in quotes"),
        ("modality = image", 12, "a string in quotes"),
        ("a == 1", 4, "a number"),
        ("a = 1 b = 2", 7, "and, or, the end"),
        ("a = 1 and", 10, "a field"),
        ("(a = 1", 7, ")"),
        ("a in [1,,2]", 9, "a number"),
        ("a contains x", 12, "a string in quotes"),
        ('a = "open', 5, "a string in quotes"),
        ("a = 1 $", 7, "and, or"),
    ],
)
def test_a_mistake_is_shown_where_it_is(text: str, column: int, expected: str) -> None:
    with pytest.raises(InvalidFilter) as caught:
        parse(text)
    message, line, caret = str(caught.value).split("\n")
    assert message.startswith(f"filter, column {column}: expected ")
    assert expected in message
    assert line == f"  {text}"
    assert caret == " " * (column + 1) + "^"


def test_a_mistake_in_a_later_line_shows_that_line() -> None:
    with pytest.raises(InvalidFilter, match=r"column 8: expected .*\n   and b !\n         \^$"):
        parse("a = 1\n and b !")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = 1e999", "too large"),
        ("date > 20240501", "not a date"),
        (r'a = "\q"', r"no escape \\q"),
        ("not " * (MAX_DEPTH + 1) + "a = 1", "nested more than"),
        ("(" * 5000 + "a = 1" + ")" * 5000 + " and not " * 3000, "filter"),
        ("not " * 100_000 + "a = 1", "nested more than"),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, said: str) -> None:
    with pytest.raises(InvalidFilter, match=said):
        parse(text)


@given(st.text(st.sampled_from("ab\"'\\()[],=<>!. 01-\nnot") | st.characters(), max_size=40))
def test_any_text_is_a_tree_or_a_clear_error(text: str) -> None:
    try:
        tree = parse(text)
    except InvalidFilter as error:
        said = str(error)
    else:
        said = "filter, column of no mistake" if tree else ""
    assert said.startswith("filter, column")


@pytest.mark.parametrize(
    ("text", "metadata", "expected"),
    [
        ('modality = "image"', {}, True),
        ('document = "d"', {}, True),
        ('uri prefix "/photos/2024/"', {}, True),
        ('uri prefix "/photos/2024/"', {"uri": "/other"}, True),
        ('title contains "sea"', {}, True),
        ("year > 2023", {"year": 2024}, True),
        ("year = 2024", {"year": 2024.0}, True),
        ("year > 2023", {"year": "2024"}, False),
        ("year > 2023", {}, False),
        ("year != 2023", {}, False),
        ("year != 2023", {"year": "2023"}, False),
        ("not year = 2023", {}, True),
        ("not year != 2023", {}, True),
        ("flag = 1", {"flag": True}, False),
        ("flag = true", {"flag": 1}, False),
        ("flag != true", {"flag": False}, True),
        ("flag < true", {"flag": False}, False),
        ("x in [1, true]", {"x": True}, True),
        ("x in [1]", {"x": True}, False),
        ("x != 1", {"x": float("nan")}, False),
        ("date >= 2024-05", {"date": "2024-05-01"}, True),
        ("date <= 2024-05", {"date": "2024-05-01"}, False),
        ("date prefix 2024-05", {"date": "2024-05-01"}, True),
        ('name < "b"', {"name": "B"}, True),
        ('tags contains "sea"', {"tags": ["sea", "sun"]}, True),
        ('tags contains "se"', {"tags": ["sea"]}, False),
        ('tags contains "se"', {"tags": "sea"}, True),
        ('tags = "sea"', {"tags": ["sea"]}, False),
        ('tags prefix "s"', {"tags": ["sea"]}, False),
        ('not tags contains "sea"', {}, True),
        ('x contains ""', {"x": ""}, True),
        ('x contains ""', {"x": 5}, False),
    ],
)
def test_what_a_filter_means(text: str, metadata: dict[str, Any], expected: bool) -> None:
    assert matches(parse(text), segment(**metadata)) is expected
