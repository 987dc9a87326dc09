"""From a space's own score to a probability of relevance, without judged data.

Evidence is a surprisal, -log of the chance that a document which answers nothing scores as high, in nats. Five steps:

1. cosine    The cosines of a query with what does not answer it are logistic (the tail of sentence encoders is
             exponential): evidence = log(1 + e^z), z = log 9 * (score - median) / IQR over a sample of the space.
2. words     idf is -log of the chance to hold a term (Robertson, J. Documentation 60, 2004), so BM25 is a sum of
             nats that each come with the chance e^-idf. Chernoff's bound of such a sum (Annals of Mathematical
             Statistics 23, 1952) is the largest a * BM25 - sum of log(1 + e^-idf (e^(a idf) - 1)) over slopes a: a
             query half found tells less than half. Evidence is 0.42 of it, for the words of a text come together.
3. best of n Less log n for the best of a document's n segments (Bonferroni: more segments, more chances).
4. k spaces  Fisher's method: the chance of a sum s of k exponential surprisals is the tail of Gamma(k). A space that
             cannot hold the document is not among the k: missing costs nothing and brings nothing.
5. posterior 1 / (1 + chance / prior). That a library of N answers at all is even, so the prior of a document is 1/2N
             unless the query speaks for a medium. Chance * N is the E-value of Karlin and Altschul, PNAS 87, 1990:
             below a posterior of 1/2, more than half a document as good is expected by chance: no good match.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmsearch.bm25 import OR
from mmsearch.types import Embeddings, Vector

Floats = NDArray[np.float64]

REVISION = "2"
"""Changes with every change of the five steps: what was fitted to their results no longer fits."""

LOG_9 = math.log(9.0)
"""The quartiles of a logistic law lie log 3 scales on either side of its median."""
WORD_DEPENDENCE = 0.42
"""The share of what words tell that counts as independent evidence; 0.4 to 0.5 give the same quality within a point."""
SLOPES = np.linspace(0.0, 2.0, 41)
"""Of Chernoff's bound; the last one is for words that a text repeats, whose BM25 is above the sum of idf."""
ANSWERED = 0.5
"""How probable it is, before anything is looked at, that a document of the library answers the query."""
GOOD_MATCH = 0.5
"""The posterior from which a result is more likely to answer than to be there by chance."""
USUAL_WORTH = 30
"""How many sampled vectors the usual background of a model counts as: below so many, quartiles are unsure."""
SAMPLE_VECTORS = 1_000
SAMPLE_TEXTS = 5_000


@dataclass(frozen=True, slots=True)
class Background:
    """A dense space as a query sees it without an answer: a sample of its vectors, shape (n, dim).

    `usual` is the model's median and interquartile range of such cosines, where they are known: a library of ten
    documents, one of which answers, has no background of its own.
    """

    vectors: Embeddings
    usual: tuple[float, float] | None = None

    def evidence(self, query: Vector, scores: Floats) -> Floats | None:
        """The surprisal of the cosines `scores` (any shape) of this query; None where there is no background."""
        sampled, usual = len(self.vectors), self.usual
        if sampled < 2 and usual is None:
            return None
        cosines = np.sort(self.vectors @ query) if sampled else np.zeros(1)
        quarters = np.arange(1, 4) / 4 * (len(cosines) - 1)
        low, median, high = np.interp(quarters, np.arange(len(cosines)), cosines)  # np.quantile, five times as fast
        spread = high - low
        if usual:
            own = sampled / (sampled + USUAL_WORTH)
            median, spread = own * median + (1 - own) * usual[0], own * spread + (1 - own) * usual[1]
        return np.asarray(np.logaddexp(0.0, LOG_9 * (scores - median) / max(spread, 1e-6)), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class TermStatistics:
    """How many of a sample of `sampled` segments hold each term, in a lexical space of `segments`."""

    frequencies: Counter[str]
    sampled: int
    segments: int

    @classmethod
    def of(cls, texts: Iterable[str], segments: int) -> "TermStatistics":
        """The statistics of a sample of analysed texts."""
        terms = [set(text.split()) for text in texts]
        return cls(Counter(term for held in terms for term in held), len(terms), segments)

    def idf(self, word: str) -> float:
        """About -log of the chance that a segment holds the term, as BM25 weighs it; unseen terms weigh most.

        A word that may stand as several terms ("haus|hauser") weighs as one term that is in the segments of all.
        """
        unseen = 0.5 * (1 - self.sampled / max(self.segments, 1))
        seen = min(sum(self.frequencies[term] for term in word.split(OR)), self.sampled)
        holders = (seen or unseen) * self.segments / max(self.sampled, 1)
        return math.log(1 + (self.segments - holders + 0.5) / (holders + 0.5))

    def evidence(self, query: str, scores: Floats) -> Floats:
        """The surprisal of the BM25 `scores` (any shape) of this analysed query."""
        idf = np.array([self.idf(word) for word in query.split()], dtype=np.float64)
        usual = np.log1p(np.exp(-idf) * np.expm1(SLOPES[:, None] * idf)).sum(axis=1)
        surprisal = (SLOPES * scores[..., None] - usual).max(axis=-1)
        return np.asarray(WORD_DEPENDENCE * surprisal, dtype=np.float64)


Calibration = Background | TermStatistics


def best_of(evidence: Floats, segments: Floats) -> Floats:
    """The surprisal of a document's best segment out of so many."""
    return np.maximum(less_chances(evidence, segments), 0.0)


def less_chances(evidence: Floats, segments: Floats) -> Floats:
    """The same where it may be negative: -log of how many segments are expected to score as high by chance."""
    return np.asarray(evidence - np.log(np.maximum(segments, 1)), dtype=np.float64)


def combined(evidence: Floats) -> Floats:
    """(spaces, documents) surprisals, nan where a space cannot hold the document -> (documents,), by Fisher's method.

    -log of the tail of Gamma(k, 1) at the sum s: s - log(sum over j < k of s^j / j!); 0 for a document in no space.
    """
    held = ~np.isnan(evidence)
    total, spaces = np.where(held, evidence, 0.0).sum(axis=0), held.sum(axis=0)
    term, tail = np.ones_like(total), np.zeros_like(total)
    for j in range(len(evidence)):
        tail += np.where(j < spaces, term, 0.0)
        term = term * total / (j + 1)
    return np.asarray(np.where(spaces > 0, total - np.log(np.maximum(tail, 1.0)), 0.0), dtype=np.float64)


def posterior(evidence: Floats, log_prior: Floats | float = 0.0) -> Floats:
    """The probability of relevance of documents with these surprisals and prior log odds."""
    return np.asarray(1.0 / (1.0 + np.exp(np.clip(-evidence - log_prior, -700, 700))), dtype=np.float64)


def log_odds(probability: Floats) -> Floats:
    """The log odds that `posterior` made a probability of; 0 and 1 count as the nearest that a double can tell."""
    inside = np.clip(probability, 1e-300, 1 - 2**-53)
    return np.asarray(np.log(inside) - np.log1p(-inside), dtype=np.float64)
