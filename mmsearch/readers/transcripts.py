"""Who said what when: the utterances of transcript files."""

import html
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmsearch.protocols import Utterance
from mmsearch.readers.charsets import decode
from mmsearch.readers.decoding import decoding, is_blank

_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>|</v>")
_TAG = re.compile(r"<[^>]*>")


def timed(path: Path) -> list[Utterance]:
    """The utterances of a .vtt or .srt file in the order of their starts. Raises CorruptMedia when it does not parse.

    Captions that roll, and so repeat the line before, say it once. Each turn of a speaker (`<v Name>`) is an utterance
    of its own; its share of the caption's time is estimated. A blank file is a recording without words.
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
        said = list(_said(cue.raw_text))
        fresh = [(speaker, line) for speaker, line in said if line != previous]
        utterances += _turns(cue, fresh)
        previous = said[-1][1] if said else previous
    return utterances


def _said(raw: str) -> Iterator[tuple[str, str]]:
    """(speaker, line) of a caption's lines; a line in which the speaker changes gives one for each.

    A voice holds to the end of the caption or until it is closed (WebVTT, W3C 2019, 6.4).
    """
    speaker = ""
    for line in raw.splitlines():
        start = 0
        for tag in (*_VOICE.finditer(line), None):
            part = html.unescape(_TAG.sub("", line[start : tag.start() if tag else None]))
            if part.strip():
                yield speaker, part.strip()
            if tag:
                start, speaker = tag.end(), " ".join(html.unescape(tag[1] or "").split())


def _turns(cue: Any, said: list[tuple[str, str]]) -> Iterator[Utterance]:
    """The caption's lines as one utterance for each turn."""
    turns: list[tuple[str, str]] = []
    for speaker, line in said:
        if turns and turns[-1][0] == speaker:
            turns[-1] = speaker, f"{turns[-1][1]} {line}"
        else:
            turns.append((speaker, line))
    first_s, last_s = (float(time.in_milliseconds()) / 1000 for time in (cue.start_time, cue.end_time))
    last_s = max(first_s, last_s)
    whole, before = sum(len(text) for _, text in turns), 0
    for speaker, text in turns:
        start_s = first_s + (last_s - first_s) * before / whole
        before += len(text)
        end_s = first_s + (last_s - first_s) * before / whole
        yield Utterance(round(start_s, 3), round(end_s, 3), text, speaker)
