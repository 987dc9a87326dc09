"""The sound space: recordings by what they sound like, asked in words or by a sound, by CLAP.

Contrastive language-audio pretraining: Wu et al., ICASSP 2023. What it hears at once is ten seconds; windows overlap by
half, so that a sound of up to five seconds is whole in one of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from mmsearch.errors import ConfigError, CorruptMedia, ModelError, ModelUnavailable
from mmsearch.once import Once
from mmsearch.protocols import Hearing
from mmsearch.sounds import Samples, is_heard, overlapping, samples
from mmsearch.types import Embeddings, Query, Segment, Space, Vector, digest
from mmsearch_encoders.batching import Budget, fill, mixed
from mmsearch_encoders.loading import best_device, existing, first_line, loading, reporting
from mmsearch_encoders.projection import unit_rows
from mmsearch_encoders.together import KEPT, Together
from mmsearch_encoders.weights import Source, read_json, require, revision

DEFAULT = "laion/larger_clap_general"
WINDOW_S, STEP_S = 10.0, 5.0
PREPROCESSOR_FILE = "preprocessor_config.json"
QUERY_WINDOWS = 12
"""Of a long sound as the query, so many windows from its start are listened to: a minute."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """CLAP in memory with what goes before it."""

    model: Any
    extract: Any
    tokenizer: Any
    device: str


class SoundEncoder:
    """Windows of recordings by their sound, asked in words or by a sound.

    `model` is a folder with a ClapModel and its processor as transformers saves them, or a name on the model hub that
    is in the local cache. `prompt` is put around a text query where it says `{}`. `batch_windows` are encoded together:
    four on a processor unless given, 64 on a GPU. The usual cosines of the published models are not known here, so that
    chance is told by the library's own recordings.
    """

    def __init__(
        self,
        model: str = DEFAULT,
        prompt: str = "{}",
        device: str | None = None,
        batch_windows: int | None = None,
    ) -> None:
        if "{}" not in prompt:
            raise ConfigError(f'the sound prompt "{prompt}" has no {{}} where the query goes')
        self.source = source_of(model)
        self._prompt, self._device = prompt, device
        self._budget = Budget(batch_windows, processor=4, gpu=64)
        self._loaded = Once(self._load)
        self._words_together = Together(self._encode_words, keeps=KEPT)

    @cached_property
    def space(self) -> Space:
        place = require(self.source)
        try:
            dim = int(read_json(place / "config.json", {})["projection_dim"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{place} is no CLAP model: config.json is missing or broken") from error
        return Space(
            name="sound",
            kind="dense",
            stores=frozenset({"audio"}),
            answers=frozenset({"text", "audio"}),
            model=self.source.model,
            revision=digest(revision(place), self.hearing)[:16],
            dim=dim,
        )

    @cached_property
    def hearing(self) -> Hearing:
        """How recordings are cut for it. Raises ModelUnavailable, ModelError."""
        place = require(self.source)
        try:
            rate = int(read_json(place / PREPROCESSOR_FILE, {})["sampling_rate"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{place} is no CLAP model: {PREPROCESSOR_FILE} is missing or broken") from error
        return Hearing(rate, WINDOW_S, STEP_S)

    def windows(self, segment: Segment) -> list[Segment]:
        """The segment if it is a piece of a recording with its sound."""
        return [segment] if segment.modality == "audio" and segment.sound is not None else []

    def encode(self, segments: Sequence[Segment]) -> Embeddings:
        heard = [self._samples(segment.sound or b"", segment.uri)[: self._most] for segment in segments]
        return self._encode_sounds(heard)

    @property
    def query_batches(self) -> Mapping[int, int]:
        return self._words_together.sizes

    def encode_query(self, query: Query) -> Vector:
        """Words together with those that other threads ask at the same time; a sound by the mean of its windows.

        Raises CorruptMedia for a file that does not decode as a sound, or in which nothing is heard.
        """
        if query.audio is None:
            return self._words_together(query.text)
        name, hearing = "the sound of the query", self.hearing
        with _decoding(name):
            blocks = samples(BytesIO(query.audio), hearing.rate)
            windows = [window for _, window in islice(overlapping(blocks, *_times(hearing)), QUERY_WINDOWS)]
        heard = [window for window in windows if is_heard(window, hearing.rate)]
        if not heard:
            raise CorruptMedia(f"{name} is silent")
        return np.asarray(unit_rows(self._encode_sounds(heard).mean(axis=0, keepdims=True))[0], np.float32)

    @property
    def _most(self) -> int:
        return round(self.hearing.window_s * self.hearing.rate)

    def _encode_words(self, texts: Sequence[str]) -> Embeddings:
        import torch

        loaded = self._loaded()
        asked = [self._prompt.replace("{}", text) for text in texts]
        with reporting(f"encoding by {self.source.model}"), torch.inference_mode():
            tokens = loaded.tokenizer(asked, padding=True, truncation=True, return_tensors="pt").to(loaded.device)
            rows = loaded.model.get_text_features(**tokens).pooler_output
            return unit_rows(rows.float().cpu().numpy())

    def _encode_sounds(self, heard: Sequence[Samples]) -> Embeddings:
        import torch

        rows: Embeddings = np.zeros((len(heard), self.space.dim), np.float32)
        if not len(heard):
            return rows
        loaded, rate = self._loaded(), self.hearing.rate

        def encode(batch: list[int]) -> Embeddings:
            features = loaded.extract([heard[i] for i in batch], sampling_rate=rate, return_tensors="pt")
            seen = features["input_features"].to(loaded.device)
            # What is longer than a window would be cut at random; no window is.
            whole = torch.zeros((len(batch), 1), dtype=torch.bool, device=loaded.device)
            with torch.inference_mode():
                made = loaded.model.get_audio_features(seen, is_longer=whole).pooler_output
            return unit_rows(made.float().cpu().numpy())

        with reporting(f"encoding by {self.source.model}"):
            fill(rows, [1] * len(heard), self._budget, loaded.device, mixed(encode, loaded.device))
        return rows

    def _samples(self, sound: bytes, name: str) -> Samples:
        with _decoding(name):
            return np.concatenate(list(samples(BytesIO(sound), self.hearing.rate)))

    def _load(self) -> Loaded:
        place = require(self.source)
        with loading(self.source.model, place):
            from transformers import AutoTokenizer, ClapFeatureExtractor, ClapModel

            device = best_device(self._device)
            model: Any = ClapModel.from_pretrained(place, local_files_only=True)
            extract: Any = ClapFeatureExtractor.from_pretrained(place, local_files_only=True)
            tokenizer: Any = AutoTokenizer.from_pretrained(place, local_files_only=True)
            return Loaded(model.to(device).eval(), extract, tokenizer, device)


def source_of(model: str) -> Source:
    """Where the model of this folder or name on the model hub comes from."""
    if (folder := existing(model)) or model.startswith((".", "/", "~")):
        return Source("sound", Path(model).name, "CLAP", path=folder or Path(model))
    return Source("sound", model, "CLAP", repo=model)


def _times(hearing: Hearing) -> tuple[int, float, float]:
    return hearing.rate, hearing.window_s, hearing.step_s


@contextmanager
def _decoding(name: str) -> Iterator[None]:
    """What PyAV raises inside, as CorruptMedia; without it, ModelUnavailable."""
    try:
        import av
    except ModuleNotFoundError as error:
        raise ModelUnavailable('sounds need PyAV: pip install "mmsearch[readers]"') from error
    try:
        yield
    except (av.FFmpegError, ValueError) as error:
        raise CorruptMedia(f"{name} does not decode as a sound: {first_line(error)}") from error
