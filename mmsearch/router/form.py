"""The form of a query's words, and what weight it gives the kinds of space."""

import re
from collections.abc import Mapping
from typing import Literal

from mmsearch.types import SpaceKind

Form = Literal["keywords", "question", "statement", "code", "nonsense"]

WEIGHTS: Mapping[Form, Mapping[SpaceKind, float]] = {
    "code": {"lexical": 2.0, "dense": 0.5},
    "nonsense": {"dense": 0.5},
}
"""Form -> kind of space -> weight of its evidence, where that is not 1.

The words of a text come together and count not quite half (`calibration.WORD_DEPENDENCE`); a code is one word that
comes alone, and counts twice that. Sentence encoders cut codes and strings that are no words into pieces that mean
nothing.
"""

_WORD = re.compile(r"[^\W_]+(?:[-_./'’:][^\W_]+)*")
_CODE = re.compile(r"(?=.*\d)(?=.*[a-z])[\w./:-]{3,}|\d+(?:[-./]\d+){2,}|\w+(?:_\w+)+", re.IGNORECASE)
"""Letters with digits, numbers in three or more parts, snake_case."""
_MEASURE = re.compile(
    r"\d+(?:[.,]\d+)?(?:st|nd|rd|th|s|er|e|[kcm]?m|kg|g|mg|km/h|h|min|am|pm|k|mb|gb|d|p)|[a-z]+-\d{2,4}"
    r"|\d+(?:-[a-z]+)+|\d{4}-\d\d-\d\d",
    re.IGNORECASE,
)
"""Ordinals, decades, quantities ("3rd", "1990s", "5km", "12-year") and dates are no codes, though they look like it."""
_ASKING = re.compile(
    r"(?:who|whom|whose|what|when|where|which|why|how|is|are|was|were|do|does|did|can|could|should|has|have|will"
    r"|wer|wen|wem|was|wann|wo|wie|warum|wieso|welche[rsmn]?|ist|sind|hat|kann|qui|que|quoi|quand|où|comment|pourquoi"
    r"|combien|quel(?:le)?s?|est-ce|quién(?:es)?|qué|cuándo|dónde|cómo|por qué|cuál(?:es)?|cuánt[oa]s?)\b",
    re.IGNORECASE,
)
_SAYING = re.compile(
    r"\b(?:is|are|was|were|has|have|had|be|been|can|may|will|does|do|did|not|ist|sind|war|hat|wird|kann|nicht|est|sont"
    r"|était|ont|peut|es|son|fue|tiene|puede|no)\b",
    re.IGNORECASE,
)
_KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiopü", "yxcvbnm", "azertyuiop")


def form_of(text: str) -> tuple[Form, str]:
    """The form of the words and the reason for it, to be read after "it is asked for because"."""
    words = _WORD.findall(text)
    if not words or all(map(_no_word, words)):
        return "nonsense", "a query without a word"
    codes = [word for word in words if _is_code(word)]
    if codes and len(words) <= 3 and 2 * len(codes) >= len(words):
        return "code", f"{codes[0]} is a code: its letters count, not its meaning"
    if text.rstrip().endswith(("?", "？")) or _ASKING.match(text.strip().lstrip("¿")):
        return "question", "a question"
    if len(words) >= 4 and (text.rstrip().endswith((".", "。")) or _SAYING.search(text)):
        return "statement", "a statement"
    return "keywords", "keywords"


def _is_code(word: str) -> bool:
    """A name such as H2O or mp3 is one that sentence encoders know: a code has three digits, or an underscore."""
    if not _CODE.fullmatch(word) or ("_" not in word and sum(map(str.isdigit, word)) < 3):
        return False
    return word.isupper() or not _MEASURE.fullmatch(word)


def _no_word(word: str) -> bool:
    """Whether a word in plain Latin letters cannot be one: no vowel, one letter again and again, a row of keys."""
    word = word.lower()
    if not (word.isascii() and word.isalpha() and len(word) >= 5):
        return False
    rows = (word in row or word in row[::-1] for row in _KEYBOARD)
    return not re.search("[aeiouy]", word) or bool(re.search(r"(.)\1{3}", word)) or any(rows)
