"""The posterior probability of relevance from calibrated evidence: see `mmsearch.calibration` for steps and sources."""

from mmsearch.calibration import Floats, combined, posterior
from mmsearch.candidates import Candidates


def fuse(candidates: Candidates) -> Floats:
    """One probability a document that means the same for every medium; a space's weight scales its evidence."""
    return posterior(log_odds(candidates))


def log_odds(candidates: Candidates) -> Floats:
    """The log odds of that probability, which tell documents apart whose probabilities all round to 1."""
    return combined(candidates.evidence * candidates.weights[:, None]) + candidates.log_prior
