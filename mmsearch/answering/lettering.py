"""Answers from pictures: where on them the words of the question stand, by the boxes of their lettering."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from mmsearch.languages import language_of
from mmsearch.lexical import tokens
from mmsearch.types import Answer, Lettering, Modality, Segment, digest

REVISION = "1"
LEAST_SHARE = 0.5
"""Of the question's words that stand on the picture: one of many says nothing of what is asked."""
MOST_BOXES = 200
SEPARATOR = " · "


class LetteringAnswerer:
    """The words of a question that are read on a picture: their boxes, and the lines that they stand in.

    Words are the same that find the picture and are marked in its snippet: in any inflection, without the little ones.
    The confidence is the probability that what is marked reads so, as the recogniser of the lettering has it, a mean
    over the boxes: benchmarks/ANSWERS.md has how often that is true.
    """

    @property
    def modalities(self) -> frozenset[Modality]:
        return frozenset({"image"})

    @property
    def fingerprint(self) -> str:
        return digest("lettering", REVISION)[:16]

    def answer(self, question: str, segments: Sequence[Segment]) -> list[Answer | None]:
        return [_answer(question, segment) if segment.lettering else None for segment in segments]


def _answer(question: str, segment: Segment) -> Answer | None:
    language = language_of(segment)
    wanted = [frozenset(terms) for _, _, terms in tokens(question, language)]
    marked = _marked(segment, frozenset().union(*wanted), language)
    found = frozenset().union(*marked.values())
    if not found or sum(not found.isdisjoint(terms) for terms in wanted) < LEAST_SHARE * len(wanted):
        return None
    boxes = tuple(dict.fromkeys(word.box for word in marked))[:MOST_BOXES]
    confidence = sum(word.confidence for word in marked) / len(marked)
    return Answer("region", SEPARATOR.join(_telling(segment.text, marked)), confidence, boxes=boxes)


def _marked(segment: Segment, wanted: frozenset[str], language: str) -> Mapping[Lettering, frozenset[str]]:
    """The words on the picture that the wanted terms match, each with those that it does."""
    marked: dict[Lettering, frozenset[str]] = {}
    waiting = iter(segment.lettering)
    word = next(waiting, None)
    for start, end, terms in tokens(segment.text, language):
        while word is not None and word.end <= start:
            word = next(waiting, None)
        while word is not None and word.start < end:
            if matched := wanted.intersection(terms):
                marked[word] = marked.get(word, frozenset()) | matched
            if word.end > end:
                break  # the next of the text may stand in the same box
            word = next(waiting, None)
    return marked


def _telling(text: str, marked: Mapping[Lettering, frozenset[str]]) -> Iterable[str]:
    """The fewest lines of the text that all marked terms stand in, roughly: first the one with the most of them."""
    ends = [-1, *(place for place, character in enumerate(text) if character == "\n"), len(text)]
    lines: dict[tuple[int, int], frozenset[str]] = {
        (start + 1, end): frozenset().union(*(t for word, t in marked.items() if start < word.start < end))
        for start, end in pairwise(ends)
    }
    missing, chosen = frozenset().union(*marked.values()), list[tuple[int, int]]()
    while missing:
        best = max(lines, key=lambda line: len(lines[line] & missing))
        chosen.append(best)
        missing -= lines[best]
    return (" ".join(text[start:end].split()) for start, end in sorted(chosen))
