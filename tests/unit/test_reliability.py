"""Whether scores keep what they promise: measures by hand, and folds that never see their own queries."""

import math

import numpy as np
import pytest

from mmsearch import reliability as module
from mmsearch.judged_rankings import JudgedRanking
from mmsearch.refinement import Line, Lines
from mmsearch.reliability import FOLDS, compare, cross_validate, fit_rankings, reliability
from mmsearch.types import Modality

NAN = math.nan


def ranking(query: str, log_odds: list[float], relevant: list[float], medium: Modality = "text") -> JudgedRanking:
    return JudgedRanking(query, np.array(log_odds), (medium,) * len(log_odds), np.array(relevant))


def test_the_measures_equal_their_formulas() -> None:
    found = reliability(np.array([0.95, 0.91, 0.5, 0.08]), np.array([1.0, 0.0, 0.0, 0.0]))
    assert (found.results, found.relevant) == (4, 1)
    assert found.calibration_error == pytest.approx((2 * abs(0.93 - 0.5) + 0.5 + 0.08) / 4)
    assert found.brier == pytest.approx((0.05**2 + 0.91**2 + 0.5**2 + 0.08**2) / 4)
    assert found.log_loss == pytest.approx(-(math.log(0.95) + math.log(0.09) + math.log(0.5) + math.log(0.92)) / 4)


def test_a_certain_score_that_is_wrong_costs_much_and_not_everything() -> None:
    assert 30 < reliability(np.array([1.0]), np.array([0.0])).log_loss < 40


def test_results_that_nobody_judged_do_not_count_but_hold_their_place() -> None:
    """The unjudged audio between two texts promises more than the first, which thereby promises more too."""
    mixed = JudgedRanking("q", np.array([1.0, 0.5, -1.0]), ("text", "audio", "text"), np.array([1.0, NAN, 0.0]))
    lines = Lines(Line(1.0, -1.0), {"audio": Line(1.0, 2.0)})
    found = compare([([mixed], lines)])
    first = (0.5 + 1 / (1 + math.exp(-2.5))) / 2
    last = 1 / (1 + math.exp(2))
    assert found.after["all"].results == 2
    assert found.after["all"].brier == pytest.approx(((1 - first) ** 2 + last**2) / 2)
    assert found.after.keys() == {"all", "text"}


def test_better_is_what_raises_neither_brier_score_nor_log_loss() -> None:
    sure = [ranking("q", [4.0, 4.0], [1.0, 0.0])]
    assert compare([(sure, Lines(Line(0.1, 0.0)))]).better
    assert not compare([(sure, Lines(Line(2.0, 0.0)))]).better
    assert compare([(sure, Lines(Line(1.0, 0.0)))]).better


def test_every_query_is_scored_by_lines_that_never_saw_it(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted: list[set[str]] = []

    def fit(rankings: list[JudgedRanking]) -> Lines:
        fitted.append({ranking.query for ranking in rankings})
        return fit_rankings(rankings)

    monkeypatch.setattr(module, "fit_rankings", fit)
    rankings = [ranking(f"q{n % 12}", [2.0, -1.0], [1.0, 0.0]) for n in range(24)]  # each query twice
    found = cross_validate(rankings)
    assert found.before["all"].results == 48
    assert len(fitted) == FOLDS
    queries = {f"q{n}" for n in range(12)}
    held_out = [queries - seen for seen in fitted]
    assert all(held_out)
    assert sorted(query for part in held_out for query in part) == sorted(queries)


def test_overconfident_scores_are_made_honest_on_queries_that_were_not_seen() -> None:
    """All results promise 0.99; of each query's four one is relevant."""
    rankings = [ranking(f"q{n}", [math.log(99)] * 4, [1.0, 0.0, 0.0, 0.0]) for n in range(40)]
    found = cross_validate(rankings)
    assert found.before["all"].calibration_error == pytest.approx(0.99 - 0.25)
    assert found.after["all"].calibration_error < 0.02
    assert found.better


def test_what_one_query_teaches_and_another_denies_is_not_better() -> None:
    """Two queries of opposite verdicts at even odds: each is scored by the other's, which is worse than even odds."""
    found = cross_validate([ranking("yes", [0.0] * 10, [1.0] * 10), ranking("no", [0.0] * 10, [0.0] * 10)])
    assert found.before["all"].log_loss == pytest.approx(math.log(2))
    assert found.after["all"].log_loss == pytest.approx(math.log(12), rel=1e-4)
    assert not found.better
