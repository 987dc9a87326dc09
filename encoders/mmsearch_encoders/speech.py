"""Speech into words by openai-whisper (Radford et al., ICML 2023), several windows of a recording at a time.

`whisper.transcribe` reads a recording window by window, since where one begins is told by the last words of the one
before, and passes over the encoder's work again for the language and for the times of words. Here windows are cut where
it is quiet, as in WhisperX (Bain et al., Interspeech 2023): they can be decoded together, and each is encoded once.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mmsearch.errors import ConfigError, ModelUnavailable
from mmsearch.liveness import alive
from mmsearch.once import Once
from mmsearch.protocols import Utterance, Word
from mmsearch.sounds import FRAME_S, SILENCE, Samples, cut_at_silence, loudness
from mmsearch.types import digest
from mmsearch_encoders.loading import best_device, existing, loading, reporting
from mmsearch_encoders.weights import Source, package_folder, require, revision

SAMPLE_RATE = 16_000
WINDOW_S = 30.0
"""What whisper hears at once; a shorter window is filled up with silence, and costs as much."""
SEEK_S = 6.0
"""The last seconds of a window are searched for a quiet place to cut it at."""
MARGIN_S = 0.3
"""Kept around what is heard, for soft beginnings and ends."""
LONG_PAUSE_S = 15.0
"""A shorter pause is left to whisper: each stretch costs at least one window."""
FALLBACK_TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
MOST_COMPRESSED, LEAST_LOG_PROBABILITY, SURELY_SILENT = 2.4, -1.0, 0.6
"""As in `whisper.transcribe`: from which compression ratio on a text repeats itself, below which mean log probability
of a token it is unlikely, and from which probability of no speech on an unlikely text is none."""
TIME_TOKEN_S = 0.02
WINDOWS_ON_PROCESSOR, WINDOWS_ON_GPU = 4, 16
"""Decoded together: on two cores, more than four windows by whisper base bring little and take 40 MB each."""


class WhisperRecognizer:
    """What is said, with its seconds. Silence is not decoded at all, since whisper makes up words for it.

    `model` is an official name, found in whisper's cache, or a checkpoint file. `language` is detected when not
    given. `temperature` is tried from the first on: the next when the text repeats itself or is unlikely.
    `sample_len` bounds the tokens of one window of 30 s. `word_times` finds the seconds of each word, by which a long
    utterance is cut between its sentences; without them they are estimated. `windows` are decoded together.
    """

    def __init__(
        self,
        model: str = "base",
        language: str | None = None,
        device: str | None = None,
        sample_len: int | None = None,
        temperature: float | Sequence[float] = FALLBACK_TEMPERATURES,
        word_times: bool = True,
        windows: int | None = None,
    ) -> None:
        self.source = source_of(model)
        self._language, self._device, self._sample_len = language, device, sample_len
        self._temperatures = (temperature,) if isinstance(temperature, (int, float)) else tuple(temperature)
        self._word_times, self._windows = word_times, windows
        self._model = Once(self._load)

    @cached_property
    def fingerprint(self) -> str:
        decoding = (self._language, self._sample_len, self._word_times, *self._temperatures)
        return digest("whisper 2", self.source.model, revision(require(self.source)), *decoding)[:16]

    def transcribe(self, samples: Samples) -> tuple[str, list[Utterance]]:
        windows = list(spoken(samples))
        if not windows:
            return self._language or "", []
        model, language = self._model(), self._language
        usual = WINDOWS_ON_PROCESSOR if str(model.device) == "cpu" else WINDOWS_ON_GPU
        size = self._windows or usual
        utterances: list[Utterance] = []
        with reporting(f"recognising speech by whisper {self.source.model}"):
            for start in range(0, len(windows), size):
                batch = _Batch.of(model, windows[start : start + size])
                language = language or batch.language()
                utterances += self._said(batch, language)
        return language or "", [u for u in utterances if u.text and u.end_s > u.start_s]

    def _said(self, batch: "_Batch", language: str) -> Iterator[Utterance]:
        """What is said in the windows, each by the first temperature that gives a likely text, else by the last."""
        results: dict[int, Any] = {}
        for temperature in self._temperatures:
            left = [n for n in range(len(batch.windows)) if n not in results or _is_poor(results[n])]
            if left:
                decoded = batch.decoded(left, language, temperature, self._sample_len)
                results.update(zip(left, decoded, strict=True))
        for number, result in sorted(results.items()):
            silent = result.no_speech_prob > SURELY_SILENT and result.avg_logprob < LEAST_LOG_PROBABILITY
            if not silent:
                yield from batch.utterances(number, result, self._word_times)

    def _load(self) -> Any:
        file = require(self.source)
        with loading(f"whisper {self.source.model}", file):
            import whisper

            model: Any = whisper.load_model(str(file), device=best_device(self._device))
            for tower in (model.encoder, model.decoder):  # a window is many tokens
                tower.register_forward_pre_hook(lambda *_: alive())
            return model


@dataclass(frozen=True, slots=True)
class _Batch:
    """Windows of a recording (start in seconds, samples) as the encoder of the model heard them."""

    model: Any
    windows: Sequence[tuple[float, Samples]]
    features: Any
    """A tensor of shape (windows, positions, width)."""
    half: bool

    @classmethod
    def of(cls, model: Any, windows: Sequence[tuple[float, Samples]]) -> "_Batch":
        import torch
        from whisper.audio import N_SAMPLES, log_mel_spectrogram, pad_or_trim

        half = str(model.device).startswith("cuda")
        filled = np.stack([pad_or_trim(np.ascontiguousarray(heard, np.float32), N_SAMPLES) for _, heard in windows])
        mel = log_mel_spectrogram(filled, n_mels=model.dims.n_mels, device=model.device)
        with torch.inference_mode():
            return cls(model, windows, model.encoder(mel.half() if half else mel), half)

    def language(self) -> str:
        """The language of the first window."""
        if not self.model.is_multilingual:
            return "en"
        from whisper.decoding import detect_language

        _, (chances,) = detect_language(self.model, self.features[:1])
        return str(max(chances, key=lambda code: float(chances[code])))

    def decoded(self, numbers: Sequence[int], language: str, temperature: float, sample_len: int | None) -> list[Any]:
        """Whisper's DecodingResult of each of the windows."""
        from whisper.decoding import DecodingOptions, decode

        options = DecodingOptions(
            language=language, temperature=temperature, sample_len=sample_len, fp16=self.half, suppress_tokens="-1"
        )
        return list(decode(self.model, self.features[list(numbers)], options))  # type: ignore[arg-type]  # of several

    def utterances(self, number: int, result: Any, word_times: bool) -> Iterator[Utterance]:
        """What is said in a window, its times in the recording."""
        from whisper.tokenizer import get_tokenizer

        start_s, heard = self.windows[number]
        length_s = len(heard) / SAMPLE_RATE
        tokenizer: Any = get_tokenizer(
            self.model.is_multilingual, num_languages=self.model.num_languages, language=result.language
        )
        parts: list[dict[str, Any]] = [
            {"seek": 0, "start": first_s, "end": last_s, "tokens": tokens}
            for first_s, last_s, tokens in between_times(result.tokens, tokenizer.timestamp_begin, length_s)
            if tokenizer.decode(tokens).strip()
        ]
        if word_times and parts:
            self._find_words(number, parts, tokenizer, round(length_s / 0.01))
        for part in parts:
            words = words_of(part.get("words", ()), start_s, length_s)
            first_s, last_s = placed(part["start"], part["end"], length_s)
            text = "".join(word.text for word in words) or tokenizer.decode(part["tokens"]).strip()
            yield Utterance(start_s + first_s, start_s + last_s, text, words=words)

    def _find_words(self, number: int, parts: list[dict[str, Any]], tokenizer: Any, frames: int) -> None:
        """Give the parts their words, by what the decoder looked at (Dynamic time warping over its attention)."""
        from whisper.timing import add_word_timestamps

        model: Any = _Heard(self.model, self.features[number : number + 1])
        add_word_timestamps(
            segments=parts,
            model=model,
            tokenizer=tokenizer,
            mel=self.features[number],
            num_frames=frames,
            last_speech_timestamp=0.0,
        )


class _Heard:
    """A model as whisper's timing calls it, that does not encode again what is encoded."""

    def __init__(self, model: Any, features: Any) -> None:
        self._model, self._features = model, features

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def __call__(self, mel: Any, tokens: Any) -> Any:
        return self._model.decoder(tokens, self._features)


def _is_poor(result: Any) -> bool:
    """Whether another temperature is to be tried: silence is silence by any."""
    if result.no_speech_prob > SURELY_SILENT and result.avg_logprob < LEAST_LOG_PROBABILITY:
        return False
    return bool(result.compression_ratio > MOST_COMPRESSED or result.avg_logprob < LEAST_LOG_PROBABILITY)


def between_times(tokens: Sequence[int], first_time: int, length_s: float) -> Iterator[tuple[float, float, list[int]]]:
    """(start, end, tokens) of what stands between the tokens that are times; without one, from end to end."""
    start_s, said = 0.0, list[int]()
    for token in tokens:
        if token < first_time:
            said.append(token)
            continue
        now_s = (token - first_time) * TIME_TOKEN_S
        if said:
            yield start_s, now_s, said
        start_s, said = now_s, []
    if said:
        yield start_s, length_s, said


def placed(start_s: float, end_s: float, length_s: float) -> tuple[float, float]:
    """Where an utterance lies within its window: a model's times may run over its end."""
    start_s = max(0.0, min(float(start_s), length_s - FRAME_S))
    return start_s, min(float(end_s), length_s)


def words_of(said: Sequence[dict[str, Any]], later_s: float, length_s: float) -> tuple[Word, ...]:
    """What a recogniser says of the words of an utterance, their times counted from `later_s` seconds before."""
    texts = [str(word["word"]) for word in said]
    if texts:  # blanks stand before words
        texts[0] = texts[0].lstrip()
        texts[-1] = texts[-1].rstrip()
    places = [placed(word["start"], word["end"], length_s) for word in said]
    return tuple(
        Word(later_s + start_s, later_s + end_s, text) for (start_s, end_s), text in zip(places, texts, strict=True)
    )


def spoken(samples: Samples) -> Iterator[tuple[float, Samples]]:
    """(start in seconds, samples) of windows for whisper: what is heard, cut where it is quiet, without long pauses."""
    for start_s, end_s in heard(samples):
        first, last = round(start_s * SAMPLE_RATE), round(end_s * SAMPLE_RATE)
        for later_s, window in cut_at_silence([samples[first:last]], SAMPLE_RATE, WINDOW_S, SEEK_S):
            yield start_s + later_s, window


def heard(samples: Samples) -> list[tuple[float, float]]:
    """(start, end) in seconds of each stretch that is not silent, apart by long pauses; none for silence."""
    loud = np.flatnonzero(loudness(samples, round(FRAME_S * SAMPLE_RATE)) > SILENCE)
    if not len(loud):
        return []
    length_s = len(samples) / SAMPLE_RATE
    breaks = np.flatnonzero(np.diff(loud) * FRAME_S > LONG_PAUSE_S)
    firsts, lasts = loud[[0, *(breaks + 1)]], loud[[*breaks, -1]]
    return [
        (max(0.0, float(first) * FRAME_S - MARGIN_S), min(length_s, float(last + 1) * FRAME_S + MARGIN_S))
        for first, last in zip(firsts, lasts, strict=True)
    ]


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
