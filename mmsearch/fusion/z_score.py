"""The sum of standard scores: Renda and Straccia, SAC 2003, https://doi.org/10.1145/952532.952698."""

import numpy as np

from mmsearch.calibration import Floats
from mmsearch.candidates import Candidates


def fuse(candidates: Candidates) -> Floats:
    """The logistic of the weighted mean of (score - mean) / deviation over what the space found.

    A space that did not find a document gives what it gives to its least.
    """
    fused = np.zeros(len(candidates.documents))
    for weight, scores in zip(candidates.weights, candidates.scores, strict=True):
        found = ~np.isnan(scores)
        if found.any():
            deviation = max(float(scores[found].std()), 1e-9)
            standard = (scores - scores[found].mean()) / deviation
            fused += weight * np.where(found, standard, standard[found].min())
    return np.asarray(1 / (1 + np.exp(-fused / candidates.weights.sum())), dtype=np.float64)
