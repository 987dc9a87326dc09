"""Judged sets in, what parts learn of them out: `mmsearch fit-tables` and its like, kept in the library's folder."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from mmsearch.app import App
from mmsearch.errors import ConfigError, InputError
from mmsearch.indexing import BAD_DOCUMENT
from mmsearch.progress import Progress
from mmsearch.retrieval_sets import RetrievalSet, read_set
from mmsearch.settings import read_settings
from mmsearch.sources import CORPUS_FILE, reader_of
from mmsearch.sources.listed import corpus_records
from mmsearch.types import Document, Segment

MOST_TABLES = 5_000
"""Tables that a map is fitted to at most, the first of the corpus: TAPAS takes about a second for each."""


def fit_tables(
    set_dir: str | Path,
    library: str | Path | None = None,
    split: str = "",
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> dict[str, Any]:
    """Learn the map of the library's table space into the text space from the questions and tables of a judged set.

    `mrr` are mean reciprocal ranks of each question's table among all that were judged, mapped by fits that had not
    seen it, without a map, and by chance; `stored` is None where the map was no better, and an earlier one stays. The
    space has another fingerprint with another map: the next "mmsearch index" encodes its tables anew. Raises NotFound,
    ConfigError when no table space with a map is set, InputError, ModelUnavailable, ModelError for too few tables.
    """
    judged_set = read_set(set_dir, split)
    with App(read_settings(library=library), create=False) as app:
        encoder: Any = app.encoders.get("table")
        file = getattr(encoder, "projection_file", None)
        if file is None:
            raise ConfigError('the settings name no "table" space with a projection, where the map would be kept')
        tables, questions = _judged_tables(app, judged_set)

        def told(done: int) -> None:
            on_progress(Progress(done, len(tables), ""))

        fit = encoder.fit(tables, questions, told)
        if fit.better:
            with app.writing:
                fit.projection.save(file)
    return {
        "set": judged_set.name,
        "tables": len(tables),
        "questions": sum(map(len, questions)),
        "explained": round(fit.projection.explained, 4),
        "mrr": {
            "mapped": round(float(fit.mapped.mean()), 4),
            "without": round(float(fit.own.mean()), 4),
            "chance": round(fit.chance, 4),
        },
        "stored": str(file) if fit.better else None,
    }


def _judged_tables(app: App, judged_set: RetrievalSet) -> tuple[list[Segment], list[list[str]]]:
    """The tables that answer a question of the set, each by its first rows, and the questions of each."""
    questions: defaultdict[str, list[str]] = defaultdict(list)
    for query, grades in judged_set.qrels.items():
        for document, grade in grades.items():
            if grade > 0:
                questions[document].append(judged_set.queries[query])
    tables, asked = list[Segment](), list[list[str]]()
    for document, segments in set_tables(app, judged_set):
        if document in questions and len(tables) < MOST_TABLES:
            tables.append(segments[0])
            asked.append(questions[document])
    if not tables:
        raise InputError(f"no table of {judged_set.name} is judged relevant to a question: nothing to learn from")
    return tables, asked


def set_tables(app: App, judged_set: RetrievalSet) -> Iterator[tuple[str, list[Segment]]]:
    """The documents of the set that are tables, by id, each in its segments; what cannot be read is left out."""
    for found in corpus_records(judged_set.folder / CORPUS_FILE):
        if isinstance(found, Document):
            with suppress(*BAD_DOCUMENT):
                read = reader_of(found, app.readers).read(found)
                if tables := [segment for segment in read if segment.modality == "table"]:
                    yield judged_set.document(found.uri), tables
