"""What Milvus is asked: the literals, the alphabet they stand in, and what is left to look at again."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmsearch.bm25 import MAX_TERMS_BYTES, clipped
from mmsearch.filters import parse
from mmsearch.stores.milvus_filters import EVERYTHING, LITE, NOTHING, Condition, Dialect, compiled, literal
from mmsearch.stores.rows import payload, row, segment
from mmsearch.stores.safe_text import after, faithful, plain, safe
from mmsearch.types import And, Compare, Contains, In, Not, Or, Prefix, Segment, Span

SERVER = Dialect(negation=True, parts=True)
any_text = st.text(st.characters(exclude_categories=[]), max_size=20).filter(faithful)
DANGEROUS = re.compile("[\x00-\x1f\x7f\"'\\\\%_`{}$]")


@given(any_text, any_text)
def test_the_alphabet_keeps_order_prefixes_and_parts(a: str, b: str) -> None:
    assert plain(safe(a)) == a
    assert (safe(a) < safe(b)) == (a < b)
    assert (safe(a).encode() < safe(b).encode()) == (a < b)
    assert safe(a + b).startswith(safe(a))
    assert (safe(a) in safe(b)) == (a in b)


@given(any_text.filter(bool), any_text)
def test_what_comes_after_a_prefix(start: str, text: str) -> None:
    assert (safe(start) <= safe(text) < after(safe(start))) == text.startswith(start)


@given(st.text(st.characters(exclude_categories=[])))
def test_a_string_literal_needs_no_escape_whatever_it_says(text: str) -> None:
    written = literal(text)
    assert written[0] == written[-1] == '"'
    assert not DANGEROUS.search(written[1:-1])
    assert written.encode()


def test_other_literals() -> None:
    assert [literal(value) for value in (True, False, 3, -2, 0.5, 1e-7)] == ["true", "false", "3", "-2", "0.5", "1e-07"]


@pytest.mark.parametrize("dialect", [LITE, SERVER])
def test_constants_fold(dialect: Dialect) -> None:
    unknown = Compare("modality", "=", 5)
    assert compiled(unknown, dialect) == NOTHING
    assert compiled(Not(unknown), dialect) == EVERYTHING
    assert compiled(In("x", ()), dialect) == NOTHING
    assert compiled(Not(In("x", ())), dialect) == EVERYTHING
    assert compiled(And((unknown, parse("x = 1"))), dialect) == NOTHING
    assert compiled(Or((unknown, parse("x = 1"))), dialect) == compiled(parse("x = 1"), dialect)
    assert compiled(Prefix("uri", ""), dialect) == EVERYTHING
    assert compiled(Compare("x", "<", True), dialect) == NOTHING


def test_milvus_lite_is_never_asked_with_not_or_exists() -> None:
    everything = 'not (a = 1 or b in ["x", 2, true] or uri prefix "u" or c contains "d" or not title < "t")'
    asked = compiled(parse(everything), LITE).expression
    assert isinstance(asked, str)
    assert not re.search(r"\bnot \(|\bexists\b", asked)


def test_what_cannot_be_said_lets_through_and_is_looked_at_again() -> None:
    part = Not(Contains("uri", "x"))
    assert compiled(part, LITE) == Condition(True, exact=False)
    assert compiled(part, SERVER).exact
    both = compiled(And((part, parse('modality = "image"'))), LITE)
    assert both == Condition(compiled(parse('modality = "image"'), LITE).expression, exact=False)
    for value in ("\U0010ffff", "x" * 5000, 2**53):
        assert compiled(Compare("k", "=", value), SERVER) == Condition(True, exact=False)


def test_terms_are_cut_between_words() -> None:
    assert clipped(" a \n b\u3000c ") == "a b c"
    fitting = "x" * MAX_TERMS_BYTES
    assert clipped(fitting) == fitting
    assert clipped(f"{fitting} y") == fitting
    assert clipped(f"y {fitting}") == "y"
    assert clipped(fitting + "x") == ""
    assert clipped("é" * (MAX_TERMS_BYTES // 2) + " z") == "é" * (MAX_TERMS_BYTES // 2)
    assert clipped("a\ud800") == "a?"


def test_small_segments_are_stored_as_readable_json_and_large_ones_deflated() -> None:
    small = Segment("s", "d", "/u", "text", Span(page=1), text="Ü \\ud800")
    large = Segment("s", "d", "/u\ud800", "text", Span(page=1), text="sea " * 100_000)
    assert '"text": "Ü ' in payload(small)[0]
    assert all(len(chunk.encode()) < 65_535 for chunk in payload(large))
    assert [segment(payload(each)) for each in (small, large)] == [small, large]


@pytest.mark.parametrize(
    "metadata",
    [
        {"k": "x" * 70_000},
        {"k": 2**63},
        {"k": "\U0010ffff"},
        {"k": ["\U0010ffff"]},
        {f"k{n}": "x" * 99 for n in range(999)},
    ],
)
def test_a_row_whose_columns_do_not_hold_all_says_so(metadata: dict[str, object]) -> None:
    assert row(Segment("s", "d", "/u", "text", Span(), metadata=metadata))["cut"]
    assert not row(Segment("s", "d", "/u", "text", Span(), metadata={"k": "x", "n": 1, "l": ["a"], "none": None}))[
        "cut"
    ]
