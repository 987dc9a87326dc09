"""Metrics with known arithmetic, and what an evaluation keeps of each query."""

import math
from pathlib import Path

import pytest

from mmsearch.evaluation import evaluate, metrics, percentiles, query_metrics, scores_of, summary
from mmsearch.retrieval_sets import JudgedDocument, RetrievalSet
from mmsearch.types import Query, Ranking, Result, Route, Segment, Span


def test_metrics_equal_the_formulas() -> None:
    qrels = {"q1": {"a": 1, "b": 1}, "q2": {"c": 1}}
    run = {"q1": {"x": 3.0, "a": 2.0, "b": 1.0}, "q2": {"y": 1.0}}
    ideal = 1 + 1 / math.log2(3)
    found = metrics(qrels, run)
    assert found["ndcg@10"] == pytest.approx((1 / math.log2(3) + 1 / math.log2(4)) / ideal / 2, abs=1e-4)
    assert found["recall@10"] == found["recall@100"] == 0.5
    assert found["mrr@10"] == 0.25


def test_grades_are_gains_of_ndcg() -> None:
    found = query_metrics({"q": {"a": 2, "b": 1, "c": 0}}, {"q": {"c": 3.0, "b": 2.0, "a": 1.0}})["q"]
    assert found["ndcg@10"] == pytest.approx((1 / math.log2(3) + 2 / math.log2(4)) / (2 + 1 / math.log2(3)), abs=1e-6)
    assert found["recall@10"] == 1
    assert found["mrr@10"] == 0.5


def test_cutoffs_are_ten_and_a_hundred() -> None:
    ranked = [f"x{number}" for number in range(100)]
    ranked[10], ranked[99] = "a", "b"
    found = query_metrics({"q": {"a": 1, "b": 1, "c": 1}}, {"q": scores_of(ranked)})["q"]
    assert found == {"ndcg@10": 0, "recall@10": 0, "recall@100": pytest.approx(2 / 3, abs=1e-6), "mrr@10": 0}


def test_a_query_that_found_nothing_counts_zero() -> None:
    qrels = {"q1": {"a": 1}, "q2": {"c": 1}}
    assert metrics(qrels, {"q1": {"a": 1.0}, "q2": {}})["ndcg@10"] == 0.5
    assert metrics(qrels, {"q1": {"a": 1.0}})["ndcg@10"] == 0.5


def test_scores_keep_the_order_whatever_the_ids() -> None:
    assert scores_of(["b", "a", "c"]) == {"b": 3.0, "a": 2.0, "c": 1.0}


def test_percentiles_are_linear_between_neighbours() -> None:
    assert percentiles([float(ms) for ms in range(1, 102)]) == {"p50": 51.0, "p99": 100.0}
    assert percentiles([10.0, 20.0]) == {"p50": 15.0, "p99": 19.9}


SET = RetrievalSet(
    folder=Path("/sets/tiny"),
    split="test",
    documents=3,
    queries={"q1": "tide", "q2": "harbour noise"},
    qrels={"q1": {"a": 1, "z": 2}, "q2": {"b": 1}},
    intended={"q1": "text", "q2": "audio"},
    judged={"a": JudgedDocument("text", "Tides", "The sea."), "b": JudgedDocument("audio", "", "files/b.flac")},
    judgements="j",
    corpus="c",
)


class Searches:
    """Finds c before b for every query, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Query] = []

    def __call__(self, query: Query) -> Ranking:
        self.asked.append(query)
        results = tuple(
            Result(rank, 1.0, _segment(id), f"heard {id}", (), ()) for rank, id in enumerate(("c", "b"), start=1)
        )
        routes = (Route("words", 0.5, 100, ""), Route("words", 0.25, 100, ""), Route("text", 1.0, 100, ""))
        return Ranking(query, routes, {}, query.text == "tide", {}, {"search words": 1.5, "total": 2.0}, results)


def _segment(id: str) -> Segment:
    return Segment(f"s-{id}", f"d-{id}", f"/sets/tiny/corpus.jsonl#{id}", "audio", Span(), title=f"Title {id}")


def test_every_query_is_searched_once_after_one_to_warm_up() -> None:
    searches = Searches()
    evaluate(SET, searches, frozenset({"words"}))
    assert [query.text for query in searches.asked] == ["tide", "tide", "harbour noise"]
    assert {(query.top_k, query.spaces) for query in searches.asked} == {(100, frozenset({"words"}))}


def test_an_outcome_says_what_was_found_and_what_was_wanted() -> None:
    first, second = evaluate(SET, Searches())
    assert first.ranking == second.ranking == ("c", "b")
    assert (first.intended, first.text, first.weights) == ("text", "tide", {"words": 0.75, "text": 1.0})
    assert [(w.id, w.grade, w.rank, w.words) for w in first.wanted] == [
        ("z", 2, None, "not in the corpus"),
        ("a", 1, None, "The sea."),
    ]
    assert [(f.id, f.rank, f.grade) for f in second.found] == [("c", 1, 0), ("b", 2, 1)]
    (wanted,) = second.wanted
    assert (wanted.rank, wanted.title, wanted.words) == (2, "Title b", "heard b")
    assert second.metrics["mrr@10"] == 0.5
    assert second.took_ms["search words"] == 1.5


def test_the_summary_is_the_mean_and_the_means_of_the_groups() -> None:
    found = summary(evaluate(SET, Searches()))
    assert found["metrics"]["mrr@10"] == 0.25
    assert found["by_intended"]["audio"]["recall@10"] == 1
    assert found["by_intended"]["text"]["recall@10"] == 0
    assert found["no_good_match"] == 0.5
    assert found["weights"] == {"text": 1.0, "words": 0.75}
