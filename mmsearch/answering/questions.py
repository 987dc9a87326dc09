"""A question read: its words, what it asks for, the figures in it, and the cues that say how to reckon.

The cues are English. A question in another language is still linked to headers and cells; without cues little of it is
understood, and the answer is mostly a refusal.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

from mmsearch.answering.words import Word, words

Asks = Literal["how many", "how much", "how long", "who", "when", "where", "which", "what", "name", "whether", "other"]

_ASKS: tuple[tuple[Asks, str], ...] = (
    ("how many", r"how many|number of|what number|how often|count of|amount of"),
    ("how long", r"how long|how old|how far|how tall|how high|how large|how big|how fast|how wide|how deep|how heavy"),
    ("how much", r"how much"),
    ("who", r"who|whom|whose"),
    ("when", r"when|what year|which year|what date|which date|what month|in what year|what day"),
    ("where", r"where"),
    ("which", r"which"),
    ("what", r"what|what's|whats"),
    ("name", r"name|list|tell|give"),
)
_AUXILIARY = (
    r"(?:(?:is|are|was|were|did|does|do|has|have|had|could|would|should|must)(?:n['’]?t)?"
    r"|ain['’]?t|can(?:['’]?t|not)?|will|won['’]?t)"
)
_WHETHER = re.compile(rf"{_AUXILIARY}\b")
_REQUEST = re.compile(
    rf"{_AUXILIARY} (?:you|anyone|anybody|somebody|someone) (?:please )?"
    r"(?:tell|show|give|say|name|list|know|explain|find)\b"
)
"""It begins like a question to be answered with yes or no, and asks for what comes after: "do you know who ..."."""
_INDIRECT = re.compile(
    r"^(?:(?:please|tell|say|show|me|us|i|am|wonder|wondering|want|need|to|know|ask|asking|find|out|check) )*"
    rf"whether\b|^{_REQUEST.pattern}(?: me| us)? (?:if|whether)\b"
)
_TAG = re.compile(rf"{_AUXILIARY} (?:it|he|she|they|there|we|you|i)$")
"""The end of "the ferry runs on Sundays, doesn't it?"."""

CUES: Mapping[str, re.Pattern[str]] = {
    name: re.compile(rf"\b(?:{pattern})\b")
    for name, pattern in {
        "most": r"most|greatest|highest|largest|biggest|longest|max|maximum|tallest|heaviest|best|top|peak|leading"
        r"|oldest|farthest|furthest|hottest|strongest|richest|deepest|widest|more|higher|larger|bigger|longer|better|greater"
        r"|older|taller",
        "least": r"least|lowest|smallest|shortest|fewest|min|minimum|lightest|worst|youngest|fastest|slowest|cheapest"
        r"|quickest|nearest|closest|weakest|fewer|lower|smaller|shorter|less|faster|younger|slower|worse",
        "superlative": r"(?!west|test|rest|guest|contest|forest|interest|request|midwest|northwest|southwest|harvest"
        r"|protest|latest|budapest|bucharest|everest)\w{2,}est|most|least|top|best|worst|max|maximum|min|minimum",
        "first": r"first|earliest|initial|oldest|start|started|began|begin|original|top|1st|debut",
        "last": r"last|latest|final|newest|recent|recently|bottom|end|ended|lastly|finally",
        "after": r"after|next|following|follows|followed|below|subsequent|later|succeeded|succeeding|since|behind"
        r"|beneath",
        "before": r"before|previous|prior|preceding|preceded|precedes|above|earlier|previously|ahead|directly before",
        "more than": r"(?:more|greater|higher|larger|longer|older|better|bigger|taller) than|over|above|at least"
        r"|exceed\w*|or more|or higher|or greater|minimum of|beyond|or better|or over",
        "less than": r"(?:less|fewer|lower|smaller|shorter|younger|worse) than|under|below|at most|or less|or fewer"
        r"|or under|within|up to|or lower",
        "between": r"between|from .+ to|from .+ (?:through|until|till)|\d{4}\s?-\s?\d{2,4}",
        "total": r"total|combined|altogether|sum|in all|overall|together|all of",
        "average": r"average|mean|averaged",
        "difference": r"difference|how (?:many|much) (?:\w+ ){0,3}(?:more|fewer|less|longer|higher|taller|older|later)"
        r"|apart|how long|gap|longer|span",
        "years": r"how many years|how long|years|number of years",
        "same": r"same|as many|tied|equal|also|alike|share[ds]?|similar",
        "other": r"other|another|else|besides|other than|aside from|apart from",
        "not": r"not|never|without|except|excluding|none|no|nor|non|other than|besides|aside from|didn't|wasn't|isn't"
        r"|doesn't|weren't|don't|fail(?:ed)?",
        "or": r"or",
        "and": r"and|both",
        "times": r"times|often|occurrences|frequently|appear\w*|common",
        "consecutive": r"consecutive\w*|in a row|straight|streak|successive|back.to.back",
        "different": r"different|unique|distinct|various|separate",
        "only": r"only",
        "each": r"each|every|per|all",
        "year": r"year|years|season|seasons|date|when|day|month",
        "percent": r"percent|percentage|rate|ratio",
    }.items()
}

_RECKONING = frozenset(
    [
        "most",
        "least",
        "highest",
        "lowest",
        "largest",
        "smallest",
        "biggest",
        "greatest",
        "fewest",
        "longest",
        "shortest",
        "tallest",
        "oldest",
        "youngest",
        "best",
        "worst",
        "fastest",
        "slowest",
        "first",
        "last",
        "earliest",
        "latest",
        "next",
        "previous",
        "before",
        "after",
        "total",
        "average",
        "difference",
        "between",
        "more",
        "less",
        "than",
        "top",
        "bottom",
        "same",
        "only",
        "other",
        "consecutive",
        "number",
        "following",
        "prior",
        "fewer",
        "higher",
        "lower",
        "longer",
        "shorter",
        "older",
        "younger",
        "above",
        "below",
        "over",
        "under",
        "many",
        "much",
        "long",
    ]
)
_NUMBER_WORDS = {
    name: float(number)
    for number, names in enumerate(
        [
            "zero",
            "one first once",
            "two second twice",
            "three third",
            "four fourth",
            "five fifth",
            "six sixth",
            "seven seventh",
            "eight eighth",
            "nine ninth",
            "ten tenth",
            "eleven",
            "twelve",
        ]
    )
    for name in names.split()
}
_DIGITS = re.compile(r"(\d+(?:\.\d+)?)")
_YEARS = (1000, 2199)


@dataclass(frozen=True, slots=True)
class Mention:
    """A figure in the question: the place of its word, and whether it may be a year."""

    place: int
    figure: float
    may_be_year: bool
    spelt: bool


@dataclass(frozen=True)
class Question:
    """A question, read once and asked of any table."""

    text: str
    words: tuple[Word, ...]
    asks: Asks
    focus: tuple[int, ...]
    """Places of the words right after what it asks with: "which *team*", "how many *gold medals*"."""
    cues: frozenset[str]
    figures: tuple[Mention, ...]

    @cached_property
    def reckoning(self) -> frozenset[int]:
        """The places of words that say how to reckon, which no table need hold."""
        return frozenset(place for place, word in enumerate(self.words) if word.text in _RECKONING)


@lru_cache(maxsize=64)
def read_question(text: str) -> Question:
    """The question, with what it asks for and how."""
    found = words(text)
    line = " ".join(word.text for word in found)
    asks, after = _asks(line)
    start = len(line[:after].split())
    focus: list[int] = []
    for place in range(start, min(start + 6, len(found))):
        if found[place].text in _STOPS_FOCUS and focus:
            break
        if found[place].says_something and not found[place].is_number:
            focus.append(place)
        if len(focus) == 3:
            break
    cues = frozenset(name for name, pattern in CUES.items() if pattern.search(line))
    return Question(text, found, asks, tuple(focus), cues, tuple(_figures(found)))


AMOUNTS = 3
"""The first of _ASKS ask for an amount, and are what is asked even after "what is the total"."""
_LEADING = re.compile(
    r"(?:(?:what|what's|is|was|are|were|the|total|in|a|of|for|tell|me|give|name|at|and|to|by|on|from|please|overall"
    r"|combined|approximately|about) )*"
)
_STOPS_FOCUS = frozenset(
    [
        "is",
        "are",
        "was",
        "were",
        "did",
        "does",
        "do",
        "has",
        "have",
        "had",
        "of",
        "in",
        "on",
        "at",
        "by",
        "for",
        "from",
        "with",
        "that",
        "who",
        "which",
        "than",
        "the",
        "a",
        "an",
        "to",
        "won",
        "be",
        "can",
        "listed",
    ]
)


def _asks(line: str) -> tuple[Asks, int]:
    """What it asks for, and the character after the words that ask; the earliest of them counts."""
    found: list[tuple[int, int, Asks]] = []
    for rank, (asks, pattern) in enumerate(_ASKS):
        if match := re.search(rf"\b(?:{pattern})\b", line):
            first = rank < AMOUNTS and _LEADING.fullmatch(line[: match.start()])
            found.append((-1 if first else match.start(), match.end(), asks))
    begins, request = _WHETHER.match(line), _REQUEST.match(line)
    if request:
        found = [each for each in found if each[2] != "name"] or found
    if (begins and not request) or _INDIRECT.search(line) or (not found and (begins or _TAG.search(line))):
        return "whether", 0
    if not found:
        return "other", 0
    _, end, asks = min(found)
    return asks, end


def _figures(found: tuple[Word, ...]) -> list[Mention]:
    mentions = []
    for place, word in enumerate(found):
        if word.text in _NUMBER_WORDS:
            mentions.append(Mention(place, _NUMBER_WORDS[word.text], False, True))
        elif word.is_number and (digits := _DIGITS.fullmatch(word.text)):
            figure = float(digits[1])
            whole_year = len(word.text) == 4 and figure.is_integer() and _YEARS[0] <= figure <= _YEARS[1]
            mentions.append(Mention(place, figure, whole_year, False))
    return mentions
