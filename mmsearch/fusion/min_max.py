"""CombSUM of scores between each space's least and best: Fox and Shaw, TREC-2, 1994; Lee, SIGIR 1997."""

import numpy as np

from mmsearch.calibration import Floats
from mmsearch.candidates import Candidates


def fuse(candidates: Candidates) -> Floats:
    """The weighted mean of (score - least) / (best - least); a space that did not find a document gives 0."""
    fused = np.zeros(len(candidates.documents))
    for weight, scores in zip(candidates.weights, candidates.scores, strict=True):
        found = ~np.isnan(scores)
        if found.any():
            least, best = scores[found].min(), scores[found].max()
            fused[found] += weight * ((scores[found] - least) / (best - least) if best > least else 1.0)
    return np.asarray(fused / candidates.weights.sum(), dtype=np.float64)
