"""Answers from tables by TAPAS (Herzig et al., ACL 2020): it selects cells and says what to reckon from them.

A table that is longer than the model reads is read in windows. What they select for a count, a sum or an average is
taken together; where cells themselves are the answer, the rows that windows selected meet in a last window, so that
the highest of each is compared with the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmsearch.answering.linking import Links
from mmsearch.answering.questions import read_question
from mmsearch.answering.typed import Key, TypedTable
from mmsearch.answering.values import number_text
from mmsearch.errors import ConfigError, ModelError, ModelUnavailable
from mmsearch.types import Answer, Modality, Segment, digest
from mmsearch_encoders.loading import first_line
from mmsearch_encoders.tapas import MAX_TOKENS, Tapas, source_of
from mmsearch_encoders.tapas_confidence import CAUTIOUS, Confidence, Signs, fit, known_share, load, odds, save
from mmsearch_encoders.tapas_selection import Chosen, Read, agreed, scores_of, window_of
from mmsearch_encoders.tapas_windows import Layout, lay_out, shown
from mmsearch_encoders.weights import read_json, require, revision

REVISION = "1"
HEAD = "TapasForQuestionAnswering"
MOST_CELLS_READ = 20_000
"""A larger table is not answered from: every cell is read and linked."""
SEPARATOR = ", "
BESIDE_QUESTION = 2
"""[CLS] question [SEP]."""
OPERATIONS = ("NONE", "SUM", "AVERAGE", "COUNT")
"""The order of the published weights, for a configuration that names as many operations and does not say which."""


@dataclass(frozen=True, slots=True)
class Found:
    """What TAPAS says before it is asked how sure that is: the answer's text, its values, and (row, column) cells."""

    text: str
    figure: bool
    values: tuple[str | float, ...]
    cells: tuple[tuple[int, int], ...]
    signs: Signs


class TapasReader:
    """The cells that answer a question, or their count, sum or average, or None where the table does not say.

    `model` is a folder or a name on the model hub: TAPAS fine-tuned on WTQ, WikiSQL or SQA, the last of which only
    selects cells. `confidence` is a file that "mmsearch fit-answers" writes; until it is there, a cautious line says
    how sure an answer is. Answers below the `floor` are none. A table is read in at most `most_windows` of
    `window_tokens` each, half of which a question may take.
    """

    def __init__(
        self,
        model: str = "google/tapas-base-finetuned-wtq",
        confidence: str | Path | None = None,
        floor: float = 0.5,
        most_windows: int = 4,
        window_tokens: int = MAX_TOKENS,
        device: str | None = None,
        batch_tokens: int | None = None,
    ) -> None:
        self.source = source_of(model, "table-reader")
        self.confidence_file = None if confidence is None else Path(confidence).expanduser()
        self.floor, self._most_windows, self._window_tokens = floor, most_windows, min(window_tokens, MAX_TOKENS)
        self._tapas = Tapas(self.source, HEAD, device, batch_tokens)

    @property
    def modalities(self) -> frozenset[Modality]:
        return frozenset({"table"})

    @cached_property
    def fingerprint(self) -> str:
        folder = require(self.source)
        operations(folder)
        reads = (REVISION, self._most_windows, self._window_tokens)
        return digest("tapas", revision(folder), *reads, self.floor, *self.confidence.line())[:16]

    @cached_property
    def confidence(self) -> Confidence:
        """The line that was fitted, or the cautious one. Raises ModelUnavailable when it is another model's."""
        file = self.confidence_file
        if file is None or not file.is_file():
            return CAUTIOUS
        held = load(file)
        if held.facts.get("model") != self.facts()["model"]:
            raise ModelUnavailable(
                f'{file} says how sure another model is; learn it again with "mmsearch fit-answers SET", or delete it'
            )
        return held

    def facts(self) -> dict[str, str]:
        """What tells whether a fitted line is this model's."""
        return {"model": digest(REVISION, revision(require(self.source)))[:16]}

    def answer(self, question: str, segments: Sequence[Segment]) -> list[Answer | None]:
        return [self._of(question, segment) for segment in segments]

    def _of(self, question: str, segment: Segment) -> Answer | None:
        found = self.find(question, segment)
        if found is None:
            return None
        confidence = self.confidence(found.signs)
        if confidence < self.floor:
            return None
        first = segment.span.start_row or 0
        cells = tuple((row + first, column) for row, column in found.cells)
        return Answer("figure" if found.figure else "cells", found.text, confidence, cells)

    def learn(self, signs: Sequence[Signs], right: NDArray[np.float64], facts: dict[str, Any]) -> Confidence:
        """The line that fits the judged answers of this model. Raises ConfigError without the evaluation extra."""
        return fit(signs, right, {**facts, **self.facts()})

    def keep(self, confidence: Confidence) -> None:
        """Answer by this line from now on. Raises Forbidden, ConfigError where the settings name no file for it."""
        if self.confidence_file is None:
            raise ConfigError("the settings give the table reader no file for its confidence")
        save(confidence, self.confidence_file)
        for name in ("confidence", "fingerprint"):
            self.__dict__.pop(name, None)

    def find(self, question: str, segment: Segment) -> Found | None:
        """What TAPAS says, however unsure; None for what it cannot say.

        That is: a question with a yes or no, one of whose words the table has none, and a figure from rows that were
        not read or cells that are no numbers. TAPAS is not asked then, or not believed.
        """
        table = segment.table
        if table is None or not table.rows or not table.header or len(table.rows) * len(table.header) > MOST_CELLS_READ:
            return None
        typed = TypedTable(table, " ".join((segment.title, *segment.headings)))
        links = Links(read_question(question), typed)
        if links.question.asks == "whether" or not known_share(links):
            return None
        layout = self._layout(links)
        if layout is None:
            return None
        reads = self._read(links, layout, layout.windows)
        column, operation = agreed(reads)
        rows = [row for read in reads for row in read.selected(column)]
        several = sum(bool(read.selected(column)) for read in reads) > 1
        if self._operations[operation] == "NONE" and several and (last := layout.together(rows)):
            (final,) = self._read(links, layout, [last])
            reads, column = [*reads, final], int(final.columns.argmax())
            rows = final.selected(column)
        if not rows or not layout.covers(rows):
            return None
        return _found(links, Chosen(layout, reads, rows, column, operation), self._operations[operation])

    def _layout(self, links: Links) -> Layout | None:
        """The windows beside the question; None where it leaves no room for any."""
        tokenizer = self._tapas.loaded().tokenizer

        def count(text: str) -> int:
            return len(tokenizer.tokenize(text))

        room = self._window_tokens - BESIDE_QUESTION - count(links.question.text)
        return lay_out(links, room, count, self._most_windows) if room >= self._window_tokens // 2 else None

    def _read(self, links: Links, layout: Layout, windows: Sequence[tuple[int, ...]]) -> list[Read]:
        """The windows as TAPAS sees them."""
        table, columns, many = links.typed.table, layout.columns, len(self._operations)
        header = [shown(table.header[column]) for column in columns]
        inputs = [
            self._tapas.tokens(
                links.question.text, header, [[shown(table.rows[row][c]) for c in columns] for row in rows], cut=False
            )
            for rows in windows
        ]
        scores = self._tapas.rows(inputs, 2 * MAX_TOKENS + many, scores_of).astype(np.float64)
        return [
            window_of(rows, len(columns), tokens["token_type_ids"].numpy(), of_window, many)
            for rows, tokens, of_window in zip(windows, inputs, scores, strict=True)
        ]

    @cached_property
    def _operations(self) -> tuple[str, ...]:
        return operations(require(self.source))


def operations(folder: Path) -> tuple[str, ...]:
    """What the model can do with cells, by the number of its label: NONE alone where it only selects.

    Raises ModelError for a folder that is no TAPAS for questions, or with operations that are not known here.
    """
    try:
        config = read_json(folder / "config.json", {})
        kind, many = config["model_type"], int(config.get("num_aggregation_labels") or 0)
        said = {int(number): str(name).upper() for number, name in (config.get("aggregation_labels") or {}).items()}
        one = bool(config.get("select_one_column", True))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{folder} is no TAPAS model: {first_line(error)}") from error
    names = tuple(said.get(number, "") for number in range(many)) if said else OPERATIONS[:many]
    if kind != "tapas" or not one or len(names) < many or not set(names) <= set(OPERATIONS):
        raise ModelError(
            f"{folder} is no TAPAS that answers questions as those fine-tuned on WTQ, WikiSQL and SQA do: "
            f"it is a {kind} model whose operations are {', '.join(names) or 'none'}"
        )
    return names or ("NONE",)


def _found(links: Links, chosen: Chosen, name: str) -> Found | None:
    """The answer that the operation of that name makes of the chosen cells; None where it cannot."""
    typed, column = links.typed, chosen.layout.columns[chosen.column]
    texts = [typed.table.rows[row][column].strip() for row in chosen.rows]
    if name == "NONE" or (name != "COUNT" and len(texts) == 1):
        figure, values = False, tuple(dict.fromkeys(filter(None, texts)))
        made: tuple[str, tuple[str | float, ...]] | None = (SEPARATOR.join(values), values) if values else None
    else:
        figure, made = True, _reckoned(typed, chosen.rows, column, name)
    if made is None:
        return None
    cells = tuple((row, column) for row, text in zip(chosen.rows, texts, strict=True) if text)
    kind = _kind_fits(links, chosen.rows, column, figure)
    signs = Signs(odds(chosen.sure), known_share(links), chosen.agreement, float(kind))
    return Found(made[0], figure, made[1], cells, signs)


def _reckoned(typed: TypedTable, rows: Sequence[int], column: int, name: str) -> tuple[str, tuple[float, ...]] | None:
    """The figure with its unit, and bare; None where a cell is empty, or no number like those of its column."""
    if name == "COUNT":
        whole = all(typed.table.rows[row][column].strip() for row in rows)
        return (number_text(float(len(rows))), (float(len(rows)),)) if whole else None
    key = Key(column, "number")
    if key not in typed.keys:
        return None
    numbers = [number for row in rows if (number := typed.measures(key)[row]) is not None]
    if len(numbers) < len(rows):
        return None
    figure = float(np.sum(numbers) if name == "SUM" else np.mean(numbers))
    return number_text(figure, typed.unit(column)), (figure,)


def _kind_fits(links: Links, rows: Sequence[int], column: int, figure: bool) -> bool:
    """Whether an amount is given where one is asked for, a date where a time is, words where a name is."""
    values = [links.typed.values[column][row] for row in rows]
    match links.question.asks:
        case "how many" | "how much":
            return figure or all(value.number is not None for value in values)
        case "how long":
            return figure or all(value.kind in ("number", "duration", "score", "date") for value in values)
        case "when":
            return not figure and all(value.kind in ("date", "duration") for value in values)
        case "who" | "where":
            return not figure and all(value.kind == "text" for value in values)
        case _:
            return True
