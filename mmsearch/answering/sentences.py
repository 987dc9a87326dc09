"""Answers from texts and from what is said: the sentence of a passage that answers, where one does.

Extractive and without a model of its own: each sentence is judged by what its words mean to the encoder of the
library's text space, by those that it shares with the question, and by whether it holds the kind of thing that is asked
for. Whole sentences through that encoder told no better and took 20 ms a result (benchmarks/ANSWERS.md). Whether the
best of them answers is told by a logistic regression on these signs (benchmarks/train_sentences.py), which refuses
below the floor.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from mmsearch.answering.questions import Question, read_question
from mmsearch.answering.words import words
from mmsearch.passages import one_line_paragraphs
from mmsearch.protocols import AveragesWords, Encoder
from mmsearch.types import Answer, Modality, Segment, digest

REVISION = "2"
MOST_SENTENCES = 40
"""Of one passage; those with the most words of the question are read first."""
LONGEST = 400
"""Characters: what is longer is no sentence that a person would read as an answer."""

_END = re.compile(r"[.!?…][\"'”’»)\]*_]*\s+(?=[\"'“‘«(\[*_#]*[^\Wa-z_])|\n\s*\n|\n(?=\s*[#*•\-\d])")
_AMOUNT = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|sixty|seventy"
    r"|eighty|ninety|hundred|thousand|million|dozen|half|quarter)\b",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"\b(?:1[0-9]|20)\d\d\b|\b\d{1,2}[:.]\d\d\b|\b(?:Jan|Febr|Septem|Octo|Novem|Decem)\w+|\b(?:March|April|May|June|July"
    r"|August)\b|\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b|\bcentury\b|o'clock|\bnoon\b|\bmidnight\b|\b(?:half|quarter)"
    r" past\b|\b(?:spring|summer|autumn|winter|season)\b"
)
_NAME = re.compile(r"(?<![.!?…\n] )(?<!^)\b[A-Z][a-zà-ÿ]+")
_PLACE = re.compile(r"\b(?:in|at|on|from|to|near|off|behind|beside|under|inside|between|into)\b")

_KINDS: Mapping[str, re.Pattern[str]] = {
    "how many": _AMOUNT,
    "how much": _AMOUNT,
    "how long": _AMOUNT,
    "when": _DATE,
    "who": _NAME,
    "where": _PLACE,
}
"""How the kind of thing that is asked for shows in a sentence."""

SIGNS = ("cosine", "lead", "shared", "missing", "kind", "no kind", "length", "asks")
"""Cosine of the means of its words and the question's; how far it is above the next of the passage; the share of the
question's words in it, and of those that nothing of the passage, its title and headings has; whether the kind of thing
asked for is in it or not; the logarithm of its length over 100 characters; whether it is itself a question or a
heading."""
WEIGHTS: Mapping[str, float] = {
    "cosine": 3.03,
    "lead": 3.74,
    "shared": 6.03,
    "missing": -3.15,
    "kind": 1.1,
    "no kind": -1.22,
    "length": -0.13,
    "asks": 0.0,
}
BIAS = -5.14
FLOOR = 0.45
"""From which four of five answers are right; benchmarks/ANSWERS.md."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """Characters [start, end) of a text."""

    start: int
    end: int
    text: str


class SentenceAnswerer:
    """The sentence that answers a question in words, for texts and transcripts, or None.

    `encoder` compares sentences with the question by its words; without one that does there is no answer, since words
    that are the same do not tell a sentence that answers from one that only mentions.
    """

    def __init__(self, encoder: Encoder | None = None, floor: float | None = None) -> None:
        self._encoder, self._floor = encoder, FLOOR if floor is None else floor

    @property
    def modalities(self) -> frozenset[Modality]:
        return frozenset({"text", "audio"})

    @property
    def fingerprint(self) -> str:
        return digest("sentences", REVISION, self._encoder and self._encoder.space.fingerprint, self._floor)[:16]

    def answer(self, question: str, segments: Sequence[Segment]) -> list[Answer | None]:
        asked = read_question(question)
        if not isinstance(self._encoder, AveragesWords) or asked.asks == "other":
            return [None] * len(segments)
        judged = judge(asked, segments, self._encoder)
        return [_answer(*each, self._floor) for each in zip(judged, segments, strict=True)]


@dataclass(frozen=True, slots=True)
class Judged:
    """A sentence with its signs, in the order of SIGNS."""

    sentence: Sentence
    signs: tuple[float, ...]

    @property
    def chance(self) -> float:
        """The probability that it answers."""
        line = BIAS + sum(WEIGHTS[name] * value for name, value in zip(SIGNS, self.signs, strict=True))
        return float(1 / (1 + np.exp(-line)))


def judge(asked: Question, segments: Sequence[Segment], encoder: AveragesWords) -> list[list[Judged]]:
    """The sentences of each segment, each with its signs."""
    cuts = [_read_first(asked, sentences(segment.text)) for segment in segments]
    texts = [sentence.text for cut in cuts for sentence in cut]
    question, *rows = np.asarray(encoder.average_words([asked.text, *texts]), np.float64)
    cosines = iter(rows)
    return [
        _judged(asked, segment, cut, [float(next(cosines) @ question) for _ in cut])
        for segment, cut in zip(segments, cuts, strict=True)
    ]


def sentences(text: str) -> list[Sentence]:
    """The sentences of the text in order, headings and items of lists each one; what is too long is left out."""
    ends = [match.end() for match in _END.finditer(one_line_paragraphs(text))]
    found = []
    for start, end in pairwise([0, *ends, len(text)]):
        said = text[start:end].strip()
        if said and len(said) <= LONGEST:
            first = start + text[start:end].index(said)
            found.append(Sentence(first, first + len(said), said))
    return found


def sentence_around(text: str, start: int, end: int) -> tuple[int, int]:
    """The characters of the sentence, or of the neighbouring ones, that the characters [start, end) stand in."""
    around = [found for found in sentences(text) if found.start < end and start < found.end]
    return min([start, *(found.start for found in around)]), max([end, *(found.end for found in around)])


def _answer(judged: Sequence[Judged], segment: Segment, floor: float) -> Answer | None:
    best = max(judged, key=lambda each: each.chance, default=None)
    if best is None or best.chance < floor:
        return None
    text = " ".join(best.sentence.text.split())
    place, span = (best.sentence.start, best.sentence.end), segment.span
    if segment.modality == "audio" and span.start_s is not None and span.end_s is not None:
        return Answer("moment", text, best.chance, characters=place, seconds=(span.start_s, span.end_s))
    return Answer("sentence", text, best.chance, characters=place)


def _read_first(asked: Question, cut: list[Sentence]) -> list[Sentence]:
    """The sentences that are read: all of a usual passage, of a long one those with the most words of the question."""
    if len(cut) <= MOST_SENTENCES:
        return cut
    wanted = _told(asked)
    most = sorted(cut, key=lambda sentence: -len(wanted & _stems(sentence.text)))[:MOST_SENTENCES]
    return sorted(most, key=lambda sentence: sentence.start)


def _judged(asked: Question, segment: Segment, cut: Sequence[Sentence], cosines: Sequence[float]) -> list[Judged]:
    wanted = _told(asked)
    around = _stems(" ".join((segment.title, *segment.headings, segment.text)))
    missing = len(wanted - around) / max(1, len(wanted))
    found = []
    for place, sentence in enumerate(cut):
        others = max((cosine for other, cosine in enumerate(cosines) if other != place), default=0.0)
        shared = len(wanted & _stems(sentence.text)) / max(1, len(wanted))
        kind = _KINDS.get(asked.asks)
        has_kind = bool(kind and kind.search(sentence.text))
        signs = (
            cosines[place],
            cosines[place] - others,
            shared,
            missing,
            float(has_kind),
            float(bool(kind) and not has_kind),
            float(np.log(len(sentence.text) / 100)),
            float(sentence.text.endswith("?") or sentence.text.startswith("#")),
        )
        found.append(Judged(sentence, signs))
    return found


def _told(asked: Question) -> frozenset[str]:
    return frozenset(word.stem for word in asked.words if word.says_something)


@lru_cache(maxsize=1024)
def _stems(text: str) -> frozenset[str]:
    return frozenset(word.stem for word in words(text))
