"""Where a passage answers, reckoned by hand from the logits of a question-answering model."""

import math

import numpy as np
import pytest

from mmsearch_encoders.spans import CERTAIN, MOST_TOKENS, Window, likeliest

LOW = -30.0


def window(starts: list[float], ends: list[float], first: int = 0, size: int = 2) -> Window:
    """A mark, then tokens of so many characters each, the first of them beginning at the character `first`."""
    many = len(starts)
    characters = [(0, 0), *((first + size * n, first + size * (n + 1)) for n in range(many - 1))]
    passage = np.array([False, *[True] * (many - 1)])
    return Window(np.array(starts), np.array(ends), np.array(characters), passage, 0)


def test_the_best_stretch_and_its_share_of_the_softmax() -> None:
    """One start and two ends that count: 2 + 3 against 2 + 1 for a longer one, and 1 + 1 for no answer."""
    found = likeliest([window([1.0, LOW, 2.0, LOW, LOW], [1.0, LOW, 3.0, LOW, 1.0])], None)
    assert found is not None
    assert (found.start, found.end) == (2, 4)
    assert found.log_odds == pytest.approx(math.log((math.exp(5) + math.exp(3)) / math.exp(2)), abs=1e-6)


def test_what_stands_elsewhere_speaks_against_it() -> None:
    found = likeliest([window([LOW, 2.0, LOW, 1.0], [LOW, 2.0, LOW, 1.0])], None)
    assert found is not None
    assert (found.start, found.end) == (0, 2)
    overlapping, elsewhere = math.exp(4) + math.exp(3), math.exp(2)
    assert found.log_odds == pytest.approx(math.log(overlapping / elsewhere), abs=1e-6)


def test_no_answer_counts_with_its_least_score_over_the_windows() -> None:
    sure_of_none, unsure = window([6.0, 0.0], [6.0, 0.0]), window([1.0, 3.0], [1.0, 3.0], first=2)
    found = likeliest([sure_of_none, unsure], None)
    assert found is not None
    assert (found.start, found.end) == (2, 4)
    against = math.log(math.exp(0) + math.exp(2))  # the other window's stretch, and no answer in this one
    assert found.log_odds == pytest.approx(6 - against, abs=1e-6)


def test_a_model_that_never_refuses_has_a_margin_instead() -> None:
    two = window([9.0, 3.0, LOW, 1.0], [9.0, 3.0, LOW, 1.0])
    found, with_margin = likeliest([two], 0.0), likeliest([two], 2.0)
    assert found is not None
    assert with_margin is not None
    assert found.log_odds == pytest.approx(math.log((math.exp(6) + math.exp(4)) / math.exp(2)), abs=1e-6)
    assert with_margin.log_odds == pytest.approx(found.log_odds - 2, abs=1e-6)
    alone = likeliest([window([0.0, 5.0], [0.0, 5.0])], 2.0)
    assert alone is not None
    assert alone.log_odds == CERTAIN, "nothing else to point at"


def test_one_place_in_two_windows_counts_once() -> None:
    once = likeliest([window([0.0, 2.0], [0.0, 2.0], first=4)], None)
    twice = likeliest(
        [window([0.0, LOW, LOW, 2.0], [0.0, LOW, LOW, 2.0]), window([0.0, 2.0], [0.0, 2.0], first=4)], None
    )
    assert once is not None
    assert twice is not None
    assert (twice.start, twice.end) == (4, 6)
    assert twice.log_odds == pytest.approx(once.log_odds, abs=1e-6)


def test_an_answer_ends_where_it_began_or_later_and_is_no_longer_than_usual() -> None:
    backwards = likeliest([window([0.0, LOW, 5.0], [0.0, 5.0, LOW])], None)
    assert backwards is not None
    assert backwards.end > backwards.start
    assert backwards.log_odds < 0
    starts, ends = [0.0, 9.0, *[LOW] * MOST_TOKENS], [0.0, *[LOW] * MOST_TOKENS, 9.0]
    long = likeliest([window(starts, ends)], None)
    assert long is not None
    assert long.end - long.start <= 2 * MOST_TOKENS
    assert long.log_odds < 0


def test_no_token_of_the_passage_gives_nothing() -> None:
    bare = Window(np.zeros(3), np.zeros(3), np.zeros((3, 2), np.int64), np.zeros(3, bool), 0)
    assert likeliest([bare], None) is None
    assert likeliest([], None) is None
