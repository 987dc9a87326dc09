"""The words space: what counts as the same word. Text is analysed here, so that every store ranks alike."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

import Stemmer

from mmsearch.serialisation import for_words
from mmsearch.types import MODALITIES, Query, Segment, Space

REVISION = "1"

STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be but by for if in into is it no not of on or such "
        "that the their then there these they this to was will with",
    )
)
"""Lucene's English stop set."""

CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af"
TOKEN = re.compile(rf"[{CJK}]+|[^\W_{CJK}]+(?:[.,](?=\d)[^\W_{CJK}]+)*")

_stemmer = Stemmer.Stemmer("english")


def tokens(text: str) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """(start, end, terms) of each word of the text: characters [start, end) and what the word is found by."""
    for match in TOKEN.finditer(text):
        if terms := _terms(match.group()):
            yield match.start(), match.end(), terms


def analyze(text: str) -> list[str]:
    """The terms of the text in order."""
    return [term for _, _, terms in tokens(text) for term in terms]


@lru_cache(maxsize=100_000)
def _terms(word: str) -> tuple[str, ...]:
    if re.match(f"[{CJK}]", word):
        return tuple(word[i : i + 2] for i in range(max(1, len(word) - 1)))
    folded = unicodedata.normalize("NFKD", word.casefold())
    folded = "".join(c for c in folded if not unicodedata.combining(c))
    if folded in STOP_WORDS:
        return ()
    if re.fullmatch(r"[\d.,]+", folded):
        number = folded.replace(",", "")
        return (number.rstrip("0").rstrip(".") if "." in number else number,)
    return (_stemmer.stemWord(folded),)


class LexicalEncoder:
    """BM25's side of the encoders: segments and queries as analysed words."""

    @property
    def space(self) -> Space:
        return Space(
            name="words",
            kind="lexical",
            stores=frozenset(MODALITIES),
            answers=frozenset({"text"}),
            model="bm25",
            revision=REVISION,
        )

    def accepts(self, segment: Segment) -> bool:
        """Every segment: this space is the library's catalogue."""
        return True

    def encode(self, segments: Sequence[Segment]) -> list[str]:
        return [" ".join(analyze(for_words(segment))) for segment in segments]

    def encode_query(self, query: Query) -> str:
        return " ".join(analyze(query.text))
