"""How sure an answer of TAPAS is, before and after judgements."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mmsearch.answering.linking import Links
from mmsearch.answering.questions import read_question
from mmsearch.answering.typed import TypedTable
from mmsearch.errors import ModelError
from mmsearch.types import Table
from mmsearch_encoders.tapas_confidence import CAUTIOUS, SURE, Signs, fit, known_share, load, odds, save

BEST = Signs(model=SURE, known=1.0, agreement=1.0, kind=1.0)
BOATS = TypedTable(Table(("boat", "crew"), (("Star", "12"),)), title="boats of Morra")


def test_without_judgements_the_best_is_a_little_more_likely_right_than_not() -> None:
    assert CAUTIOUS(BEST) == pytest.approx(1 / (1 + np.exp(-0.5)))


@pytest.mark.parametrize("less", [{"model": 0.0}, {"known": 0.75}, {"agreement": 0.4}, {"kind": 0.0}])
def test_without_judgements_anything_that_is_amiss_is_less_likely_right_than_not(less: dict[str, float]) -> None:
    assert CAUTIOUS(replace(BEST, **less)) < 0.5


@pytest.mark.parametrize(
    ("question", "share"),
    [
        ("what is the crew of the Star?", 1.0),
        ("which boat of Morra has the largest crew?", 1.0),
        ("what is the crew of the Moon?", 0.5),
        ("who discovered Neptune?", 0.0),
        ("how many are there?", 0.0),
    ],
)
def test_the_share_of_words_that_the_table_has(question: str, share: float) -> None:
    assert known_share(Links(read_question(question), BOATS)) == share


def test_log_odds_end_where_they_tell_nothing_more() -> None:
    assert odds(np.log(0.5)) == pytest.approx(0)
    assert (odds(0.0), odds(-1000.0)) == (SURE, -SURE)


def test_judgements_are_followed_and_no_sign_speaks_against_an_answer() -> None:
    draw = np.random.default_rng(0)
    signs = [Signs(*draw.uniform((-4, 0, 0, 0), (4, 1, 1, 1))) for _ in range(2000)]
    chances = [1 / (1 + np.exp(-(1.5 * each.model + 3 * each.known - 4 * each.kind))) for each in signs]
    right = (draw.uniform(size=2000) < chances).astype(float)
    fitted = fit(signs, right, {"model": "a"})
    assert fitted.model == pytest.approx(1.5, abs=0.3)
    assert fitted.kind == 0.0, "an answer of the right kind is never less sure for it"
    assert min(fitted.line()[:-1]) >= 0
    likely = np.array([fitted(each) for each in signs])
    assert likely[likely > 0.7].mean() == pytest.approx(right[likely > 0.7].mean(), abs=0.05)


def test_two_judgements_make_nothing_certain() -> None:
    assert fit([BEST, replace(BEST, known=0.0)], np.array([1.0, 0.0]))(BEST) < 0.75


def test_it_survives_its_file(tmp_path: Path) -> None:
    fitted = fit([BEST] * 30, np.ones(30), {"model": "a"})
    save(fitted, tmp_path / "new" / "reader.json")
    assert load(tmp_path / "new" / "reader.json") == fitted
    (tmp_path / "broken.json").write_text('{"format": 1, "model": "x"}')
    with pytest.raises(ModelError, match='"mmsearch fit-answers SET"'):
        load(tmp_path / "broken.json")
