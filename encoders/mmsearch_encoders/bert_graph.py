"""The layers of BERT (Devlin et al., NAACL 2019) as an ONNX graph, put together from the weights of a checkpoint."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET, IR_VERSION = 20, 10
"""The first opset that has Gelu, and the form of files of its time."""


class BertGraph:
    """From `embedded` (batch, tokens, dim) and `mask` (batch, 1, 1, tokens) to `states`.

    Each method adds nodes, and gives the name of what they make.
    """

    def __init__(self, weights: Mapping[str, NDArray[np.float32]], config: Mapping[str, Any]) -> None:
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
        """All of it, with its weights, serialised."""
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

    def _constant(self, name: str, values: NDArray[np.float32] | None = None) -> str:
        self._constants[name] = np.ascontiguousarray(self._weights[name] if values is None else values)
        return name

    def _node(self, kind: str, *takes: str, makes: str = "", **attributes: Any) -> str:
        makes = makes or f"{kind} {len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, takes, [makes], **attributes))
        return makes
