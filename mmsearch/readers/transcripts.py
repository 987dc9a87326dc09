"""Who said what when: transcript files, and utterances joined into stretches that are worth finding."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from mmsearch.passages import PassageSplitter
from mmsearch.protocols import Utterance
from mmsearch.readers.charsets import decode
from mmsearch.readers.decoding import decoding, is_blank
from mmsearch.readers.segments import Origin
from mmsearch.types import Segment, Span

STRETCH_S = 20.0
"""About as long as what one sentence answers; a player starts at its beginning."""


def timed(path: Path) -> list[Utterance]:
    """The utterances of a .vtt or .srt file in the order of their starts. Raises CorruptMedia when it does not parse.

    Captions that roll, and so repeat the line before, say it once. A blank file is a recording without words.
    """
    if is_blank(path):
        return []
    text, _ = decode(path)
    with decoding(path):
        import webvtt
    with decoding(path, webvtt.errors.MalformedFileError, webvtt.errors.MalformedCaptionError, ValueError):
        cues = webvtt.from_buffer(io.StringIO(text), format=path.suffix.lower().lstrip(".")).captions
    utterances: list[Utterance] = []
    previous = ""
    for cue in sorted(cues, key=lambda cue: int(cue.start_time.in_milliseconds())):
        lines = [line.strip() for line in cue.text.splitlines() if line.strip()]
        fresh = [line for line in lines if line != previous]
        if fresh:
            start_s, end_s = (float(time.in_milliseconds()) / 1000 for time in (cue.start_time, cue.end_time))
            utterances.append(Utterance(start_s, max(start_s, end_s), " ".join(fresh)))
        previous = lines[-1] if lines else previous
    return utterances


def stretches(origin: Origin, splitter: PassageSplitter, utterances: Sequence[Utterance]) -> Iterator[Segment]:
    """Consecutive utterances together, up to about 20 seconds and within the splitter's limit of tokens.

    The times inside one utterance that is too long by itself are estimated from its characters.
    """
    room = splitter.room(origin.title)
    waiting: list[Utterance] = []
    tokens = 0
    for utterance in utterances:
        for part in _in_passages(utterance, splitter, origin.title):
            more = splitter.tokens(part.text)
            if waiting and (tokens + more > room or part.end_s - waiting[0].start_s > STRETCH_S):
                yield _joined(origin, waiting)
                waiting, tokens = [], 0
            waiting.append(part)
            tokens += more
    if waiting:
        yield _joined(origin, waiting)


def untimed(origin: Origin, splitter: PassageSplitter, path: Path, duration_s: float) -> Iterator[Segment]:
    """The passages of a transcript without times, each spanning the whole recording."""
    text, _ = decode(path)
    for passage in splitter.split(text, origin.title):
        span = Span(start_s=0.0, end_s=duration_s, start_char=passage.start, end_char=passage.end)
        yield origin.segment("audio", span, text=passage.text)


def _in_passages(utterance: Utterance, splitter: PassageSplitter, title: str) -> Iterator[Utterance]:
    length_s = utterance.end_s - utterance.start_s
    size = max(len(utterance.text), 1)
    for passage in splitter.split(utterance.text, title):
        start_s = utterance.start_s + length_s * passage.start / size
        end_s = utterance.start_s + length_s * passage.end / size
        yield Utterance(round(start_s, 3), round(end_s, 3), passage.text)


def _joined(origin: Origin, utterances: Sequence[Utterance]) -> Segment:
    span = Span(start_s=utterances[0].start_s, end_s=max(utterance.end_s for utterance in utterances))
    return origin.segment("audio", span, text=" ".join(utterance.text for utterance in utterances))
