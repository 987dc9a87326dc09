"""The order of the final list, computed by hand."""

from random import Random

import numpy as np
import pytest

from mmsearch.grouping import Group, diversified, folded, similarities
from mmsearch.sketches import Sketch, near_copies


def _sketch(*numbers: int) -> Sketch:
    return Sketch("text", numbers, ())


def test_copies_are_folded_into_the_best_and_their_places_filled_from_further_down() -> None:
    """Of nine common shingles of ten, 0.9: near copies. The order is 4 1 0 3 2; 4, 0 and 2 are copies."""
    nine = range(9)
    sketches = {4: _sketch(*nine, 100), 0: _sketch(*nine), 2: _sketch(*nine, 100), 1: _sketch(50), 3: _sketch(60)}
    order = [4, 1, 0, 3, 2]
    assert folded(order, sketches, 3) == [Group(4, (0, 2)), Group(1), Group(3)]
    assert folded(order, sketches, 2) == [Group(4, (0, 2)), Group(1)]
    assert folded(order, {}, 3) == [Group(4), Group(1), Group(0)]


def test_any_near_copy_is_found_among_many() -> None:
    """Random sketches that share a part with an earlier one: the same groups as when each is compared with each."""
    random = Random(5)
    sketches: dict[int, Sketch] = {}
    for place in range(120):
        base = set(sketches[random.randrange(place)].shingles) if place and random.random() < 0.6 else set[int]()
        kept = set(random.sample(sorted(base), round(len(base) * random.uniform(0.8, 1))))
        size = random.choice((3, 12, 60, 256))
        fresh = {random.randrange(1 << 32) for _ in range(max(size - len(kept), random.randrange(3)))}
        sketches[place] = Sketch("text", tuple(sorted(kept | fresh))[:256], ())
    expected: dict[int, list[int]] = {}
    for place, sketch in sketches.items():
        first = next((first for first in expected if near_copies(sketches[first], sketch)), None)
        expected.setdefault(place if first is None else first, []).append(place)
    found = folded(range(120), sketches, 120)
    assert {group.shown: [group.shown, *group.copies] for group in found} == expected
    assert 20 < len(found) < 110


def test_pictures_are_compared_with_pictures() -> None:
    one, alike, other = (
        Sketch("image", (), (bits + "0" * 56 + "8080",)) for bits in ("00000000", "0000000f", "ffffffff")
    )
    sketches = {0: one, 1: alike, 2: _sketch(1, 2, 3), 3: other}
    assert folded([2, 1, 0, 3], sketches, 9) == [Group(2), Group(1, (0,)), Group(3)]


def test_a_chain_of_small_changes_leads_nowhere() -> None:
    """b is near a (8 of 10), c is near b (8 of 10), and c resembles a by 6 of 12: c stays."""
    a, b, c = _sketch(*range(9)), _sketch(*range(1, 10)), _sketch(*range(2, 11))
    assert folded([0, 1, 2], {0: a, 1: b, 2: c}, 3) == [Group(0, (1,)), Group(2)]


SCORES = np.array([0.8, 0.76, 0.4, 0.2])
"""As shares of the best: 1, 0.95, 0.5, 0.25."""
SIMILARITY = np.array(
    [
        [0.0, 0.9, 0.1, 0.0],
        [0.9, 0.0, 0.2, 0.0],
        [0.1, 0.2, 0.0, 0.6],
        [0.0, 0.0, 0.6, 0.0],
    ]
)


@pytest.mark.parametrize(
    ("diversity", "order"),
    [
        (0.0, [0, 1, 2, 3]),
        # after 0: 1 has 0.9 * 0.95 - 0.1 * 0.9 = 0.765, 2 has 0.9 * 0.5 - 0.1 * 0.1 = 0.44
        (0.1, [0, 1, 2, 3]),
        # after 0: 0.6 * 0.95 - 0.4 * 0.9 = 0.21; 0.6 * 0.5 - 0.4 * 0.1 = 0.26; 0.6 * 0.25 = 0.15
        # after 2: 0.21; 0.6 * 0.25 - 0.4 * 0.6 = -0.09
        (0.4, [0, 2, 1, 3]),
        # after 0: 0.4 * 0.95 - 0.6 * 0.9 = -0.16; 0.4 * 0.5 - 0.6 * 0.1 = 0.14; 0.4 * 0.25 = 0.1
        # after 2: -0.16; 0.4 * 0.25 - 0.6 * 0.6 = -0.26
        (0.6, [0, 2, 1, 3]),
        # after 0: 0.2 * 0.95 - 0.8 * 0.9 = -0.53; 0.2 * 0.5 - 0.8 * 0.1 = 0.02; 0.2 * 0.25 = 0.05
        # after 3: -0.53; 0.2 * 0.5 - 0.8 * 0.6 = -0.38
        (0.8, [0, 3, 2, 1]),
        # the farthest, whatever it scores; the first is the best
        (1.0, [0, 3, 2, 1]),
    ],
)
def test_marginal_relevance_orders_by_hand(diversity: float, order: list[int]) -> None:
    assert diversified(SCORES, SIMILARITY, diversity) == order


def test_low_scores_are_mixed_as_high_ones_are() -> None:
    assert diversified(SCORES / 1000, SIMILARITY, 0.4) == [0, 2, 1, 3]
    assert diversified(np.zeros(3), np.zeros((3, 3)), 0.5) == [0, 1, 2]
    assert diversified(np.zeros(0), np.zeros((0, 0)), 0.5) == []


def test_similarity_is_the_cosine_and_without_a_vector_the_common_share_of_the_terms() -> None:
    vectors = [np.array([1.0, 0.0], np.float32), np.array([0.6, 0.8], np.float32), None, -np.ones(2, np.float32)]
    terms = [frozenset({"tide", "moon"}), frozenset({"gull"}), frozenset({"tide", "sea", "moon", "salt"}), frozenset()]
    found = similarities(vectors, terms)
    np.testing.assert_allclose(found, found.T)
    np.testing.assert_allclose(found[np.triu_indices(4, 1)], [0.6, 2 / 4, 0, 0, 0, 0], atol=1e-6)
