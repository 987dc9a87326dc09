"""Lines fitted to judgements, against optima that can be written down."""

import math

import numpy as np
import pytest

from mmsearch.platt import BORROWED, LEAST_SLOPE, fit, smoothed
from mmsearch.types import Modality


def logit(probability: float) -> float:
    return math.log(probability / (1 - probability))


def judged(*groups: tuple[float, int, int, Modality]) -> tuple[np.ndarray, np.ndarray, list[Modality]]:
    """(log odds, relevant results, others, medium) for each group of results with the same log odds."""
    odds = [x for x, yes, no, _ in groups for _ in range(yes + no)]
    relevant = [value for _, yes, no, _ in groups for value in [1.0] * yes + [0.0] * no]
    return np.array(odds), np.array(relevant), [medium for _, yes, no, medium in groups for _ in range(yes + no)]


def test_targets_are_smoothed_as_lin_lin_and_weng_do() -> None:
    assert list(smoothed(np.array([1.0, 0.0, 0.0, 1.0, 0.0]))) == pytest.approx([3 / 4, 1 / 5, 1 / 5, 3 / 4, 1 / 5])
    assert list(smoothed(np.zeros(3))) == pytest.approx([1 / 5] * 3)


def test_a_line_through_two_groups_meets_the_mean_target_of_each() -> None:
    """Two figures can be met exactly: at the optimum the line promises each group its mean target."""
    lines = fit(*judged((-1.0, 2, 6, "text"), (3.0, 6, 2, "text")))
    yes, no = 9 / 10, 1 / 10  # of 8 relevant and 8 others
    low, high = (2 * yes + 6 * no) / 8, (6 * yes + 2 * no) / 8
    slope = (logit(high) - logit(low)) / 4
    assert lines.pooled.slope == pytest.approx(slope, abs=1e-5)
    assert lines.pooled.offset == pytest.approx(logit(low) + slope, abs=1e-5)
    assert (low, high) == pytest.approx((0.3, 0.7))


def test_a_medium_that_alone_was_judged_has_the_pooled_line() -> None:
    lines = fit(*judged((-2.0, 3, 40, "audio"), (1.0, 20, 20, "audio"), (6.0, 9, 1, "audio")))
    assert lines.by_medium["audio"].slope == pytest.approx(lines.pooled.slope, abs=1e-5)
    assert lines.by_medium["audio"].offset == pytest.approx(lines.pooled.offset, abs=1e-5)


def at(line: object, odds: float) -> float:
    return getattr(line, "slope", 0.0) * odds + getattr(line, "offset", 0.0)


def test_few_judgements_of_a_medium_move_it_a_little_and_many_move_it_all_the_way() -> None:
    """Texts keep half of what they promise; pictures are found relevant always."""
    texts: tuple[float, int, int, Modality] = (2.0, 500, 500, "text")
    low: tuple[float, int, int, Modality] = (-2.0, 20, 980, "text")
    moved = []
    for pictures in (0, 2, 20, 2000):
        lines = fit(*judged(texts, low, (2.0, pictures, 0, "image")))
        line = lines.by_medium.get("image", lines.pooled)
        moved.append(at(line, 2.0) - at(lines.pooled, 2.0))
    assert moved[0] == 0.0
    assert 0 < moved[1] < 0.1
    assert moved[1] < moved[2] < 1
    assert moved[3] > 2


def test_a_medium_borrows_as_many_judgements_as_it_says() -> None:
    """With all results at one log odds the mean target decides: own ones and borrowed ones, by their numbers."""
    lines = fit(*judged((0.0, 30, 70, "text"), (0.0, 45, 5, "image")))
    pooled = (75 * 76 / 77 + 75 * 1 / 77) / 150
    assert at(lines.pooled, 0.0) == pytest.approx(logit(pooled), abs=1e-5)
    own = 45 * 46 / 47 + 5 * 1 / 7
    expected = (own + BORROWED * pooled) / (50 + BORROWED)
    assert at(lines.by_medium["image"], 0.0) == pytest.approx(logit(expected), abs=1e-5)


def test_judgements_against_the_scores_make_a_flat_line_and_never_a_falling_one() -> None:
    lines = fit(*judged((-3.0, 50, 0, "text"), (3.0, 0, 50, "text"), (3.0, 0, 5, "audio")))
    assert lines.pooled.slope == LEAST_SLOPE
    assert all(line.slope >= LEAST_SLOPE for line in lines.by_medium.values())


def test_a_medium_with_one_verdict_only_is_not_made_certain() -> None:
    lines = fit(*judged((-3.0, 5, 95, "text"), (3.0, 60, 40, "text"), (0.0, 0, 30, "image")))
    assert 1 / 32 < 1 / (1 + math.exp(-at(lines.by_medium["image"], 0.0))) < 0.5
