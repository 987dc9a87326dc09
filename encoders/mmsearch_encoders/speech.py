"""Speech into words by openai-whisper (Radford et al., ICML 2023)."""

import ast
from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmsearch.errors import ConfigError, ModelUnavailable
from mmsearch.liveness import alive
from mmsearch.protocols import Utterance
from mmsearch.types import digest
from mmsearch_encoders.loading import Once, best_device, existing, loading, reporting
from mmsearch_encoders.weights import Source, package_folder, require, revision

SAMPLE_RATE = 16_000
FRAME_S = 0.1
SILENCE = 10 ** (-55 / 20)
"""Root mean square, as a share of full scale, below which a frame holds no speech: -55 dBFS."""
MARGIN_S = 0.3
"""Kept around what is heard, for soft beginnings and ends."""
LONG_PAUSE_S = 15.0
"""A shorter pause is left to whisper: each stretch costs at least one pass over 30 s."""
FALLBACK_TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


class WhisperRecognizer:
    """What is said, with its seconds. Silence is not decoded at all, since whisper makes up words for it.

    `model` is an official name, found in whisper's cache, or a checkpoint file. `language` is detected when not
    given. `temperature` is tried from the first on: the next when the text repeats itself or is unlikely.
    `sample_len` bounds the tokens of one window of 30 s.
    """

    def __init__(
        self,
        model: str = "base",
        language: str | None = None,
        device: str | None = None,
        sample_len: int | None = None,
        temperature: float | Sequence[float] = FALLBACK_TEMPERATURES,
    ) -> None:
        self.source = source_of(model)
        self._language, self._device, self._sample_len = language, device, sample_len
        self._temperatures = (temperature,) if isinstance(temperature, (int, float)) else tuple(temperature)
        self._model = Once(self._load)

    @cached_property
    def fingerprint(self) -> str:
        decoding = (self._language, self._sample_len, *self._temperatures)
        return digest("whisper", self.source.model, revision(require(self.source)), *decoding)[:16]

    def transcribe(self, samples: NDArray[np.float32]) -> tuple[str, list[Utterance]]:
        stretches = heard(samples)
        if not stretches:
            return self._language or "", []
        start_s, end_s = stretches[0][0], stretches[-1][1]
        spoken = samples[round(start_s * SAMPLE_RATE) : round(end_s * SAMPLE_RATE)]
        model = self._model()
        with reporting(f"recognising speech by whisper {self.source.model}"):
            said: dict[str, Any] = model.transcribe(
                np.ascontiguousarray(spoken, dtype=np.float32),
                language=self._language,
                temperature=self._temperatures,
                condition_on_previous_text=False,
                clip_timestamps=[second - start_s for stretch in stretches for second in stretch],
                sample_len=self._sample_len,
                fp16=str(model.device).startswith("cuda"),
                verbose=None,
            )
        utterances = []
        for part in said["segments"]:
            first_s, last_s = placed(float(part["start"]) + start_s, float(part["end"]) + start_s, stretches)
            utterances.append(Utterance(first_s, last_s, part["text"].strip()))
        return str(said["language"]), [u for u in utterances if u.text and u.end_s > u.start_s]

    def _load(self) -> Any:
        file = require(self.source)
        with loading(f"whisper {self.source.model}", file):
            import whisper

            model: Any = whisper.load_model(str(file), device=best_device(self._device))
            for tower in (model.encoder, model.decoder):  # a long recording is many windows, each of many tokens
                tower.register_forward_pre_hook(lambda *_: alive())
            return model


def heard(samples: NDArray[np.float32]) -> list[tuple[float, float]]:
    """(start, end) in seconds of each stretch that is not silent, apart by long pauses; none for silence."""
    frame = round(FRAME_S * SAMPLE_RATE)
    padded = np.pad(samples.astype(np.float32, copy=False), (0, -len(samples) % frame)).reshape(-1, frame)
    loud = np.flatnonzero(np.sqrt(np.mean(np.square(padded), axis=1)) > SILENCE)
    if not len(loud):
        return []
    length_s = len(samples) / SAMPLE_RATE
    breaks = np.flatnonzero(np.diff(loud) * FRAME_S > LONG_PAUSE_S)
    firsts, lasts = loud[[0, *(breaks + 1)]], loud[[*breaks, -1]]
    return [
        (max(0.0, float(first) * FRAME_S - MARGIN_S), min(length_s, float(last + 1) * FRAME_S + MARGIN_S))
        for first, last in zip(firsts, lasts, strict=True)
    ]


def placed(start_s: float, end_s: float, stretches: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Where an utterance lies within the stretch that it was heard in: a model's times may run over its end."""
    first_s, last_s = next((stretch for stretch in reversed(stretches) if stretch[0] <= start_s), stretches[0])
    start_s = max(first_s, min(start_s, last_s - FRAME_S))
    return start_s, min(end_s, last_s)


def source_of(model: str) -> Source:
    """Where the recogniser of this official name or file comes from. Raises ConfigError for an unknown name."""
    if (file := existing(model)) or model.endswith(".pt"):
        return Source("speech", Path(model).name, "whisper", path=file or Path(model))
    url = official().get(model)
    if url is None:
        raise ConfigError(f'whisper knows no model "{model}"; known are {", ".join(official())}')
    return Source("speech", model, "whisper", url=url, cache="whisper")


@cache
def official() -> dict[str, str]:
    """name -> URL of whisper's own models, read from the package's file: importing it costs seconds of torch."""
    folder = package_folder("whisper")
    if folder is None:
        raise ModelUnavailable('openai-whisper is not installed; install it with pip install "mmsearch[encoders]"')
    for statement in ast.parse((folder / "__init__.py").read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and getattr(statement.targets[0], "id", "") == "_MODELS":
            return dict(ast.literal_eval(statement.value))
    raise ConfigError(f"{folder} lists no models; mmsearch knows openai-whisper 20250625")
