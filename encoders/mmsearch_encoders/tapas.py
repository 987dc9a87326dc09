"""TAPAS in memory (Herzig et al., ACL 2020): what it reads of a table, as its tokenizer and its embeddings take it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch.once import Once
from mmsearch.types import Embeddings
from mmsearch_encoders.batching import Budget, fill, mixed
from mmsearch_encoders.loading import best_device, existing, loading, reporting
from mmsearch_encoders.weights import Source, require

if TYPE_CHECKING:
    from torch import Tensor

MAX_TOKENS = 512
MAX_ROWS, MAX_COLUMNS = 63, 31
"""Below the header: transformers' indices hold 64 rows and 32 columns with those of the header and the question."""

Tokens = dict[str, "Tensor"]
"""input_ids and attention_mask (tokens,), token_type_ids (tokens, 7): of one question beside one table."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """TAPAS in memory with its tokenizer."""

    model: Any
    tokenizer: Any
    device: str


class Tapas:
    """TAPAS under one of transformers' heads, loaded at the first use; any thread may use it."""

    def __init__(self, source: Source, head: str, device: str | None, batch_tokens: int | None) -> None:
        """`head` is a class of transformers, `batch_tokens` as TableEncoder takes it."""
        self.source, self._head, self._device = source, head, device
        self._budget = Budget(batch_tokens, processor=2048, gpu=16_384)
        self.loaded = Once(self._load)

    def tokens(self, question: str, header: Sequence[str], rows: Sequence[Sequence[str]], cut: bool = True) -> Tokens:
        """The question beside the table; with `cut` cells are trimmed and rows dropped until both fit."""
        import pandas as pd

        frame = pd.DataFrame(rows, columns=pd.Index(header, dtype=str), dtype=str)
        with reporting(f"reading a table for {self.source.model}"):
            tokens = self.loaded().tokenizer(
                table=frame,
                queries=question,
                truncation="drop_rows_to_fit" if cut else "do_not_truncate",
                return_tensors="pt",
            )
        return {name: tensor[0] for name, tensor in tokens.items()}

    def rows(
        self, inputs: Sequence[Tokens], width: int, read: Callable[[Any, dict[str, "Tensor"]], Embeddings]
    ) -> Embeddings:
        """What `read` makes of the model and the padded tokens of each batch, (n, width) in the order of the inputs."""
        import torch
        from torch.nn.utils.rnn import pad_sequence

        made: Embeddings = np.zeros((len(inputs), width), np.float32)
        loaded = self.loaded()

        def encode(batch: list[int]) -> Embeddings:
            padded = {
                name: pad_sequence([inputs[i][name] for i in batch], batch_first=True).to(loaded.device)
                for name in ("input_ids", "attention_mask", "token_type_ids")
            }
            with torch.inference_mode():
                return read(loaded.model, padded)

        sizes = [len(tokens["input_ids"]) for tokens in inputs]
        with reporting(f"encoding tables by {self.source.model}"):
            fill(made, sizes, self._budget, loaded.device, mixed(encode, loaded.device))
        return made

    def _load(self) -> Loaded:
        folder = require(self.source)
        with loading(self.source.model, folder):
            return _loaded(self._head, folder, best_device(self._device))


@lru_cache(maxsize=3)
def _loaded(head: str, folder: Path, device: str) -> Loaded:
    """The model in memory; parts that are built anew while a library is open find it there."""
    import transformers

    from mmsearch_encoders.linear import speed_up

    read: Any = getattr(transformers, head).from_pretrained
    model, said = read(folder, local_files_only=True, output_loading_info=True)
    if missing := sorted(said["missing_keys"]):
        raise ValueError(f"the file lacks {len(missing)} weights of {head}, {missing[0]} among them")
    model.eval().to(device)
    speed_up(model, device)
    return Loaded(model, transformers.TapasTokenizer.from_pretrained(folder, local_files_only=True), device)


def source_of(model: str, role: str = "table") -> Source:
    """Where the TAPAS of this folder or hub name comes from."""
    if (folder := existing(model)) or model.startswith((".", "/", "~")):
        return Source(role, Path(model).name, "TAPAS", path=folder or Path(model))
    return Source(role, model, "TAPAS", repo=model)
