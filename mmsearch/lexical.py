"""Text -> terms of the `words` space: one analysis for documents and queries, here, so that every store ranks alike.

Steps, in order: NFKC, casefold, accents off (Latin, Greek, Cyrillic); numbers to one spelling; codes whole and in
parts; stop words out; Snowball stems (Porter 2001, snowballstem.org); Chinese, Japanese and Korean runs to overlapping
bigrams (Lucene's CJKBigramFilter). A term holds only letters, digits and '.', so a store may join terms with blanks.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

import Stemmer

from mmsearch import serialisation
from mmsearch.stop_words import STOP_WORDS
from mmsearch.types import MODALITIES, Query, Segment, Space

REVISION = "1"
"""Changes with every change of the analysis: a library is then indexed anew."""

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_CHAIN = re.compile(rf"[{_CJK}]+|[^\W_{_CJK}]+(?:[-_/.,'&’‐‑–−][^\W_{_CJK}]+)*")
"""A run of CJK, or letters and digits joined by single marks; a number keeps its separators."""
_COMBINING = re.compile("[\u0300-\u036f]+")
_LETTERS = str.maketrans("ølđðıʼ‘’–‐‑‒−", "olddi'''-----") | str.maketrans({"ł": "l", "æ": "ae", "œ": "oe", "þ": "th"})
_NUMBER_EN = re.compile(r"(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?")
_NUMBER_EU = re.compile(r"(\d{1,3}(?:\.\d{3})+),(\d{1,2})|(\d{1,3}(?:\.\d{3}){2,})")
_YEARS = re.compile(r"(\d{4})[-/](\d{2})")
_RUNS = re.compile(r"[^\W\d]+|\d+")
_CLITIC = re.compile(r"'(?:s|re|ve|ll|d|m|t)$")
_JOINT = re.compile(r"[-_/.,'&]")

_stem = Stemmer.Stemmer("english", 0).stemWord


def analyze(text: str) -> list[str]:
    """The terms of the text in order, repeats kept."""
    return [term for _, _, terms in tokens(text) for term in terms]


def tokens(text: str) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """(start, end, terms) of each word of the text: characters [start, end) and what the word is found by."""
    for match in _CHAIN.finditer(text):
        if terms := _terms(match.group()):
            yield match.start(), match.end(), terms


def fold(text: str) -> str:
    """The text without case, compatibility forms and accents: "Müller’s ﬁle" -> "muller's file"."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKC", text).casefold().translate(_LETTERS)
    return unicodedata.normalize("NFC", _COMBINING.sub("", unicodedata.normalize("NFD", text)))


@lru_cache(maxsize=1 << 17)
def _terms(word: str) -> tuple[str, ...]:
    """The terms of one chain; compatibility forms may fold to several chains."""
    return tuple(term for chain in _CHAIN.findall(fold(word)) for term in _chain(chain))


def _chain(chain: str) -> Iterator[str]:
    if chain.isalpha():
        yield from _bigrams(chain) if re.match(f"[{_CJK}]", chain) else _word(chain)
    elif (number := _number(chain)) is not None:
        yield number
    elif years := _YEARS.fullmatch(chain):
        yield from _year_range(years[1], years[2])
    elif chain.endswith("n't"):  # don't, couldn't: auxiliaries, always stop words
        return
    elif any(character.isdigit() for character in chain) and "," not in chain:
        yield from _code(_CLITIC.sub("", chain))
    else:  # words joined: well-known, and/or, l'eau, u.s.
        parts = _JOINT.split(_CLITIC.sub("", chain))
        if len(parts) > 1 and all(len(part) == 1 for part in parts):
            yield "".join(parts)
            return
        for part in parts:
            yield from _code(part)


def _bigrams(run: str) -> Iterator[str]:
    yield from [run] if len(run) == 1 else (run[place : place + 2] for place in range(len(run) - 1))


def _word(word: str) -> Iterator[str]:
    if word not in STOP_WORDS:
        yield _stem(word)


def _number(chain: str) -> str | None:
    """The one spelling of a number ("1,452.40", "1.452,40" -> "1452.4"; "007" -> "7"); None where it is none."""
    if eu := _NUMBER_EU.fullmatch(chain):
        whole, part = (eu[1] or eu[3]).replace(".", ""), eu[2] or ""
    elif en := _NUMBER_EN.fullmatch(chain):
        whole, part = en[1].replace(",", ""), (en[2] or ".")[1:]
    else:
        return None
    part = part.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{part}" if part else "")


def _year_range(start: str, end: str) -> Iterator[str]:
    """Both years of 2017-18; 1999-00 crosses the century."""
    last = int(start[:2] + end)
    yield start
    yield str(last if last > int(start) else last + 100)


def _code(code: str) -> Iterator[str]:
    """Letters and digits: whole without joints, then in parts ("sku-4711" -> sku4711, sku, 4711)."""
    if (number := _number(code)) is not None:
        yield number
        return
    runs = _RUNS.findall(code)
    if len(runs) > 1:
        yield "".join(runs)
    for run in runs:
        if run.isdecimal():
            yield run.lstrip("0") or "0"
        elif len(runs) == 1 or len(run) > 1:
            yield from _word(run)


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
            revision=f"{REVISION}.{serialisation.REVISION}",
        )

    def windows(self, segment: Segment) -> list[Segment]:
        """Every segment, whole: this space is the library's catalogue."""
        return [segment]

    def encode(self, segments: Sequence[Segment]) -> list[str]:
        return [" ".join(analyze(serialisation.for_words(segment))) for segment in segments]

    def encode_query(self, query: Query) -> str:
        return " ".join(analyze(query.text))
