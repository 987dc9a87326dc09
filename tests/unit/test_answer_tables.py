"""What is answered from tables, and what is not, by the weights that come with mmsearch."""

from dataclasses import replace

import pytest

from mmsearch.answering.linking import Links
from mmsearch.answering.programs import All, Cells, Count, Extreme, Holds, Run
from mmsearch.answering.proposing import propose
from mmsearch.answering.questions import read_question
from mmsearch.answering.table import MOST_CELLS_READ, TableAnswerer
from mmsearch.answering.typed import Key, TypedTable
from mmsearch.answering.values import number_text
from mmsearch.types import Answer, Segment, Span, Table

FERRIES = Table(
    ("Ship", "Port", "Launched", "Passengers", "Ticket"),
    (
        ("Eider", "Skerrin", "12 May 1994", "96", "$ 6.80"),
        ("Kittiwake", "Morra", "3 June 1978", "1,204", "$ 12.40"),
        ("Silver Dawn", "Skerrin", "1 March 2003", "310", "$ 9.00"),
        ("Puffin", "Lund", "7 July 1989", "45", "$ 3.50"),
        ("Gannet", "Morra", "30 April 2011", "520", "$ 15.25"),
    ),
)
SEGMENT = Segment(
    "f", "d", "/ferries.csv", "table", Span(start_row=0, end_row=5), title="Ferries of the coast", table=FERRIES
)


def _answer(question: str, segment: Segment = SEGMENT, floor: float | None = None) -> Answer | None:
    (answer,) = TableAnswerer(floor).answer(question, [segment])
    return answer


@pytest.mark.parametrize(
    ("question", "text", "cells"),
    [
        ("which ship has the most passengers?", "Kittiwake", {(1, 0)}),
        ("which ship has the fewest passengers?", "Puffin", {(3, 0)}),
        ("how many passengers does the Gannet carry?", "520", {(4, 3)}),
        ("how many ships are from Morra?", "2", {(1, 0), (4, 0)}),
        ("what is the average number of passengers?", "435", {(row, 3) for row in range(5)}),
        ("what is the combined number of passengers of the Eider and the Puffin?", "141", {(0, 3), (3, 3)}),
        ("what is the difference in passengers between the Gannet and the Puffin?", "475", {(3, 3), (4, 3)}),
        ("which ship is listed after the Puffin?", "Gannet", {(4, 0)}),
        ("which ships are from Morra?", "Kittiwake, Gannet", {(1, 0), (4, 0)}),
    ],
)
def test_answers_with_their_cells(question: str, text: str, cells: set[tuple[int, int]]) -> None:
    answer = _answer(question, floor=0.0)
    assert answer is not None
    assert (answer.text, set(answer.cells)) == (text, cells)


def test_cells_are_counted_from_the_top_of_the_whole_table() -> None:
    lower = replace(SEGMENT, span=Span(start_row=100, end_row=105))
    answer = _answer("which ship has the most passengers?", lower, floor=0.0)
    assert answer is not None
    assert answer.cells == ((101, 0),)


@pytest.mark.parametrize(
    "question",
    [
        "which mountain in Nepal was climbed first?",
        "who won the world cup in 1966?",
        "how many goals did the striker score in the final?",
        "what is the capital of Mongolia?",
        "lighthouse",
        "is the Eider from Skerrin?",
        "",
        "how many?",
    ],
)
def test_the_table_does_not_say(question: str) -> None:
    assert _answer(question) is None


@pytest.mark.parametrize(
    "question",
    [
        "did the Eider sail when the swell was 2.5?",
        "is there a boat which carries 96 passengers?",
        "does the boat Eider carry 96 passengers?",
        "the Eider carries 96 passengers, doesn't it?",
    ],
)
def test_no_cell_and_no_figure_is_said_to_a_question_of_yes_or_no(question: str) -> None:
    rows = (("Eider", "96", "2.5"), ("Kittiwake", "12", "1.5"), ("Silver Dawn", "8", "3.5"))
    table = Table(("boat", "passengers", "swell"), rows)
    segment = Segment("t", "d", "/t.csv", "table", Span(start_row=0, end_row=3), title="boats", table=table)
    assert TableAnswerer(floor=1e-6).answer(question, [segment]) == [None]
    assert TableAnswerer(floor=1e-6).answer("how many passengers does the boat Eider carry?", [segment]) != [None]


def test_the_floor_refuses_what_is_less_sure() -> None:
    answer = _answer("which ship has the most passengers?", floor=0.0)
    assert answer is not None
    assert _answer("which ship has the most passengers?", floor=answer.confidence + 1e-9) is None


@pytest.mark.parametrize(
    "table", [None, Table((), ()), Table(("a",), ()), Table(("a",), (("x",),) * (MOST_CELLS_READ + 1))]
)
def test_what_cannot_be_read_is_refused(table: Table | None) -> None:
    assert _answer("how many a are there?", replace(SEGMENT, table=table), floor=0.0) is None


@pytest.mark.parametrize(
    ("question", "program"),
    [
        ("which ship has the most passengers?", Cells(Extreme(All(), Key(3, "number"), True), 0)),
        ("when was the Eider launched?", Cells(Holds(0, ("eider",)), 2)),
        ("how many ships sail from Skerrin?", Count(Holds(1, ("skerrin",)))),
    ],
)
def test_the_meant_program_is_among_the_proposed(question: str, program: object) -> None:
    typed = TypedTable(FERRIES)
    links = Links(read_question(question), typed)
    assert program in [candidate.program for candidate in propose(links, Run(typed))]


@pytest.mark.parametrize(
    ("figure", "unit", "text"),
    [
        (1452.4, "$", "$1,452.4"),
        (3.5, "%", "3.5 %"),
        (2.0, "", "2"),
        (1234567.0, "km", "1,234,567 km"),
        (1 / 3, "", "0.3333"),
    ],
)
def test_figures_are_written_with_their_unit(figure: float, unit: str, text: str) -> None:
    assert number_text(figure, unit) == text
