"""The rules by which an answer to a question of WikiTableQuestions is right."""

import pytest

from mmsearch.answering.rightness import is_right, normalised


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Café  Noir.", "cafe noir"),
        ('"Quoted"', "quoted"),
        ("Name (born 1970)", "name"),
        ("Name[1][note 2]", "name"),
        ("Name†", "name"),
        ("“It’s”", "it's"),
        ("1–2", "1-2"),
        ("(all of it)", "(all of it)"),
        ("", ""),
    ],
)
def test_strings_as_they_are_compared(text: str, expected: str) -> None:
    assert normalised(text) == expected


@pytest.mark.parametrize(
    ("predicted", "gold", "right"),
    [
        (("Kannada",), "kannada", True),
        (("a", "b"), "b|a", True),
        (("a",), "a|b", False),
        (("a", "b"), "a", False),
        ((17.0,), "17", True),
        ((17.0,), "17 years", True),
        ((17259.0,), "17,259", True),
        ((17.5,), "17", False),
        (("17,259",), "17259", True),
        (("2",), "two", False),
        ((), "a", False),
    ],
)
def test_as_many_items_and_each_matched(predicted: tuple[str | float, ...], gold: str, right: bool) -> None:
    assert is_right(predicted, gold) is right
