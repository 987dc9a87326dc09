"""A few texts through a BERT sentence encoder by onnxruntime, so that a search need not import torch.

Importing torch and sentence-transformers takes 5 to 15 s, this 0.6 s. The whole model is one call, without Python's
lock: in steps of numpy or torch each waits for the lock anew, and beside one busy thread a query took 600 ms instead of
8 (now 15 instead of 4). It is used for little text and only where the model is exactly this: BERT (Devlin et al.,
NAACL 2019) with its usual activation and positions, pooled by the mean or by the first token, perhaps normalised. A
test holds it against sentence-transformers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmsearch_encoders.projection import unit_rows
from mmsearch_encoders.weights import read_json

Array = NDArray[np.float32]
MODULES = (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
POOLINGS = {"mean": "pooling_mode_mean_tokens", "cls": "pooling_mode_cls_token"}
OPSET, IR_VERSION = 20, 10
"""Of ONNX; the first opset that has Gelu."""
MASKED = np.float32(-1e9)
"""Added to what a token would attend to in padding."""


@dataclass(frozen=True, slots=True)
class LightBert:
    """The tokenizer, the vectors of its tokens and of their places, and the layers over them as a session."""

    tokenizer: Any
    words: Array
    places: Array
    layers: Any
    pooling: str

    def encode(self, texts: Sequence[str]) -> Array:
        """The texts' vectors, (n, dim), of unit length."""
        tokens = [encoded.ids for encoded in self.tokenizer.encode_batch(list(texts))]
        longest = max(map(len, tokens))
        ids, mask = np.zeros((len(tokens), longest), np.int64), np.full((len(tokens), 1, 1, longest), MASKED)
        for row, text in enumerate(tokens):
            ids[row, : len(text)], mask[row, ..., : len(text)] = text, 0
        [states] = self.layers.run(None, {"embedded": self.words[ids] + self.places[:longest], "mask": mask})
        firsts = [1 if self.pooling == "cls" else len(text) for text in tokens]
        return unit_rows(np.stack([text[:first].mean(axis=0) for text, first in zip(states, firsts, strict=True)]))


def light_bert(folder: Path, max_tokens: int) -> LightBert | None:
    """The model in the folder, or None when it is any other kind. Raises what reading broken files raises."""
    config = read_json(folder / "config.json", {})
    pooling = _pooling(folder, config)
    if pooling is None:
        return None
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    weights = {name.removeprefix("bert."): w for name, w in load_file(folder / "model.safetensors").items()}
    if any(w.dtype != np.float32 for name, w in weights.items() if name.endswith((".weight", ".bias"))):
        return None
    places = weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
    words = weights["embeddings.word_embeddings.weight"]
    return LightBert(tokenizer, words, places, _session(weights, config), pooling)


def _session(weights: Mapping[str, Array], config: Mapping[str, Any]) -> Any:
    """The layers, for one thread and without memory of its own: what is asked together differs in shape each time."""
    from onnxruntime import InferenceSession, SessionOptions  # type: ignore[attr-defined]  # passed on by a star

    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    model = _Graph(weights, config).model()
    return InferenceSession(model, options, providers=["CPUExecutionProvider"])


class _Graph:
    """The layers in ONNX: from `embedded` (batch, tokens, dim) and `mask` (batch, 1, 1, tokens) to `states`.

    Each method adds nodes, and gives the name of what they make.
    """

    def __init__(self, weights: Mapping[str, Array], config: Mapping[str, Any]) -> None:
        self._weights, self._epsilon = weights, config.get("layer_norm_eps", 1e-12)
        self._layers, self._heads = config["num_hidden_layers"], config["num_attention_heads"]
        self._dim = weights["embeddings.LayerNorm.weight"].shape[0]
        self._nodes: list[Any] = []
        self._constants: dict[str, NDArray[Any]] = {
            "apart": np.array([0, 0, self._heads, self._dim // self._heads]),
            "together": np.array([0, 0, self._dim]),
            "scale": np.array((self._dim // self._heads) ** -0.5, np.float32),
        }

    def model(self) -> bytes:
        """All of it, with its weights."""
        from onnx import TensorProto, helper, numpy_helper

        states = self._normed("embedded", "embeddings.LayerNorm")
        for layer in range(self._layers):
            states = self._layer(states, f"encoder.layer.{layer}")
        self._node("Identity", states, makes="states")
        shapes = {"embedded": ["batch", "tokens", self._dim], "mask": ["batch", 1, 1, "tokens"]}
        ins = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
        out = helper.make_tensor_value_info("states", TensorProto.FLOAT, shapes["embedded"])
        constants = [numpy_helper.from_array(values, name) for name, values in self._constants.items()]
        graph = helper.make_graph(self._nodes, "bert", ins, [out], constants)
        opsets = [helper.make_opsetid("", OPSET)]
        return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION).SerializeToString())

    def _layer(self, states: str, name: str) -> str:
        query, key, value = (
            self._linear(states, f"{name}.attention.self.{part}") for part in ("query", "key", "value")
        )
        scores = self._node("MatMul", self._by_head(query), self._by_head(key, [0, 2, 3, 1]))
        scores = self._node("Add", self._node("Mul", scores, "scale"), "mask")
        attended = self._node("MatMul", self._node("Softmax", scores, axis=-1), self._by_head(value))
        attended = self._node("Reshape", self._node("Transpose", attended, perm=[0, 2, 1, 3]), "together")
        attended = self._linear(attended, f"{name}.attention.output.dense")
        states = self._normed(self._node("Add", states, attended), f"{name}.attention.output.LayerNorm")
        inner = self._node("Gelu", self._linear(states, f"{name}.intermediate.dense"))
        inner = self._linear(inner, f"{name}.output.dense")
        return self._normed(self._node("Add", states, inner), f"{name}.output.LayerNorm")

    def _by_head(self, states: str, order: Sequence[int] = (0, 2, 1, 3)) -> str:
        return self._node("Transpose", self._node("Reshape", states, "apart"), perm=list(order))

    def _linear(self, states: str, name: str) -> str:
        weight = self._constant(f"{name}.weight", self._weights[f"{name}.weight"].T)
        return self._node("Add", self._node("MatMul", states, weight), self._constant(f"{name}.bias"))

    def _normed(self, states: str, name: str) -> str:
        weight, bias = self._constant(f"{name}.weight"), self._constant(f"{name}.bias")
        return self._node("LayerNormalization", states, weight, bias, axis=-1, epsilon=self._epsilon)

    def _constant(self, name: str, values: Array | None = None) -> str:
        self._constants[name] = np.ascontiguousarray(self._weights[name] if values is None else values)
        return name

    def _node(self, kind: str, *takes: str, makes: str = "", **attributes: Any) -> str:
        from onnx import helper

        makes = makes or f"{kind} {len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, takes, [makes], **attributes))
        return makes


def _pooling(folder: Path, config: dict[str, Any]) -> str | None:
    """How the tokens are pooled, if all that the files say is what LightBert does."""
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
