"""Recordings."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import IO, Any, ClassVar

from mmsearch.errors import CorruptMedia
from mmsearch.limits import USUAL, FileLimits
from mmsearch.liveness import alive
from mmsearch.passages import PassageSplitter
from mmsearch.protocols import Hearing, SpeechRecognizer, Utterance, Word
from mmsearch.readers.captions import iso_date
from mmsearch.readers.decoding import TRIPPED, decoding, is_blank, open_file, undecodable, version_of
from mmsearch.readers.segments import Origin, title_from_name
from mmsearch.readers.stretches import stretches, untimed
from mmsearch.readers.transcripts import timed
from mmsearch.sounds import Samples, cut_at_silence, flac, is_heard, opened, overlapping, samples
from mmsearch.types import Document, Segment, Span, digest
from mmsearch.windows import piece_heard

SAMPLE_RATE = 16_000
"""What recognisers hear."""


@dataclass(frozen=True, slots=True)
class AudioReader:
    """Stretches of speech with their words: from a transcript beside the recording, else from the recogniser.

    Without either the recording is one segment without text. For a model of sounds, `hearing`, what is heard follows
    in pieces of these segments. The libraries of FFmpeg come with PyAV.
    """

    splitter: PassageSplitter
    recognizer: SpeechRecognizer | None = None
    limits: FileLimits = USUAL
    hearing: Hearing | None = None
    suffixes: ClassVar[frozenset[str]] = frozenset(
        {".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".m4a", ".m4b", ".aac", ".aif", ".aiff", ".wma"}
    )
    sidecar_suffixes: ClassVar[tuple[str, ...]] = (".vtt", ".srt", ".txt")

    @property
    def fingerprint(self) -> str:
        heard = self.recognizer and self.recognizer.fingerprint
        return digest("audio 2", version_of("av"), self.splitter.fingerprint, heard)[:16]

    def read(self, document: Document) -> Iterator[Segment]:
        path = document.path
        transcript = next((p for s in self.sidecar_suffixes for p in document.sidecars if p.suffix.lower() == s), None)
        with open_file(path) as file:
            duration_s, said = probe(path, file, self.limits)
            facts = {"duration_s": duration_s, **said}
            title = facts.pop("title", "") or title_from_name(path)
            origin = Origin(document, "audio", title, facts, limits=self.limits)
            whole = origin.segment("audio", Span(start_s=0.0, end_s=duration_s))
            segments = self._speech(origin, file, transcript) or [whole]
            yield from segments
            if self.hearing:
                yield from _heard(segments, decoded(path, file, self.hearing.rate, self.limits), self.hearing)

    def _speech(self, origin: Origin, file: IO[bytes], transcript: Path | None) -> list[Segment]:
        """The stretches of speech; none where nothing is said, or nobody wrote down what."""
        duration_s = float(origin.metadata["duration_s"])
        if transcript is None:
            return list(self._recognised(origin, file)) if self.recognizer else []
        if transcript.suffix.lower() != ".txt":
            return list(stretches(origin, self.splitter, timed(transcript)))
        return [] if is_blank(transcript) else list(untimed(origin, self.splitter, transcript, duration_s))

    def _recognised(self, origin: Origin, file: IO[bytes]) -> Iterator[Segment]:
        """What the recogniser hears, window by window; each stretch has the language that was heard there."""
        assert self.recognizer is not None
        heard: list[tuple[str, Utterance]] = []
        blocks = decoded(origin.document.path, file, SAMPLE_RATE, self.limits)
        for start_s, window in cut_at_silence(blocks, SAMPLE_RATE):
            language, utterances = self.recognizer.transcribe(window)
            heard += [(language, _later(utterance, start_s)) for utterance in utterances]
        for language, run in groupby(heard, key=itemgetter(0)):
            spoken = replace(origin, metadata={**origin.metadata, "language": language})
            yield from stretches(spoken, self.splitter, [utterance for _, utterance in run])


def _heard(segments: Sequence[Segment], blocks: Iterable[Samples], hearing: Hearing) -> Iterator[Segment]:
    """The windows in which anything is heard, each a piece of the segment that it lies in, or of the nearest one."""
    windows = overlapping(blocks, hearing.rate, hearing.window_s, hearing.step_s)
    for number, (start_s, window) in enumerate(windows):
        if is_heard(window, hearing.rate):
            span = Span(start_s=start_s, end_s=round(start_s + len(window) / hearing.rate, 3))
            around = max(segments, key=partial(_common_s, span))
            yield piece_heard(around, number, span, flac(window, hearing.rate))


def _common_s(span: Span, segment: Segment) -> float:
    """How many seconds the segment lies in the span; less than 0 is how far away it is."""
    times = (span.start_s, span.end_s, segment.span.start_s, segment.span.end_s)
    first_s, last_s, start_s, end_s = (time or 0.0 for time in times)
    return min(last_s, end_s) - max(first_s, start_s)


def probe(path: Path, file: IO[bytes], limits: FileLimits) -> tuple[float, dict[str, Any]]:
    """(seconds, tags) of a recording that decodes.

    Raises CorruptMedia when it does not, or when it has no samples, TooLarge when it is too long.
    """
    with decoding(path):
        import av

        av.logging.set_level(None)
    with _decoding(path), opened(file) as (container, stream):
        end, heard = Fraction(0), False
        for packet in container.demux(stream):
            alive()
            if packet.pts is not None:
                end = max(end, (packet.pts + (packet.duration or 0)) * packet.time_base)
            if not heard:
                try:
                    heard = bool(packet.decode())
                except av.InvalidDataError:
                    continue
        start = max((stream.start_time or 0) * (stream.time_base or 0), 0)
        if not heard or end <= start:
            raise CorruptMedia(f"{path} holds no sound (0 seconds)")
        length_s = float(end - start)
        limits.hold("recording_s", length_s, f"{path} lasts {length_s / 3600:,.1f} hours")
        return round(length_s, 3), _tags({**container.metadata, **stream.metadata})


def decoded(path: Path, file: IO[bytes], rate: int, limits: FileLimits) -> Iterator[Samples]:
    """The recording from its start in blocks; see `sounds.samples`.

    Raises CorruptMedia, also for want of samples, and TooLarge for more sound than its packets told.
    """
    length = 0
    with _decoding(path):
        file.seek(0)
        for block in samples(file, rate):
            length += len(block)
            length_s = length / rate
            limits.hold("recording_s", length_s, f"{path} lasts more than {length_s / 3600:,.1f} hours")
            yield block
    if not length:
        raise CorruptMedia(f"{path} holds no sound (0 seconds)")


def _later(utterance: Utterance, by_s: float) -> Utterance:
    """The utterance with its times counted from a start so many seconds earlier."""

    def moved(word: Word) -> Word:
        return Word(word.start_s + by_s, word.end_s + by_s, word.text)

    start_s, end_s = round(utterance.start_s + by_s, 3), round(utterance.end_s + by_s, 3)
    return replace(utterance, start_s=start_s, end_s=end_s, words=tuple(map(moved, utterance.words)))


@contextmanager
def _decoding(path: Path) -> Iterator[None]:
    """Turns what FFmpeg says into CorruptMedia, also where it speaks of rights or of no such file: the file is open."""
    with decoding(path):
        import av
    with decoding(path, *TRIPPED):
        try:
            yield
        except av.FFmpegError as error:
            raise undecodable(path, error) from error


def _tags(said: dict[str, str]) -> dict[str, Any]:
    lower = {key.lower(): value.strip() for key, value in said.items() if value.strip()}
    found: dict[str, Any] = {key: lower[key] for key in ("title", "artist", "album", "genre") if key in lower}
    date = next((lower[key] for key in ("date", "year", "creation_time") if key in lower), "")
    return found | ({"date": iso_date(date)} if iso_date(date) else {})
