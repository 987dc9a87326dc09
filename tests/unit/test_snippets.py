"""The part of a segment that shows why it was found."""

from mmsearch.snippets import SNIPPET_CHARS, snippet
from mmsearch.types import Segment, Span, Table


def _segment(text: str = "", table: Table | None = None, title: str = "Title") -> Segment:
    return Segment("s", "d", "/d", "table" if table else "text", Span(), title=title, text=text, table=table)


def _marked(segment: Segment, query: str) -> list[str]:
    text, highlights = snippet(segment, query)
    return [text[start:end] for start, end in highlights]


def test_short_text_is_shown_whole_with_the_words_that_match_by_stem() -> None:
    assert snippet(_segment("Boats lie in the harbour."), "boat") == ("Boats lie in the harbour.", ((0, 5),))


def test_long_text_is_cut_around_the_matches() -> None:
    text = "sand " * 200 + "the lighthouse keeper rang " + "sand " * 200
    shown, _ = snippet(_segment(text), "lighthouse keepers")
    assert len(shown) <= SNIPPET_CHARS + 4
    assert shown.startswith("… ")
    assert shown.endswith(" …")
    assert _marked(_segment(text), "lighthouse keepers") == ["lighthouse", "keeper"]


def test_text_without_a_match_starts_at_its_beginning() -> None:
    shown, highlights = snippet(_segment("first " + "sand " * 100), "whale")
    assert shown.startswith("first sand")
    assert highlights == ()


def test_text_without_spaces_is_cut_too() -> None:
    shown, _ = snippet(_segment("灯" * 1000), "灯")
    assert len(shown) <= SNIPPET_CHARS + 4


def test_a_table_shows_its_best_row_with_the_headers() -> None:
    table = Table(("day", "height m"), (("Monday", "4.1"), ("Tuesday", "5.2")))
    assert snippet(_segment(table=table), "tuesday height")[0] == "day: Tuesday · height m: 5.2"


def test_a_segment_without_words_shows_its_title() -> None:
    assert snippet(_segment(title="Gull above the pier"), "gulls") == ("Gull above the pier", ((0, 4),))
