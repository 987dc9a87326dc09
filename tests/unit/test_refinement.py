"""Refined scores, with the arithmetic; and the file that holds what refines them."""

import json
import math
import os
from pathlib import Path

import numpy as np
import pytest

from mmsearch import refinement
from mmsearch.calibration import log_odds, posterior
from mmsearch.errors import Forbidden, StoreError
from mmsearch.refinement import (
    REFINEMENT_FILE,
    Line,
    Lines,
    Refinement,
    falling,
    forget_refinement,
    read_refinement,
    write_refinement,
)
from mmsearch.types import Modality


def test_log_odds_undo_the_posterior_and_bound_what_is_certain() -> None:
    odds = np.array([-600.0, -3.0, 0.0, 2.5, 30.0])
    np.testing.assert_allclose(log_odds(posterior(odds)), odds, rtol=1e-3)
    assert np.isfinite(log_odds(np.array([0.0, 1.0]))).all()


def test_a_refined_score_is_the_logistic_of_the_mediums_line() -> None:
    lines = Lines(Line(1.0, -1.0), {"audio": Line(0.5, -2.0)})
    scores = np.array([0.9, 0.5, 0.2])
    refined = lines.refined(scores, ["text", "audio", "image"])
    assert refined[0] == pytest.approx(9 / (9 + math.e))
    assert refined[1] == pytest.approx(1 / (1 + math.exp(2)))
    assert refined[2] == pytest.approx(1 / (1 + 4 * math.e))


def test_media_whose_lines_cross_share_their_promises_and_keep_their_order() -> None:
    """The text ranks first and promises 0.2, the recording after it 0.6: both promise 0.4."""
    lines = Lines(Line(1.0, 0.0), {"text": Line(1.0, math.log(0.25) - math.log(4)), "audio": Line(1.0, math.log(1.5))})
    refined = lines.refined(np.array([0.5, 0.8, 0.1]), ["audio", "text", "image"])
    assert refined == pytest.approx([0.4, 0.4, 0.1])


def test_falling_is_the_least_squares_fit() -> None:
    assert list(falling(np.array([5.0, 3.0, 4.0, 4.0, 1.0, 2.0]))) == pytest.approx(
        [5.0, 11 / 3, 11 / 3, 11 / 3, 1.5, 1.5]
    )
    assert list(falling(np.array([1.0, 2.0, 6.0]))) == pytest.approx([3.0, 3.0, 3.0])
    assert falling(np.array([])).shape == (0,)


def test_the_order_of_a_ranking_never_changes_and_scores_stay_probabilities() -> None:
    generator = np.random.default_rng(7)
    media: list[Modality] = ["text", "table", "image", "audio"]
    for _ in range(200):
        lines = Lines(
            Line(generator.uniform(0.01, 3), generator.normal(-2, 2)),
            {m: Line(generator.uniform(0.01, 3), generator.normal(-2, 2)) for m in media[:3]},
        )
        scores = posterior(generator.normal(-2, 8, 40))
        of = [media[n] for n in generator.integers(0, 4, 40)]
        refined = lines.refined(scores, of)
        assert (np.diff(refined[np.argsort(-scores, kind="stable")]) <= 0).all()
        assert ((refined >= 0) & (refined <= 1)).all()
    assert Lines(Line(1.0, 0.0)).refined(np.array([]), []).shape == (0,)


STORED = Refinement(
    Lines(Line(0.4, -2.5), {"audio": Line(0.6, -2.0)}),
    {"words": "f1", "text": "f2"},
    {"results": 40, "date": "2026-11-25T10:00:00+00:00"},
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    assert read_refinement(tmp_path) is None
    file = write_refinement(tmp_path, STORED)
    assert file == tmp_path / REFINEMENT_FILE
    assert read_refinement(tmp_path) == STORED
    assert json.loads(file.read_text())["media"] == {"audio": {"slope": 0.6, "offset": -2.0}}
    assert forget_refinement(tmp_path) is True
    assert forget_refinement(tmp_path) is False
    assert read_refinement(tmp_path) is None


def test_it_fits_the_same_spaces_and_the_same_evidence_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert STORED.fits({"text": "f2", "words": "f1"})
    assert not STORED.fits({"text": "other", "words": "f1"})
    assert not STORED.fits({"words": "f1"})
    assert not STORED.fits({"text": "f2", "words": "f1", "image": "f3"})
    monkeypatch.setattr(refinement, "REVISION", "later")
    assert not STORED.fits({"text": "f2", "words": "f1"})


def test_a_write_that_is_interrupted_leaves_the_earlier_one_and_no_rubbish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_refinement(tmp_path, STORED)

    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_refinement(tmp_path, Refinement(Lines(Line(9.0, 9.0)), {}))
    assert read_refinement(tmp_path) == STORED
    assert [file.name for file in tmp_path.iterdir()] == [REFINEMENT_FILE]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "cannot be read as a refinement"),
        ("[]", "cannot be read as a refinement"),
        ('{"format": 2}', "has format 2"),
        ('{"format": 1}', "cannot be read as a refinement"),
        (
            '{"format": 1, "media": {}, "pooled": {"slope": -1, "offset": 0}}',
            "no rising line",
        ),
    ],
)
def test_another_file_is_refused_with_the_way_out(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / REFINEMENT_FILE).write_text(content)
    with pytest.raises(StoreError, match=says) as refused:
        read_refinement(tmp_path)
    assert "calibrate --forget" in str(refused.value)
    assert forget_refinement(tmp_path) is True


def test_a_folder_that_is_not_there_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(Forbidden, match="cannot be written"):
        write_refinement(tmp_path / "gone", STORED)
