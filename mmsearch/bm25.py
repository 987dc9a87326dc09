"""BM25 as Milvus and Lucene count it: one set of constants for every store.

Robertson, Zaragoza: The Probabilistic Relevance Framework: BM25 and Beyond, 2009. A term that the query repeats
counts as often as it stands there. Terms are what white space separates: analysis happened before, on our side.

A word of a query that may stand as several terms is written with them all, "haus|hauser": each is looked for. A segment
is analysed in one language and holds one of them.
"""

import math
from collections import Counter
from collections.abc import Mapping

K1 = 0.9
"""How soon further occurrences of a term stop to matter."""
B = 0.4
"""How much a segment longer than the average is held back."""
MAX_TERMS_BYTES = 65_000
"""Milvus keeps at most 65,535 bytes in a string column; what follows is not found by words."""


OR = "|"
"""Between the terms that a word of a query may stand as; terms hold only letters, digits and '.'."""


def asked(query: str) -> str:
    """All terms of an analysed query, one space between two, clipped."""
    return clipped(query.replace(OR, " "))


def clipped(terms: str) -> str:
    """The whole terms that fit into MAX_TERMS_BYTES of UTF-8, one space between two."""
    encoded = " ".join(terms.split()).encode("utf-8", "replace")
    if len(encoded) <= MAX_TERMS_BYTES:
        return encoded.decode()
    whole, _, _ = encoded[: MAX_TERMS_BYTES + 1].rpartition(b" ")
    return whole.decode()


def scores(corpus: Mapping[str, Counter[str]], query: str) -> dict[str, float]:
    """The score of each document that has at least one term of the query; statistics are of the whole corpus."""
    wanted = Counter(asked(query).split())
    lengths = {id: terms.total() for id, terms in corpus.items()}
    average = sum(lengths.values()) / max(len(lengths), 1)
    found: dict[str, float] = {}
    for term, repeats in wanted.items():
        holders = {id: terms[term] for id, terms in corpus.items() if term in terms}
        idf = math.log(1 + (len(corpus) - len(holders) + 0.5) / (len(holders) + 0.5))
        for id, count in holders.items():
            norm = K1 * (1 - B + B * lengths[id] / average)
            found[id] = found.get(id, 0.0) + repeats * idf * count * (K1 + 1) / (count + norm)
    return found
