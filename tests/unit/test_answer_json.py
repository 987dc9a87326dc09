"""An answer of every kind as JSON, and back."""

import json

import pytest

from mmsearch.asking import SearchFields
from mmsearch.schemas import ranking_json, ranking_of
from mmsearch.types import Answer, Query, Ranking, Result, Segment, Span


@pytest.mark.parametrize(
    "answer",
    [
        Answer("cells", "14.9", 0.75, ((9, 4), (10, 4))),
        Answer("figure", "2", 0.5, ((0, 0),)),
        Answer("sentence", "It was lit.", 0.6, characters=(0, 11)),
        Answer("moment", "It was lit.", 0.6, characters=(3, 14), seconds=(31.0, 45.5)),
        Answer("region", "OPEN", 0.9, boxes=((0.1, 0.2, 0.3, 0.4),)),
        None,
    ],
)
def test_it_comes_back_as_it_was(answer: Answer | None) -> None:
    segment = Segment("s", "d", "/d", "table", Span(start_row=0, end_row=3))
    result = Result(1, 0.9, segment, "", (), (), answer=answer)
    ranking = Ranking(Query("q"), (), {}, False, {}, {"total": 1.0}, (result,))
    said = json.loads(json.dumps(ranking_json(ranking)))
    assert ranking_of(said, Query("q")) == ranking


@pytest.mark.parametrize("answer", [None, True, False])
def test_whether_answers_are_wanted_is_sent(answer: bool | None) -> None:
    assert SearchFields.of(Query("q", answer=answer)).query().answer is answer
