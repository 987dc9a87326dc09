"""Reranking by a cross-encoder (Nogueira and Cho, arXiv:1901.04085): query and passage read as one text.

Probabilities are the logistic function of the model's logit: what the published models apply themselves (`Sigmoid`), or
what their authors say to apply to those that give the bare logit (`Identity`), the ones trained on MS MARCO among them:
https://sbert.net/docs/cross_encoder/pretrained_models.html.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch import serialisation
from mmsearch.calibration import Floats
from mmsearch.errors import ModelError
from mmsearch.languages import language_of
from mmsearch.lexical import analyze
from mmsearch.once import Once
from mmsearch.passages import PassageSplitter
from mmsearch.serialisation import for_encoder
from mmsearch.types import Embeddings, Segment, digest
from mmsearch.windows import windows
from mmsearch_encoders.batching import Budget, fill
from mmsearch_encoders.loading import (
    best_device,
    existing,
    first_line,
    head_is_whole,
    loading,
    reporting,
    trusted,
)
from mmsearch_encoders.weights import SAFETENSORS, Source, read_json, require, revision

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

DEFAULT = "cross-encoder/ms-marco-MiniLM-L6-v2"
ACTIVATIONS = ("torch.nn.modules.activation.Sigmoid", "torch.nn.modules.linear.Identity")
"""What ends in a logit or in its logistic function, as model files write it."""
CLASSIFIER = "ForSequenceClassification"
USUAL_LABELS = 2
"""Of a transformers configuration that names none."""
PROCESSOR_TOKENS, GPU_TOKENS = 4_096, 65_536
"""Of a batch, padding counted."""
PAIR_MARKS = 3
"""[CLS] query [SEP] passage [SEP]."""


class CrossEncoderReranker:
    """Segments by how well they answer a query in words: any sentence-transformers cross-encoder with one label.

    `model` is a folder, or a name on the model hub that is in the local cache. A segment is judged by its best window
    of at most `window_tokens`; of a long one, as tables are, the `most_windows` are read that hold most of the query's
    words. `batch_tokens` bounds the tokens of one batch; without it the device does. Code that a model brings runs only
    where `trust_remote_code` is the `model` again.
    """

    def __init__(
        self,
        model: str = DEFAULT,
        device: str | None = None,
        batch_tokens: int | None = None,
        window_tokens: int = 256,
        most_windows: int = 2,
        trust_remote_code: str = "",
    ) -> None:
        self._trusted = trusted(model, trust_remote_code)
        self.source = source_of(model)
        self._device = device
        self._budget = Budget(batch_tokens, processor=PROCESSOR_TOKENS, gpu=GPU_TOKENS)
        self._window_tokens, self._most_windows = window_tokens, most_windows
        self._model = Once(self._load)

    @cached_property
    def fingerprint(self) -> str:
        """Model, revision, and how segments are cut. Raises ModelUnavailable, ModelError for no cross-encoder."""
        folder = require(self.source)
        check(folder)
        cut = (self._window_tokens, self._most_windows, serialisation.REVISION)
        return digest("cross-encoder", self.source.model, revision(folder), *cut)[:16]

    def rerank(self, query: str, segments: Sequence[Segment]) -> list[float]:
        """The probability of each segment's best window."""
        if not segments:
            return []
        model = self._model()
        splitter = self._splitter(query, model)
        texts = [list(self._texts(query, segment, splitter)) for segment in segments]
        logits = iter(self._logits(model, query, [text for of_segment in texts for text in of_segment]))
        best = np.array([max(next(logits) for _ in of_segment) for of_segment in texts])
        return [float(probability) for probability in 1 / (1 + np.exp(-np.clip(best, -700, 700)))]

    def _splitter(self, query: str, model: "CrossEncoder") -> PassageSplitter:
        """Cuts to what the model has room for beside the query; a query that takes more than half of it is cut too."""
        tokenizer_file = existing(require(self.source) / "tokenizer.json")
        most = model.max_seq_length or self._window_tokens
        taken = PassageSplitter(most, tokenizer_file).tokens(query) + PAIR_MARKS
        return PassageSplitter(min(self._window_tokens, max(most - taken, most // 2)), tokenizer_file)

    def _texts(self, query: str, segment: Segment, splitter: PassageSplitter) -> Iterator[str]:
        texts = [for_encoder(window) for window in windows(segment, splitter, of_table=None)]
        if len(texts) > self._most_windows:
            language = language_of(segment)
            words = set(analyze(query, language))
            texts.sort(key=lambda text: -len(words.intersection(analyze(text, language))))
        yield from texts[: self._most_windows]

    def _logits(self, model: "CrossEncoder", query: str, texts: list[str]) -> Floats:
        from torch.nn import Identity

        sizes = [min(PAIR_MARKS + len(query + text) // 3, model.max_seq_length or GPU_TOKENS) for text in texts]

        def read(batch: list[int]) -> Embeddings:
            pairs = [(query, texts[i]) for i in batch]
            said = model.predict(pairs, batch_size=len(batch), activation_fn=Identity(), show_progress_bar=False)
            return np.asarray(said, dtype=np.float32).reshape(-1, 1)

        logits = np.zeros((len(texts), 1), dtype=np.float32)
        with reporting(f"reranking by {self.source.model}"):
            fill(logits, sizes, self._budget, str(model.device), read)
        return logits[:, 0].astype(np.float64)

    def _load(self) -> "CrossEncoder":
        folder = require(self.source)
        check(folder)
        with loading(self.source.model, folder):
            from sentence_transformers import CrossEncoder

            from mmsearch_encoders.linear import speed_up

            device = best_device(self._device)
            only = {"use_safetensors": True}
            model: CrossEncoder = CrossEncoder(
                str(folder), device=device, local_files_only=True, model_kwargs=only, trust_remote_code=self._trusted
            )
            if model.num_labels != 1:
                raise ValueError(f"it gives {model.num_labels} numbers for a pair, and one is needed")
            inner: Any = model.model
            if type(inner).__name__.endswith(CLASSIFIER):
                head_is_whole(inner, folder)
            speed_up(model, device)
            return model


def check(folder: Path) -> None:
    """Raises ModelError unless the files say that it is a cross-encoder whose one number becomes a probability."""
    try:
        own = read_json(folder / "config_sentence_transformers.json", {})
        config = read_json(folder / "config.json", {})
        architectures = [str(name) for name in config.get("architectures") or ()]
        labels = len(config.get("id2label") or ()) or config.get("num_labels", USUAL_LABELS)
        activation = _activation(own, config)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ModelError(f"{folder} is no cross-encoder: {first_line(error)}") from error
    classifies = any(name.endswith(CLASSIFIER) for name in architectures)
    kind = own.get("model_type") or ("CrossEncoder" if classifies else ", ".join(architectures))
    if kind != "CrossEncoder":
        raise ModelError(f"{folder} is no cross-encoder, its files say {kind or 'nothing of a model'}")
    if classifies and labels != 1:
        raise ModelError(f"{folder} sorts pairs into {labels} classes; a reranker gives one number for a pair")
    if activation not in ACTIVATIONS:
        raise ModelError(f"{folder} ends in {activation}, which gives no probability; known are Sigmoid and Identity")


def _activation(own: dict[str, Any], config: dict[str, Any]) -> str:
    """Its import path, from where sentence-transformers writes it since 5, 4 and before; Sigmoid where none is said."""
    said = (
        own.get("activation_fn"),
        (config.get("sentence_transformers") or {}).get("activation_fn"),
        config.get("sbert_ce_default_activation_function"),
    )
    return str(next(filter(None, said), ACTIVATIONS[0]))


def source_of(model: str = DEFAULT) -> Source:
    """Where the cross-encoder of this folder or hub name comes from."""
    if (folder := existing(model)) or model.startswith((".", "/", "~")):
        path = folder or Path(model)
        return Source("reranker", Path(model).name, "cross-encoder", path=path, weights=SAFETENSORS)
    repo = model if "/" in model else f"cross-encoder/{model}"
    return Source("reranker", repo, "cross-encoder", repo=repo, weights=SAFETENSORS)
