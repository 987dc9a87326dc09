"""The queries that the router's benchmark asks: every query with each of its cues, still looking for the same."""

from pathlib import Path

from benchmarks.media_cues import CUES, CUES_EACH, with_cues
from benchmarks.router import compared, cued
from mmsearch.evaluation import Outcome
from mmsearch.retrieval_sets import RetrievalSet


def test_each_text_gets_cues_of_its_own_without_its_full_stop() -> None:
    first, second = with_cues("table", ["tides in June.", "ferry fares"])
    assert first == ["table of tides in June", "a table about tides in June", "spreadsheet about tides in June"]
    assert second == [cue.format("ferry fares") for cue in CUES["table"][CUES_EACH : 2 * CUES_EACH]]


def test_a_cued_query_is_after_what_the_query_is_after() -> None:
    queries, qrels = {"q1": "a red boat", "q2": "ferry fares", "q3": "a pier"}, {"q1": {"d1": 1}, "q2": {"d2": 2}}
    intended = {"q1": "image", "q2": "table", "q3": "image"}
    found = cued(RetrievalSet(Path("set"), "test", 2, queries, qrels, intended, {}, "j", "c"))
    assert found.queries == {
        "q1": "photo of a red boat",
        "q3": CUES["image"][CUES_EACH + 1].format("a pier"),
        "q2": "table of ferry fares",
    }
    assert (found.qrels, found.intended) == (qrels, intended)


def test_a_gain_is_the_mean_difference_with_the_queries_that_moved() -> None:
    pairs = [(_outcome(1.0), _outcome(0.5)), (_outcome(0.5), _outcome(0.75)), (_outcome(1.0), _outcome(1.0))]
    queries, router, none, difference, moved = compared(pairs)
    assert (queries, router, none, moved) == ("3", "0.8333", "0.7500", "1, 1, 1")
    assert difference.startswith("+0.0833 [")


def _outcome(ndcg: float) -> Outcome:
    return Outcome("q", "", "text", {"ndcg@10": ndcg}, {}, {}, False, (), (), ())
