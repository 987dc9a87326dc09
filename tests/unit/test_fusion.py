"""Fusion, with the arithmetic of the papers."""

import math

import numpy as np
import pytest

from mmsearch.candidates import Candidates, gather, log_priors
from mmsearch.errors import ConfigError
from mmsearch.fusion import METHODS, calibrated, method
from mmsearch.reranking import Standing
from mmsearch.types import Hit, Route

NAN = math.nan


def _candidates(scores: list[list[float]], evidence: list[list[float]] | None = None, *weights: float) -> Candidates:
    """Candidates a, b, c ... with equal priors of 1/100."""
    documents = tuple("abcdef"[: len(scores[0])])
    return Candidates(
        tuple(f"space{n}" for n in range(len(scores))),
        documents,
        np.array(scores),
        np.array(evidence or scores),
        np.array(weights or [1.0] * len(scores)),
        np.full(len(documents), -math.log(100)),
        documents,
        tuple("text" for _ in documents),
    )


def test_reciprocal_rank_is_the_share_of_first_place_everywhere() -> None:
    fused = method("reciprocal_rank")(_candidates([[9, 5, NAN], [NAN, 0.9, 0.3]], None, 1.0, 2.0))
    best = 3 / 61
    assert fused == pytest.approx([1 / 61 / best, (1 / 62 + 2 / 61) / best, 2 / 62 / best])


def test_min_max_stretches_each_space() -> None:
    fused = method("min_max")(_candidates([[9, 5, 7, NAN], [NAN, 0.5, 0.5, 0.5]]))
    assert fused == pytest.approx([0.5, 0.5, 0.75, 0.5])


def test_z_score_is_the_logistic_of_the_mean_standard_score() -> None:
    fused = method("z_score")(_candidates([[3, 1, NAN]]))
    assert fused == pytest.approx([1 / (1 + math.exp(-1)), 1 / (1 + math.e), 1 / (1 + math.e)])


def test_calibrated_is_the_posterior_of_fishers_combination() -> None:
    fused = method("calibrated")(_candidates([[1, 1, 1]] * 2, [[8, 8, 0], [4, NAN, 0]]))
    two_spaces = 12 - math.log(1 + 12)
    assert fused == pytest.approx([1 / (1 + 100 * math.exp(-two_spaces)), 1 / (1 + 100 * math.exp(-8)), 1 / 101])


def test_a_whole_passage_as_the_query_ranks_what_rounds_to_certainty_alike() -> None:
    candidates = _candidates([[1, 1, 1]] * 2, [[60, 250, 70], [20, 20, 20]])
    assert list(method("calibrated")(candidates)) == [1.0, 1.0, 1.0]
    assert list(Standing.of(calibrated.log_odds(candidates)).order) == [1, 2, 0]
    assert calibrated.log_odds(candidates)[0] == pytest.approx(80 - math.log(1 + 80) - math.log(100))


def test_calibrated_by_three_spaces_is_the_tail_of_gamma() -> None:
    fused = method("calibrated")(_candidates([[1]] * 3, [[5], [4], [3]]))
    tail = math.exp(-12) * (1 + 12 + 12**2 / 2)
    assert fused == pytest.approx([1 / (1 + 100 * tail)])


@pytest.mark.parametrize("name", METHODS)
def test_scores_lie_between_0_and_1_and_a_better_score_never_ranks_lower(name: str) -> None:
    generator = np.random.default_rng(5)
    scores = generator.gamma(2, 3, (3, 6))
    scores[generator.random((3, 6)) < 0.3] = NAN
    fused = method(name)(_candidates(scores.tolist()))
    assert ((fused >= 0) & (fused <= 1)).all()
    better = scores.copy()
    better[0, 0] = np.nanmax(scores) + 1
    assert method(name)(_candidates(better.tolist()))[0] >= fused[0] - 1e-12


@pytest.mark.parametrize("name", METHODS)
def test_nothing_found_gives_no_scores(name: str) -> None:
    assert method(name)(_candidates([[]])).shape == (0,)


def test_an_unknown_fusion_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="calibrated, reciprocal_rank"):
        method("mean")


def test_candidates_are_documents_by_their_best_segment() -> None:
    words, text = Route("words", 1.0, 10, ""), Route("text", 0.5, 10, "")
    lists = [
        (words, [Hit("a1", "a", "text", "words", 1, 6.0), Hit("a2", "a", "text", "words", 2, 4.0)]),
        (text, [Hit("a2", "a", "text", "text", 1, 5.0), Hit("i1", "i", "image", "text", 2, 1.0)]),
    ]
    held = {"a": {"words": 2, "text": 2}, "i": {"text": 1}}
    found = gather(lists, lambda space, scores: scores, held, {"text": -1.0, "image": -2.0})
    assert (found.spaces, found.documents, found.best) == (("words", "text"), ("a", "i"), ("a2", "i1"))
    np.testing.assert_allclose(found.scores, np.array([[6.0, NAN], [5.0, 1.0]]))
    np.testing.assert_allclose(found.evidence, [[6 - math.log(2), NAN], [5 - math.log(2), 1]])
    assert list(found.weights) == [1.0, 0.5]
    assert list(found.log_prior) == [-1.0, -2.0]


def test_a_space_that_holds_a_document_and_did_not_find_it_has_no_evidence_for_it() -> None:
    lists = [(Route("words", 1.0, 10, ""), []), (Route("text", 1.0, 10, ""), [Hit("a1", "a", "text", "text", 1, 2.0)])]
    found = gather(lists, lambda space, scores: scores, {"a": {"words": 1, "text": 1}}, {"text": 0.0})
    np.testing.assert_allclose(found.evidence, [[0], [2]])


def test_what_is_no_evidence_at_all_stands_in_the_order_of_nearness() -> None:
    told = {"c": 2.0, "b": 1.0, "a": 1.5}
    hits = [Hit(f"{id}1", id, "text", "text", rank, score) for rank, (id, score) in enumerate(told.items(), 1)]
    held = {"a": {"text": 9}, "b": {"text": 9}, "c": {"text": 9}, "d": {"words": 1}}
    lists = [
        (Route("text", 1.0, 10, ""), hits),
        (Route("words", 1.0, 10, ""), [Hit("d1", "d", "text", "words", 1, 0.5)]),
    ]
    found = gather(lists, lambda space, scores: scores, held, {"text": -1.0})
    np.testing.assert_allclose(found.evidence, [[0, 0, 0, NAN], [NAN, NAN, NAN, 0.5]])
    assert found.nearness is not None
    np.testing.assert_allclose(found.nearness, [1.5 - math.log(9), 1 - math.log(9), 2 - math.log(9), 0.5])
    standing = Standing.of(calibrated.log_odds(found), nearness=found.nearness)
    assert [found.documents[place] for place in standing.order] == ["d", "c", "a", "b"]


def test_a_hit_has_the_probability_that_its_space_alone_would_give_the_document() -> None:
    words, text = Route("words", 1.0, 10, ""), Route("text", 0.5, 10, "")
    lists = [
        (words, [Hit("a1", "a", "text", "words", 1, 6.0)]),
        (text, [Hit("a1#1", "a", "text", "text", 1, 5.0), Hit("b1", "b", "text", "text", 2, 3.0)]),
    ]
    held = {"a": {"words": 1, "text": 2}, "b": {"text": 1}}
    found = gather(lists, lambda space, scores: scores, held, {"text": -4.0})
    alone = {("words", "a1"): 6.0 - 4.0, ("text", "a1#1"): 5.0 - math.log(2) - 4.0, ("text", "b1"): 3.0 - 4.0}
    assert found.probabilities == pytest.approx({hit: 1 / (1 + math.exp(-odds)) for hit, odds in alone.items()})


def test_a_hit_that_nothing_calibrates_has_no_probability_and_tells_nothing() -> None:
    lists = [(Route("text", 1.0, 10, ""), [Hit("a1", "a", "text", "text", 1, 0.9)])]
    found = gather(lists, lambda space, scores: None, {"a": {"text": 1}}, {"text": -1.0})
    assert found.probabilities == {}
    np.testing.assert_allclose(found.evidence, [[0.0]])


def test_priors_are_even_unless_the_query_speaks_for_a_medium() -> None:
    census = {"text": 90, "image": 10}
    assert log_priors(census, {}) == pytest.approx({"text": -math.log(200), "image": -math.log(200)})  # type: ignore[arg-type]
    told = log_priors(census, {"text": 0.1, "image": 0.9})  # type: ignore[arg-type]
    assert told == pytest.approx({"text": math.log(0.05 / 90), "image": math.log(0.45 / 10)})
    assert log_priors({}, {}) == {}
