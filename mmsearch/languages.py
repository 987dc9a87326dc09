"""The languages whose words are stemmed, each an entry of LANGUAGES: a further Snowball language is one entry more.

Stemmers are Snowball's (Porter 2001, snowballstem.org), which know 30 languages. They get words without accents, as
everything here is folded: measured in benchmarks/QUALITY.md.
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


def _snowball(name: str, code: str, *, elided: str = "", unaccented: tuple[str, str] = ("", "")) -> Language:
    """`unaccented` is an ending that the stemmer would know by its accent, and what stems alike without one."""
    stem: Callable[[str], str] = Stemmer.Stemmer(name, 0).stemWord
    if any(unaccented):
        ending, alike = re.compile(unaccented[0]), unaccented[1]
        return Language(lambda word: stem(ending.sub(alike, word)), STOP_WORDS[code], frozenset(elided.split()))
    return Language(stem, STOP_WORDS[code], frozenset(elided.split()))


ENGLISH = "en"
"""The rules for a segment that says no language or one that is not here: names, codes and numbers take no harm."""

LANGUAGES: Mapping[str, Language] = {
    ENGLISH: _snowball("english", "en"),
    "de": _snowball("german", "de"),
    "fr": _snowball("french", "fr", elided="c d j l m n s t qu jusqu lorsqu puisqu quoiqu", unaccented=(r"ees?$", "e")),
    "es": _snowball("spanish", "es"),
}
"""ISO 639-1 code -> language."""


def language_of(segment: Segment) -> str:
    """The code of the rules that the segment's words go by: its `language` as BCP 47 writes it ("de", "de-AT")."""
    said = segment.metadata.get("language")
    code = said.lower().partition("-")[0] if isinstance(said, str) else ""
    return code if code in LANGUAGES else ENGLISH


def in_language(code: str) -> Filter:
    """Segments in the language, of whatever region."""
    return Or((Compare("language", "=", code), Prefix("language", f"{code}-")))
