"""Words of a question and of a table, brought to one spelling so that they can be found in each other."""

import re
from dataclasses import dataclass
from functools import lru_cache

from mmsearch.languages import ENGLISH, LANGUAGES
from mmsearch.lexical import fold
from mmsearch.stop_words import STOP_WORDS

_WORD = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)?|[#%$€£]")
_GROUPS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_POSSESSIVE = re.compile(r"['’]s?$")

EMPTY = STOP_WORDS[ENGLISH] | frozenset(
    [
        "what",
        "which",
        "who",
        "whom",
        "whose",
        "when",
        "where",
        "how",
        "why",
        "name",
        "tell",
        "list",
        "give",
        "number",
        "total",
        "many",
        "much",
        "times",
        "time",
        "one",
        "ones",
        "there",
        "any",
        "other",
        "most",
        "least",
        "more",
        "less",
        "than",
        "least",
        "only",
        "same",
        "each",
        "every",
        "all",
        "ever",
        "also",
        "please",
        "did",
        "does",
        "show",
    ]
)
"""Words that ask, and name nothing that a table could hold."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text: as it is folded, its stem, and its characters [start, end) in the text."""

    text: str
    stem: str
    start: int
    end: int

    @property
    def is_number(self) -> bool:
        return self.text[0].isdigit()

    @property
    def says_something(self) -> bool:
        """Whether a table that holds it is more likely the one that was meant."""
        return self.text not in EMPTY and self.text[0].isalnum()


def words(text: str) -> tuple[Word, ...]:
    """The words of the text in order; numbers are one word each and lose their thousands' separators."""
    found = []
    for match in _WORD.finditer(text):
        folded = _GROUPS.sub("", _POSSESSIVE.sub("", fold(match.group())))
        if folded:
            found.append(Word(folded, _stem(folded), match.start(), match.end()))
    return tuple(found)


@lru_cache(maxsize=1 << 15)
def stems(text: str) -> tuple[str, ...]:
    """The stems of the text's words."""
    return tuple(word.stem for word in words(text))


def _stem(word: str) -> str:
    return LANGUAGES[ENGLISH].stem(word) if word.isalpha() else word.lstrip("0") or "0" if word.isdigit() else word
