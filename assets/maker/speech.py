"""Recordings: espeak-ng speaks each line, and the transcript gets the line's true times."""

from __future__ import annotations

import io
import subprocess
import wave
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from maker.source import Script

Samples = npt.NDArray[np.int16]

RATE = 22050
PAUSE_S = 0.35
# suffix -> (encoder, sampling rate, bits a second or None)
ENCODERS: dict[str, tuple[str, int, int | None]] = {
    ".ogg": ("libopus", 48000, 24000),
    ".mp3": ("libmp3lame", 22050, 40000),
    ".m4a": ("aac", 22050, 40000),
    ".flac": ("flac", 16000, None),
    ".wav": ("pcm_s16le", 16000, None),
}


def spoken(line: str, voice: str, speed: int) -> Samples:
    """The samples of one line at `RATE`, as espeak-ng speaks it."""
    command = ["espeak-ng", "-v", voice, "-s", str(speed), "--stdout", line]
    sound = subprocess.run(command, check=True, capture_output=True).stdout
    with wave.open(io.BytesIO(sound)) as reader:
        if reader.getframerate() != RATE:
            raise ValueError(f"espeak-ng spoke at {reader.getframerate()} Hz, not {RATE}")
        data = reader.readframes(len(sound))  # a streamed header does not know the length
    return np.frombuffer(data, dtype="<i2").astype(np.int16)


def timestamp(samples: int) -> str:
    """A number of samples as a WebVTT time, `hh:mm:ss.mmm`."""
    ms = round(samples * 1000 / RATE)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


def encode(samples: Samples, path: Path) -> None:
    """Write the samples to `path` in the encoding its suffix calls for."""
    encoder, rate, bits = ENCODERS[path.suffix]
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as box:
        options = (
            {"flags": "+bitexact", "compression_level": "12"} if path.suffix == ".flac" else {"flags": "+bitexact"}
        )
        stream = box.add_stream(encoder, rate=rate, layout="mono", options=options)
        if not isinstance(stream, av.AudioStream):
            raise TypeError(f"{encoder} is not an audio encoder")
        if bits is not None:
            stream.bit_rate = bits
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = RATE
        resampler = av.AudioResampler(stream.format, "mono", rate, stream.frame_size or None)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            box.mux(stream.encode(piece))
        box.mux(stream.encode(None))


def record(script: Script, library: Path) -> Path:
    """Make one recording and the `.vtt` beside it; returns the recording's path."""
    pause = np.zeros(int(PAUSE_S * RATE), dtype=np.int16)
    parts: list[Samples] = []
    cues = ["WEBVTT", "", f"NOTE {script.title}", ""]
    at = 0
    for line in script.lines:
        samples = spoken(line, script.voice, script.speed)
        cues += [f"{timestamp(at)} --> {timestamp(at + len(samples))}", line, ""]
        parts += [samples, pause]
        at += len(samples) + len(pause)
    path = library / script.target
    encode(np.concatenate(parts[:-1]), path)
    path.with_suffix(".vtt").write_text("\n".join(cues), encoding="utf-8", newline="\n")
    return path
