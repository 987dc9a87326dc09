"""The table space: tables as TAPAS sees them (Herzig et al., ACL 2020), alone or mapped into the text space.

TAPAS was trained to point at cells, not to put a question near its table. Two things bring them together: weights that
were trained for retrieval, with a tower for questions and one for tables (Dense Table Retrieval: Herzig, Müller,
Krichene and Eisenschlos, NAACL 2021), or a linear map, fitted to judged pairs, that takes tables to where the text
encoder puts their questions. By the map one text query vector reaches tables as well.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mmsearch.errors import ModelError, ModelUnavailable
from mmsearch.types import Embeddings, Query, Segment, Space, Table, Vector, digest
from mmsearch_encoders.projection import Projection, fit_projection, load_projection, unit_rows, unseen
from mmsearch_encoders.tapas import MAX_COLUMNS, MAX_ROWS, MAX_TOKENS, Tapas, Tokens, source_of
from mmsearch_encoders.text import TextEncoder
from mmsearch_encoders.weights import read_json, require, revision

READS = "titled"
"""How a table is put before TAPAS; goes into the space's revision."""
CELL_CHARACTERS = 60
HEADER_CHARACTERS, TITLE_CHARACTERS = 400, 80
"""All column names together, and the title: even at a token a character they leave room for rows."""
FIT_BATCH = 32
"""Tables that are read between two words of how far it is."""


class TableEncoder:
    """Tables by TAPAS' pooled output, asked in words.

    A table's title and headings stand where a question would, as in TAPAS' pre-training and in Dense Table Retrieval.
    With a `projection` (a file that `fit` makes of judged questions) the pooled outputs are mapped into the text
    space, and a query is the text encoder's query. Without one a query is the pooled output for the question alone: of
    the `question_model`, if the weights have a tower of its own for questions, else of `model`, which unless it was
    trained for retrieval is comparable in kind, but weak.
    """

    def __init__(
        self,
        model: str = "google/tapas-base-finetuned-wtq",
        projection: str | Path | None = None,
        text_model: str = "all-MiniLM-L6-v2",
        question_model: str = "",
        device: str | None = None,
        batch_tokens: int | None = None,
    ) -> None:
        """`text_model` is the text encoder that the projection maps to, as TextEncoder takes it.

        `batch_tokens` bounds the tokens of one batch, padding included: 2,048 on a processor unless given, 16,384 on a
        GPU.
        """
        self.source = source_of(model)
        self.tables = Tapas(self.source, "TapasModel", device, batch_tokens)
        self.questions = self.tables
        if question_model:
            source = source_of(question_model, "table-questions")
            self.questions = Tapas(source, "TapasModel", device, batch_tokens)
        self.text = TextEncoder(text_model, device=device)
        self.projection_file = None if projection is None else Path(projection).expanduser()

    @property
    def sources(self) -> tuple[Any, ...]:
        """Where the weights of each tower come from."""
        return tuple(dict.fromkeys((self.source, self.questions.source)))

    @cached_property
    def projection(self) -> Projection | None:
        """The map into the text space, if one is set. Raises ModelUnavailable when it is absent or for other models."""
        file = self.projection_file
        if file is None:
            return None
        if not file.is_file():
            raise ModelUnavailable(
                f"the table space has no map into the text space yet ({file}); "
                '"mmsearch fit-tables SET" learns it from judged questions'
            )
        projection = load_projection(file)
        for part, ours in self._fingerprints().items():
            if projection.facts.get(part) != ours:
                raise ModelUnavailable(
                    f'{file} was made for another {part} model; learn it again with "mmsearch fit-tables SET"'
                )
        return projection

    @cached_property
    def space(self) -> Space:
        folder = require(self.source)
        projection = self.projection
        if projection is None:
            towers = dict.fromkeys(revision(require(tower.source)) for tower in (self.tables, self.questions))
            dim, queries = _hidden_size(folder), "".join(list(towers)[1:])
            if _hidden_size(require(self.questions.source)) != dim:
                raise ModelError("the towers for questions and for tables give vectors of different lengths")
        else:
            dim = projection.weights.shape[1]
            queries = digest(projection.weights.tobytes(), projection.offset.tobytes())
        return Space(
            name="table",
            kind="dense",
            stores=frozenset({"table"}),
            answers=frozenset({"text"}),
            model=self.source.model,
            revision=digest(READS, revision(folder), queries)[:16],
            dim=dim,
        )

    def windows(self, segment: Segment) -> list[Segment]:
        """The segment if it is a table; its first rows stand for the others."""
        return [segment] if segment.table is not None and segment.table.header else []

    def encode(self, segments: Sequence[Segment]) -> Embeddings:
        pooled = self.pooled(segments)
        return self.projection(pooled) if self.projection else unit_rows(pooled)

    def encode_query(self, query: Query) -> Vector:
        if self.projection:
            return self.text.encode_query(query)
        vector: Vector = self._asked([query.text])[0]
        return vector

    def pooled(self, segments: Sequence[Segment]) -> Embeddings:
        """TAPAS' pooled output of each table under its title, (n, hidden), not of unit length."""
        inputs = []
        for segment in segments:
            title = " ".join((segment.title, *segment.headings))[:TITLE_CHARACTERS]
            inputs.append(self.tables.tokens(title, *fitting(segment.table or Table((), ()))))
        return _pooled(self.tables, inputs)

    def _asked(self, questions: Sequence[str]) -> Embeddings:
        """The questions' own vectors of unit length, (n, hidden), each beside an empty table."""
        return unit_rows(_pooled(self.questions, [self.questions.tokens(text, ("",), ()) for text in questions]))

    def _fingerprints(self) -> dict[str, str]:
        """What tells whether a projection fits: TAPAS' weights, what it is shown, and the text space."""
        return {"table": digest(READS, revision(require(self.source)))[:16], "text": self.text.space.fingerprint}

    def fit(
        self,
        tables: Sequence[Segment],
        questions: Sequence[Sequence[str]],
        on_table: Callable[[int], None] = lambda _: None,
    ) -> "Fit":
        """Learn the map from tables and the questions that each answers, and measure it on tables it has not seen.

        A table counts once, by the mean of its questions' vectors. `on_table` hears how many tables are read, which
        is what takes the time. Raises ModelUnavailable, ModelError for too few.
        """
        texts = [text for asked in questions for text in asked]
        owner = np.repeat(np.arange(len(tables)), [len(asked) for asked in questions])
        pooled: Embeddings = np.zeros((0, 0), np.float32)
        for start in range(0, len(tables), FIT_BATCH):
            more = self.pooled(tables[start : start + FIT_BATCH])
            pooled = np.concatenate([pooled, more]) if len(pooled) else more
            on_table(len(pooled))
        asked = np.stack([self.text.encode_query(Query(text=text)) for text in texts])
        target = np.stack([asked[owner == table].mean(axis=0) for table in range(len(tables))])
        return Fit(
            fit_projection(pooled, target, self._fingerprints()),
            reciprocal_ranks(asked, unit_rows(unseen(pooled, target)), owner),
            reciprocal_ranks(self._asked(texts), unit_rows(pooled), owner),
            float((1 / np.arange(1, len(tables) + 1)).mean()),
        )


@dataclass(frozen=True, slots=True)
class Fit:
    """A map, and the reciprocal rank of each question's table among all that were judged: (questions,) each.

    `mapped` by maps that were fitted without the table, `own` by TAPAS' own vectors of questions and tables; `chance`
    is the mean that an order by lot has.
    """

    projection: Projection
    mapped: Embeddings
    own: Embeddings
    chance: float

    @property
    def better(self) -> bool:
        """Whether the map finds tables more surely than chance, by two standard errors, and better than none does."""
        error = float(self.mapped.std()) / max(1, len(self.mapped)) ** 0.5
        mean = float(self.mapped.mean())
        return mean - 2 * error > self.chance and mean > float(self.own.mean())


def reciprocal_ranks(asked: Embeddings, tables: Embeddings, owner: Sequence[int] | np.ndarray) -> Embeddings:
    """1 / the rank of each question's own table by cosine; among equals it stands in the middle."""
    cosines = asked @ tables.T
    own = cosines[np.arange(len(asked)), owner][:, None]
    ranks: Embeddings = 1 + (cosines > own).sum(axis=1) + ((cosines == own).sum(axis=1) - 1) / 2
    return (1 / ranks).astype(np.float32)


def _pooled(tower: Tapas, inputs: Sequence[Tokens]) -> Embeddings:
    def read(model: Any, tokens: Tokens) -> Embeddings:
        pooled: Embeddings = model(**tokens).pooler_output.float().cpu().numpy()
        return pooled

    return tower.rows(inputs, tower.loaded().model.config.hidden_size, read)


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


def _hidden_size(folder: Path) -> int:
    try:
        return int(read_json(folder / "config.json", {})["hidden_size"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder} is no TAPAS model: config.json is missing or broken") from error
