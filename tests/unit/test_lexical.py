"""What counts as the same word."""

import re
from itertools import chain
from pathlib import Path

import pytest

from mmsearch.languages import LANGUAGES
from mmsearch.lexical import LexicalEncoder, Wanted, analyze, fold, tokens
from mmsearch.stop_words import STOP_WORDS
from mmsearch.types import Segment, Span, Table


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("The boats were running", ["boat", "run"]),
        ("How many LIGHTHOUSES?", ["lighthous"]),
        ("Müller’s Café", ["muller", "cafe"]),
        ("don't stop", ["stop"]),
        ("1,452.40", ["1452.4"]),
        ("1.452,40", ["1452.4"]),
        ("1452.4", ["1452.4"]),
        ("007 agents", ["7", "agent"]),
        ("SKU-4711", ["sku4711", "sku", "4711"]),
        ("sku4711", ["sku4711", "sku", "4711"]),
        ("4711", ["4711"]),
        ("2017–18", ["2017", "2018"]),
        ("1999-00", ["1999", "2000"]),
        ("U.S.A", ["usa"]),
        ("well-known and/or", ["well", "known"]),
        ("灯台守", ["灯台", "台守"]),
        ("港", ["港"]),
        ("ﬁle № 3", ["file", "3"]),
        ("", []),
        ("?!… the of", []),
    ],
)
def test_analysis(text: str, terms: list[str]) -> None:
    assert analyze(text) == terms


def test_terms_are_safe_for_a_store_that_splits_at_blanks() -> None:
    text = "a\u00a0b c\u2003d e_f g\u200bh 1\u202f000 é\u0301"
    assert all(term.strip() and not any(c.isspace() for c in term) for term in analyze(text))
    assert " ".join(analyze(text)).split() == analyze(text)


def test_tokens_stand_where_the_words_stand() -> None:
    text = "Größe: ﬁne boats, 1,452.40 m"
    assert [text[start:end] for start, end, _ in tokens(text)] == ["Größe", "ﬁne", "boats", "1,452.40", "m"]


@pytest.mark.parametrize("text", ["The well-known boats' crew, 1,452.40 m of rope", "Größe: ﬁne boats — 2017–18, rope"])
def test_a_text_of_ascii_has_the_words_of_any_other(text: str) -> None:
    """A letter beyond ASCII at the end changes nothing before it."""
    assert analyze(text) == analyze(f"{text} é")[:-1]
    wanted = Wanted(analyze("boat rope 1452.4 2018"))
    found = [(start, end) for start, end, held in tokens(text) if wanted.terms.intersection(held)]
    assert wanted.places(text) == wanted.places(f"{text} é") == found != []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_stem_begins_as_its_word_does(language: str) -> None:
    """Wanted leaves words alone that begin otherwise."""
    read = " ".join(file.read_text(encoding="utf-8") for file in Path(__file__).parents[2].glob("*/*.md"))
    read = " ".join([read, *chain(*STOP_WORDS.values())])
    words = {word for word in re.findall(r"[A-Za-z]+", read) if not set(analyze(word, language)) <= {""}}
    assert len(words) > 1_000
    assert not [word for word in words if any(term[0] != word[0].lower() for term in analyze(word, language))]
    assert all(Wanted(analyze(word, language), language)[word] for word in words)


def test_folding_is_stable() -> None:
    assert fold(fold("Ĳsselmeer ÅNGSTRÖM ΆΘΗΝΑ ёлка")) == fold("Ĳsselmeer ÅNGSTRÖM ΆΘΗΝΑ ёлка")


def test_a_segment_is_found_by_title_headings_text_and_cells() -> None:
    table = Table(("port", "boats"), (("Morra", "12"),))
    segment = Segment(
        "s", "d", "/d", "table", Span(), title="Fleet", headings=("1907",), text="Harbour list", table=table
    )
    (terms,) = LexicalEncoder().encode([segment])
    assert {"fleet", "1907", "harbour", "list", "port", "boat", "morra", "12"} <= set(terms.split())
