"""Answers read out of texts by a question-answering model of transformers: the words of a passage that answer, or none.

Models trained on SQuAD 2.0 (Rajpurkar et al., arXiv:1806.03822) say that a passage does not answer; those trained on
SQuAD 1.1 always point somewhere, and get a margin. `spans` says what becomes of their logits.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from mmsearch.answering.questions import read_question
from mmsearch.answering.sentences import sentence_around
from mmsearch.errors import ModelError
from mmsearch.once import Once
from mmsearch.types import Answer, Embeddings, Modality, Segment, digest
from mmsearch_encoders.batching import Budget, fill
from mmsearch_encoders.loading import best_device, existing, first_line, head_is_whole, loading, reporting
from mmsearch_encoders.spans import Stretch, Window, likeliest
from mmsearch_encoders.weights import SAFETENSORS, Source, read_json, require, revision

DEFAULT = "deepset/tinyroberta-squad2"
REVISION = "1"
READS = "ForQuestionAnswering"
REFUSING = ("squad2", "squad-v2", "squad_v2")
"""In the name of a model that was trained to say that a passage does not answer."""
WINDOW_TOKENS, STRIDE_TOKENS, QUESTION_TOKENS = 384, 128, 64
"""As these models were trained: of a window, of what two windows share, of a question at most."""
MARGIN = 2.0
"""By so much the log odds of a model that never refuses are lowered."""
FLOOR = 0.5
PROCESSOR_TOKENS, GPU_TOKENS = 4_096, 65_536
"""Of a batch, padding counted."""


class ExtractiveAnswerer:
    """The words of a text or a transcript that answer a question; to one of yes or no, the sentence that they stand in.

    `model` is a folder, or a name on the model hub that is in the local cache. `refuses` says whether it was trained
    to refuse, which its name tells mostly. The confidence is the logistic function of `bias` + log odds /
    `temperature`, where the log odds are the softmax's over all stretches of the passage and "no answer" (Guo et al.,
    arXiv:1706.04599; Platt 1999): as the model has it, unless you fit the two to judged answers. Below `floor` there
    is no answer.
    """

    def __init__(
        self,
        model: str = DEFAULT,
        refuses: bool | None = None,
        temperature: float = 1.0,
        bias: float = 0.0,
        floor: float = FLOOR,
        device: str | None = None,
        batch_tokens: int | None = None,
    ) -> None:
        self.source = source_of(model)
        self._refuses = refuses
        self._temperature, self._bias, self._floor = temperature, bias, floor
        self._device = device
        self._budget = Budget(batch_tokens, processor=PROCESSOR_TOKENS, gpu=GPU_TOKENS)
        self._model = Once(self._load)
        self._tokenizing = Lock()

    @property
    def modalities(self) -> frozenset[Modality]:
        return frozenset({"text", "audio"})

    @cached_property
    def fingerprint(self) -> str:
        """Model, revision, what decides on answers. Raises ModelUnavailable, ModelError for another kind of model."""
        folder = require(self.source)
        check(folder)
        how = (self._refuses, self._temperature, self._bias, self._floor)
        return digest("extractive", REVISION, self.source.model, revision(folder), *how)[:16]

    def answer(self, question: str, segments: Sequence[Segment]) -> list[Answer | None]:
        asked = read_question(question)
        if asked.asks == "other" and "?" not in question:
            return [None] * len(segments)
        found = self._stretches(question, [segment.text for segment in segments])
        whole = asked.asks == "whether"
        return [self._of(stretch, segment, whole) for stretch, segment in zip(found, segments, strict=True)]

    def _of(self, stretch: Stretch | None, segment: Segment, whole: bool) -> Answer | None:
        if stretch is None:
            return None
        confidence = float(1 / (1 + np.exp(-(self._bias + stretch.log_odds / self._temperature))))
        if confidence < self._floor:
            return None
        place = (stretch.start, stretch.end)
        if whole:
            place = sentence_around(segment.text, *place)
        text, span = " ".join(segment.text[slice(*place)].split()), segment.span
        if segment.modality == "audio" and span.start_s is not None and span.end_s is not None:
            return Answer("moment", text, confidence, characters=place, seconds=(span.start_s, span.end_s))
        return Answer("sentence" if whole else "phrase", text, confidence, characters=place)

    def _stretches(self, question: str, texts: Sequence[str]) -> list[Stretch | None]:
        """The likeliest of each text."""
        if not question.strip() or not any(text.strip() for text in texts):
            return [None] * len(texts)
        model, tokenizer = self._model()
        with self._tokenizing, reporting("cutting texts into windows"):  # its limits are a state that threads share
            cuts = [self._cut(tokenizer, model, question, text) if text.strip() else None for text in texts]
        inputs = [row for cut in cuts if cut is not None for row in _rows(cut)]
        logits = self._logits(model, tokenizer, inputs)
        margin = None if self._refusing else MARGIN
        done, found = 0, list[Stretch | None]()
        for cut in cuts:
            many = len(cut["input_ids"]) if cut is not None else 0
            windows = _windows(cut, logits[done : done + many], tokenizer.cls_token_id)
            found.append(likeliest(list(windows), margin))
            done += many
        return found

    @property
    def _refusing(self) -> bool:
        if self._refuses is not None:
            return self._refuses
        said = f"{self.source.model} {read_json(require(self.source) / 'config.json', {}).get('_name_or_path', '')}"
        return any(name in said.lower() for name in REFUSING)

    def _cut(self, tokenizer: Any, model: Any, question: str, text: str) -> Any:
        """The text in windows that overlap, each behind the question."""
        most = min(WINDOW_TOKENS, tokenizer.model_max_length, model.config.max_position_embeddings)
        limit = min(QUESTION_TOKENS, most // 3)
        plain = tokenizer(question, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"][:limit]
        room = most - len(plain) - tokenizer.num_special_tokens_to_add(pair=True)
        return tokenizer(
            question[: plain[-1][1]] if plain else "",
            text,
            truncation="only_second",
            max_length=most,
            stride=min(STRIDE_TOKENS, room // 3),
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )

    def _logits(self, model: Any, tokenizer: Any, inputs: Sequence[Mapping[str, list[int]]]) -> Embeddings:
        """(windows, 2, tokens of the longest): of starts and of ends."""
        import torch

        sizes = [len(row["input_ids"]) for row in inputs]

        def read(batch: list[int]) -> Embeddings:
            padded = tokenizer.pad([dict(inputs[i]) for i in batch], return_tensors="pt").to(model.device)
            with torch.inference_mode():
                said = model(**padded)
            made = np.zeros((len(batch), 2, max(sizes)), np.float32)
            both = torch.stack([said.start_logits, said.end_logits], 1)
            made[:, :, : both.shape[2]] = both.float().cpu().numpy()
            return made

        logits = np.zeros((len(inputs), 2, max(sizes)), np.float32)
        with reporting(f"reading answers by {self.source.model}"):
            fill(logits, sizes, self._budget, str(model.device), read)
        return logits

    def _load(self) -> tuple[Any, Any]:
        folder = require(self.source)
        check(folder)
        with loading(self.source.model, folder):
            from transformers import AutoModelForQuestionAnswering, AutoTokenizer

            from mmsearch_encoders.linear import speed_up

            device = best_device(self._device)
            tokenizer: Any = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
            if not tokenizer.is_fast:
                raise ValueError("its tokenizer does not say which characters a token stands for")
            tokenizer.padding_side = "right"
            model: Any = AutoModelForQuestionAnswering.from_pretrained(
                str(folder), local_files_only=True, use_safetensors=True
            )
            head_is_whole(model, folder)
            model.to(device).eval()
            speed_up(model, device)
            return model, tokenizer


def check(folder: Path) -> None:
    """Raises ModelError unless the files say that it points at answers in a text."""
    try:
        named = [str(name) for name in read_json(folder / "config.json", {}).get("architectures") or ()]
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ModelError(f"{folder} is no question-answering model: {first_line(error)}") from error
    if not any(name.endswith(READS) for name in named):
        said = ", ".join(named) or "nothing of a model"
        raise ModelError(f"{folder} is no question-answering model, its files say {said}")


def source_of(model: str = DEFAULT) -> Source:
    """Where the model of this folder or hub name comes from."""
    if (folder := existing(model)) or model.startswith((".", "/", "~")):
        path = folder or Path(model)
        return Source("answerer", Path(model).name, "transformers", path=path, weights=SAFETENSORS)
    return Source("answerer", model, "transformers", repo=model, weights=SAFETENSORS)


def _rows(cut: Any) -> Iterator[Mapping[str, list[int]]]:
    """What the model is given of each window."""
    names = [name for name in ("input_ids", "attention_mask", "token_type_ids") if name in cut]
    for values in zip(*(cut[name] for name in names), strict=True):
        yield dict(zip(names, values, strict=True))


def _windows(cut: Any, logits: Embeddings, mark: int) -> Iterator[Window]:
    for number, both in enumerate(logits):
        ids = cut["input_ids"][number]
        passage = np.array([sequence == 1 for sequence in cut.sequence_ids(number)])
        starts, ends = both[:, : len(ids)].astype(np.float64)
        place = ids.index(mark) if mark in ids else 0
        yield Window(starts, ends, np.array(cut["offset_mapping"][number], np.int64), passage, place)
