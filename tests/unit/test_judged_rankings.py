"""From rankings and judgements to what scores are fitted to."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from mmsearch.errors import InputError
from mmsearch.feedback import Judgement
from mmsearch.judged_rankings import RANKED, Judged, JudgedRanking, check, of_feedback, of_set, pooled
from mmsearch.retrieval_sets import RetrievalSet
from mmsearch.types import Modality, Query, Ranking, Result, Segment, Span

SET = RetrievalSet(
    folder=Path("/sets/tiny"),
    split="test",
    documents=60,
    queries={"q1": "tide", "q2": "harbour  noise"},
    qrels={"q1": {"d1": 2, "d2": 0, "d40": 1}, "q2": {"d0": 1}},
    intended={},
    judged={},
    judgements="j",
    corpus="c",
)


class Searches:
    """Finds d0, d1, ... in this order; `media` of some are other than text."""

    def __init__(self, documents: int, media: Mapping[int, Modality] | None = None) -> None:
        self.documents, self.media, self.asked = documents, media or {}, list[Query]()

    def __call__(self, query: Query) -> Ranking:
        self.asked.append(query)
        if query.text == "type:image":
            raise InputError("says where to look and not for what")
        results = tuple(
            Result(n + 1, 1 / (n + 2), self._segment(n), "", (), ()) for n in range(min(self.documents, query.top_k))
        )
        return Ranking(query, (), {}, False, {}, {}, results)

    def _segment(self, n: int) -> Segment:
        return Segment(f"s{n}", f"id{n}", f"/sets/tiny/corpus.jsonl#d{n}", self.media.get(n, "text"), Span())


def grades(found: Judged) -> list[list[float | None]]:
    return [[None if math.isnan(value) else value for value in ranking.relevant[:12]] for ranking in found.rankings]


def test_of_a_set_the_first_ten_count_and_what_nobody_judged_is_not_relevant() -> None:
    searches = Searches(60)
    found = of_set(SET, searches)
    assert grades(found) == [[0, 1, *[0] * 8, None, None], [1, *[0] * 9, None, None]]
    assert (found.results, found.relevant, found.assumed) == (20, 2, 17)
    assert [query.top_k for query in searches.asked] == [RANKED, RANKED]
    first, second = found.rankings
    assert (first.query, second.query, len(first.log_odds)) == ("tide", "harbour noise", RANKED)
    assert first.log_odds[1] == pytest.approx(math.log(1 / 2))  # a score of 1/3


def test_only_what_was_judged_counts_where_that_is_wanted() -> None:
    found = of_set(SET, Searches(60), judged_only=True)
    assert grades(found) == [[None, 1, 0, *[None] * 9], [1, *[None] * 11]]
    assert (found.results, found.relevant, found.assumed) == (3, 2, 0)


def test_of_a_medium_in_which_nobody_found_anything_the_judgements_say_nothing() -> None:
    found = of_set(SET, Searches(60, {2: "image", 3: "image", 4: "audio"}))
    assert grades(found)[0] == [0, 1, 0, None, None, *[0] * 5, None, None]  # d2 was judged, though a picture
    assert found.assumed == 20 - 3 - 5
    assert len(found.notes) == 2
    assert "3 results are of the medium image" in found.notes[1]


def test_of_feedback_only_judged_documents_count_wherever_they_rank() -> None:
    said = [
        Judgement("tide", "id30", "/a", 1),
        Judgement("tide", "id0", "/b", 0),
        Judgement("tide", "gone", "/c", 1),
        Judgement("type:image", "id1", "/d", 1),
    ]
    found = of_feedback(said, Searches(60))
    assert len(found.rankings) == 1
    assert found.rankings[0].relevant[0] == 0
    assert found.rankings[0].relevant[30] == 1
    assert (found.results, found.relevant) == (2, 1)
    assert found.notes[0].startswith('feedback on "type:image" is left out')
    assert found.notes[1].startswith("1 judged documents are not among the first 50")


def judged(*verdicts: Sequence[float]) -> Judged:
    rankings = (
        JudgedRanking(f"q{n}", np.zeros(len(of)), tuple("text" for _ in of), np.array(of, dtype=np.float64))
        for n, of in enumerate(verdicts)
    )
    return pooled([Judged(tuple(rankings))])


@pytest.mark.parametrize(
    ("verdicts", "says"),
    [
        ([], r"0 judged results \(0 relevant, 0 not\) of 0 queries are too few .* at least 20"),
        ([[1.0] * 9, [0.0] * 10], r"19 judged results \(9 relevant, 10 not\) of 2 queries are too few"),
        ([[1.0] * 10, [1.0] * 10], r"20 judged results \(20 relevant, 0 not\) of 2 queries cannot"),
        ([[0.0] * 10, [0.0] * 11], r"21 judged results \(0 relevant, 21 not\) of 2 queries cannot"),
        ([[1.0] * 10 + [0.0] * 10, [math.nan]], r"20 judged results \(10 relevant, 10 not\) of 1 queries cannot"),
    ],
)
def test_what_cannot_be_fitted_is_refused_with_the_numbers(verdicts: list[list[float]], says: str) -> None:
    with pytest.raises(InputError, match=says) as refused:
        check(judged(*verdicts))
    assert "mmsearch feedback add" in str(refused.value)


def test_twenty_results_of_two_queries_are_enough() -> None:
    check(judged([1.0] * 10, [0.0] * 10))
