"""Operators in the words of a query: what they are read as."""

import re

import pytest

from mmsearch.errors import InputError
from mmsearch.query_language import read_operators
from mmsearch.types import And, Compare, Contains, Filter, Modality, Not, Or, Prefix, Query, Segment, Span, Table
from mmsearch.wording import Wording


def _read(text: str) -> Query:
    return read_operators(Query(text))[0]


def _wording(text: str) -> Wording:
    return read_operators(Query(text))[1]


@pytest.mark.parametrize(
    "text",
    [
        "boats at night",
        "note: the tide",
        "foo:bar baz",
        "TypeError: -5 is out of range",
        "a 5 inch - or 12.7 cm - pipe",
        'a 5" pipe',
        "git --all",
        "before: and after",
        'said "and never closed it',
    ],
)
def test_what_is_no_operator_is_words(text: str) -> None:
    assert read_operators(Query(text)) == (Query(text), Wording())


@pytest.mark.parametrize(
    ("text", "media"),
    [
        ("boats type:image", {"image"}),
        ("type:photo boats", {"image"}),
        ("boats TYPE:Bilder type:table", set()),
        ("boats type:picture,recording", {"image", "audio"}),
        ("boats -type:text", {"table", "image", "audio"}),
        ("boats type:text,table -type:tabelle", {"text"}),
    ],
)
def test_types_by_what_people_call_them(text: str, media: set[Modality]) -> None:
    if not media:
        with pytest.raises(InputError, match="leaves no medium"):
            _read(text)
        return
    assert _read(text) == Query("boats", modalities=frozenset(media))


def test_a_language_is_one_of_any_region_and_what_the_words_are_in() -> None:
    german = Or((Compare("language", "=", "de"), Prefix("language", "de-")))
    assert _read("boats lang:DE") == Query("boats", filter=german, languages=frozenset({"de"}))
    assert _read("boats -lang:de") == Query("boats", filter=Not(german))
    assert _read("boats lang:nl").languages == {"en"}  # Dutch is not stemmed: English rules


@pytest.mark.parametrize(
    ("text", "filter"),
    [
        ("boats before:2024", Compare("date", "<", "2024")),
        ("boats after:2023-05", Compare("date", ">=", "2023-05")),
        ("boats -after:2023-05-31", Not(Compare("date", ">=", "2023-05-31"))),
        ("in:photos/2024 boats", Contains("uri", "photos/2024")),
        ('boats in:"my photos"', Contains("uri", "my photos")),
        ("after:2020 boats before:2024", And((Compare("date", ">=", "2020"), Compare("date", "<", "2024")))),
    ],
)
def test_filters(text: str, filter: Filter) -> None:
    assert _read(text) == Query("boats", filter=filter)


def test_operators_narrow_what_the_caller_wants() -> None:
    caller = Query(
        "boats type:image,table before:2024", modalities=frozenset({"image"}), filter=Contains("tags", "sea")
    )
    asked, _ = read_operators(caller)
    assert asked.modalities == {"image"}
    assert asked.filter == And((Contains("tags", "sea"), Compare("date", "<", "2024")))
    with pytest.raises(InputError, match="leaves no medium"):
        read_operators(Query("boats type:table", modalities=frozenset({"image"})))


def test_phrases_stay_among_the_words_and_unwanted_words_do_not() -> None:
    asked, wording = read_operators(Query('old "Harbour lights" at night -rowing -"red boats"'))
    assert asked.text == "old Harbour lights at night"
    assert wording == Wording(("Harbour lights",), ("rowing", "red boats"))
    assert _wording("“harbour lights”?") == Wording(("harbour lights",))
    assert _wording("pumps -SKU-4711") == Wording((), ("SKU-4711",))
    assert _wording('when was "A" released with "Harbour lights"?') == Wording(("Harbour lights",), ())


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("boats type:smell", "type:smell is no medium"),
        ("boats before:tomorrow", "before:2024-05"),
        ("after:2024/05 boats", "after:2024"),
        ('"to be or not to be"', "too common"),
        ("boats -the", "-the"),
    ],
)
def test_what_cannot_be_understood_is_said_with_the_way_out(text: str, named: str) -> None:
    with pytest.raises(InputError, match=re.escape(named)):
        _read(text)


def _segment(text: str = "", title: str = "", table: Table | None = None) -> Segment:
    return Segment("s", "d", "/d", "text", Span(), title=title, text=text, table=table)


def test_a_phrase_is_a_run_of_words() -> None:
    wanted = _wording('"red boat"')
    assert wanted.holds(_segment("two Red\nBoats"))
    assert not wanted.holds(_segment("a boat, red"))
    assert not wanted.holds(_segment("red and white boat"))
    assert not wanted.holds(_segment("tired boatswain"))
    assert not wanted.holds(_segment("red of the boat"))
    assert _wording('"the red of the boat"').holds(_segment("the RED of the boats"))
    assert wanted.holds(_segment(title="Red boats"))
    assert wanted.holds(_segment(table=Table(("name",), (("red boat",),))))
    assert _wording('"東京都"').holds(_segment("私は東京都に住む"))
    assert not _wording('"東京都"').holds(_segment("東京と京都"))
    assert _wording('"1,452.40 barrels"').holds(_segment("1452.4 barrels of herring"))
