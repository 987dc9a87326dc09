from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from media import document, texts, tone, write_audio
from numpy.typing import NDArray

from mmsearch.errors import CorruptMedia
from mmsearch.limits import FileLimits
from mmsearch.passages import PassageSplitter
from mmsearch.protocols import Hearing, Utterance
from mmsearch.readers.audio import SAMPLE_RATE, AudioReader, decoded
from mmsearch.sounds import flac, samples
from mmsearch.types import Segment

SPLITTER = PassageSplitter(64)


class Listener:
    """A recogniser that writes down how loud each second is."""

    fingerprint = "loudness"

    def __init__(self) -> None:
        self.heard: list[NDArray[np.float32]] = []

    def transcribe(self, samples: NDArray[np.float32]) -> tuple[str, list[Utterance]]:
        self.heard.append(samples)
        seconds = range(len(samples) // 16_000)
        return "en", [Utterance(float(s), s + 1.0, f"Second {s}.") for s in seconds]


def read(path: Path, *sidecars: Path, **options: Any) -> list[Segment]:
    return list(AudioReader(options.pop("splitter", SPLITTER), **options).read(document(path, *sidecars)))


FORMATS = [
    ("a.wav", "pcm_s16le", 0),
    ("a.flac", "flac", 0),
    ("a.mp3", "libmp3lame", 0.1),
    ("a.ogg", "libopus", 0.05),
    ("a.opus", "libopus", 0.05),
    ("a.m4a", "aac", 0.15),
    ("a.aac", "aac", 0.15),
]


@pytest.mark.parametrize(("name", "codec", "padding_s"), FORMATS)
def test_every_format_is_heard_as_16_khz_mono(tmp_path: Path, name: str, codec: str, padding_s: float) -> None:
    path = write_audio(tmp_path / name, codec, 2.0)
    with path.open("rb") as file:
        heard = np.concatenate(list(decoded(path, file, SAMPLE_RATE, FileLimits())))
    assert heard.dtype == np.float32
    assert len(heard) / 16_000 == pytest.approx(2.0, abs=padding_s + 0.01)
    spectrum = np.abs(np.fft.rfft(heard[8_000:24_000]))
    assert spectrum.argmax() == 440
    assert 0.4 < np.abs(heard[8_000:24_000]).max() < 0.6


@pytest.mark.parametrize(("name", "codec", "padding_s"), FORMATS)
def test_without_transcript_and_recogniser_it_is_one_segment(
    tmp_path: Path, name: str, codec: str, padding_s: float
) -> None:
    (segment,) = read(write_audio(tmp_path / name, codec, 2.0))
    assert (segment.modality, segment.text, segment.span.start_s) == ("audio", "", 0.0)
    assert segment.span.end_s == segment.metadata["duration_s"] == pytest.approx(2.0, abs=padding_s + 0.01)


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp3", "libmp3lame"), ("a.flac", "flac"), ("a.m4a", "aac"), ("a.ogg", "libopus")]
)
def test_tags(tmp_path: Path, name: str, codec: str) -> None:
    tags = {"title": "The storm", "artist": "Ada Keeper", "album": "Tales", "date": "2024-05-01"}
    (segment,) = read(write_audio(tmp_path / name, codec, tags=tags))
    assert segment.title == "The storm"
    assert {key: segment.metadata[key] for key in ("artist", "album", "date")} == {
        "artist": "Ada Keeper",
        "album": "Tales",
        "date": "2024-05-01",
    }


VTT = """WEBVTT

NOTE a remark

1
00:00:01.500 --> 00:00:04.250 align:start
<v Ada>The harbour was <i>built</i> in 1871.

00:00:04.250 --> 00:00:19.000
It was widened
in 1902.

00:00:19.000 --> 00:00:24.000
Then came the storm. It took the whole of the long pier,

00:00:24.500 --> 00:00:34.000
and nobody has built it again since.
"""
SRT = "1\r\n00:00:01,500 --> 00:00:04,250\r\nCafé am Hafen.\r\n\r\n2\r\n00:00:30,000 --> 00:00:31,000\r\nEnde.\r\n"


def test_cues_are_joined_to_whole_sentences_of_15_to_30_seconds(tmp_path: Path) -> None:
    transcript = tmp_path / "a.vtt"
    transcript.write_text(VTT)
    segments = read(write_audio(tmp_path / "a.flac", "flac", 50.0), transcript)
    assert [(s.span.start_s, s.span.end_s, s.text) for s in segments] == [
        (1.5, 19.0, "Ada: The harbour was built in 1871. It was widened in 1902."),
        (19.0, 34.0, "Then came the storm. It took the whole of the long pier, and nobody has built it again since."),
    ]


def test_subtitles_in_an_older_encoding(tmp_path: Path) -> None:
    transcript = tmp_path / "a.srt"
    transcript.write_bytes(SRT.encode("cp1252"))
    segments = read(write_audio(tmp_path / "a.flac", "flac", 40.0), transcript)
    assert [(s.span.start_s, s.span.end_s, s.text) for s in segments] == [
        (1.5, 4.25, "Café am Hafen."),
        (30.0, 31.0, "Ende."),
    ]


def test_captions_that_roll_say_each_line_once(tmp_path: Path) -> None:
    transcript = tmp_path / "a.vtt"
    lines = ["one", "one\ntwo", "two\nthree"]
    cues = (f"00:0{n}.000 --> 00:0{n + 1}.000\n{line}\n" for n, line in enumerate(lines))
    transcript.write_text("WEBVTT\n\n" + "\n".join(cues))
    assert texts(read(write_audio(tmp_path / "a.flac", "flac", 4.0), transcript), "audio") == ["one two three"]


def test_stretches_stay_within_the_limit_of_tokens_and_long_cues_are_divided(tmp_path: Path) -> None:
    transcript = tmp_path / "a.vtt"
    words = "The harbour was built in that year. " * 10
    transcript.write_text(f"WEBVTT\n\n00:00.000 --> 00:10.000\n{words}\n")
    splitter = PassageSplitter(32)
    segments = read(write_audio(tmp_path / "a.flac", "flac", 12.0), transcript, splitter=splitter)
    assert len(segments) > 2
    assert " ".join(s.text for s in segments) == words.strip()
    assert all(splitter.tokens(s.text) <= 32 for s in segments)
    assert segments[0].span.start_s == 0.0
    assert segments[-1].span.end_s == pytest.approx(10.0, abs=0.1)


def test_a_transcript_without_times_spans_the_recording(tmp_path: Path) -> None:
    transcript = tmp_path / "a.txt"
    transcript.write_text("The harbour was built in that year. " * 20)
    segments = read(write_audio(tmp_path / "a.flac", "flac", 3.0), transcript)
    assert len(segments) > 1
    assert {(s.span.start_s, s.span.end_s) for s in segments} == {(0.0, 3.0)}
    assert len({s.id for s in segments}) == len(segments)


def test_the_recogniser_hears_the_recording_only_without_a_transcript(tmp_path: Path) -> None:
    path, listener = write_audio(tmp_path / "a.flac", "flac", 25.0), Listener()
    segments = read(path, recognizer=listener)
    assert [len(heard) for heard in listener.heard] == [25 * 16_000]
    assert [(s.span.start_s, s.span.end_s) for s in segments] == [(0.0, 15.0), (15.0, 25.0)]
    assert segments[1].text.startswith("Second 15. Second 16.")
    assert segments[1].text.endswith("Second 24.")
    assert segments[0].metadata["language"] == "en"
    transcript = tmp_path / "a.txt"
    transcript.write_text("Nothing of the kind.")
    assert texts(read(path, transcript, recognizer=listener), "audio") == ["Nothing of the kind."]
    assert len(listener.heard) == 1


def test_times_are_preferred_among_transcripts(tmp_path: Path) -> None:
    plain, timed = tmp_path / "a.txt", tmp_path / "a.vtt"
    plain.write_text("plain")
    timed.write_text("WEBVTT\n\n00:00.000 --> 00:01.000\ntimed\n")
    path = write_audio(tmp_path / "a.flac", "flac", 2.0)
    assert texts(read(path, plain, timed), "audio") == ["timed"]


def test_silence_leaves_the_recording_findable_by_its_title(tmp_path: Path) -> None:
    class Deaf(Listener):
        def transcribe(self, samples: NDArray[np.float32]) -> tuple[str, list[Utterance]]:
            return "en", []

    (segment,) = read(write_audio(tmp_path / "storm_at_sea.flac", "flac"), recognizer=Deaf())
    assert (segment.title, segment.text, segment.span.end_s) == ("storm at sea", "", 2.0)


@pytest.mark.parametrize(("name", "content"), [("a.txt", ""), ("a.srt", ""), ("a.vtt", "WEBVTT\n")])
def test_a_blank_transcript_says_that_nothing_is_said(tmp_path: Path, name: str, content: str) -> None:
    transcript, listener = tmp_path / name, Listener()
    transcript.write_text(content)
    path = write_audio(tmp_path / "a.flac", "flac")
    assert texts(read(path, transcript, recognizer=listener), "audio") == [""]
    assert listener.heard == []


def test_a_broken_transcript_is_named(tmp_path: Path) -> None:
    transcript = tmp_path / "talk.vtt"
    transcript.write_text("this is no transcript")
    with pytest.raises(CorruptMedia, match=r"talk\.vtt"):
        read(write_audio(tmp_path / "talk.flac", "flac"), transcript)


def test_what_is_heard_follows_in_pieces_of_the_segments_that_it_lies_in(tmp_path: Path) -> None:
    """Windows of 4 s every 2 s: silence gives none, and what is nobody's words belongs to the nearest."""
    sound = np.concatenate([tone(7.0, 16_000), np.zeros(6 * 16_000, np.float32), tone(4.0, 16_000)])
    (tmp_path / "a.flac").write_bytes(flac(sound, 16_000))
    transcript = tmp_path / "a.vtt"
    transcript.write_text("WEBVTT\n\n00:00.000 --> 00:03.000\nOne.\n\n00:08.000 --> 00:11.000\nTwo.\n")
    path = tmp_path / "a.flac"
    deaf = read(path, transcript)
    segments = read(path, transcript, hearing=Hearing(8_000, 4.0, 2.0))
    assert segments[:2] == deaf, "nothing else changes"
    first, second = deaf
    assert [(s.id, s.span.start_s, s.span.end_s) for s in segments[2:]] == [
        (f"{first.id}#0", 0, 4),
        (f"{first.id}#1", 2, 6),
        (f"{second.id}#2", 4, 8),
        (f"{second.id}#3", 6, 10),
        (f"{second.id}#5", 10, 14),
        (f"{second.id}#6", 12, 16),
        (f"{second.id}#7", 14, 17),
    ]
    assert all(s.text == "" and s.metadata == first.metadata for s in segments[2:])
    heard = np.concatenate(list(samples(BytesIO(segments[2].sound or b""), 8_000)))
    assert len(heard) == 4 * 8_000
    assert np.abs(np.fft.rfft(heard[8_000:16_000])).argmax() == 440
    assert AudioReader(SPLITTER).fingerprint == AudioReader(SPLITTER, hearing=Hearing(8_000, 4.0, 2.0)).fingerprint


def test_a_long_recording_is_transcribed_in_windows_with_its_own_seconds(tmp_path: Path) -> None:
    listener = Listener()
    segments = read(write_audio(tmp_path / "a.flac", "flac", 610.0), recognizer=listener)
    assert len(listener.heard) == 3
    assert all(len(heard) <= 300 * 16_000 for heard in listener.heard)
    assert sum(map(len, listener.heard)) == 610 * 16_000
    starts = [segment.span.start_s or 0.0 for segment in segments]
    assert starts == sorted(starts)
    assert starts[-1] > 580
    assert max(segment.span.end_s or 0.0 for segment in segments) == pytest.approx(610, abs=1.01)
