"""Hits of many spaces into one score a segment. Each method is a file with its source."""

from collections.abc import Callable, Mapping, Sequence

from mmsearch.errors import ConfigError
from mmsearch.fusion import reciprocal_rank
from mmsearch.types import Hit, Route

Fusion = Callable[[Sequence[tuple[Route, Sequence[Hit]]]], Mapping[str, float]]

METHODS: Mapping[str, Fusion] = {"reciprocal_rank": reciprocal_rank.fuse}


def method(name: str) -> Fusion:
    """The fusion of that name. Raises ConfigError naming those there are."""
    if name not in METHODS:
        raise ConfigError(f'no fusion is called "{name}"; there are {", ".join(METHODS)}')
    return METHODS[name]
