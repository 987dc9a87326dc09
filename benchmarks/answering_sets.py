"""Questions with their own table, and with others, as candidates and features: what train_answerer.py learns from."""

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mmsearch.answering.choosing import choice_signs, pick, question_signs
from mmsearch.answering.denotations import Values
from mmsearch.answering.features import Described, Features
from mmsearch.answering.rightness import is_right
from mmsearch.answering.table import described
from mmsearch.answering.typed import TypedTable
from mmsearch.types import Table

SEED = 1


@dataclass(frozen=True)
class Asked:
    """A question asked of its own table (with the right answer), of one drawn at random, or of the nearest other."""

    question: str
    table: str
    gold: str
    whose: Literal["own", "random", "nearest"]


@dataclass(frozen=True)
class Tables:
    """The tables of a retrieval set by id, each typed once."""

    typed: dict[str, TypedTable]

    def described(self, asked: Asked) -> Described:
        return described(asked.question, self.typed[asked.table])


@dataclass(frozen=True)
class Example:
    """The candidates of one asked question: their features (numbers and values), which are right, and their answers."""

    asked: Asked
    indices: list[NDArray[np.int32]]
    values: list[NDArray[np.float32]]
    right: NDArray[np.bool_]
    answers: NDArray[np.int64]
    signs: Features

    def chosen(self, names: list[str], weights: NDArray[np.float64]) -> tuple[Features | None, bool]:
        """The signs of what the weights choose, None without a candidate, and whether it is right."""
        if not self.indices:
            return None, False
        scores = [float(weights[row] @ values) for row, values in zip(self.indices, self.values, strict=True)]
        picked = pick(np.array(scores), self.answers)
        row = zip(self.indices[picked.best], self.values[picked.best], strict=True)
        features = {names[number]: float(value) for number, value in row}
        return {**self.signs, **choice_signs(features, picked)}, bool(self.right[picked.best])


def read_tables(folder: Path) -> Tables:
    documents = map(json.loads, (folder / "corpus.jsonl").read_text("utf-8").splitlines())
    return Tables(
        {
            document["_id"]: TypedTable(
                Table(tuple(document["table"]["header"]), tuple(map(tuple, document["table"]["rows"]))),
                document["title"],
            )
            for document in documents
            if document["modality"] == "table"
        }
    )


def read_asked(folder: Path, tables: Tables) -> list[tuple[Asked, Asked, Asked]]:
    """Each question with its own table, with one drawn from all others, and with the other that words find first."""
    lines = (folder / "qrels" / "test.tsv").read_text("utf-8").splitlines()[1:]
    judged = dict(line.split("\t")[:2] for line in lines)
    queries = [json.loads(line) for line in (folder / "queries.jsonl").read_text("utf-8").splitlines()]
    draw, ids = random.Random(SEED), sorted(tables.typed)
    nearest = _nearest(tables, ids, [query["text"] for query in queries])
    asked = []
    for query, order in zip(queries, nearest, strict=True):
        text, gold, own = query["text"], query["answer"], judged[query["_id"]]
        near = next(ids[place] for place in order if ids[place] != own)
        drawn = draw.choice([id for id in ids if id != own])
        asked.append(
            (Asked(text, own, gold, "own"), Asked(text, drawn, gold, "random"), Asked(text, near, gold, "nearest"))
        )
    return asked


def _nearest(tables: Tables, ids: list[str], questions: list[str]) -> NDArray[np.intp]:
    """For each question the places of the two tables with the greatest cosine of TF-IDF."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    typed = [tables.typed[id] for id in ids]
    texts = [" ".join([t.title, *t.table.header, *(cell for row in t.table.rows for cell in row)]) for t in typed]
    vectors = TfidfVectorizer(sublinear_tf=True, stop_words="english").fit(texts)
    cosines = vectors.transform(questions) @ vectors.transform(texts).T
    return np.argsort(-cosines.toarray(), axis=1)[:, :2]


class Vocabulary(dict[str, int]):
    """Names of features by their number."""

    def number(self, name: str) -> int:
        return self.setdefault(name, len(self))


def examples(tables: Tables, asked: Iterable[Asked], vocabulary: Vocabulary) -> Iterator[Example]:
    for each in asked:
        laid = tables.described(each)
        rows = [{name: value for name, value in features.items() if value} for features in laid.features]
        numbers: dict[Values, int] = {}
        yield Example(
            each,
            [np.array([vocabulary.number(name) for name in row], np.int32) for row in rows],
            [np.array(list(row.values()), np.float32) for row in rows],
            np.array([is_right(found.values, each.gold) for found in laid.found], bool),
            np.array([numbers.setdefault(found.values, len(numbers)) for found in laid.found], np.int64),
            question_signs(laid),
        )
