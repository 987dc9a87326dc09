"""Recordings as samples, decoded as a stream: FFmpeg by way of PyAV, whose wheels bring the codecs.

A recording of three hours is never in memory as a whole: whoever reads it takes it block by block, or cut into windows.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from mmsearch.liveness import alive

Samples = NDArray[np.float32]
"""Mono, in [-1, 1], shape (n,)."""

FORMATS = "wav,w64,flac,mp3,ogg,mov,aac,aiff,asf,matroska,caf,amr,au,ac3"
"""FFmpeg's names of what a file is taken for, whatever it is called."""
SILENCE = 10 ** (-55 / 20)
"""Root mean square, as a share of full scale, below which nothing is heard: -55 dBFS."""
WINDOW_S = 300.0
"""A recogniser is given so much at once at most: 19 MB of samples."""
SEEK_S = 60.0
"""The last minute of a window is searched for the place to cut it at."""
FRAME_S = 0.1
FLAC_BLOCK = 4608
"""Samples of a frame, as the encoder of FFmpeg wants them."""
FRAMES_BETWEEN = 5
"""Half a second is what a pause between two sentences takes."""


class NoSound(ValueError):
    """The file has no stream of sound."""


@contextmanager
def opened(file: IO[bytes]) -> Iterator[tuple[Any, Any]]:
    """PyAV's container of the file and its first stream of sound; of a playlist FFmpeg would open what it names.

    Raises NoSound, and what PyAV raises for what is none of FORMATS.
    """
    import av

    with av.open(file, "r", metadata_errors="replace", options={"format_whitelist": FORMATS}) as container:
        if not container.streams.audio:
            raise NoSound("it holds no sound")
        yield container, container.streams.audio[0]


def samples(file: IO[bytes], rate: int) -> Iterator[Samples]:
    """The recording in blocks at `rate` samples a second; damaged packets are passed over as players do.

    Each packet is a sign of life. Raises NoSound, and what PyAV raises for what does not decode.
    """
    import av

    with opened(file) as (container, stream):
        resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
        for packet in container.demux(stream):
            alive()
            try:
                frames = packet.decode()
            except av.InvalidDataError:
                continue
            for frame in frames:
                for resampled in resampler.resample(frame):
                    yield resampled.to_ndarray()[0]
        for resampled in resampler.resample(None):
            yield resampled.to_ndarray()[0]


def cut_at_silence(
    blocks: Iterable[Samples], rate: int, window_s: float = WINDOW_S, seek_s: float = SEEK_S
) -> Iterator[tuple[float, Samples]]:
    """(start in seconds, samples) of consecutive windows of at most `window_s`, which together are the recording.

    Each but the last ends in the middle of the quietest half second of its last `seek_s`: between words, not in one.
    """
    most, searched = round(window_s * rate), round(seek_s * rate)
    waiting: list[Samples] = []
    length = start = 0
    for block in blocks:
        waiting.append(block)
        length += len(block)
        while length > most:
            window = np.concatenate(waiting)
            cut = most - searched + _quietest(window[most - searched : most], rate)
            yield start / rate, window[:cut]
            waiting, length, start = [window[cut:].copy()], length - cut, start + cut
    if length:
        yield start / rate, np.concatenate(waiting)


def overlapping(
    blocks: Iterable[Samples], rate: int, window_s: float, step_s: float
) -> Iterator[tuple[float, Samples]]:
    """(start in seconds, samples) of a window of `window_s` every `step_s`; the last one is what is left, as short.

    Every window holds something that is in none before it.
    """
    size, step = round(window_s * rate), round(step_s * rate)
    waiting: list[Samples] = []
    length = start = 0
    for block in blocks:
        waiting.append(block)
        length += len(block)
        while length >= size:
            joined = np.concatenate(waiting)
            yield start / rate, joined[:size]
            waiting, length, start = [joined[step:].copy()], length - step, start + step
    if length > (size - step if start else 0):
        yield start / rate, np.concatenate(waiting)


def flac(samples: Samples, rate: int) -> bytes:
    """The samples as a FLAC file of 16 bits."""
    import av

    file = BytesIO()
    with av.open(file, "w", format="flac") as container:
        stream = container.add_stream("flac", rate=rate, layout="mono", format="s16")
        whole = (np.clip(samples, -1, 1) * 32_767).astype(np.int16)
        for start in range(0, len(whole), FLAC_BLOCK):
            frame = av.AudioFrame.from_ndarray(whole[None, start : start + FLAC_BLOCK], format="s16", layout="mono")
            frame.sample_rate = rate
            frame.pts = start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def loudness(samples: Samples, frame: int) -> NDArray[np.float32]:
    """The root mean square of each frame of so many samples; the last one is filled up with silence."""
    padded = np.pad(samples.astype(np.float32, copy=False), (0, -len(samples) % frame)).reshape(-1, frame)
    return np.asarray(np.sqrt(np.mean(np.square(padded), axis=1)), np.float32)


def is_heard(samples: Samples, rate: int) -> bool:
    """Whether there is anything but silence for a tenth of a second."""
    return bool(loudness(samples, round(FRAME_S * rate)).max(initial=0.0) > SILENCE)


def _quietest(samples: Samples, rate: int) -> int:
    """Where the middle of the quietest half second is; the last one of several alike, so that windows are long."""
    frame = round(FRAME_S * rate)
    power = np.square(loudness(samples[: len(samples) // frame * frame], frame).astype(np.float64))
    around = np.convolve(power, np.ones(FRAMES_BETWEEN), "valid").round(12)
    last = len(around) - 1 - int(np.argmin(around[::-1]))
    return (2 * last + FRAMES_BETWEEN) * frame // 2
