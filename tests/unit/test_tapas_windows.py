"""Which rows and columns of a table TAPAS is shown, with words for tokens."""

from mmsearch.answering.linking import Links
from mmsearch.answering.questions import read_question
from mmsearch.answering.typed import TypedTable
from mmsearch.types import Table
from mmsearch_encoders.tapas import MAX_COLUMNS, MAX_ROWS
from mmsearch_encoders.tapas_windows import Layout, lay_out

BOATS = Table(
    ("boat", "port", "built"),
    tuple((f"Kittiwake {row}", "Morra" if row % 50 == 7 else "Lund", "1901") for row in range(400)),
)


def _laid(question: str, table: Table, room: int = 500, most_windows: int = 4) -> Layout:
    counted: list[str] = []

    def words(text: str) -> int:
        counted.append(text)
        return len(text.split())

    layout = lay_out(Links(read_question(question), TypedTable(table)), room, words, most_windows)
    assert layout is not None
    assert len(counted) < 4000, "the tokens of a whole long table were counted, which takes seconds"
    return layout


def test_a_small_table_is_one_window() -> None:
    small = Table(BOATS.header, BOATS.rows[:5])
    layout = _laid("which boat is in Morra?", small)
    assert (layout.windows, layout.columns, layout.whole) == (((0, 1, 2, 3, 4),), (0, 1, 2), True)


def test_windows_hold_every_row_once_and_no_more_than_fits() -> None:
    table = Table(BOATS.header, BOATS.rows[:100])
    layout = _laid("which boat is in Morra?", table, room=103)
    assert [row for window in layout.windows for row in window] == list(range(100))
    assert [len(window) for window in layout.windows] == [25, 25, 25, 25]
    assert layout.whole
    assert layout.together((1, 2, 99)) == (1, 2, 99)
    assert layout.together(range(26)) == ()


def test_no_window_has_more_rows_than_the_model_tells_apart() -> None:
    layout = _laid("which boat?", Table(("boat",), (("Gull",),) * 130))
    assert [len(window) for window in layout.windows] == [MAX_ROWS, MAX_ROWS, 4]


def test_of_a_long_table_the_rows_that_hold_the_questions_words_are_read() -> None:
    layout = _laid("which boats are in Morra?", BOATS, most_windows=1)
    morra = set(range(7, 400, 50))
    (window,) = layout.windows
    assert morra <= set(window)
    assert list(window) == sorted(window)
    assert not layout.whole
    assert layout.covers(morra)
    assert not layout.covers({*morra, 1}), "rows like the first were not all read"
    assert not _laid("which boats are in Lund?", BOATS, most_windows=1).covers({0})


def test_of_a_wide_table_the_columns_that_the_question_names_are_read() -> None:
    header = tuple(f"measure number {column}" for column in range(90))
    wide = Table((*header, "tonnage"), (("one two three",) * 91,) * 20)
    layout = _laid("what is the tonnage?", wide, room=200)
    assert 90 in layout.columns
    assert 0 in layout.columns, "the first columns name rows"
    assert len(layout.columns) <= MAX_COLUMNS
    assert max(map(len, layout.windows)) >= 8, "rows cannot be compared where one fills a window"


def test_columns_that_the_question_names_are_kept_rather_than_many_rows_in_a_window() -> None:
    rows = tuple((f"boat {row}", "x", "a long story " * 3) for row in range(12))
    layout = _laid("what is the story of boat 3?", Table(("boat", "mast", "story"), rows), room=60)
    assert {0, 2} <= set(layout.columns)
    assert layout.whole


def test_a_row_that_fits_no_window_is_left_out_and_told() -> None:
    table = Table(("note",), (("word " * 12,), ("short",)))
    layout = _laid("which note is short?", table, room=10)
    assert (layout.windows, layout.whole) == (((1,),), False)


def test_where_nothing_fits_there_is_no_window() -> None:
    links = Links(read_question("which note?"), TypedTable(Table(("note",), (("word " * 12,),))))
    assert lay_out(links, 5, lambda text: len(text.split()), 4) is None
