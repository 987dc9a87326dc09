"""The languages whose words are stemmed, each an entry of LANGUAGES: a further Snowball language is one entry more.

Stemmers are Snowball's (Porter 2001, snowballstem.org), which know 30 languages more. They get words without accents,
which many people leave out when they ask: benchmarks/QUALITY.md has what it costs.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import Stemmer

from mmsearch.stop_words import STOP_WORDS
from mmsearch.types import Compare, Filter, Or, Prefix, Segment


@dataclass(frozen=True, slots=True)
class Language:
    """`stem` takes a folded word; `elided` are the words that lose their end before an apostrophe (l'eau, qu'il)."""

    stem: Callable[[str], str]
    stop_words: frozenset[str]
    elided: frozenset[str] = frozenset()

    def term(self, word: str, elided: bool) -> str:
        """What the folded word is found by, empty for a stop word; `elided` says that an apostrophe follows it."""
        if word in self.stop_words or (elided and word in self.elided):
            return ""
        return self.stem(word)


def snowball(
    name: str, stop_words: frozenset[str] = frozenset(), *, elided: str = "", endings: tuple[str, str] | None = None
) -> Language:
    """A language by Snowball's name of it.

    `endings` is what the stemmer would know by its accent (a pattern), and what stems alike without one.
    """
    stem: Callable[[str], str] = Stemmer.Stemmer(name, 0).stemWord
    if endings is None:
        return Language(stem, stop_words, frozenset(elided.split()))
    accented, plain = re.compile(endings[0]), endings[1]
    return Language(lambda word: stem(accented.sub(plain, word)), stop_words, frozenset(elided.split()))


ENGLISH = "en"
"""The rules for a segment that says no language or one that is not here: names, codes and numbers take no harm."""

LANGUAGES: Mapping[str, Language] = {
    ENGLISH: snowball("english", STOP_WORDS["en"]),
    "de": snowball("german", STOP_WORDS["de"]),
    "fr": snowball(
        "french", STOP_WORDS["fr"], elided="c d j l m n s t qu jusqu lorsqu puisqu quoiqu", endings=(r"ees?$", "e")
    ),
    "es": snowball("spanish", STOP_WORDS["es"]),
}
"""ISO 639-1 code -> language. Whoever changes it raises `lexical.REVISION`."""


def language_of(segment: Segment) -> str:
    """The code of the rules that the segment's words go by: its `language` as BCP 47 writes it ("de", "de-AT")."""
    said = segment.metadata.get("language")
    code = said.lower().partition("-")[0] if isinstance(said, str) else ""
    return code if code in LANGUAGES else ENGLISH


def in_language(code: str) -> Filter:
    """Segments in the language, of whatever region."""
    return Or((Compare("language", "=", code), Prefix("language", f"{code}-")))
