"""Retrieval sets with judgements in the layout of BEIR, widened to four media.

BEIR is Thakur et al., NeurIPS 2021, https://arxiv.org/abs/2104.08663:
`corpus.jsonl` holds the documents, `queries.jsonl` the queries, `qrels/SPLIT.tsv` who is relevant to what.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from mmsearch.errors import InputError, NotFound
from mmsearch.sources import CORPUS_FILE
from mmsearch.types import Qrels, digest

QUERIES_FILE = "queries.jsonl"
COLUMNS = ("query-id", "corpus-id", "score")
SHOWN_CHARS = 240
"""How much of a judged document's words is kept, to show in reports what should have been found."""


@dataclass(frozen=True, slots=True)
class JudgedDocument:
    """What the corpus says of a relevant document, for a person: `words` is its first text, its header or its file."""

    modality: str
    title: str
    words: str


@dataclass(frozen=True, slots=True)
class RetrievalSet:
    """A set whose queries all have a relevant document; `intended` is the modality that a query is after, where said.

    `answers` are right answers by query id, items set apart by "|", where the set has them.
    `judgements` and `corpus` are digests: equal when queries and relevance, or the documents, are the same.
    """

    folder: Path
    split: str
    documents: int
    queries: Mapping[str, str]
    qrels: Qrels
    intended: Mapping[str, str]
    judged: Mapping[str, JudgedDocument]
    judgements: str
    corpus: str
    warnings: tuple[str, ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The folder's name, with the split where it is not the usual one."""
        return self.folder.name if self.split == "test" else f"{self.folder.name}-{self.split}"

    def document(self, uri: str) -> str:
        """The id in the corpus of a document of the library; its whole uri where it is not of this set."""
        return uri.removeprefix(f"{(self.folder / CORPUS_FILE).as_posix()}#")


def read_set(folder: str | Path, split: str = "") -> RetrievalSet:
    """The set of a folder, with the judgements of `split`: "test" unless named, or the only one there is.

    Queries without a relevant document are left out and counted in `warnings`, as are judged documents that the
    corpus lacks. Raises NotFound when there is no such folder, InputError naming the file and line that is wrong.
    """
    folder = Path(folder).expanduser().resolve()
    if not folder.is_dir():
        raise NotFound(f"{folder} is not a folder")
    needed = (CORPUS_FILE, QUERIES_FILE, "qrels")
    if missing := [name for name in needed if not (folder / name).exists()]:
        raise InputError(
            f"{folder} is no retrieval set: it has no {' and no '.join(missing)}; "
            f"a set is {CORPUS_FILE}, {QUERIES_FILE} and qrels/test.tsv"
        )
    judgements = _judgements_file(folder / "qrels", split)
    grades = _qrels(judgements)
    texts, intended, answers = _queries(folder / QUERIES_FILE)
    judged_queries = [id for id in texts if any(grade > 0 for grade in grades.get(id, {}).values())]
    if not judged_queries:
        raise InputError(f"{judgements}: no query of {QUERIES_FILE} has a relevant document in it, nothing to measure")
    qrels = {id: grades[id] for id in judged_queries}
    relevant = {id for of_query in qrels.values() for id, grade in of_query.items() if grade > 0}
    documents, judged, corpus = _corpus(folder / CORPUS_FILE, relevant)
    queries = {id: texts[id] for id in judged_queries}
    return RetrievalSet(
        folder=folder,
        split=judgements.stem,
        documents=documents,
        queries=queries,
        qrels=qrels,
        intended={id: intended[id] for id in judged_queries if id in intended},
        judged=judged,
        judgements=digest(json.dumps([queries, qrels], sort_keys=True))[:16],
        corpus=corpus,
        warnings=_warnings(len(texts) - len(queries), len(grades.keys() - texts.keys()), relevant - judged.keys()),
        answers={id: answers[id] for id in judged_queries if id in answers},
    )


def _warnings(unjudged: int, unknown: int, absent: set[str]) -> tuple[str, ...]:
    said = []
    if unjudged:
        said.append(f"{unjudged} queries have no relevant document and are left out")
    if unknown:
        said.append(f"{unknown} judged queries are not in {QUERIES_FILE} and are left out")
    if absent:
        example = min(absent)
        said.append(
            f"{len(absent)} relevant documents are not in {CORPUS_FILE}, such as {example}: nobody can find them, "
            "and they lower recall and nDCG"
        )
    return tuple(said)


def _judgements_file(folder: Path, split: str) -> Path:
    there = sorted(folder.glob("*.tsv"))
    names = ", ".join(file.stem for file in there)
    if not there:
        raise InputError(
            f"{folder} holds no judgements: it needs a file test.tsv with the columns {', '.join(COLUMNS)}"
        )
    if split or folder / "test.tsv" in there:
        file = folder / f"{split or 'test'}.tsv"
        if file not in there:
            raise InputError(f'{folder} has no split "{split}"; there are {names}')
        return file
    if len(there) > 1:
        raise InputError(f"{folder} has no test.tsv and several other splits: choose one of {names} with --split")
    return there[0]


def _qrels(file: Path) -> Qrels:
    qrels: Qrels = {}
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
            if missing := set(COLUMNS) - set(rows.fieldnames or ()):
                raise InputError(f"{file}: the first line names no column {', '.join(sorted(missing))}")
            for row in rows:
                try:
                    qrels.setdefault(row["query-id"], {})[row["corpus-id"]] = int(row["score"])
                except (TypeError, ValueError) as error:
                    raise InputError(f"{file}, line {rows.line_num}: the score is no whole number") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{file} cannot be read as judgements: {error}") from error
    return qrels


def _queries(file: Path) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """(texts, intended modalities, answers) by query id."""
    texts, intended, answers = {}, {}, {}
    for number, line in _lines(file):
        record = _record(file, number, line)
        text = str(record.get("text") or "")
        if not text.strip():
            raise InputError(f"{file}, line {number}: the query has no text")
        texts[str(record["_id"])] = text
        if record.get("intended"):
            intended[str(record["_id"])] = str(record["intended"])
        if answer := record.get("answer"):
            answers[str(record["_id"])] = "|".join(map(str, answer)) if isinstance(answer, list) else str(answer)
    return texts, intended, answers


def _corpus(file: Path, relevant: set[str]) -> tuple[int, dict[str, JudgedDocument], str]:
    """(number of documents, what there is to show of the relevant ones, digest of the file)."""
    judged, documents, content = {}, 0, blake2b(digest_size=8)
    for number, line in _lines(file):
        content.update(line.encode())
        record = _record(file, number, line)
        documents += 1
        if (id := str(record["_id"])) in relevant:
            judged[id] = _shown(record)
    return documents, judged, content.hexdigest()


def _shown(record: Mapping[str, Any]) -> JudgedDocument:
    table = record.get("table")
    if isinstance(table, Mapping):
        modality, words = "table", " · ".join(map(str, table.get("header") or ()))
    else:
        modality, words = "text", str(record.get("text") or record.get("path") or "")
    words = " ".join(words.split())
    cut = words if len(words) <= SHOWN_CHARS else words[:SHOWN_CHARS].rsplit(" ", 1)[0] + " …"
    return JudgedDocument(str(record.get("modality") or modality), str(record.get("title") or ""), cut)


def _record(file: Path, number: int, line: str) -> Mapping[str, Any]:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise InputError(f"{file}, line {number} is not JSON: {error}") from error
    if not isinstance(record, dict) or "_id" not in record:
        raise InputError(f"{file}, line {number} is not a record with an _id")
    return record


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield number, line
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read: {error}") from error
