"""Speech into words by faster-whisper: Whisper in CTranslate2, with weights of 8 bits on a processor.

faster-whisper 1.2 (MIT, wheels of CTranslate2 for Linux, macOS and Windows) is an extra, since it brings an engine of
its own beside torch. Systran publishes weights in CTranslate2's format, and `ct2-transformers-converter` makes others.
"""

from collections.abc import Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mmsearch.errors import ModelUnavailable
from mmsearch.liveness import alive
from mmsearch.once import Once
from mmsearch.protocols import Utterance
from mmsearch.sounds import Samples
from mmsearch.types import digest
from mmsearch_encoders.loading import existing, loading, reporting
from mmsearch_encoders.speech import SAMPLE_RATE, WINDOWS_ON_PROCESSOR, placed, spoken, words_of
from mmsearch_encoders.weights import Source, package_folder, require, revision


class FasterWhisperRecognizer:
    """What is said, with its seconds, as WhisperRecognizer has it; silence is not decoded.

    `model` is an official name ("base", "large-v3"), a repository on the model hub, or a folder in CTranslate2's format
    with its tokenizer.json. `compute_type` is CTranslate2's: its choice unless given, int8 where the weights are that.
    `beam_size` 1 is greedy. `sample_len` bounds the tokens of one window of 30 s; `windows` are decoded together.
    """

    def __init__(
        self,
        model: str = "base",
        language: str | None = None,
        device: str = "auto",
        compute_type: str = "default",
        beam_size: int = 1,
        sample_len: int | None = None,
        word_times: bool = True,
        windows: int = WINDOWS_ON_PROCESSOR,
    ) -> None:
        self.source = source_of(model)
        self._language, self._device, self._compute_type = language, device, compute_type
        self._beam_size, self._sample_len, self._word_times = beam_size, sample_len, word_times
        self._windows = windows
        self._model = Once(self._load)

    @cached_property
    def fingerprint(self) -> str:
        if package_folder("faster_whisper") is None:
            raise ModelUnavailable('faster-whisper is not installed: pip install "mmsearch[faster-whisper]"')
        decoding = (self._language, self._compute_type, self._beam_size, self._sample_len, self._word_times)
        return digest("faster-whisper 1", self.source.model, revision(require(self.source)), *decoding)[:16]

    def transcribe(self, samples: Samples) -> tuple[str, list[Utterance]]:
        windows = [(start_s, start_s + len(heard) / SAMPLE_RATE) for start_s, heard in spoken(samples)]
        if not windows:
            return self._language or "", []
        utterances: list[Utterance] = []
        with reporting(f"recognising speech by faster-whisper {self.source.model}"):
            segments, facts = self._model().transcribe(
                np.ascontiguousarray(samples, np.float32),
                language=self._language,
                beam_size=self._beam_size,
                temperature=0.0,
                without_timestamps=False,
                word_timestamps=self._word_times,
                vad_filter=False,
                clip_timestamps=[{"start": start_s, "end": end_s} for start_s, end_s in windows],
                max_new_tokens=self._sample_len,
                batch_size=self._windows,
            )
            for part in segments:  # they are decoded as they are asked for
                alive()
                start_s, end_s = _window_of(part.start, windows)
                first_s, last_s = placed(part.start - start_s, part.end - start_s, end_s - start_s)
                said = [
                    asdict(word) | {"start": word.start - start_s, "end": word.end - start_s}
                    for word in part.words or ()
                ]
                words = words_of(said, start_s, end_s - start_s)
                text = "".join(word.text for word in words) or part.text.strip()
                utterances.append(Utterance(start_s + first_s, start_s + last_s, text, words=words))
        return str(facts.language), [u for u in utterances if u.text and u.end_s > u.start_s]

    def _load(self) -> Any:
        folder = require(self.source)
        if package_folder("faster_whisper") is None:
            raise ModelUnavailable('faster-whisper is not installed: pip install "mmsearch[faster-whisper]"')
        with loading(f"faster-whisper {self.source.model}", folder):
            from faster_whisper import BatchedInferencePipeline, WhisperModel

            model = WhisperModel(
                str(folder), device=self._device, compute_type=self._compute_type, local_files_only=True
            )
            return BatchedInferencePipeline(model)  # type: ignore[no-untyped-call]  # theirs


def _window_of(start_s: float, windows: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The window that a time lies in; times of a model may lie a little before it."""
    return next((window for window in reversed(windows) if window[0] <= start_s + 0.01), windows[0])


def source_of(model: str) -> Source:
    """Where the recogniser of this official name, repository or folder comes from."""
    if (folder := existing(model)) or model.startswith((".", "/", "~")):
        return Source("speech", Path(model).name, "faster-whisper", path=folder or Path(model), weights=("model.bin",))
    repo = model if "/" in model else f"Systran/faster-whisper-{model}"
    return Source("speech", model, "faster-whisper", repo=repo, weights=("model.bin",))
