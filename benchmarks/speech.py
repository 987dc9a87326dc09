"""How fast recordings become text: `make bench-speech` writes SPEECH.md.

Whisper base's dimensions with random weights: its words mean nothing, and its time is that of the published model, as
every side writes the same number of tokens for each window of 30 seconds (no weights can be had where this is built).
Plain is `whisper.transcribe` as openai-whisper has it. The sides take turns; each line is the median of its rounds.
"""

import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from mmsearch.sounds import Samples
from mmsearch_encoders.speech import SAMPLE_RATE, WhisperRecognizer

BASE = {
    "n_mels": 80,
    "n_audio_ctx": 1500,
    "n_audio_state": 512,
    "n_audio_head": 8,
    "n_audio_layer": 6,
    "n_vocab": 51865,
    "n_text_ctx": 448,
    "n_text_state": 512,
    "n_text_head": 8,
    "n_text_layer": 6,
}
TOKENS = 100
"""In a window: about what is said in 30 seconds."""
LENGTH_S = 120.0
ROUNDS = 3
REPORT = Path(__file__).with_name("SPEECH.md")


def main() -> None:
    """Measure the sides and write the report."""
    with tempfile.TemporaryDirectory() as folder:
        file = _checkpoint(Path(folder) / "base-random.pt")
        recording = _recording()
        sides = _sides(file)
        for transcribe in sides.values():
            transcribe(recording[: 31 * SAMPLE_RATE])  # models are loaded, numba has compiled
        took_s: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(ROUNDS):
            for name, transcribe in sides.items():
                started = time.perf_counter()
                transcribe(recording)
                took_s[name].append(time.perf_counter() - started)
    REPORT.write_text(_report({name: statistics.median(times) for name, times in took_s.items()}))
    print(REPORT.read_text())


def _sides(file: Path) -> Mapping[str, Callable[[Samples], object]]:
    options: dict[str, Any] = {"language": "en", "sample_len": TOKENS, "temperature": 0}

    def ours(**others: Any) -> Callable[[Samples], object]:
        return WhisperRecognizer(str(file), **options, **others).transcribe

    import whisper

    model = whisper.load_model(str(file), device="cpu")
    plain = partial(model.transcribe, condition_on_previous_text=False, fp16=False, verbose=None, **options)
    return {
        "plain whisper.transcribe": plain,
        "ours, one window at a time, times of words": ours(windows=1),
        "ours, times of words (default)": ours(),
        "ours, without times of words": ours(word_times=False),
        "ours, without times of words, 8 windows": ours(word_times=False, windows=8),
    }


def _checkpoint(file: Path) -> Path:
    """Random weights that write text until they are stopped: no end and no time is ever the likeliest token."""
    import torch
    from whisper.model import ModelDimensions, Whisper

    torch.manual_seed(0)
    model = Whisper(ModelDimensions(**BASE))
    with torch.no_grad():
        model.decoder.token_embedding.weight[50257:] *= 0.01
        model.decoder.positional_embedding.normal_()  # whisper leaves it as memory was
    torch.save({"dims": BASE, "model_state_dict": model.state_dict()}, file)
    return file


def _recording() -> Samples:
    """Noise with a pause of half a second every seven seconds, as sentences have."""
    made = np.random.default_rng(0).normal(0, 0.1, round(LENGTH_S * SAMPLE_RATE)).astype(np.float32)
    for start_s in np.arange(7, LENGTH_S, 7.5):
        made[round(start_s * SAMPLE_RATE) : round((start_s + 0.5) * SAMPLE_RATE)] *= 0.001
    return made


def _report(took_s: Mapping[str, float]) -> str:
    plain = took_s["plain whisper.transcribe"]
    lines = [f"| {name} | {s:.1f} s | {LENGTH_S / s:.1f} | {plain / s:.2f} |" for name, s in took_s.items()]
    load = psutil.getloadavg()[0]
    return "\n".join(
        [
            "# Recordings into text",
            "",
            "Written by `make bench-speech`: "
            + " ".join(" ".join((__doc__ or "").split("\n", 2)[2].split()).split("`make bench-speech`")),
            "",
            f"{LENGTH_S:.0f} s of noise, {TOKENS} tokens a window, {psutil.cpu_count()} cores ({platform.machine()}), "
            f"load {load:.1f} at the end, torch {version('torch')}, openai-whisper {version('openai-whisper')}.",
            "",
            "| side | time | seconds heard in a second | times plain |",
            "|---|---|---|---|",
            *lines,
            "",
        ]
    )


if __name__ == "__main__":
    main()
