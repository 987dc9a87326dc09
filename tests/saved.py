"""Saved runs with metrics that a test chooses."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmsearch.evaluation import Found, Outcome, Wanted
from mmsearch.runs import SavedRun


def outcome(id: str, ndcg: float, intended: str = "", title: str = "Tides", took_ms: float = 2.0) -> Outcome:
    """A query with this value in each metric; the wanted document came first where it is above zero."""
    found = (Found("a", 1, 0.9, "text", title, "The sea.", int(ndcg > 0)),)
    wanted = (Wanted("a", 1, 1 if ndcg > 0 else None, "text", title, "The sea."),)
    metrics = dict.fromkeys(("ndcg@10", "recall@10", "recall@100", "mrr@10"), ndcg)
    return Outcome(
        id, f"query {id}", intended, metrics, {"total": took_ms}, {"words": 1.0}, False, ("a",), found, wanted
    )


def saved_run(name: str, ndcg: Sequence[float], of_set: str = "tiny", title: str = "Tides", **facts: Any) -> SavedRun:
    """A run of queries q0, q1, ... with these values, those of even number after text, the others after tables."""
    groups = ("text", "table")
    outcomes = tuple(outcome(f"q{n}", value, groups[n % 2], title, 2.0 + n) for n, value in enumerate(ndcg))
    known: dict[str, Any] = {
        "set": of_set,
        "name": name,
        "judgements": "j",
        "corpus": "c",
        "date": "2026-01-01",
        "documents": 9,
        "spaces": ["words"],
        "fusion": "reciprocal_rank",
        "weights": {"words": 1.0},
        "models": {"words": {"model": "bm25", "revision": "1", "fingerprint": "f"}},
        "machine": {"host": "here", "processor": "p", "cores": 2, "system": "s", "load_1m": 0.1},
        "versions": {"python": "3"},
        "warnings": [],
    }
    return SavedRun(Path(f"/runs/{of_set}-{name}"), known | facts, outcomes)
