"""Scores into hits: the order that every store gives."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from mmsearch.types import Hit, Modality, Segment

DECIMALS = 5
"""What is beyond depends on the order of additions: without it, equal rows are equal and their ids decide."""


class Found(NamedTuple):
    """A row that a search came upon; `cut` says that its columns do not hold all that a filter may ask for."""

    id: str
    document: str
    modality: Modality
    score: float
    cut: bool = False
    read: Callable[[], Segment] | None = None


def ranked(space: str, found: Iterable[Found], top_k: int) -> list[Hit]:
    """The best `top_k` rows as hits, ties by id."""
    rounded = [row._replace(score=round(row.score, DECIMALS)) for row in found]
    best = sorted(rounded, key=lambda row: (-row.score, row.id))[: max(top_k, 0)]
    return [
        Hit(row.id, row.document, row.modality, space, rank, row.score, None, row.read)
        for rank, row in enumerate(best, 1)
    ]
