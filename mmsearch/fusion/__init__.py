"""The spaces' scores into one score in [0, 1] for each document. Each method is a file with its source."""

from collections.abc import Callable, Mapping

from mmsearch.calibration import Floats
from mmsearch.candidates import Candidates
from mmsearch.errors import ConfigError
from mmsearch.fusion import calibrated, min_max, reciprocal_rank, z_score

Fusion = Callable[[Candidates], Floats]
"""Candidates -> scores in [0, 1], shape (documents,); the best is the highest."""

CALIBRATED = "calibrated"
"""The method whose scores are probabilities."""

METHODS: Mapping[str, Fusion] = {
    CALIBRATED: calibrated.fuse,
    "reciprocal_rank": reciprocal_rank.fuse,
    "z_score": z_score.fuse,
    "min_max": min_max.fuse,
}


def method(name: str) -> Fusion:
    """The fusion of that name. Raises ConfigError naming those there are."""
    if name not in METHODS:
        raise ConfigError(f'no fusion is called "{name}"; there are {", ".join(METHODS)}')
    return METHODS[name]
