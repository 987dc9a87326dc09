"""The table space: tables as TAPAS sees them (Herzig et al., ACL 2020)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch.errors import ModelError, ModelUnavailable
from mmsearch.types import Embeddings, Query, Segment, Space, Table, Vector, digest
from mmsearch_encoders.align import Projection, fit_projection, load_projection, unit_rows
from mmsearch_encoders.batching import Budget, fill, mixed
from mmsearch_encoders.loading import Once, best_device, existing, loading, reporting
from mmsearch_encoders.text import TextEncoder
from mmsearch_encoders.weights import Source, read_json, require, revision, user_cache

if TYPE_CHECKING:
    from torch import Tensor

USUAL = "usual"
MAX_TOKENS = 512
MAX_ROWS, MAX_COLUMNS = 64, 32
CELL_CHARACTERS = 60
HEADER_CHARACTERS = 400
"""For all column names together: even at a token a character they leave room for rows."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """TAPAS in memory with its tokenizer."""

    model: Any
    tokenizer: Any
    device: str


class TableEncoder:
    """Tables by TAPAS' pooled output, asked in words.

    TAPAS was trained to point at cells, not to put a question near its table, so a question must be brought into its
    space somehow. With a `projection` (a file that `align` makes from the tables of a library) the pooled outputs are
    mapped into the text space, and a query is the text encoder's query. Without one a query is TAPAS' pooled output
    for the question beside an empty table: comparable in kind, but weak, as nothing in the training brought the two
    together; fusion should weigh it little.
    """

    def __init__(
        self,
        model: str = "google/tapas-base-finetuned-wtq",
        projection: str | Path | None = None,
        text_model: str = "all-MiniLM-L6-v2",
        device: str | None = None,
        batch_tokens: int | None = None,
    ) -> None:
        """`text_model` is the text encoder that the projection maps to, as TextEncoder takes it.

        `projection` is a file, or "usual" for the one in the user's cache that "mmsearch models align" writes.
        `batch_tokens` bounds the tokens of one batch, padding included: 2,048 on a processor unless given, 16,384 on a
        GPU.
        """
        self.source = source_of(model)
        self.text = TextEncoder(text_model, device=device)
        self._projected = projection is not None
        own = f"table-map-{digest(model, text_model)[:12]}.safetensors"
        usual = user_cache() / "mmsearch" / own
        self.projection_file = usual if projection in (None, USUAL) else Path(projection).expanduser()
        self._device, self._budget = device, Budget(batch_tokens, processor=2048, gpu=16_384)
        self._loaded = Once(self._load)

    @cached_property
    def projection(self) -> Projection | None:
        """The map into the text space, if one is set. Raises ModelUnavailable when it is absent or for other models."""
        file = self.projection_file
        if not self._projected:
            return None
        if not file.is_file():
            raise ModelUnavailable(
                f'the table space has no map into the text space yet ({file}); "mmsearch models align" makes it'
            )
        projection = load_projection(file)
        for part, ours in self._fingerprints().items():
            if projection.facts.get(part) != ours:
                raise ModelUnavailable(
                    f'{file} was made for another {part} model; make it again with "mmsearch models align"'
                )
        return projection

    @cached_property
    def space(self) -> Space:
        folder = require(self.source)
        projection = self.projection
        if projection is None:
            dim, mapped = _hidden_size(folder), ""
        else:
            dim, mapped = projection.weights.shape[1], digest(projection.weights.tobytes(), projection.offset.tobytes())
        return Space(
            name="table",
            kind="dense",
            stores=frozenset({"table"}),
            answers=frozenset({"text"}),
            model=self.source.model,
            revision=digest(revision(folder), mapped)[:16],
            dim=dim,
        )

    def windows(self, segment: Segment) -> list[Segment]:
        """The segment if it is a table; its first rows stand for the others."""
        return [segment] if segment.table is not None and segment.table.header else []

    def encode(self, segments: Sequence[Segment]) -> Embeddings:
        pooled = self.pooled([segment.table or Table((), ()) for segment in segments])
        return self.projection(pooled) if self.projection else unit_rows(pooled)

    def encode_query(self, query: Query) -> Vector:
        if self.projection:
            return self.text.encode_query(query)
        pooled = self._pooled([self._tokenized(query.text, Table(("",), ()))])
        vector: Vector = unit_rows(pooled)[0]
        return vector

    def pooled(self, tables: Sequence[Table]) -> Embeddings:
        """TAPAS' pooled output of each table under an empty question, (n, hidden), not of unit length."""
        return self._pooled([self._tokenized("", table) for table in tables])

    def _tokenized(self, question: str, table: Table) -> dict[str, "Tensor"]:
        import pandas as pd

        header, rows = fitting(table)
        frame = pd.DataFrame(rows, columns=pd.Index(header, dtype=str), dtype=str)
        with reporting(f"reading a table for {self.source.model}"):
            tokens = self._loaded().tokenizer(
                table=frame, queries=question, truncation="drop_rows_to_fit", return_tensors="pt"
            )
        return {name: tensor[0] for name, tensor in tokens.items()}

    def _pooled(self, inputs: list[dict[str, "Tensor"]]) -> Embeddings:
        import torch
        from torch.nn.utils.rnn import pad_sequence

        loaded = self._loaded()
        rows: Embeddings = np.zeros((len(inputs), loaded.model.config.hidden_size), np.float32)
        sizes = [len(tokens["input_ids"]) for tokens in inputs]

        def encode(batch: list[int]) -> Embeddings:
            padded = {
                name: pad_sequence([inputs[i][name] for i in batch], batch_first=True).to(loaded.device)
                for name in ("input_ids", "attention_mask", "token_type_ids")
            }
            with torch.inference_mode():
                made: Embeddings = loaded.model(**padded).pooler_output.float().cpu().numpy()
            return made

        with reporting(f"encoding tables by {self.source.model}"):
            fill(rows, sizes, self._budget, loaded.device, mixed(encode, loaded.device))
        return rows

    def _load(self) -> Loaded:
        folder = require(self.source)
        with loading(self.source.model, folder):
            from transformers import TapasModel, TapasTokenizer

            from mmsearch_encoders.linear import speed_up

            device = best_device(self._device)
            read: Any = TapasModel.from_pretrained
            model, said = read(folder, local_files_only=True, output_loading_info=True)
            if missing := sorted(said["missing_keys"]):
                raise ValueError(f"the file lacks {len(missing)} weights of TapasModel, {missing[0]} among them")
            model.eval().to(device)
            speed_up(model, device)
            return Loaded(model, TapasTokenizer.from_pretrained(folder, local_files_only=True), device)

    def _fingerprints(self) -> dict[str, str]:
        """What tells whether a projection fits: TAPAS' weights and the text space."""
        return {"table": revision(require(self.source)), "text": self.text.space.fingerprint}

    def align(self, segments: Sequence[Segment], file: Path) -> Projection:
        """Fit the map from these tables to what the text encoder makes of them, save it in the file, and return it.

        `Projection.explained` says how much of the text vectors the map accounts for on tables it has not seen.
        Raises ModelUnavailable, ModelError for fewer than 8 tables.
        """
        tables = [segment for segment in segments if self.windows(segment)]
        pooled = self.pooled([segment.table for segment in tables if segment.table])
        projection = fit_projection(pooled, self.text.encode(tables), self._fingerprints())
        projection.save(file)
        return projection


def fitting(table: Table) -> tuple[list[str], list[list[str]]]:
    """The header and the first rows that TAPAS can read, cut before tokenising, which takes seconds for long tables.

    Every cell costs at least a token, and every word does.
    """
    header = [cell[: max(4, HEADER_CHARACTERS // max(1, len(table.header)))] for cell in table.header[:MAX_COLUMNS]]
    rows, tokens = [], 0
    for row in table.rows[:MAX_ROWS]:
        cells = [cell[:CELL_CHARACTERS] for cell in row[:MAX_COLUMNS]]
        tokens += sum(max(1, len(cell.split())) for cell in cells)
        if tokens > MAX_TOKENS:
            break
        rows.append(cells)
    return header, rows


def source_of(model: str) -> Source:
    """Where the TAPAS of this folder or hub name comes from."""
    if (folder := existing(model)) or model.startswith((".", "/", "~")):
        return Source("table", Path(model).name, "TAPAS", path=folder or Path(model))
    return Source("table", model, "TAPAS", repo=model)


def _hidden_size(folder: Path) -> int:
    try:
        return int(read_json(folder / "config.json", {})["hidden_size"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder} is no TAPAS model: config.json is missing or broken") from error
