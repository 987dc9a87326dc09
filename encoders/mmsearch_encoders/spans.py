"""Where a passage answers, by the logits of a question-answering model over windows of it.

A stretch of text scores the logit of a start at its first token plus that of an end at its last, and "no answer" the
two at the mark that a window begins with (Devlin et al., arXiv:1810.04805, section 4.3, for SQuAD 2.0).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_TOKENS = 30
"""Of an answer, as usual for SQuAD."""
BEST = 20
"""Of the stretches of a window so many are looked at."""
CERTAIN = 12.0
"""Log odds beyond this are no further evidence."""


@dataclass(frozen=True, slots=True)
class Window:
    """Logits (n,) by token, the characters [start, end) of each token in the passage (n, 2), and which are of it (n,).

    `mark` is the place of the token that "no answer" is said by.
    """

    starts: Floats
    ends: Floats
    characters: NDArray[np.int64]
    passage: NDArray[np.bool_]
    mark: int

    @property
    def null(self) -> float:
        """The score of "no answer" in this window."""
        return float(self.starts[self.mark] + self.ends[self.mark])


@dataclass(frozen=True, slots=True)
class Stretch:
    """Characters [start, end) of a passage, and the log odds that the answer stands there and nowhere else."""

    start: int
    end: int
    log_odds: float


def likeliest(windows: Sequence[Window], margin: float | None) -> Stretch | None:
    """The stretch with the greatest score over all windows; None where there is none.

    Its log odds are those of the softmax over all stretches and "no answer", stretches that overlap the best one
    counted with it: the least score of "no answer" over the windows. A model that was not trained to say it has a
    `margin` instead, by which the best must be ahead of all others together.
    """
    scores: dict[tuple[int, int], float] = {}
    for window in windows:
        for place, score in _best(window):
            scores[place] = max(score, scores.get(place, -np.inf))
    if not scores:
        return None
    start, end = max(scores, key=lambda place: scores[place])
    near = [score for (a, b), score in scores.items() if a < end and start < b]
    far = [score for (a, b), score in scores.items() if not (a < end and start < b)]
    others = _together(far)
    against = others + margin if margin is not None else np.logaddexp(others, min(window.null for window in windows))
    return Stretch(start, end, float(np.clip(_together(near) - against, -CERTAIN, CERTAIN)))


def _best(window: Window) -> list[tuple[tuple[int, int], float]]:
    """The best stretches of a window as characters, each with its score."""
    starts, ends = (np.where(window.passage, logits, -np.inf) for logits in (window.starts, window.ends))
    scores = np.triu(starts[:, None] + ends[None, :])
    scores[~np.triu(np.ones_like(scores, bool)) | np.triu(np.ones_like(scores, bool), MOST_TOKENS)] = -np.inf
    best = np.argsort(scores, axis=None, kind="stable")[::-1][:BEST]
    found = []
    for first, last in zip(*np.unravel_index(best, scores.shape), strict=True):
        place = int(window.characters[first, 0]), int(window.characters[last, 1])
        if np.isfinite(scores[first, last]) and place[0] < place[1]:
            found.append((place, float(scores[first, last])))
    return found


def _together(scores: Sequence[float]) -> float:
    """The logarithm of the sum of their exponentials."""
    return float(np.logaddexp.reduce(scores)) if scores else -np.inf
