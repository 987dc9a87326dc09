"""Which results are asked, of what table, and what becomes of those that are not."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from mmsearch.answering import asking
from mmsearch.answering.asking import FIRST, LEAST_SCORE, Answering, answered, whole_table
from mmsearch.answering.lettering import LetteringAnswerer
from mmsearch.errors import ModelUnavailable
from mmsearch.types import Answer, Lettering, Modality, Query, Result, Segment, Span, Table

ANSWER = Answer("cells", "9", 0.9, ((0, 0),))


@dataclass
class Oracle:
    """Answers every table, and remembers what it was asked. `closed` plays what is not installed."""

    closed: str = ""
    seen: list[Segment] = field(default_factory=list)

    @property
    def modalities(self) -> frozenset[Modality]:
        return frozenset({"table"})

    @property
    def fingerprint(self) -> str:
        if self.closed:
            raise ModelUnavailable(self.closed)
        return "oracle"

    def answer(self, question: str, segments: Sequence[Segment]) -> list[Answer | None]:
        self.seen += segments
        return [ANSWER for _ in segments]


def _piece(start: int, end: int, **changes: object) -> Segment:
    table = Table(("n",), tuple((str(row),) for row in range(start, end)))
    segment = Segment(f"{start}", "d", "/n.csv", "table", Span(start_row=start, end_row=end), table=table)
    return replace(segment, **changes)  # type: ignore[arg-type]


def _results(*segments: Segment, score: float = 0.9) -> list[Result]:
    return [Result(rank, score, segment, "", (), ()) for rank, segment in enumerate(segments, 1)]


def test_the_first_results_are_asked_and_the_rest_left_as_they_are() -> None:
    results = _results(*(_piece(start, start + 1) for start in range(FIRST + 2)))
    told = answered([Oracle()], "how many?", results, lambda segment: segment)
    assert [result.answer for result in told] == [ANSWER] * FIRST + [None] * 2
    assert [replace(result, answer=None) for result in told] == results


def test_only_what_it_reads_and_what_may_be_relevant_is_asked() -> None:
    oracle = Oracle()
    text = Segment("t", "d", "/t.md", "text", Span(), text="nine")
    told = answered([oracle], "how many?", _results(text), lambda segment: segment)
    told += answered([oracle], "how many?", _results(_piece(0, 1), score=LEAST_SCORE - 0.01), lambda segment: segment)
    assert [result.answer for result in told] == [None, None]
    assert oracle.seen == []


def test_lettering_is_marked_on_every_picture() -> None:
    word = Lettering(0, 4, (0.1, 0.1, 0.2, 0.2), 0.9)
    lettered = Segment("p", "d", "/p.png", "image", Span(), text="Pier", lettering=(word,))
    results = _results(*(replace(lettered, id=str(place)) for place in range(FIRST + 2)), score=LEAST_SCORE - 0.1)
    told = answered([LetteringAnswerer()], "pier", results, lambda segment: segment)
    assert [result.answer and result.answer.boxes for result in told] == [(word.box,)] * (FIRST + 2)


def test_without_a_good_match_lettering_alone_is_marked() -> None:
    word, oracle = Lettering(0, 4, (0.1, 0.1, 0.2, 0.2), 0.9), Oracle()
    lettered = Segment("p", "d", "/p.png", "image", Span(), text="Pier", lettering=(word,))
    results = _results(_piece(0, 1), lettered)
    told = answered([oracle, LetteringAnswerer()], "pier", results, lambda segment: segment, good_match=False)
    assert [result.answer and result.answer.kind for result in told] == [None, "region"]
    assert oracle.seen == []


def test_nobody_is_asked_about_a_table_that_is_not_there_as_a_whole() -> None:
    oracle = Oracle()
    (told,) = answered([oracle], "how many?", _results(_piece(0, 9)), lambda _: None)
    assert (told.answer, oracle.seen) == (None, [])


def test_after_its_time_no_further_result_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "BUDGET_S", -1.0)
    told = answered([Oracle()], "how many?", _results(_piece(0, 1)), lambda segment: segment)
    assert told[0].answer is None


def test_the_whole_table_is_put_together_from_its_pieces() -> None:
    stored = [_piece(20, 30), _piece(0, 10), _piece(10, 20), _piece(0, 5, headings=("another",))]
    whole = whole_table(stored[0], stored)
    assert whole is not None
    assert whole.table is not None
    assert whole.table.rows == tuple((str(row),) for row in range(30))
    assert (whole.span, whole.id) == (Span(start_row=0, end_row=30), "20")


def test_a_table_with_a_gap_is_none() -> None:
    stored = [_piece(0, 10), _piece(20, 30)]
    assert whole_table(stored[1], stored) is None


def test_a_text_is_its_own_whole() -> None:
    text = Segment("t", "d", "/t.md", "text", Span(), text="nine")
    assert whole_table(text, []) is text


def test_the_query_says_whether_and_otherwise_the_settings() -> None:
    oracle = Oracle()
    assert Answering([oracle], usual=True).asked(Query("how many?")) == [oracle]
    assert not Answering([oracle], usual=True).asked(Query("how many?", answer=False))
    assert not Answering([oracle]).asked(Query("how many?"))
    assert Answering([oracle]).asked(Query("how many?", answer=True)) == [oracle]
    assert not Answering([oracle]).asked(Query(image=b"...", answer=True))


def test_one_that_is_not_ready_is_left_out_unless_the_query_insists() -> None:
    closed, ready = Oracle("pip install it"), LetteringAnswerer()
    answering = Answering([closed, ready], usual=True)
    assert answering.asked(Query("how many?")) == [ready]
    with pytest.raises(ModelUnavailable, match="pip install it"):
        answering.asked(Query("how many?", answer=True))
    other = Oracle()
    assert Answering([closed, other]).asked(Query("how many?", answer=True)) == [other], "it reads tables as well"
