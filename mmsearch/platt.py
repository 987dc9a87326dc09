"""Lines through the log odds, fitted to judgements: logistic regression of relevance on one figure.

Platt, in Advances in Large Margin Classifiers, MIT Press, 1999, with the smoothed targets that Lin, Lin and Weng keep
in Machine Learning 68, 2007: of p relevant and n other results the relevant aim at (p + 1) / (p + 2) and the others
at 1 / (n + 2), so that no few judgements make a score certain.
"""

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from mmsearch.calibration import Floats, posterior
from mmsearch.errors import ConfigError
from mmsearch.refinement import Line, Lines
from mmsearch.types import Modality

BORROWED = 100
"""How many judgements a medium borrows: so many went, as it were, as the pooled line says. 50 to 200 do as well on the
judged queries of benchmarks/QUALITY.md; without any, ten queries leave the scores less honest than the pooled line."""

LEAST_SLOPE = 0.01
"""Judgements that speak against the scores make a flat line, never a falling one."""


def fit(log_odds: Floats, relevant: Floats, media: Sequence[Modality]) -> Lines:
    """The pooled line and one for each medium, from judged results: log odds, relevant (1 or 0) and medium of each.

    A medium's line minimises the log loss of its own judgements and of BORROWED ones, spread as all results are, that
    went as the pooled line says. Raises ConfigError when the evaluation extra is not installed.
    """
    pooled = _line(log_odds, smoothed(relevant), np.ones_like(log_odds))
    borrowed = posterior(pooled.slope * log_odds, pooled.offset)
    weights = np.full_like(log_odds, BORROWED / len(log_odds))
    by_medium: dict[Modality, Line] = {}
    for medium in dict.fromkeys(media):
        own = np.array([other == medium for other in media])
        by_medium[medium] = _line(
            np.concatenate([log_odds[own], log_odds]),
            np.concatenate([smoothed(relevant[own]), borrowed]),
            np.concatenate([np.ones(own.sum()), weights]),
        )
    return Lines(pooled, by_medium)


def smoothed(relevant: Floats) -> Floats:
    """The targets of relevant (1) and other (0) results."""
    positive = relevant.sum()
    targets = np.where(relevant > 0, (positive + 1) / (positive + 2), 1 / (len(relevant) - positive + 2))
    return np.asarray(targets, dtype=np.float64)


def optimiser() -> Callable[..., Any]:
    """scipy's `minimize`. Raises ConfigError when the evaluation extra is not installed."""
    try:
        from scipy.optimize import minimize
    except ModuleNotFoundError as error:
        raise ConfigError('calibrating needs scipy; pip install "mmsearch[evaluation]"') from error
    return cast(Callable[..., Any], minimize)


def _line(log_odds: Floats, targets: Floats, weights: Floats) -> Line:
    """The line with the least weighted log loss; the loss is convex, so there is no other."""
    shares = weights / weights.sum()

    def loss(line: Floats) -> tuple[float, Floats]:
        fitted = line[0] * log_odds + line[1]
        excess = shares * (posterior(fitted) - targets)
        losses = shares * (np.logaddexp(0.0, fitted) - targets * fitted)
        return float(losses.sum()), np.array([(excess * log_odds).sum(), excess.sum()])

    bounds = [(LEAST_SLOPE, None), (None, None)]
    precise = {"ftol": 1e-15, "gtol": 1e-9}
    found = optimiser()(loss, (1.0, 0.0), jac=True, method="L-BFGS-B", bounds=bounds, options=precise)
    return Line(float(found.x[0]), float(found.x[1]))
