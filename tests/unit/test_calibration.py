"""Scores to surprisals: what the formulas give, and that they mean a chance."""

import math

import numpy as np
import pytest

from mmsearch.calibration import WORD_DEPENDENCE, Background, TermStatistics, best_of, posterior


def test_cosine_evidence_is_the_surprisal_of_a_logistic_background() -> None:
    generator = np.random.default_rng(3)
    background = generator.logistic(0.1, 0.05, 20_000)
    vectors = np.stack([background, np.zeros_like(background)], axis=1).astype(np.float32)
    scores = np.array([0.1, 0.2, 0.4, 0.6])
    found = Background(vectors).evidence(np.array([1, 0], np.float32), scores)
    chances = 1 / (1 + np.exp((scores - 0.1) / 0.05))
    assert found is not None
    np.testing.assert_allclose(found, -np.log(chances), rtol=0.05)


def test_a_space_with_one_vector_has_no_background() -> None:
    vectors = np.ones((1, 2), np.float32)
    assert Background(vectors).evidence(np.ones(2, np.float32), np.array([0.9])) is None


def test_idf_is_bm25s_when_the_sample_is_the_space() -> None:
    statistics = TermStatistics.of(["sea boat", "sea", "sea gull", "lamp"], segments=4)
    assert statistics.idf("sea") == pytest.approx(math.log(1 + (4 - 3 + 0.5) / 3.5))
    assert statistics.idf("unheard") == pytest.approx(math.log(1 + 4.5 / 0.5))


def test_idf_of_a_sample_stands_for_the_space() -> None:
    statistics = TermStatistics.of(["sea"] * 10 + ["boat"] * 90, segments=1_000)
    assert statistics.idf("sea") == pytest.approx(math.log(1 + (1_000 - 100 + 0.5) / 100.5))
    assert statistics.idf("unheard") > statistics.idf("sea")


def _binomial_tail(terms: int, chance: float, least: int) -> float:
    held = range(least, terms + 1)
    return sum(math.comb(terms, n) * chance**n * (1 - chance) ** (terms - n) for n in held)


@pytest.mark.parametrize("held", range(1, 9))
def test_word_evidence_is_chernoffs_bound_of_the_chance_to_hold_so_many_terms(held: int) -> None:
    """Of terms alike the bound is known: n times the divergence of Bernoulli(held / n) from Bernoulli(chance)."""
    terms = [f"word{n}" for n in range(8)]
    statistics = TermStatistics.of([" ".join(terms)] * 5 + ["lamp"] * 94, segments=99)
    idf, chance, share = statistics.idf("word0"), 5.5 / 100, held / 8
    assert idf == pytest.approx(-math.log(chance))
    nats = float(statistics.evidence(" ".join(terms), np.array([held * idf]))[0]) / WORD_DEPENDENCE
    divergence = share * math.log(share / chance)
    if share < 1:
        divergence += (1 - share) * math.log((1 - share) / (1 - chance))
        assert nats == pytest.approx(8 * divergence, rel=0.01)
    assert math.exp(-nats) >= _binomial_tail(8, chance, held)
    assert 0 < nats <= 8 * divergence


def test_word_evidence_is_convex_and_never_falls() -> None:
    statistics = TermStatistics.of(["sea boat", "sea", "gull", "lamp"] * 50, segments=200)
    found = statistics.evidence("sea boat unheard", np.linspace(0, 15, 61))
    assert found[0] == 0
    assert np.all(np.diff(found) >= 0)
    assert np.all(np.diff(found, 2) >= -1e-9)


def test_words_that_stand_nowhere_make_the_others_tell_less() -> None:
    statistics = TermStatistics.of(["sea boat", "sea", "gull", "lamp"] * 50, segments=200)
    score = np.array([statistics.idf("boat")])
    assert statistics.evidence("boat unheard", score) < statistics.evidence("boat", score)
    assert statistics.evidence("", np.array([0.0])) == pytest.approx([0.0])


def test_the_best_of_many_segments_is_less_surprising() -> None:
    found = best_of(np.array([5.0, 5.0, 1.0, math.nan]), np.array([1.0, 10.0, 50.0, 0.0]))
    np.testing.assert_allclose(found, [5, 5 - math.log(10), 0, math.nan])


def test_the_posterior_is_bayes() -> None:
    assert posterior(np.array([0.0]), np.array([0.0])) == pytest.approx([0.5])
    assert posterior(np.array([math.log(100)]), np.array([-math.log(100)])) == pytest.approx([0.5])
    assert posterior(np.array([5.0]), np.array([-math.inf])) == pytest.approx([0.0])


def test_a_small_library_takes_the_usual_background_of_the_model_as_thirty_more_vectors() -> None:
    vectors = np.array([[0.2, 0.0], [0.4, 0.0], [0.6, 0.0]], np.float32)
    found = Background(vectors, usual=(0.05, 0.1)).evidence(np.array([1, 0], np.float32), np.array([0.5]))
    median = (3 * 0.4 + 30 * 0.05) / 33
    spread = (3 * 0.2 + 30 * 0.1) / 33
    assert found == pytest.approx([math.log(1 + math.exp(math.log(9) * (0.5 - median) / spread))], rel=1e-5)
    empty = Background(np.zeros((0, 2), np.float32), usual=(0.05, 0.1))
    assert empty.evidence(np.array([1, 0], np.float32), np.array([0.05])) == pytest.approx([math.log(2)])
