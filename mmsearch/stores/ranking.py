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
    rows = list(found)
    best = sorted((-round(row.score, DECIMALS), row.id, place) for place, row in enumerate(rows))[: max(top_k, 0)]
    return [
        Hit(id, rows[place].document, rows[place].modality, space, rank, -negated, None, rows[place].read)
        for rank, (negated, id, place) in enumerate(best, 1)
    ]
