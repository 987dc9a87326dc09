"""Recordings, and transcripts beside them."""

import struct

from hostile.made import Bombs, beside

CUES = "WEBVTT\n\n{}\nwords\n\n"


def _wav(
    rate: int = 16_000, channels: int = 1, bits: int = 16, data: bytes = b"\1\2" * 8000, said: int | None = None
) -> bytes:
    frame = channels * bits // 8
    shape = struct.pack("<HHIIHH", 1, channels, rate, rate * frame & 0xFFFFFFFF, frame & 0xFFFF, bits)
    size = struct.pack("<I", len(data) if said is None else said)
    return b"RIFF\xff\xff\xff\xffWAVEfmt " + struct.pack("<I", len(shape)) + shape + b"data" + size + data


def _transcribed(sidecar: str, content: str) -> dict[str, bytes]:
    """A good recording with this beside it."""
    return beside(_wav(), ".wav", sidecar, content)


BOMBS: Bombs = {
    "size.wav": lambda: _wav(said=0xFFFFFFFF),
    "hours.wav": lambda: _wav(rate=1, bits=8, data=bytes(range(256)) * 400),
    "channels.wav": lambda: _wav(channels=65_535),
    "rate.wav": lambda: _wav(rate=0xFFFFFFFF),
    "bits.wav": lambda: _wav(bits=0),
    "playlist.wav": lambda: b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n/etc/passwd\n#EXT-X-ENDLIST\n",
    "listing.wav": lambda: b"ffconcat version 1.0\nfile /etc/passwd\n",
    "program.mp3": lambda: b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1,\nhttp://127.0.0.1:9/\n",
    "cues_far.wav": lambda: _transcribed("cues_far.vtt", CUES.format("99999999:00:00.000 --> 99999999:59:59.999")),
    "cues_back.wav": lambda: _transcribed("cues_back.vtt", CUES.format("00:00:09.000 --> 00:00:01.000")),
    "cues_line.wav": lambda: _transcribed("cues_line.srt", "1\n00:00:00,000 --> 00:00:01,000\n" + "word" * 500_000),
    "cues_many.wav": lambda: _transcribed("cues_many.vtt", "WEBVTT\n\n" + "00:00.000 --> 00:01.000\nx\n\n" * 20_000),
    "cues_broken.wav": lambda: _transcribed("cues_broken.srt", "1\n--> -->\n\n-1\n00:-1:00,000 --> x\n"),
}
