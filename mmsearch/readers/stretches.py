"""Utterances joined into stretches that are worth finding: 15 to 30 seconds of whole sentences."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from mmsearch.passages import PassageSplitter, one_line_paragraphs
from mmsearch.protocols import Utterance
from mmsearch.readers.charsets import decode
from mmsearch.readers.segments import Origin
from mmsearch.types import Segment, Span

SHORTEST_S, LONGEST_S = 15.0, 30.0
"""From so many seconds on a stretch ends with its sentence, and at so many at the latest; a player starts at its
beginning."""
PAUSE_S = 4.0
"""So long a silence ends a stretch, however short it is: what comes after it is another matter."""
REST_S = SHORTEST_S / 2
"""What is left at the end belongs to the stretch before it when it is shorter."""

_ENDS = re.compile(r"[.!?…。！？]+[\"'’”»)\]]*(?:\s+|$)|(?<=[。！？])")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A sentence or part of one, and how many tokens it has."""

    said: Utterance
    tokens: int
    ends: bool
    """Whether its sentence ends with it."""


def stretches(origin: Origin, splitter: PassageSplitter, utterances: Sequence[Utterance]) -> Iterator[Segment]:
    """Consecutive utterances together: see SHORTEST_S, LONGEST_S and PAUSE_S; within the splitter's limit of tokens.

    An utterance that holds several sentences is cut between them, by the times of its words, which are estimated from
    its characters where they are not known. Names of speakers stand before what they say, and in `speakers`.
    """
    room = splitter.room(origin.title)
    groups: list[list[_Piece]] = []
    waiting: list[_Piece] = []
    for utterance in utterances:
        for piece in _pieces(utterance, splitter, origin.title):
            while waiting and (size := _complete(waiting, piece, room)):
                groups.append(waiting[:size])
                waiting = waiting[size:]
            waiting.append(piece)
    if waiting:
        groups.append(waiting)
    if len(groups) > 1 and _belong(groups[-2], groups[-1], room):
        groups[-2:] = [groups[-2] + groups[-1]]
    for group in groups:
        yield _joined(origin, [piece.said for piece in group])


def untimed(origin: Origin, splitter: PassageSplitter, path: Path, duration_s: float) -> Iterator[Segment]:
    """The passages of a transcript without times, each spanning the whole recording."""
    text, _ = decode(path)
    for passage in splitter.split(text, origin.title):
        span = Span(start_s=0.0, end_s=duration_s, start_char=passage.start, end_char=passage.end)
        yield origin.segment("audio", span, text=passage.text)


def _complete(waiting: Sequence[_Piece], coming: _Piece, room: int) -> int:
    """How many of the pieces that wait are a stretch by themselves, given the one that comes; 0 while all may grow."""
    first_s, last_s = waiting[0].said.start_s, waiting[-1].said.end_s
    if coming.said.start_s - last_s >= PAUSE_S or (waiting[-1].ends and last_s - first_s >= SHORTEST_S):
        return len(waiting)
    tokens = sum(piece.tokens for piece in waiting) + coming.tokens
    if tokens <= room and coming.said.end_s - first_s <= LONGEST_S:
        return 0
    ended = [n for n, piece in enumerate(waiting, 1) if piece.ends and piece.said.end_s - first_s >= REST_S]
    return ended[-1] if ended else _longest_pause([*waiting, coming])


def _longest_pause(pieces: Sequence[_Piece]) -> int:
    """How many pieces stand before the longest pause; as many as possible before one of several alike."""
    pauses = [round(after.said.start_s - before.said.end_s, 2) for before, after in pairwise(pieces)]
    return max(range(1, len(pieces)), key=lambda n: (pauses[n - 1], n))


def _belong(before: Sequence[_Piece], rest: Sequence[_Piece], room: int) -> bool:
    """Whether what is left is too short to stand alone and fits to what comes before it."""
    first_s, start_s, end_s = before[0].said.start_s, rest[0].said.start_s, rest[-1].said.end_s
    fits = end_s - first_s <= LONGEST_S and sum(piece.tokens for piece in (*before, *rest)) <= room
    return fits and end_s - start_s < REST_S and start_s - before[-1].said.end_s < PAUSE_S


def _pieces(utterance: Utterance, splitter: PassageSplitter, title: str) -> Iterator[_Piece]:
    """The sentences of the utterance; one that is too long in parts. Without words there are none."""
    named = splitter.tokens(f"{utterance.speaker}: ") if utterance.speaker else 0
    ends = [match.end() for match in _ENDS.finditer(one_line_paragraphs(utterance.text))]
    whole = len(utterance.text)
    for start, end in pairwise(dict.fromkeys((0, *ends, whole))):
        parts = list(splitter.split(utterance.text[start:end], title))
        for part in parts:
            said = _between(utterance, start + part.start, start + part.end)
            last = part is parts[-1] and end in ends
            yield _Piece(said, named + splitter.tokens(part.text), last)


def _between(utterance: Utterance, start: int, end: int) -> Utterance:
    """The characters [start, end) of the utterance, with their seconds."""
    text, place = utterance.text[start:end], 0
    spoken = []
    for word in utterance.words:
        if start < place + len(word.text) and place < end:
            spoken.append(word)
        place += len(word.text)
    if spoken and place == len(utterance.text):
        return replace(utterance, start_s=spoken[0].start_s, end_s=spoken[-1].end_s, text=text, words=tuple(spoken))
    length_s, size = utterance.end_s - utterance.start_s, max(len(utterance.text), 1)
    start_s, end_s = (utterance.start_s + length_s * at / size for at in (start, end))
    return replace(utterance, start_s=round(start_s, 3), end_s=round(end_s, 3), text=text, words=())


def _joined(origin: Origin, utterances: Sequence[Utterance]) -> Segment:
    span = Span(start_s=utterances[0].start_s, end_s=max(utterance.end_s for utterance in utterances))
    speakers = list(dict.fromkeys(utterance.speaker for utterance in utterances if utterance.speaker))
    before = ""
    said = []
    for utterance in utterances:
        named = utterance.speaker and utterance.speaker != before
        said.append(f"{utterance.speaker}: {utterance.text}" if named else utterance.text)
        before = utterance.speaker
    return origin.segment("audio", span, text=" ".join(said), metadata={"speakers": speakers} if speakers else None)
