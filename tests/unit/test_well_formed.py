"""Half characters: they come out of broken files, and nothing after the readers meets one."""

from pathlib import Path

from libraries import Library

from mmsearch.passages import PassageSplitter
from mmsearch.types import Segment, Span, Table
from mmsearch.well_formed import all_well_formed, well_formed

HALF, MARK = "\ud800", "\ufffd"


def test_each_half_becomes_one_mark_and_the_rest_stays() -> None:
    assert well_formed(f"a{HALF}b\udfff") == f"a{MARK}b{MARK}"
    assert well_formed("é \U0001f6a2 漢") == "é \U0001f6a2 漢"


def test_all_that_a_segment_says_is_well_formed_and_its_place_stays() -> None:
    halves = Segment(
        "id", "document", f"/{HALF}", "table", Span(part=HALF), title=HALF, headings=(HALF,), text=HALF,
        table=Table((HALF,), ((HALF,),)), metadata={HALF: HALF, "tags": [HALF], "year": 1},
    )  # fmt: skip
    [told] = all_well_formed([halves])
    assert (told.title, told.headings, told.text, told.table) == (MARK, (MARK,), MARK, Table((MARK,), ((MARK,),)))
    assert told.metadata == {MARK: MARK, "tags": [MARK], "year": 1}
    assert (told.id, told.uri, told.span) == ("id", f"/{HALF}", Span(part=HALF))


def test_a_segment_without_halves_is_itself() -> None:
    segment = Segment("id", "document", "/a", "text", Span(), text="words", metadata={"tags": ["sea"]})
    [told] = all_well_formed([segment])
    assert told is segment


def test_text_is_cut_where_it_is_whatever_it_holds() -> None:
    text = f"One {HALF} sentence stands here. Another {HALF} one stands there."
    passages = list(PassageSplitter(8).split(text, HALF))
    assert len(passages) > 1
    assert all(text[p.start : p.end] == p.text for p in passages)


def test_files_with_halves_are_indexed_and_stop_nothing(tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    (files / "a.json").write_text('{"text": "\\ud800 in the harbour"}')
    (files / "b.json").write_text('[{"\\ud800": "\\udfff"}, {"\\ud800": "lamp"}]')
    (files / "c.txt").write_text("The lighthouse.")
    library = Library(tmp_path / "library")
    report = library.indexer().index([files])
    assert (report.indexed, report.failed) == (3, ())
    assert HALF not in library.words()
