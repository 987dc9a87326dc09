"""Which language a text is in, and which a query may be in."""

from collections.abc import Mapping
from typing import Any

import pytest

from mmsearch.identification import identified, likely, with_languages
from mmsearch.languages import LANGUAGES
from mmsearch.types import Segment, Span, Table

GERMAN = "Das alte Haus am Markt wurde im vergangenen Jahr von der Gemeinde gekauft und steht seitdem leer."
FRENCH = "La vieille maison de la place a été achetée par la commune et reste vide depuis un an."
SPANISH = "La casa antigua de la plaza fue comprada por el ayuntamiento y está vacía desde hace un año."
ENGLISH = "The old house in the square was bought by the town and has been empty for a year."
NUMBERS = Table(("Nr", "2019", "2020"), (("A-17", "4,2", "3,1"), ("A-18", "4,4", "3,0")))


def _segment(text: str = "", table: Table | None = None, metadata: Mapping[str, Any] | None = None) -> Segment:
    return Segment(
        "s", "d", "/d", "table" if table else "text", Span(), text=text, table=table, metadata=metadata or {}
    )


def _languages(*segments: Segment) -> list[object]:
    return [segment.metadata.get("language") for segment in with_languages(segments)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (GERMAN, "de"),
        (FRENCH, "fr"),
        (SPANISH, "es"),
        (ENGLISH, "en"),
        (ENGLISH.upper(), "en"),
        ("Het oude huis op het plein werd vorig jaar door de gemeente gekocht.", "nl"),
        ("A casa antiga da praça foi comprada pela câmara e está vazia há um ano.", "pt"),
        ("", ""),
        ("  \n", ""),
        ("A-17 B-18 2019", ""),
        ("def f(x): return x[0] + 1", ""),
        ("Berlin", ""),
        ("IMG 4711", ""),
    ],
)
def test_a_text_tells_its_language_or_none(text: str, code: str) -> None:
    assert identified(text) == code


def test_what_the_file_says_stays() -> None:
    assert _languages(_segment(GERMAN, metadata={"language": "x-secret"})) == ["x-secret"]
    assert _languages(_segment(GERMAN, metadata={"language": ""})) == [""]


def test_a_segment_that_does_not_tell_has_the_language_of_its_document() -> None:
    assert _languages(_segment(table=NUMBERS), _segment("A 17"), _segment(GERMAN), _segment(FRENCH)) == [
        "de", "de", "de", "fr"]  # fmt: skip
    assert _languages(_segment(table=NUMBERS), _segment("A 17")) == [None, None]


def test_a_table_tells_by_its_columns_and_not_by_the_names_in_its_cells() -> None:
    cells = (("Liebesfallen", "Unser stiller Mann"), ("Bildnis einer Trinkerin", "Die Ehe der Maria Braun"))
    assert _languages(_segment(table=Table(("Year and title of the film", "Notes on the role"), cells))) == ["en"]
    assert _languages(_segment(table=Table(("Name", "X"), cells))) == [None]
    assert _languages(_segment(table=Table(("Stadt", "Einwohner", "Fläche", "Bundesland"), cells))) == ["de"]


def test_long_documents_are_not_held_in_memory() -> None:
    given = 0

    def segments() -> Any:
        nonlocal given
        for _ in range(10_000):
            given += 1
            yield _segment(GERMAN)

    first = next(with_languages(segments()))
    assert first.metadata["language"] == "de"
    assert given < 1_000


def test_other_facts_stay() -> None:
    [segment] = with_languages([_segment(GERMAN, metadata={"date": "2024"})])
    assert segment.metadata == {"date": "2024", "language": "de"}


def test_likely_languages() -> None:
    assert set(likely("die", LANGUAGES)) == set(LANGUAGES)
    assert likely("was ist in den Bergen los", LANGUAGES) == ("de",)
    assert likely("where are the boats", LANGUAGES) == ("en",)
    assert likely("where are the boats", {"de"}) == ("de",)
    assert set(likely("", LANGUAGES)) == set(LANGUAGES)
    assert likely("boats", ()) == ()
