"""Recordings."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import IO, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mmsearch.errors import CorruptMedia
from mmsearch.liveness import alive
from mmsearch.passages import PassageSplitter
from mmsearch.protocols import SpeechRecognizer
from mmsearch.readers.captions import iso_date
from mmsearch.readers.decoding import TRIPPED, decoding, is_blank, open_file, version_of
from mmsearch.readers.segments import Origin, title_from_name
from mmsearch.readers.transcripts import stretches, timed, untimed
from mmsearch.types import Document, Segment, Span, digest

SAMPLE_RATE = 16_000
"""What recognisers hear."""


@dataclass(frozen=True, slots=True)
class AudioReader:
    """Stretches of speech with their words: from a transcript beside the recording, else from the recogniser.

    Without either the recording is one segment without text. The libraries of FFmpeg come with PyAV.
    """

    splitter: PassageSplitter
    recognizer: SpeechRecognizer | None = None
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
            duration_s, said = probe(path, file)
            facts = {"duration_s": duration_s, **said}
            title = facts.pop("title", "") or title_from_name(path)
            if transcript is None and self.recognizer is not None:
                file.seek(0)
                facts["language"], utterances = self.recognizer.transcribe(samples(path, file))
            else:
                utterances = timed(transcript) if transcript and transcript.suffix.lower() != ".txt" else []
        origin = Origin(document, "audio", title, facts)
        if transcript and transcript.suffix.lower() == ".txt" and not is_blank(transcript):
            yield from untimed(origin, self.splitter, transcript, duration_s)
        elif any(utterance.text.strip() for utterance in utterances):
            yield from stretches(origin, self.splitter, utterances)
        else:
            yield origin.segment("audio", Span(start_s=0.0, end_s=duration_s))


def probe(path: Path, file: IO[bytes]) -> tuple[float, dict[str, Any]]:
    """(seconds, tags) of a recording that decodes.

    Raises CorruptMedia when it does not, or when it has no samples.
    """
    with decoding(path):
        import av

        av.logging.set_level(None)
    with decoding(path, av.FFmpegError, *TRIPPED), av.open(file, "r", metadata_errors="replace") as container:
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
        return round(float(end - start), 3), _tags({**container.metadata, **stream.metadata})


def samples(path: Path, file: IO[bytes]) -> NDArray[np.float32]:
    """The recording as 16 kHz mono samples in [-1, 1]; damaged packets are passed over as players do."""
    with decoding(path):
        import av
    parts: list[NDArray[np.float32]] = []
    with decoding(path, av.FFmpegError, *TRIPPED), av.open(file, "r", metadata_errors="replace") as container:
        stream = _audio_stream(path, container)
        resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
        for packet in container.demux(stream):
            alive()
            try:
                frames = packet.decode()
            except av.InvalidDataError:
                continue
            for frame in frames:
                parts += [resampled.to_ndarray()[0] for resampled in resampler.resample(frame)]
        parts += [resampled.to_ndarray()[0] for resampled in resampler.resample(None)]
    if not parts:
        raise CorruptMedia(f"{path} holds no sound (0 seconds)")
    return np.concatenate(parts)


def _audio_stream(path: Path, container: Any) -> Any:
    if not container.streams.audio:
        raise CorruptMedia(f"{path} holds no sound")
    return container.streams.audio[0]


def _tags(said: dict[str, str]) -> dict[str, Any]:
    lower = {key.lower(): value.strip() for key, value in said.items() if value.strip()}
    found: dict[str, Any] = {key: lower[key] for key in ("title", "artist", "album", "genre") if key in lower}
    date = next((lower[key] for key in ("date", "year", "creation_time") if key in lower), "")
    return found | ({"date": iso_date(date)} if iso_date(date) else {})
