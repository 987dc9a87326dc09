"""Reciprocal rank fusion: Cormack, Clarke and Büttcher, SIGIR 2009, https://doi.org/10.1145/1571941.1572114."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from mmsearch.types import Hit, Route

K = 60
"""The constant of the paper; it damps the first ranks."""


def fuse(lists: Sequence[tuple[Route, Sequence[Hit]]]) -> Mapping[str, float]:
    """Segment id -> score in [0, 1]: the weighted sum of 1 / (K + rank), as a share of first place everywhere."""
    scores: dict[str, float] = defaultdict(float)
    for route, hits in lists:
        for hit in hits:
            scores[hit.segment_id] += route.weight / (K + hit.rank)
    best = sum(route.weight for route, _ in lists) / (K + 1)
    return {id: score / best for id, score in scores.items()}
