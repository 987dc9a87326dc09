"""The map from one space onto another, on data whose map is known."""

from pathlib import Path

import numpy as np
import pytest

from mmsearch.errors import ModelError
from mmsearch_encoders.projection import fit_projection, load_projection, unit_rows, unseen

RANDOM = np.random.default_rng(0)
TRUE_MAP = RANDOM.normal(size=(12, 5))


def pairs(n: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    x = RANDOM.normal(size=(n, 12)).astype(np.float32) + 3
    return x, (x @ TRUE_MAP + 1 + noise * RANDOM.normal(size=(n, 5))).astype(np.float32)


def test_a_linear_map_is_found_again_and_holds_for_rows_it_was_not_fitted_on() -> None:
    projection = fit_projection(*pairs(80, noise=0.1))
    x, y = pairs(50, noise=0)
    assert projection.explained > 0.98
    assert (projection(x) * unit_rows(y)).sum(axis=1).min() > 0.99


def test_where_there_is_nothing_to_find_it_says_so_and_gives_the_mean() -> None:
    x, _ = pairs(60, noise=0)
    y = RANDOM.normal(size=(60, 5)).astype(np.float32) + 10
    projection = fit_projection(x, y)
    assert projection.explained < 0.2
    np.testing.assert_allclose(projection(x), np.full((60, 5), 5**-0.5), atol=0.1)


def test_more_columns_than_rows_do_not_fit_the_noise() -> None:
    """30 rows of 200 columns fit anything without a penalty."""
    x = RANDOM.normal(size=(30, 200)).astype(np.float32)
    y = RANDOM.normal(size=(30, 5)).astype(np.float32)
    assert fit_projection(x, y).explained < 0.5


def test_explained_is_what_leaving_pairs_out_shows() -> None:
    x, y = pairs(200, noise=3.0)
    fitted = fit_projection(x[:100], y[:100])
    held_out = ((x[100:] @ fitted.weights + fitted.offset - y[100:]) ** 2).sum()
    assert fitted.explained == pytest.approx(1 - held_out / ((y[100:] - y[100:].mean(axis=0)) ** 2).sum(), abs=0.1)


def test_a_row_is_mapped_by_fits_that_have_not_seen_it() -> None:
    """Targets that are noise cannot be told beforehand, though 200 columns fit 60 rows of it well."""
    x, y = pairs(60, noise=0.1)
    mapped = unseen(x, y)
    others = np.arange(60) % 5 > 0
    np.testing.assert_allclose(mapped[:1], fit_projection(x[others], y[others])(x[:1]), atol=1e-5)
    assert (mapped * unit_rows(y)).sum(axis=1).min() > 0.97
    wide = RANDOM.normal(size=(60, 200)).astype(np.float32)
    noise = RANDOM.normal(size=(60, 5)).astype(np.float32)
    assert abs(float((unseen(wide, noise) * unit_rows(noise)).sum(axis=1).mean())) < 0.3


def test_it_survives_its_file(tmp_path: Path) -> None:
    x, y = pairs(20, noise=1)
    projection = fit_projection(x, y, {"table": "a", "text": "b"})
    projection.save(tmp_path / "new" / "map.safetensors")
    read = load_projection(tmp_path / "new" / "map.safetensors")
    np.testing.assert_array_equal(read(x), projection(x))
    assert (read.explained, dict(read.facts)) == (projection.explained, {"table": "a", "text": "b"})
    (tmp_path / "cut").write_bytes((tmp_path / "new" / "map.safetensors").read_bytes()[:50])
    with pytest.raises(ModelError, match="cut is no projection"):
        load_projection(tmp_path / "cut")


def test_too_few_pairs_are_refused() -> None:
    with pytest.raises(ModelError, match="7 pairs are too few"):
        fit_projection(*pairs(7, noise=0))
