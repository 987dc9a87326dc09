"""Answers from tables without a model to download: candidate programs, the likeliest of which is run and shown."""

from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec

from mmsearch.answering.choosing import Choice, Weights, choose, trained
from mmsearch.answering.denotations import cells_of, denotations
from mmsearch.answering.features import Described
from mmsearch.answering.linking import Links
from mmsearch.answering.programs import Aggregate, Cells, Gap, Run
from mmsearch.answering.proposing import propose
from mmsearch.answering.questions import read_question
from mmsearch.answering.typed import TypedTable
from mmsearch.answering.values import number_text
from mmsearch.errors import ModelUnavailable
from mmsearch.types import Answer, Modality, Segment, digest

REVISION = "1"
MOST_CELLS_READ = 20_000
"""A larger table is not answered from: every cell is read and linked."""
SEPARATOR = ", "


class TableAnswerer:
    """The cells, the count, the sum or the difference that a question asks of a table, or None.

    English questions: English cues say how to reckon. It answers when the confidence reaches the floor (its own unless
    given).
    """

    def __init__(self, floor: float | None = None) -> None:
        self._floor = floor

    @property
    def modalities(self) -> frozenset[Modality]:
        return frozenset({"table"})

    @cached_property
    def fingerprint(self) -> str:
        if find_spec("polars") is None:
            raise ModelUnavailable('answers from tables need polars; pip install "mmsearch[answers]"')
        weights = trained()
        return digest("programs", REVISION, self._floor, weights.floor, *sorted(weights.features.items()))[:16]

    def answer(self, question: str, segments: Sequence[Segment]) -> list[Answer | None]:
        return [self._of(question, segment) for segment in segments]

    def _of(self, question: str, segment: Segment) -> Answer | None:
        table, weights = segment.table, trained()
        if table is None or not table.rows or len(table.rows) * len(table.header) > MOST_CELLS_READ:
            return None
        title = " ".join((segment.title, *segment.headings))
        laid = described(question, TypedTable(table, title))
        choice = choose(laid, weights.features)
        if choice is None:
            return None
        confidence = weights.confidence(choice.signs)
        if confidence < (weights.floor if self._floor is None else self._floor):
            return None
        return _answer(choice, laid, weights, confidence, segment.span.start_row or 0)


def described(question: str, typed: TypedTable) -> Described:
    """The candidates of the question over the table, run and described. Raises ModelUnavailable without polars."""
    links, run = Links(read_question(question), typed), Run(typed)
    return Described(links, run, denotations(propose(links, run), run))


def _answer(choice: Choice, laid: Described, weights: Weights, confidence: float, first_row: int) -> Answer:
    program = choice.denotation.candidate.program
    cells = tuple((row + first_row, column) for row, column in cells_of(program, laid.run))
    if isinstance(program, Cells):
        texts = [value if isinstance(value, str) else number_text(value) for value in choice.denotation.values]
        return Answer("cells", SEPARATOR.join(text.strip() for text in texts), confidence, cells)
    figure = float(choice.denotation.values[0])
    unit = laid.typed.unit(program.key.column) if isinstance(program, Aggregate | Gap) else ""
    return Answer("figure", number_text(figure, unit), confidence, cells)
