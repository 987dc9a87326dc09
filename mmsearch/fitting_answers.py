"""Questions with right answers in, how sure a reader of tables is out: what `mmsearch fit-answers` does."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmsearch.answering.asking import whole_table
from mmsearch.answering.rightness import is_right
from mmsearch.answering.words import stems, words
from mmsearch.app import App
from mmsearch.errors import ConfigError, InputError
from mmsearch.fitting import set_tables
from mmsearch.parts import answerers_of
from mmsearch.platt import optimiser
from mmsearch.progress import Progress
from mmsearch.retrieval_sets import RetrievalSet, read_set
from mmsearch.settings import read_settings
from mmsearch.types import Segment, Table

MOST_QUESTIONS = 500
"""Drawn from a larger set: each is asked twice, and a window of a table takes TAPAS a second or two."""
LEAST_ANSWERS = 20
"""Fewer, right and wrong together, say nothing of how sure to be."""
FOLDS = 5
SEED = 1

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question asked of the table that answers it (`own`), or of another one."""

    question: str
    answer: str
    document: str
    table: Segment
    own: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What was answered: the signs of how sure that is, and whether it is right."""

    asked: Asked
    signs: Any
    right: bool


def fit_answers(
    set_dir: str | Path,
    library: str | Path | None = None,
    split: str = "",
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> dict[str, Any]:
    """Learn how sure the reader of tables in the settings is, from a set whose questions have an "answer".

    Each question is asked of its own table and of the other one that holds most of its words. `log_loss` and `at_floor`
    are before and after, of answers that were not learned from; `stored` is None where they are no better, and what was
    learned earlier stays. Raises NotFound, ConfigError when no answerer learns or the evaluation extra is missing,
    InputError for too few answers, ModelUnavailable.
    """
    judged_set = read_set(set_dir, split)
    with App(read_settings(library=library), create=False) as app:
        reader = _reader(app)
        asked = list(_asked(app, judged_set))
        told = []
        for done, each in enumerate(asked):
            on_progress(Progress(done, len(asked), each.question))
            if found := reader.find(each.question, each.table):
                told.append(Told(each, found.signs, is_right(found.values, each.answer)))
        if len(told) < LEAST_ANSWERS:
            raise InputError(
                f"{len(told)} answers to {judged_set.name} are too few to learn from, {LEAST_ANSWERS} are needed"
            )
        before, after = np.array([reader.confidence(each.signs) for each in told]), _unseen(reader, told)
        losses = {"before": _log_loss(before, told), "after": _log_loss(after, told)}
        better = losses["after"] < losses["before"]
        if better:
            with app.writing:
                reader.keep(reader.learn([each.signs for each in told], _right(told), {"set": judged_set.name}))
    return {
        "set": judged_set.name,
        "questions": sum(each.own for each in asked),
        "answers": len(told),
        "right": sum(each.right for each in told),
        "folds": FOLDS,
        "log_loss": losses,
        "floor": reader.floor,
        "at_floor": {
            "before": _counts(told, before >= reader.floor),
            "after": _counts(told, after >= reader.floor),
        },
        "stored": str(reader.confidence_file) if better else None,
    }


def _reader(app: App) -> Any:
    """The answerer of the settings that learns how sure it is, with a place to keep that."""
    optimiser()  # before the long reading, not after
    reader: Any = next((each for each in answerers_of(app.settings, {}) if hasattr(each, "learn")), None)
    if reader is None or reader.confidence_file is None:
        raise ConfigError(
            "the settings name no answerer that learns how sure it is: "
            'mmsearch_encoders.tapas_reader:TapasReader with confidence = "library:table-reader.json" does'
        )
    _ = reader.fingerprint
    return reader


def _asked(app: App, judged_set: RetrievalSet) -> Iterator[Asked]:
    """Each question that has an answer and a table, asked of that and of the nearest other table."""
    tables = {id: whole_table(segments[0], segments) for id, segments in set_tables(app, judged_set)}
    whole = {id: table for id, table in tables.items() if table is not None}
    told = {id: _stems(table) for id, table in whole.items()}
    owners = {
        query: [id for id, grade in judged_set.qrels[query].items() if grade > 0 and id in whole]
        for query in judged_set.answers
    }
    queries = [query for query, owned in owners.items() if owned]
    for query in sorted(Random(SEED).sample(queries, min(MOST_QUESTIONS, len(queries)))):
        question, answer, own = judged_set.queries[query], judged_set.answers[query], owners[query][0]
        yield Asked(question, answer, own, whole[own], own=True)
        wanted = {word.stem for word in words(question) if word.says_something}
        others = [id for id in whole if id not in owners[query]]
        if others:
            near = max(others, key=lambda id: len(wanted & told[id]))
            yield Asked(question, answer, own, whole[near], own=False)


def _stems(segment: Segment) -> frozenset[str]:
    """The stems of all words of a table and its title."""
    table = segment.table or Table((), ())
    texts = (segment.title, *segment.headings, *table.header, *(cell for row in table.rows for cell in row))
    return frozenset(stem for text in texts for stem in stems(text))


def _unseen(reader: Any, told: Sequence[Told]) -> Floats:
    """The confidence of each answer by what was learned from the other folds' tables."""
    fold = {id: place % FOLDS for place, id in enumerate(dict.fromkeys(each.asked.document for each in told))}
    of = np.array([fold[each.asked.document] for each in told])
    found = np.zeros(len(told))
    for left_out in set(of.tolist()):
        rest = [each for each, own in zip(told, of, strict=True) if own != left_out]
        line = reader.learn([each.signs for each in rest], _right(rest), {})
        for place in np.flatnonzero(of == left_out).tolist():
            found[place] = line(told[place].signs)
    return found


def _right(told: Sequence[Told]) -> Floats:
    return np.array([float(each.right) for each in told])


def _log_loss(confidences: Floats, told: Sequence[Told]) -> float:
    """The mean of how surprising it is what was right."""
    likely = np.where(_right(told) > 0, confidences, 1 - confidences)
    return round(float(-np.log(np.clip(likely, 1e-6, 1.0)).mean()), 4)


def _counts(told: Sequence[Told], kept: NDArray[np.bool_]) -> dict[str, int]:
    """How many answers are given, of the questions' own tables and of others, and how many of each are right."""
    given = [each for each, keep in zip(told, kept, strict=True) if keep]
    return {
        "own": sum(each.asked.own for each in given),
        "own_right": sum(each.asked.own and each.right for each in given),
        "other": sum(not each.asked.own for each in given),
        "other_right": sum(not each.asked.own and each.right for each in given),
    }
