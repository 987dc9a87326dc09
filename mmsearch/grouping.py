"""The places of the final list: near copies in one place, and results that differ from each other where that is wanted.

Pure functions on places among the candidates; `mmsearch.results` reads what they need.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from mmsearch.calibration import Floats
from mmsearch.sketches import TELLING_SHINGLES, Sketch, fewest_shared, near_copies
from mmsearch.types import Vector

WITHIN = 4
"""Near copies and other kinds of results are looked for among so many times top_k candidates."""


@dataclass(frozen=True, slots=True)
class Group:
    """The candidate that is shown, and its near copies further down, best first."""

    shown: int
    copies: tuple[int, ...] = ()


def folded(order: Sequence[int], sketches: Mapping[int, Sketch], most: int) -> list[Group]:
    """At most `most` groups, best first: each candidate with the first before it that it is a near copy of.

    It is compared with the one shown and not with the other copies, so that no chain of small changes leads from one
    document to quite another. A candidate without a sketch stands alone.
    """
    copies: dict[int, list[int]] = {}
    shelves = _Shelves()
    for place in order:
        sketch = sketches.get(place)
        first = shelves.near_copy(sketch) if sketch else None
        if first is not None:
            copies[first].append(place)
        elif len(copies) < most:
            copies[place] = []
            if sketch:
                shelves.add(place, sketch)
    return [Group(first, tuple(others)) for first, others in copies.items()]


class _Shelves:
    """Sketches by the hashes of which near copies have one in common, so that few pairs are compared."""

    def __init__(self) -> None:
        self._sketches: dict[int, Sketch] = {}
        self._shelves: dict[int | None, tuple[int, ...]] = {}

    def add(self, place: int, sketch: Sketch) -> None:
        self._sketches[place] = sketch
        before = self._common(sketch)
        self._shelves |= dict.fromkeys(_shelves(sketch), (place,))
        self._shelves |= {shelf: (*others, place) for shelf, others in before.items()}

    def near_copy(self, sketch: Sketch) -> int | None:
        """The first that was added of those that the sketch is a near copy of."""
        found = Counter(chain.from_iterable(self._common(sketch).values()))
        fewest, kept = fewest_shared(sketch), self._sketches
        likely = {place for place, shared in found.items() if shared >= fewest}
        return next((place for place in kept if place in likely and near_copies(kept[place], sketch)), None)

    def _common(self, sketch: Sketch) -> dict[int | None, tuple[int, ...]]:
        """What stands on the shelves of the sketch that are taken."""
        return {shelf: self._shelves[shelf] for shelf in self._shelves.keys() & _shelves(sketch)}


def _shelves(sketch: Sketch) -> tuple[int | None, ...]:
    """None stands for what has no words and is told by its pictures alone."""
    return sketch.shingles[:TELLING_SHINGLES] or (None,)


def diversified(scores: Floats, similarity: Floats, diversity: float) -> list[int]:
    """The order by maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998), ties in the order given.

    Next comes always the one with the highest (1 - diversity) * relevance - diversity * its similarity to the most
    similar one before it. Its relevance is its score as a share of the best score: the two compare, as the paper's
    two cosines do, also where all scores are low. `similarity` in [0, 1] has shape (n, n).
    """
    relevance = scores / max(float(scores.max(initial=0.0)), 1e-12)
    nearest = np.zeros(len(scores))
    left, order = list(range(len(scores))), list[int]()
    while left:
        worth = (1 - diversity) * relevance[left] - diversity * nearest[left]
        order.append(left.pop(int(np.argmax(worth))))
        nearest = np.maximum(nearest, similarity[order[-1]])
    return order


def similarities(vectors: Sequence[Vector | None], terms: Sequence[frozenset[str]]) -> Floats:
    """How similar each is to each, in [0, 1], shape (n, n): the cosine of their vectors, 0 where it is negative.

    Where one of the two has no vector, the share of their terms that they have in common.
    """
    size = len(vectors)
    found = np.zeros((size, size))
    for one in range(size):
        for other in range(one):
            a, b = vectors[one], vectors[other]
            if a is not None and b is not None:
                alike = min(max(float(a @ b), 0.0), 1.0)
            else:
                union = terms[one] | terms[other]
                alike = len(terms[one] & terms[other]) / len(union) if union else 0.0
            found[one, other] = found[other, one] = alike
    return found
