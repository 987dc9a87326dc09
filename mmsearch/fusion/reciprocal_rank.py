"""Reciprocal rank fusion: Cormack, Clarke and Büttcher, SIGIR 2009, https://doi.org/10.1145/1571941.1572114."""

import numpy as np

from mmsearch.calibration import Floats
from mmsearch.candidates import Candidates

K = 60
"""The constant of the paper; it damps the first ranks."""


def fuse(candidates: Candidates) -> Floats:
    """The weighted sum of 1 / (K + rank), as a share of first place everywhere."""
    fused = np.zeros(len(candidates.documents))
    for weight, scores in zip(candidates.weights, candidates.scores, strict=True):
        found = np.flatnonzero(~np.isnan(scores))
        order = found[np.argsort(-scores[found], kind="stable")]
        fused[order] += weight / (K + np.arange(1, len(order) + 1))
    return np.asarray(fused * (K + 1) / candidates.weights.sum(), dtype=np.float64)
