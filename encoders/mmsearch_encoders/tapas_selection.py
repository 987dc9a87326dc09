"""What TAPAS selects in windows of a table, from the logits of its tokens, and how sure it is of that."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mmsearch.types import Embeddings
from mmsearch_encoders.tapas import MAX_TOKENS
from mmsearch_encoders.tapas_windows import Layout

if TYPE_CHECKING:
    from torch import Tensor

SELECTED = 0.5
"""Cells that are more probable than not are selected, as in TAPAS' own evaluation."""

NEVER = -10_000.0
"""The logit of what is not there, as in TAPAS' own code."""


@dataclass(frozen=True, slots=True)
class Read:
    """A window as TAPAS sees it: log probabilities of columns and operations, chances of cells (rows, columns)."""

    rows: tuple[int, ...]
    columns: NDArray[np.float64]
    cells: NDArray[np.float64]
    operations: NDArray[np.float64]

    def selected(self, column: int) -> list[int]:
        """The rows whose cell in the column is selected."""
        return [row for row, chance in zip(self.rows, self.cells[:, column], strict=True) if chance > SELECTED]

    def sure(self, column: int) -> float:
        """The log probability of selecting in the column just what is selected."""
        chances = self.cells[:, column]
        return float(np.log(np.maximum(np.where(chances > SELECTED, chances, 1 - chances), 1e-12)).sum())


@dataclass(frozen=True, slots=True)
class Chosen:
    """The selected rows of one column of a layout, the operation by its number, and the windows that led to them."""

    layout: Layout
    reads: Sequence[Read]
    rows: Sequence[int]
    column: int
    operation: int

    @property
    def sure(self) -> float:
        """The log probability of the column, just these cells and the operation, in the window that is least sure."""
        heard = [read for read in self.reads if read.selected(self.column)]
        cells = min(read.sure(self.column) + float(read.columns[self.column]) for read in heard)
        return cells + float(np.mean([read.operations[self.operation] for read in heard]))

    @property
    def agreement(self) -> float:
        """The share of windows that answer from this column, of those that answer at all."""
        best = [int(read.columns.argmax()) for read in self.reads]
        answering = [column for read, column in zip(self.reads, best, strict=True) if read.selected(column)]
        return answering.count(self.column) / max(1, len(answering))


def scores_of(model: Any, tokens: "dict[str, Tensor]") -> Embeddings:
    """Of each window: the logit of each token for cells, and for columns, MAX_TOKENS wide each, and of operations.

    They are what TapasForQuestionAnswering makes its own of, before it cuts them to the likeliest column.
    """
    import torch

    output = model.tapas(**tokens)
    states = output.last_hidden_state.float()
    cells = (states @ model.output_weights + model.output_bias) / model.config.temperature
    columns = states @ model.column_output_weights + model.column_output_bias
    room = (0, MAX_TOKENS - states.shape[1])
    many = model.config.num_aggregation_labels
    labels = model.aggregation_classifier(output.pooler_output).float() if many else torch.zeros(len(states), 1)
    made: Embeddings = torch.cat(
        [torch.nn.functional.pad(cells, room).cpu(), torch.nn.functional.pad(columns, room).cpu(), labels.cpu()], dim=1
    ).numpy()
    return made


def window_of(
    rows: tuple[int, ...], width: int, places: NDArray[np.int_], scores: NDArray[np.float64], many: int
) -> Read:
    """The means over the tokens of each cell, and of cells over each column, header included, as TAPAS takes them.

    `places` are the token types (tokens, 7): segment, column and row from 1 on, the header's row being 0. A cell whose
    characters the tokenizer drops has no token: it is never selected, and counts in no mean.
    """
    columns, row = places[:, 1], places[:, 2]
    of_table, shape = columns > 0, (len(rows) + 1, width + 1)
    cell = (row * (width + 1) + columns)[of_table]
    tokens, logits, column_logits = (
        np.bincount(cell, part, shape[0] * shape[1]).reshape(shape)[:, 1:]
        for part in (
            None,
            scores[: len(places)][of_table],
            scores[MAX_TOKENS : MAX_TOKENS + len(places)][of_table],
        )
    )
    held, counted = tokens > 0, np.maximum(tokens, 1)
    filled = held.sum(axis=0)
    by_column = np.where(filled, (column_logits / counted).sum(axis=0) / np.maximum(filled, 1), NEVER)
    return Read(
        rows,
        by_column - np.logaddexp.reduce(by_column),
        np.where(held, 1 / (1 + np.exp(-np.clip(logits / counted, -80, 80))), 0.0)[1:],
        scores[-many:] - np.logaddexp.reduce(scores[-many:]),
    )


def agreed(reads: Sequence[Read]) -> tuple[int, int]:
    """The column and the operation that all windows together find likeliest, by the mean of their log odds.

    Windows that select nothing have no say while others do.
    """
    column = int(np.mean([read.columns for read in reads], axis=0).argmax())
    heard = [read for read in reads if read.selected(column)] or reads
    column = int(np.mean([read.columns for read in heard], axis=0).argmax())
    return column, int(np.mean([read.operations for read in heard], axis=0).argmax())
