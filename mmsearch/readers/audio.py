"""Recordings."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import IO, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mmsearch.errors import CorruptMedia
from mmsearch.limits import USUAL, FileLimits
from mmsearch.liveness import alive
from mmsearch.passages import PassageSplitter
from mmsearch.protocols import SpeechRecognizer
from mmsearch.readers.captions import iso_date
from mmsearch.readers.decoding import TRIPPED, decoding, is_blank, open_file, undecodable, version_of
from mmsearch.readers.segments import Origin, title_from_name
from mmsearch.readers.transcripts import stretches, timed, untimed
from mmsearch.types import Document, Segment, Span, digest

FORMATS = "wav,w64,flac,mp3,ogg,mov,aac,aiff,asf,matroska,caf,amr,au,ac3"
"""FFmpeg's names of what a file is taken for, whatever it is called."""
SAMPLE_RATE = 16_000
"""What recognisers hear."""


@dataclass(frozen=True, slots=True)
class AudioReader:
    """Stretches of speech with their words: from a transcript beside the recording, else from the recogniser.

    Without either the recording is one segment without text. The libraries of FFmpeg come with PyAV.
    """

    splitter: PassageSplitter
    recognizer: SpeechRecognizer | None = None
    limits: FileLimits = USUAL
    suffixes: ClassVar[frozenset[str]] = frozenset(
        {".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".m4a", ".m4b", ".aac", ".aif", ".aiff", ".wma"}
    )
    sidecar_suffixes: ClassVar[tuple[str, ...]] = (".vtt", ".srt", ".txt")

    @property
    def fingerprint(self) -> str:
        heard = self.recognizer and self.recognizer.fingerprint
        return digest("audio 1", version_of("av"), self.splitter.fingerprint, heard)[:16]

    def read(self, document: Document) -> Iterator[Segment]:
        path = document.path
        transcript = next((p for s in self.sidecar_suffixes for p in document.sidecars if p.suffix.lower() == s), None)
        with open_file(path) as file:
            duration_s, said = probe(path, file, self.limits)
            facts = {"duration_s": duration_s, **said}
            title = facts.pop("title", "") or title_from_name(path)
            if transcript is None and self.recognizer is not None:
                file.seek(0)
                facts["language"], utterances = self.recognizer.transcribe(samples(path, file, self.limits))
            else:
                utterances = timed(transcript) if transcript and transcript.suffix.lower() != ".txt" else []
        origin = Origin(document, "audio", title, facts, limits=self.limits)
        if transcript and transcript.suffix.lower() == ".txt" and not is_blank(transcript):
            yield from untimed(origin, self.splitter, transcript, duration_s)
        elif any(utterance.text.strip() for utterance in utterances):
            yield from stretches(origin, self.splitter, utterances)
        else:
            yield origin.segment("audio", Span(start_s=0.0, end_s=duration_s))


def probe(path: Path, file: IO[bytes], limits: FileLimits) -> tuple[float, dict[str, Any]]:
    """(seconds, tags) of a recording that decodes.

    Raises CorruptMedia when it does not, or when it has no samples, TooLarge when it is too long.
    """
    with decoding(path):
        import av

        av.logging.set_level(None)
    with _opened(path, file) as container:
        stream = _audio_stream(path, container)
        end, decoded = Fraction(0), False
        for packet in container.demux(stream):
            alive()
            if packet.pts is not None:
                end = max(end, (packet.pts + (packet.duration or 0)) * packet.time_base)
            if not decoded:
                try:
                    decoded = bool(packet.decode())
                except av.InvalidDataError:
                    continue
        start = max((stream.start_time or 0) * (stream.time_base or 0), 0)
        if not decoded or end <= start:
            raise CorruptMedia(f"{path} holds no sound (0 seconds)")
        length_s = float(end - start)
        limits.hold("recording_s", length_s, f"{path} lasts {length_s / 3600:,.1f} hours")
        return round(length_s, 3), _tags({**container.metadata, **stream.metadata})


def samples(path: Path, file: IO[bytes], limits: FileLimits) -> NDArray[np.float32]:
    """The recording as 16 kHz mono samples in [-1, 1]; damaged packets are passed over as players do.

    Raises CorruptMedia, TooLarge for more sound than its packets told.
    """
    with decoding(path):
        import av
    parts: list[NDArray[np.float32]] = []
    length_s = 0.0
    with _opened(path, file) as container:
        stream = _audio_stream(path, container)
        resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
        for packet in container.demux(stream):
            alive()
            try:
                frames = packet.decode()
            except av.InvalidDataError:
                continue
            for frame in frames:
                more = [resampled.to_ndarray()[0] for resampled in resampler.resample(frame)]
                length_s += sum(map(len, more)) / SAMPLE_RATE
                limits.hold("recording_s", length_s, f"{path} lasts more than {length_s / 3600:,.1f} hours")
                parts += more
        parts += [resampled.to_ndarray()[0] for resampled in resampler.resample(None)]
    if not parts:
        raise CorruptMedia(f"{path} holds no sound (0 seconds)")
    return np.concatenate(parts)


@contextmanager
def _opened(path: Path, file: IO[bytes]) -> Iterator[Any]:
    """PyAV's container of the file, if it is a recording: of a playlist FFmpeg would open what it names.

    Raises CorruptMedia, also where FFmpeg speaks of rights or of no such file, for the file is open.
    """
    import av

    with decoding(path, *TRIPPED):
        try:
            with av.open(file, "r", metadata_errors="replace", options={"format_whitelist": FORMATS}) as container:
                yield container
        except av.FFmpegError as error:
            raise undecodable(path, error) from error


def _audio_stream(path: Path, container: Any) -> Any:
    if not container.streams.audio:
        raise CorruptMedia(f"{path} holds no sound")
    return container.streams.audio[0]


def _tags(said: dict[str, str]) -> dict[str, Any]:
    lower = {key.lower(): value.strip() for key, value in said.items() if value.strip()}
    found: dict[str, Any] = {key: lower[key] for key in ("title", "artist", "album", "genre") if key in lower}
    date = next((lower[key] for key in ("date", "year", "creation_time") if key in lower), "")
    return found | ({"date": iso_date(date)} if iso_date(date) else {})
