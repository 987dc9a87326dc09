"""A TAPAS trained in seconds to answer about ships: which cell, how many, how many in all."""

from collections import deque
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import checkpoints

from mmsearch.types import Segment, Span, Table

HEADER = ("ship", "wind", "town", "people")
SHIPS = ("red", "blue", "green", "old", "new", "sun", "rain", "storm")
WINDS = ("north", "south", "east", "west")
TOWNS = ("harbour", "lighthouse", "museum", "festival")
CREWS = ("1,204", "7", "31", "96", "45")
NONE, SUM, COUNT = 0, 1, 3
"""The labels of what is reckoned, as in the published weights."""
EXAMPLES, BATCH, MOST_STEPS = 64, 32, 3000
LEARNED, RECENT = 0.005, 10
LOOKS = 1.5


@dataclass(frozen=True)
class Example:
    """A question of a table with the cells that answer it, and what is reckoned from them."""

    question: str
    table: Table
    cells: tuple[tuple[int, int], ...]
    operation: int

    @property
    def segment(self) -> Segment:
        span = Span(start_row=0, end_row=len(self.table.rows))
        return Segment("s", "d", "/ships.csv", "table", span, title="ships", table=self.table)


def example(draw: Random, rows: int = 0) -> Example:
    """One of the three kinds; a count is of two or more."""
    ships = draw.sample(SHIPS, rows or draw.randint(3, 5))
    grid = [(ship, draw.choice(WINDS), draw.choice(TOWNS), draw.choice(CREWS)) for ship in ships]
    table = Table(HEADER, tuple(grid))
    kind = draw.random()
    if kind < 0.5:
        row, column = draw.randrange(len(grid)), draw.choice((1, 2))
        return Example(f"which {HEADER[column]} is the ship {grid[row][0]} in", table, ((row, column),), NONE)
    if kind < 0.8:
        wind = draw.choice([each[1] for each in grid])
        cells = tuple((row, 1) for row, each in enumerate(grid) if each[1] == wind)
        return Example(f"how many ship is in the {wind} wind", table, cells, COUNT)
    return Example("how many people in ship", table, tuple((row, 3) for row in range(len(grid))), SUM)


def save_trained(folder: Path, seed: int = 0) -> Path:
    """The folder of a tiny TAPAS that has learned the examples, as transformers saves one."""
    import torch
    from transformers import TapasConfig, TapasForQuestionAnswering, TapasTokenizer

    torch.manual_seed(seed)
    tokenizer = TapasTokenizer(str(checkpoints.save_vocabulary(folder)), cell_trim_length=-1)
    config = TapasConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=128,
        max_position_embeddings=512,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        initializer_range=0.1,
        num_aggregation_labels=4,
        aggregation_labels={0: "NONE", 1: "SUM", 2: "AVERAGE", 3: "COUNT"},
        use_answer_as_supervision=False,
        reset_position_index_per_cell=True,
    )
    model: Any = TapasForQuestionAnswering(config)
    _look_along_rows(model.tapas)
    _train(model, tokenizer)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _look_along_rows(model: Any) -> None:
    """Begin with a head that looks at equal words, and a later one that looks along rows: found in seconds, not hours.

    Each has a quarter of the dimensions for its own, which only words, or only rows, are told apart by.
    """
    import torch

    words, rows = slice(0, 16), slice(48, 64)
    embeddings = model.embeddings
    kinds = [embeddings.word_embeddings, embeddings.position_embeddings]
    kinds += [getattr(embeddings, f"token_type_embeddings_{number}") for number in range(7)]
    with torch.no_grad():
        for kind in kinds:
            if kind is not embeddings.word_embeddings:
                kind.weight[:, words] = 0.0
            if kind is not embeddings.token_type_embeddings_2:
                kind.weight[:, rows] = 0.0
        embeddings.word_embeddings.weight[:, words] *= 3
        embeddings.token_type_embeddings_2.weight[:, rows] *= 3
        embeddings.token_type_embeddings_2.weight[0, rows] = 0.0
        for layer, own in zip(model.encoder.layer, (words, rows), strict=True):
            for looks in (layer.attention.self.query, layer.attention.self.key):
                looks.weight[own] = 0.0
                looks.weight[own, own] = LOOKS * torch.eye(16)


def _train(model: Any, tokenizer: Any) -> None:
    """Each example is tokenised once, and seen with other words and asked of another row each time."""
    import torch

    draw, generator = Random(0), torch.Generator().manual_seed(0)
    examples = [_input(tokenizer, example(draw)) for _ in range(EXAMPLES)]
    groups = [torch.tensor(tokenizer.convert_tokens_to_ids(list(group))) for group in (SHIPS, WINDS, TOWNS)]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    recent = deque([1.0], RECENT)
    optimizer = torch.optim.AdamW(model.train().parameters(), lr=2e-3)
    for _ in range(MOST_STEPS):
        batch = [_asked_anew(each, draw, groups, generator) for each in draw.sample(examples, BATCH)]
        operations = torch.tensor([each.pop("aggregation_labels") for each in batch])
        padded = {
            name: torch.nn.utils.rnn.pad_sequence([each[name] for each in batch], batch_first=True) for name in batch[0]
        }
        loss = model(**padded, aggregation_labels=operations).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        recent.append(loss.item())
        if max(recent) < LEARNED:
            break
    torch.set_num_threads(threads)
    model.eval()


def _input(tokenizer: Any, one: Example) -> dict[str, Any]:
    """The tokens of an example, its operation by number, and the column of its answer."""
    import pandas as pd

    frame = pd.DataFrame(one.table.rows, columns=pd.Index(one.table.header, dtype=str), dtype=str)
    tokens = {name: t[0] for name, t in tokenizer(table=frame, queries=one.question, return_tensors="pt").items()}
    return {**tokens, "operation": one.operation, "column": one.cells[0][1] + 1}


def _asked_anew(one: dict[str, Any], draw: Random, groups: list[Any], generator: Any) -> dict[str, Any]:
    """The example with the words of each group in each other's places, asked of any of its rows, with its labels.

    Labels are 1 in the tokens of answering cells.
    """
    import torch

    ids, columns, rows = one["input_ids"], one["token_type_ids"][:, 1], one["token_type_ids"][:, 2]
    other = torch.arange(int(max(ids.max(), *(group.max() for group in groups))) + 1)
    for group in groups:
        other[group] = group[torch.randperm(len(group), generator=generator)]
    ids, labels = other[ids], (columns == one["column"]) & (rows > 0)
    if one["operation"] != SUM:
        key = 1 if one["operation"] == NONE else 2
        asked = draw.randint(1, int(rows.max()))
        word = ids[(columns == key) & (rows == asked)]
        ids[(columns == 0) & torch.isin(ids, groups[key - 1])] = word
        labels &= (rows == asked) if one["operation"] == NONE else (ids == word)
    kept = {name: one[name] for name in ("attention_mask", "token_type_ids")}
    return {**kept, "input_ids": ids, "labels": labels.long(), "aggregation_labels": one["operation"]}
