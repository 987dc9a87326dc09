"""The best results read again, each beside the query, by a model that is slower and better.

Retrieval never sees a query and a document together; a reranker reads both as one text (Nogueira and Cho,
arXiv:1901.04085, 2019). What it says meets the fused score by three rules:

1. pool     A result that was read has two probabilities of relevance, the fused one and the reranker's. Its score is
            their logarithmic opinion pool with equal weights, the mean of their log odds (Genest and Zidek, Statistical
            Science 1, 1986). The fused score is a probability by the fusion `calibrated`; others are taken for one.
2. missing  What has no words of its own, such as a picture without caption and lettering, cannot be read. Missing
            costs nothing and brings nothing: it keeps its fused score among those that were read.
3. depth    Results beyond the depth stay below all others in the order they had. No score may rise down the list, so
            theirs is cut to the least score above them: read it as "at most", for nobody has looked.

Whether there is a good match is still decided by the calibrated evidence of the spaces: a reranker is trained to order
what was found, on questions that have an answer, and says nothing about a library that has none.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmsearch.calibration import Floats
from mmsearch.candidates import Candidates
from mmsearch.errors import ConfigError, InputError, ModelError
from mmsearch.protocols import Reranker
from mmsearch.types import Hit, Query, Segment

RERANKER = "reranker"
"""What its hits name as their space."""

LEAST = 1e-9
"""A probability nearer to 0 or 1 counts as this near: a log odds without an end would be a veto."""


@dataclass(frozen=True, slots=True)
class Reranking:
    """By what results are reranked, how many of them, and whether also where a query does not say."""

    reranker: Reranker | None = None
    depth: int = 30
    usual: bool = False

    def asked(self, query: Query) -> Reranker | None:
        """The reranker, if this query is to be reranked. A picture or a sound is not unless it insists.

        Raises InputError when it insists, ConfigError when no reranker is set, ModelUnavailable, ModelError.
        """
        if not (self.usual if query.rerank is None else query.rerank):
            return None
        if query.kind != "text":
            if query.rerank:
                raise InputError("a reranker reads words, and this query is a picture or a sound; search without it")
            return None
        if self.reranker is None:
            raise ConfigError('no reranker is set; name one as "reranker" in the settings')
        _ = self.reranker.fingerprint
        return self.reranker


@dataclass(frozen=True, slots=True)
class Standing:
    """Where candidates stand: `order` names their places, best first, `scores` are theirs by place.

    `hits` are what the reranker said of those it read.
    """

    order: NDArray[np.intp]
    scores: Floats
    hits: tuple[Hit, ...] = ()

    @classmethod
    def of(cls, fused: Floats, scores: Floats | None = None, nearness: Floats | None = None) -> "Standing":
        """By fused score, ties by `nearness` and then by place; `scores` are shown in its stead where they say the same
        in another way."""
        ties = np.zeros_like(fused) if nearness is None else nearness
        return cls(np.lexsort((-ties, -fused)), fused if scores is None else scores)


def rerank(
    reranker: Reranker,
    query: str,
    candidates: Candidates,
    standing: Standing,
    depth: int,
    segments: Callable[[Sequence[str]], Mapping[str, Segment]],
) -> Standing:
    """The standing after the reranker has read the best segment of each of the first `depth`.

    `segments` gives segments by id. Raises ModelError when what comes back is no probability for each.
    """
    first, rest = standing.order[:depth], standing.order[depth:]
    found = segments([candidates.best[place] for place in first])
    read = [place for place in first if has_words(found.get(candidates.best[place]))]
    shown = [found[candidates.best[place]] for place in read]
    said = _probabilities(reranker.rerank(query, shown), len(shown)) if shown else np.zeros(0)
    scores = standing.scores.copy()
    scores[read] = pooled(scores[read], said)
    first = first[np.argsort(-scores[first], kind="stable")]
    if len(first):
        scores[rest] = np.minimum(scores[rest], scores[first[-1]])
    return Standing(np.concatenate([first, rest]), scores, _hits(shown, said))


def has_words(segment: Segment | None) -> bool:
    """Whether it says anything itself; a title, often a file's name, is not enough to judge a picture by."""
    return segment is not None and bool(segment.text.strip() or segment.table)


def pooled(fused: Floats, said: Floats) -> Floats:
    """The probabilities whose log odds are the means of those of both."""
    return np.asarray(1 / (1 + np.exp(-(_log_odds(fused) + _log_odds(said)) / 2)), dtype=np.float64)


def _log_odds(probabilities: Floats) -> Floats:
    cut = np.clip(probabilities, LEAST, 1 - LEAST)
    return np.asarray(np.log(cut / (1 - cut)), dtype=np.float64)


def _probabilities(said: Sequence[float], expected: int) -> Floats:
    """What a reranker, anybody's, returned, if it is what it promised."""
    found = np.asarray(said, dtype=np.float64)
    if found.shape != (expected,) or not ((found >= 0) & (found <= 1)).all():
        raise ModelError(f"the reranker was given {expected} segments and returned no probability for each of them")
    return found


def _hits(shown: Sequence[Segment], said: Floats) -> tuple[Hit, ...]:
    """Best first."""
    order = np.argsort(-said, kind="stable")
    best = ((rank, shown[place], float(said[place])) for rank, place in enumerate(order, start=1))
    return tuple(Hit(s.id, s.document_id, s.modality, RERANKER, rank, score) for rank, s, score in best)
