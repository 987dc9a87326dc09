"""A linear map from one encoder's vectors onto another's, so that the second's queries find what the first encoded.

It is ridge regression (Hoerl and Kennard, Technometrics 12, 1970), as maps between spaces of words are fitted to pairs
(Mikolov, Le and Sutskever, arXiv:1309.4168), in closed form by one singular value decomposition.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmsearch.errors import ModelError
from mmsearch.types import Embeddings

PENALTIES = np.logspace(-4, 4, 33)
"""Tried, as shares of the mean squared singular value."""
LEAST_PAIRS = 8
FOLDS = 5


@dataclass(frozen=True, slots=True)
class Projection:
    """`rows @ weights + offset`, then unit length. `explained` is the share of the target's variance that the map
    accounts for on pairs it was not fitted to, as cross-validation estimates it; `facts` name the two models.
    """

    weights: NDArray[np.float32]
    offset: NDArray[np.float32]
    explained: float
    facts: Mapping[str, str]

    def __call__(self, rows: Embeddings) -> Embeddings:
        """(n, h) mapped to (n, d), of unit length."""
        return unit_rows(rows @ self.weights + self.offset)

    def save(self, file: Path) -> None:
        """Write one safetensors file, whole or not at all."""
        from safetensors.numpy import save_file

        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_name(f".{file.name}.partial")
        said = {**self.facts, "explained": repr(self.explained)}
        save_file({"weights": self.weights, "offset": self.offset}, partial, metadata=said)
        partial.replace(file)


def load_projection(file: Path) -> Projection:
    """The projection in the file. Raises ModelError."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="numpy") as opened:
            said = dict(opened.metadata() or {})
            weights, offset = opened.get_tensor("weights"), opened.get_tensor("offset")
        return Projection(weights, offset, float(said.pop("explained")), said)
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise ModelError(f'{file} is no projection: {error}; make it again with "mmsearch fit-tables SET"') from error


def fit_projection(pooled: Embeddings, target: Embeddings, facts: Mapping[str, str] | None = None) -> Projection:
    """Ridge regression of `target` (n, d) on `pooled` (n, h) in closed form, both centred.

    The penalty is the one with the least generalised cross-validation error (Golub, Heath and Wahba,
    Technometrics 1979). Raises ModelError for fewer than LEAST_PAIRS.
    """
    if len(pooled) < LEAST_PAIRS:
        raise ModelError(f"{len(pooled)} pairs are too few to map one space onto another; give at least {LEAST_PAIRS}")
    x, y = pooled.astype(np.float64), target.astype(np.float64)
    x_mean, y_mean = x.mean(axis=0), y.mean(axis=0)
    left, values, right = np.linalg.svd(x - x_mean, full_matrices=False)
    loads, squares = left.T @ (y - y_mean), values**2
    total = float(((y - y_mean) ** 2).sum())
    errors = {
        float(p): _cross_validation_error(float(p), squares, loads, total, len(x)) for p in PENALTIES * squares.mean()
    }
    penalty = min(errors, key=errors.__getitem__)
    weights = right.T @ ((values / (squares + penalty))[:, None] * loads)
    explained = 1 - errors[penalty] / (total / len(x)) if total else 0.0
    offset = y_mean - x_mean @ weights
    return Projection(weights.astype(np.float32), offset.astype(np.float32), explained, dict(facts or {}))


def unseen(pooled: Embeddings, target: Embeddings) -> Embeddings:
    """Each row of `pooled` (n, h) as a map makes of it that was fitted to the other folds' pairs, (n, d).

    Raises ModelError for fewer pairs than leave LEAST_PAIRS to fit to.
    """
    if len(pooled) < LEAST_PAIRS + 2:
        raise ModelError(
            f"{len(pooled)} pairs are too few to fit to and to measure on; give at least {LEAST_PAIRS + 2}"
        )
    fold = np.arange(len(pooled)) % FOLDS
    rows = np.zeros_like(target)
    for left_out in range(FOLDS):
        rest = fold != left_out
        rows[~rest] = fit_projection(pooled[rest], target[rest])(pooled[~rest])
    return rows


def _cross_validation_error(
    penalty: float, squares: NDArray[np.float64], loads: NDArray[np.float64], total: float, n: int
) -> float:
    """n |y - Hy|^2 / (n - tr H)^2 for the hat matrix H, the mean counted as one degree of freedom."""
    shrunk = squares / (squares + penalty)
    residual = total - float(((2 * shrunk - shrunk**2)[:, None] * loads**2).sum())
    freedom = n - 1 - float(shrunk.sum())
    return n * max(residual, 0.0) / freedom**2 if freedom > 1e-6 else float("inf")


def unit_rows(rows: NDArray[np.floating]) -> Embeddings:
    """The rows scaled to unit length, float32."""
    lengths = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    unit: Embeddings = (rows / lengths).astype(np.float32)
    return unit
