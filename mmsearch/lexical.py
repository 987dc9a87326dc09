"""Text -> terms of the `words` space: one analysis for documents and queries, here, so that every store ranks alike.

Steps, in order: NFKC, casefold, accents off (Latin, Greek, Cyrillic); numbers to one spelling; codes whole and in
parts; stop words out and stems by the rules of a language (see `languages`); Chinese, Japanese and Korean runs to
overlapping bigrams (Lucene's CJKBigramFilter). A term holds only letters, digits and '.', so a store may join terms
with blanks and a query the alternatives of a word with `bm25.OR`.

A segment is analysed by the rules of its own language. A query does not say its language: each of its words stands for
the terms that it has in any language that the query may be in, and goes only where all of them call it a stop word.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from mmsearch import bm25, serialisation
from mmsearch.identification import likely
from mmsearch.languages import ENGLISH, LANGUAGES, Language, language_of
from mmsearch.types import MODALITIES, Query, Segment, Space

REVISION = "2"
"""Changes with every change of the analysis: a library is then indexed anew."""

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_CHAIN = re.compile(rf"[{_CJK}]+|[^\W_{_CJK}]+(?:[-_/.,'&’‐‑–−][^\W_{_CJK}]+)*")
"""A run of CJK, or letters and digits joined by single marks; a number keeps its separators."""
_ASCII_CHAIN = re.compile(r"[A-Za-z0-9]+(?:[-_/.,'&][A-Za-z0-9]+)*")
"""The same in a text of ASCII, in half the time."""
_COMBINING = re.compile("[\u0300-\u036f]+")
_LETTERS = str.maketrans("ølđðıʼ‘’–‐‑‒−", "olddi'''-----") | str.maketrans({"ł": "l", "æ": "ae", "œ": "oe", "þ": "th"})
_NUMBER_EN = re.compile(r"(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?")
_NUMBER_EU = re.compile(r"(\d{1,3}(?:\.\d{3})+),(\d{1,2})|(\d{1,3}(?:\.\d{3}){2,})")
_YEARS = re.compile(r"(\d{4})[-/](\d{2})")
_RUNS = re.compile(r"[^\W\d]+|\d+")
_CLITIC = re.compile(r"'(?:s|re|ve|ll|d|m|t)$")
_JOINT = re.compile(r"([-_/.,'&])")


def analyze(text: str, language: str = ENGLISH) -> list[str]:
    """The terms of the text by the rules of the language, in order, repeats kept."""
    return [term for word in _chains(text).findall(text) for term in _terms(word, language)]


def tokens(text: str, language: str = ENGLISH) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """(start, end, terms) of each word of the text: characters [start, end) and what the word is found by."""
    for match in _chains(text).finditer(text):
        if terms := _terms(match.group(), language):
            yield match.start(), match.end(), terms


class Wanted(dict[str, bool]):
    """Whether words, as they are written, are found by one of the terms; each is looked at once."""

    def __init__(self, terms: Collection[str], language: str = ENGLISH) -> None:
        super().__init__()
        self.terms, self._language = frozenset(terms), language
        self._initials = frozenset(letter for term in self.terms for letter in (term[0], term[0].upper()))

    def __missing__(self, word: str) -> bool:
        """Most words are known by their initial, without a look at their stems: each begins as its word does."""
        may_be = word[0] in self._initials or not word.isalpha() or not word.isascii()
        found = self[word] = may_be and not self.terms.isdisjoint(_terms(word, self._language))
        return found

    def places(self, text: str) -> list[tuple[int, int]]:
        """(start, end) of each word of the text that is found."""
        return [word.span() for word in _chains(text).finditer(text) if self[word.group()]]


def alternatives(text: str, among: Collection[str]) -> list[tuple[str, ...]]:
    """The words of a query in order, each as the different terms that it may stand as in segments of these languages.

    Its English term is always one: segments that say no language are analysed by it.
    """
    codes = likely(text, among) or (ENGLISH,)
    words = []
    for piece in (piece for word in _CHAIN.findall(text) for piece in _pieces(word)):
        terms = [piece.term(LANGUAGES[code]) for code in codes]
        if any(terms):
            words.append(tuple(dict.fromkeys(filter(None, (*terms, piece.term(LANGUAGES[ENGLISH]))))))
    return words


def fold(text: str) -> str:
    """The text without case, compatibility forms and accents: "Müller’s ﬁle" -> "muller's file"."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKC", text).casefold().translate(_LETTERS)
    return unicodedata.normalize("NFC", _COMBINING.sub("", unicodedata.normalize("NFD", text)))


def _chains(text: str) -> re.Pattern[str]:
    return _ASCII_CHAIN if text.isascii() else _CHAIN


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a word: a term in every language, or a `word` that each has its rules for."""

    text: str
    word: bool = False
    elided: bool = False

    def term(self, language: Language) -> str:
        return language.term(self.text, self.elided) if self.word else self.text


@lru_cache(maxsize=1 << 17)
def _terms(word: str, language: str) -> tuple[str, ...]:
    rules = LANGUAGES[language]
    return tuple(term for piece in _pieces(word) if (term := piece.term(rules)))


def _pieces(word: str) -> Iterator[_Piece]:
    """The parts of one chain; compatibility forms may fold to several chains."""
    for chain in _CHAIN.findall(fold(word)):
        yield from _chain(chain)


def _chain(chain: str) -> Iterator[_Piece]:
    if chain.isalpha():
        yield from _bigrams(chain) if re.match(f"[{_CJK}]", chain) else [_Piece(chain, word=True)]
    elif (number := _number(chain)) is not None:
        yield _Piece(number)
    elif years := _YEARS.fullmatch(chain):
        yield from _year_range(years[1], years[2])
    elif chain.endswith("n't"):  # don't, couldn't: auxiliaries, always stop words
        return
    elif any(character.isdigit() for character in chain) and "," not in chain:
        yield from _code(_CLITIC.sub("", chain))
    else:  # words joined: well-known, and/or, l'eau, u.s.
        parts = _JOINT.split(_CLITIC.sub("", chain))
        words, joints = parts[::2], [*parts[1::2], ""]
        if len(words) > 1 and all(len(word) == 1 for word in words):
            yield _Piece("".join(words))
            return
        for word, joint in zip(words, joints, strict=True):
            yield from _code(word, elided=joint == "'")


def _bigrams(run: str) -> Iterator[_Piece]:
    pairs = [run] if len(run) == 1 else (run[place : place + 2] for place in range(len(run) - 1))
    yield from map(_Piece, pairs)


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


def _year_range(start: str, end: str) -> Iterator[_Piece]:
    """Both years of 2017-18; 1999-00 crosses the century."""
    last = int(start[:2] + end)
    yield _Piece(start)
    yield _Piece(str(last if last > int(start) else last + 100))


def _code(code: str, elided: bool = False) -> Iterator[_Piece]:
    """Letters and digits: whole without joints, then in parts ("sku-4711" -> sku4711, sku, 4711)."""
    if (number := _number(code)) is not None:
        yield _Piece(number)
        return
    runs = _RUNS.findall(code)
    if len(runs) > 1:
        yield _Piece("".join(runs))
    for run in runs:
        if run.isdecimal():
            yield _Piece(run.lstrip("0") or "0")
        elif len(runs) == 1 or len(run) > 1:
            yield _Piece(run, word=True, elided=elided)


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
            revision=f"{REVISION}.{serialisation.REVISION} k1 {bm25.K1} b {bm25.B}",
        )

    def windows(self, segment: Segment) -> list[Segment]:
        """Every segment, whole: this space is the library's catalogue."""
        return [segment]

    def encode(self, segments: Sequence[Segment]) -> list[str]:
        return [" ".join(analyze(serialisation.for_words(segment), language_of(segment))) for segment in segments]

    def encode_query(self, query: Query) -> str:
        return " ".join(map(bm25.OR.join, alternatives(query.text, query.languages or LANGUAGES)))
