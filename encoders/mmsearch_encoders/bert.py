"""A few texts through a BERT sentence encoder in numpy, so that a search from the command line need not import torch.

Importing torch and sentence-transformers takes 5 to 15 s, this 0.3 s. It is used for little text and only where the
model is exactly this: BERT (Devlin et al., NAACL 2019) with its usual activation and positions, pooled by the mean or
by the first token, perhaps normalised. A test holds it against sentence-transformers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mmsearch_encoders.weights import read_json

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

Array = NDArray[np.float32]
MODULES = (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
ERF = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)
"""Abramowitz and Stegun 7.1.26, of the highest power first."""
BLOCK = 8_192
"""Numbers."""
POOLINGS = {"mean": "pooling_mode_mean_tokens", "cls": "pooling_mode_cls_token"}


@dataclass(frozen=True, slots=True)
class NumpyBert:
    """The weights by name, and what the configuration says.

    `threads` holds numpy's matrix products to one thread: they are so small that a second one only waits, and where
    another process wants the processor each wait costs a time slice (measured: 700 ms a query instead of 20).
    """

    weights: Mapping[str, Array]
    tokenizer: Any
    layers: int
    heads: int
    epsilon: float
    pooling: str
    threads: "ThreadpoolController"

    def encode(self, texts: Sequence[str]) -> Array:
        """The texts' vectors, (n, dim), of unit length."""
        tokens = [encoded.ids for encoded in self.tokenizer.encode_batch(list(texts))]
        ends = np.cumsum([len(ids) for ids in tokens])[:-1]
        states = self._embedded(tokens)
        with self.threads.limit(limits=1, user_api="blas"):
            for layer in range(self.layers):
                states = self._layer(states, ends, f"encoder.layer.{layer}")
        each = np.split(states, ends)
        pooled = np.stack([states[0] if self.pooling == "cls" else states.mean(axis=0) for states in each])
        lengths = np.linalg.norm(pooled, axis=1, keepdims=True)
        unit: Array = pooled / np.maximum(lengths, np.float32(1e-12))
        return unit

    def _embedded(self, tokens: Sequence[Sequence[int]]) -> Array:
        """The states of all tokens, the texts one behind the other: only attention tells the texts apart."""
        words = self.weights["embeddings.word_embeddings.weight"][np.concatenate(tokens)]
        places = np.concatenate([np.arange(len(ids)) for ids in tokens])
        positions = self.weights["embeddings.position_embeddings.weight"][places]
        kind = self.weights["embeddings.token_type_embeddings.weight"][0]
        return self._normed(words + positions + kind, "embeddings.LayerNorm")

    def _layer(self, states: Array, ends: NDArray[np.int64], name: str) -> Array:
        parts = (np.split(self._linear(states, f"{name}.attention.self.{p}"), ends) for p in ("query", "key", "value"))
        attended = np.concatenate([self._attended(*text) for text in zip(*parts, strict=True)])
        attended = self._linear(attended, f"{name}.attention.output.dense")
        states = self._normed(states + attended, f"{name}.attention.output.LayerNorm")
        inner = gelu(self._linear(states, f"{name}.intermediate.dense"))
        return self._normed(states + self._linear(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    def _attended(self, query: Array, key: Array, value: Array) -> Array:
        """What each token of one text takes from the others, (tokens, dim)."""
        heads = self._heads(query)
        scores = heads @ self._heads(key).transpose(0, 2, 1) / np.float32(heads.shape[-1] ** 0.5)
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        attended: Array = (weights @ self._heads(value)).transpose(1, 0, 2).reshape(query.shape)
        return attended

    def _heads(self, states: Array) -> Array:
        return states.reshape(len(states), self.heads, -1).transpose(1, 0, 2)

    def _linear(self, states: Array, name: str) -> Array:
        mapped: Array = states @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]
        return mapped

    def _normed(self, states: Array, name: str) -> Array:
        centred = states - states.mean(axis=-1, keepdims=True)
        deviation = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + np.float32(self.epsilon))
        normed: Array = centred / deviation * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]
        return normed


def gelu(x: Array) -> Array:
    """x times the normal distribution's mass below x; erf by Abramowitz and Stegun 7.1.26, right to 1.5e-7.

    By blocks that stay in the processor's cache, which takes a fifth of the time.
    """
    flat, out = x.reshape(-1), np.empty(x.size, np.float32)
    for start in range(0, x.size, BLOCK):
        _gelu(flat[start : start + BLOCK], out[start : start + BLOCK])
    return out.reshape(x.shape)


def _gelu(x: Array, out: Array) -> None:
    """`out` becomes (x + |x|) / 2 - |x| tail, where the tail is the mass beyond |x|."""
    size = np.abs(x)
    z = size * np.float32(0.5**0.5)
    t = np.reciprocal(z * np.float32(0.3275911) + np.float32(1))
    tail = t * np.float32(0.5 * ERF[0])
    for factor in ERF[1:]:
        tail += np.float32(0.5 * factor)
        tail *= t
    np.square(z, out=z)
    tail *= np.exp(np.negative(z, out=z), out=z)
    tail *= size
    np.add(x, size, out=out)
    out *= np.float32(0.5)
    out -= tail


def numpy_bert(folder: Path, max_tokens: int) -> NumpyBert | None:
    """The model in the folder, or None when it is any other kind. Raises what reading broken files raises."""
    config = read_json(folder / "config.json", {})
    pooling = _pooling(folder, config)
    if pooling is None:
        return None
    from safetensors.numpy import load_file
    from threadpoolctl import ThreadpoolController
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    weights = {name.removeprefix("bert."): w for name, w in load_file(folder / "model.safetensors").items()}
    if any(w.dtype != np.float32 for name, w in weights.items() if name.endswith((".weight", ".bias"))):
        return None
    threads = ThreadpoolController()  # type: ignore[no-untyped-call]  # threadpoolctl leaves it untyped
    layers, heads = config["num_hidden_layers"], config["num_attention_heads"]
    return NumpyBert(weights, tokenizer, layers, heads, config.get("layer_norm_eps", 1e-12), pooling, threads)


def _pooling(folder: Path, config: dict[str, Any]) -> str | None:
    """How the tokens are pooled, if all that the files say is what NumpyBert does."""
    modules = read_json(folder / "modules.json", [])
    plain = (
        [module["type"].rpartition(".")[2] for module in modules] in MODULES
        and modules[0]["path"] == ""
        and config.get("model_type") == "bert"
        and config.get("hidden_act") == "gelu"
        and config.get("position_embedding_type", "absolute") == "absolute"
        and (config.get("dtype") or config.get("torch_dtype") or "float32") == "float32"
        and not read_json(folder / "sentence_bert_config.json", {}).get("do_lower_case")
        and all((folder / name).is_file() for name in ("tokenizer.json", "model.safetensors"))
    )
    if not plain:
        return None
    said = read_json(folder / modules[1]["path"] / "config.json", {})
    if not said.get("include_prompt", True):
        return None
    flags = [key for key, value in said.items() if key.startswith("pooling_mode_") and value is True]
    return next((mode for mode, flag in POOLINGS.items() if said.get("pooling_mode") == mode or flags == [flag]), None)
