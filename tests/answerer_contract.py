"""The promises of the Answerer protocol, to be inherited by the tests of every implementation."""

from collections.abc import Sequence

import pytest

from mmsearch.protocols import Answerer
from mmsearch.types import MODALITIES, Answer, Segment, Span, Table


class AnswererContract:
    """A subclass gives `answerer`, and `asked`: a question, a segment that answers it, and what the answer holds."""

    @pytest.fixture
    def answerer(self) -> Answerer:
        raise NotImplementedError

    @pytest.fixture
    def asked(self) -> tuple[str, Segment, str]:
        raise NotImplementedError

    def test_the_answer_is_found_and_stands_in_the_segment(
        self, answerer: Answerer, asked: tuple[str, Segment, str]
    ) -> None:
        question, segment, wanted = asked
        (answer,) = answerer.answer(question, [segment])
        assert answer is not None
        assert wanted in answer.text
        assert 0 < answer.confidence <= 1
        _stands_in(answer, segment)

    def test_none_when_the_segment_does_not_say(self, answerer: Answerer, asked: tuple[str, Segment, str]) -> None:
        _, segment, _ = asked
        for question in ("who discovered the moons of Neptune?", "how many opera houses are there in Vienna?"):
            assert answerer.answer(question, [segment]) == [None]

    def test_one_for_each_in_order_and_others_change_nothing(
        self, answerer: Answerer, asked: tuple[str, Segment, str]
    ) -> None:
        question, segment, _ = asked
        (alone,) = answerer.answer(question, [segment])
        empty = Segment("e", "d", "/d", segment.modality, Span())
        first, second, third = answerer.answer(question, [empty, segment, empty])
        assert (first, third) == (None, None)
        assert second is not None
        assert alone is not None
        assert second.text == alone.text
        assert second.confidence == pytest.approx(alone.confidence, abs=1e-4)

    def test_nothing_to_read_gives_nothing(self, answerer: Answerer, asked: tuple[str, Segment, str]) -> None:
        question, _, _ = asked
        assert answerer.answer(question, []) == []

    def test_strange_questions_and_segments_are_no_error(
        self, answerer: Answerer, asked: tuple[str, Segment, str]
    ) -> None:
        question, segment, _ = asked
        grids: Sequence[Table | None] = (
            None,
            Table(("a",), ()),
            Table(("a", "a"), (("", ""), ("?", "1"))),
            Table((), ()),
        )
        odd = [Segment("o", "d", "/d", segment.modality, Span(), text="?!. \n", table=grid) for grid in grids]
        assert len(answerer.answer(question, odd)) == len(odd)
        for words in ("", "???", "12 1999 -3", "(" * 50, "most " * 60, "quel est le plus grand bateau ?"):
            assert len(answerer.answer(words, [segment])) == 1

    def test_what_it_reads_and_by_what_are_told(self, answerer: Answerer, asked: tuple[str, Segment, str]) -> None:
        before = answerer.fingerprint
        answerer.answer(asked[0], [asked[1]])
        assert before
        assert answerer.fingerprint == before
        assert asked[1].modality in answerer.modalities <= set(MODALITIES)


def _stands_in(answer: Answer, segment: Segment) -> None:
    match answer.kind:
        case "cells" | "figure":
            assert segment.table is not None
            first = segment.span.start_row or 0
            assert answer.cells
            for row, column in answer.cells:
                cell = segment.table.rows[row - first][column]
                assert answer.kind == "figure" or cell.strip() in answer.text or answer.text in cell
        case "phrase" | "sentence" | "moment":
            assert answer.characters is not None
            start, end = answer.characters
            assert " ".join(segment.text[start:end].split()) == answer.text
        case "region":
            assert answer.boxes
            assert set(answer.boxes) <= {word.box for word in segment.lettering}
    if answer.kind == "moment":
        assert answer.seconds == (segment.span.start_s, segment.span.end_s)
