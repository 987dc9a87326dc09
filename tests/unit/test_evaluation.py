"""Metrics of rankings with known arithmetic, and sets that are not complete."""

import math
from pathlib import Path

import pytest

from mmsearch.errors import InputError
from mmsearch.evaluation import metrics, read_set


def test_metrics_equal_the_formulas() -> None:
    qrels = {"q1": {"a": 1, "b": 1}, "q2": {"c": 1}}
    run = {"q1": {"x": 3.0, "a": 2.0, "b": 1.0}, "q2": {"y": 1.0}}
    ideal = 1 + 1 / math.log2(3)
    found = metrics(qrels, run)
    assert found["ndcg@10"] == pytest.approx((1 / math.log2(3) + 1 / math.log2(4)) / ideal / 2, abs=1e-4)
    assert found["recall@10"] == found["recall@100"] == 0.5
    assert found["mrr@10"] == 0.25


def test_a_query_that_found_nothing_counts_zero() -> None:
    qrels = {"q1": {"a": 1}, "q2": {"c": 1}}
    assert metrics(qrels, {"q1": {"a": 1.0}, "q2": {}})["ndcg@10"] == 0.5


def _set(folder: Path) -> Path:
    (folder / "qrels").mkdir()
    (folder / "corpus.jsonl").write_text('{"_id": "a", "text": "A"}\n')
    (folder / "queries.jsonl").write_text('{"_id": "q1", "text": "one"}\n{"_id": "q2", "text": "not judged"}\n')
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\ta\t1\n")
    return folder


def test_only_judged_queries_are_read(tmp_path: Path) -> None:
    found = read_set(_set(tmp_path))
    assert found.queries == {"q1": "one"}
    assert found.qrels == {"q1": {"a": 1}}
    assert (found.documents, found.intended) == (1, {})


def test_a_folder_that_is_no_set_says_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="qrels/test.tsv"):
        read_set(tmp_path)


def test_a_set_with_a_broken_file_says_so(tmp_path: Path) -> None:
    (_set(tmp_path) / "qrels" / "test.tsv").write_text("a b c\n1 2 3\n")
    with pytest.raises(InputError, match="query-id"):
        read_set(tmp_path)
