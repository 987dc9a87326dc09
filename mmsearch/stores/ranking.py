"""Scores into hits: the order that every store gives."""

from collections.abc import Iterable

from mmsearch.types import Hit

DECIMALS = 5
"""What is beyond depends on the order of additions: without it, equal rows are equal and their ids decide."""


def ranked(space: str, scores: Iterable[tuple[str, float]], top_k: int) -> list[Hit]:
    """The best `top_k` of (segment id, score) as hits, ties by id."""
    rounded = [(id, round(score, DECIMALS)) for id, score in scores]
    best = sorted(rounded, key=lambda found: (-found[1], found[0]))[: max(top_k, 0)]
    return [Hit(id, space, rank, score) for rank, (id, score) in enumerate(best, 1)]
