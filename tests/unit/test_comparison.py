"""Differences of runs and their significance, with known arithmetic."""

import numpy as np
import pytest
from saved import saved_run

from mmsearch.comparison import bootstrap_interval, compare, comparison_json, holm, randomisation_test
from mmsearch.errors import InputError


def test_the_randomisation_test_counts_sign_changes() -> None:
    # of the 2^3 signs only +++ reaches the mean and only --- its opposite
    assert randomisation_test(np.array([0.1, 0.2, 0.3, 0.0, 0.0])) == pytest.approx(2 / 8)
    # the sums under all signs are -0.4, -0.2, 0.2, 0.4: three of four are at most 0.2, so twice the tail is above 1
    assert randomisation_test(np.array([0.3, -0.1])) == 1.0


def test_nothing_that_differs_is_no_difference() -> None:
    assert randomisation_test(np.zeros(5)) == 1.0


def test_many_small_gains_are_no_chance_and_the_same_on_every_call() -> None:
    gains = np.full(200, 0.01)
    assert randomisation_test(gains) == randomisation_test(gains) < 0.001


def test_noise_is_chance() -> None:
    noise = np.random.default_rng(0).normal(0, 0.3, 300)
    assert randomisation_test(noise - noise.mean() + 0.001) > 0.5


def test_holm_multiplies_by_the_tests_that_are_left_and_never_goes_down() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


def test_the_interval_of_equal_differences_is_a_point() -> None:
    assert bootstrap_interval(np.full(20, 0.25)) == (0.25, 0.25)
    assert bootstrap_interval(np.array([0.5])) == (0.5, 0.5)


def test_the_interval_is_about_two_standard_errors() -> None:
    values = np.random.default_rng(1).normal(0.1, 0.2, 400)
    low, high = bootstrap_interval(values)
    assert high - low == pytest.approx(2 * 1.96 * 0.2 / 20, rel=0.15)
    assert low < values.mean() < high


def test_a_comparison_counts_wins_ties_and_losses() -> None:
    comparison = compare([saved_run("old", [0.5, 0.5, 1.0, 0.0]), saved_run("new", [1.0, 0.5, 0.5, 0.8])])
    (of_set,) = comparison.sets
    found = of_set.contrasts[0].by_metric["ndcg@10"]
    assert (found.wins, found.ties, found.losses) == (2, 1, 1)
    assert found.mean == pytest.approx((0.5 + 0 - 0.5 + 0.8) / 4)
    assert not found.significant


def test_queries_are_paired_by_id_and_not_by_place() -> None:
    old, new = saved_run("old", [0.0, 1.0]), saved_run("new", [0.0, 1.0])
    turned = type(new)(new.folder, new.facts, new.outcomes[::-1])
    found = compare([old, turned]).sets[0].contrasts[0].by_metric["ndcg@10"]
    assert (found.wins, found.ties, found.losses) == (0, 2, 0)


def test_p_is_corrected_over_all_runs_and_sets() -> None:
    worse, better = [0.0] * 10, [0.1] * 10
    runs = [saved_run(name, values, of_set) for of_set in "xy" for name, values in (("old", worse), ("new", better))]
    found = [of_set.contrasts[0].by_metric["mrr@10"] for of_set in compare(runs).sets]
    assert [difference.p for difference in found] == pytest.approx([2 / 2**10] * 2)
    assert [difference.p_holm for difference in found] == pytest.approx([4 / 2**10] * 2)


def test_the_first_runs_name_is_the_baseline_of_every_set() -> None:
    runs = [
        saved_run("old", [0.5]),
        saved_run("new", [1.0]),
        saved_run("new", [1.0], "b"),
        saved_run("old", [0.5], "b"),
    ]
    assert [of_set.runs[0].label for of_set in compare(runs).sets] == ["old", "old"]


def test_runs_of_one_name_are_numbered() -> None:
    runs = [saved_run("", [0.5]), saved_run("", [1.0])]
    labels = [run.label for run in compare(runs).sets[0].runs]
    assert labels == ["words, reciprocal_rank", "words, reciprocal_rank (2)"]


def test_runs_of_different_sets_only_are_not_compared() -> None:
    with pytest.raises(InputError, match="give two runs of one set; these are of x, y"):
        compare([saved_run("a", [1.0], "x"), saved_run("a", [1.0], "y")])
    with pytest.raises(InputError, match="these are of x"):
        compare([saved_run("a", [1.0], "x")])


def test_runs_with_other_judgements_are_not_compared() -> None:
    with pytest.raises(InputError, match='runs of a set "tiny" with other queries or judgements'):
        compare([saved_run("a", [1.0]), saved_run("b", [1.0], judgements="other")])


def test_what_makes_a_comparison_unfair_is_said() -> None:
    there = {"host": "there", "processor": "p"}
    runs = [
        saved_run("a", [1.0]),
        saved_run("b", [1.0], corpus="other", machine=there, warnings=["2 documents could not be indexed"]),
        saved_run("a", [1.0], "alone"),
    ]
    assert list(compare(runs).warnings) == [
        "tiny: the runs searched different corpora",
        "tiny: the runs were made on different machines, their latencies do not compare",
        "tiny, b: 2 documents could not be indexed",
        "alone: only /runs/alone-a is a run of it, which is left out",
    ]


def test_the_json_says_the_same() -> None:
    found = comparison_json(compare([saved_run("old", [0.5, 0.5]), saved_run("new", [1.0, 0.5])]))
    (of_set,) = found["sets"]
    assert (of_set["set"], of_set["queries"], of_set["baseline"]) == ("tiny", 2, "old")
    assert [run["metrics"]["ndcg@10"] for run in of_set["runs"]] == [0.5, 0.75]
    assert of_set["runs"][1]["by_intended"]["text"]["ndcg@10"] == 1.0
    (compared,) = of_set["comparisons"]
    assert compared["run"] == "new"
    assert compared["metrics"]["ndcg@10"] == {
        "difference": 0.25,
        "interval": [0.0, 0.5],
        "p": 1.0,
        "p_holm": 1.0,
        "significant": False,
        "wins": 1,
        "ties": 1,
        "losses": 0,
    }
