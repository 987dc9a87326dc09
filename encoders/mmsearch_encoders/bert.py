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

    from mmsearch_encoders.bert_graph import BertGraph

    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    model = BertGraph(weights, config).model()
    return InferenceSession(model, options, providers=["CPUExecutionProvider"])


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
