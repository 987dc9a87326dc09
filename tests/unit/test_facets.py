"""What narrows a search: the values that are offered, their counts, and the filters that they stand for."""

from typing import Any

from mmsearch.filters import matches
from mmsearch.types import Segment, Span
from mmsearch_ui.facets import FacetName, counted, filter_of, keeps


def _segment(uri: str, **metadata: Any) -> Segment:
    return Segment("s", "d", uri, "text", Span(), metadata=metadata)


FOUND = [
    _segment("/town/pier/notes.md", date="2024-05-01", language="en", tags=["sea", "wood"]),
    _segment("/town/pier/old/lamps.PDF", date="2023", language="en-GB", tags=["sea"]),
    _segment("/town/hill/list.pdf.md", date="2024", language="de"),
    _segment("/town/all.jsonl#7"),
]


def _offered(*narrowed: tuple[FacetName, str]) -> dict[str, list[tuple[str, int]]]:
    found = [s for s in FOUND if (f := filter_of(narrowed)) is None or (matches(f, s) and keeps(narrowed, s))]
    return {name: [(value.text, value.count) for value in values] for name, values in counted(found, narrowed).items()}


def test_each_value_is_offered_with_how_many_have_it() -> None:
    assert _offered() == {
        "folder": [("pier", 2), ("hill", 1)],
        "type": [("MD", 2), ("JSONL", 1), ("PDF", 1)],
        "year": [("2024", 2), ("2023", 1)],
        "language": [("English", 2), ("German", 1)],
        "tag": [("sea", 2), ("wood", 1)],
    }


def test_a_value_keeps_as_many_as_it_says() -> None:
    for name, values in counted(FOUND, ()).items():
        for value in values:
            chosen = ((name, value.value),)
            filter = filter_of(chosen)
            assert filter
            assert sum(matches(filter, s) and keeps(chosen, s) for s in FOUND) == value.count, (name, value)


def test_narrowed_it_offers_what_still_tells_apart() -> None:
    assert _offered(("folder", "/town/pier")) == {
        "folder": [("old", 1)],
        "type": [("MD", 1), ("PDF", 1)],
        "year": [("2023", 1), ("2024", 1)],
        "tag": [("wood", 1)],
    }
