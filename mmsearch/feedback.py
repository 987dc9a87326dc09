"""What people said of results: judgements of a library, kept beside its manifest.

They are written without the library's lock: whoever searches in one terminal judges in another, while the page serves.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mmsearch.errors import Forbidden, InputError, NotFound, StoreError
from mmsearch.manifest import Entry, Manifest
from mmsearch.settings import MANIFEST_FILE, Settings, existing_library
from mmsearch.types import EVERYTHING, Ranking, Result, Sight, digest

FEEDBACK_FILE = "feedback.sqlite3"
FORMAT = 2
"""Format 1 did not keep the routes."""
PATIENCE_S = 10.0
"""How long one process waits for another's judgement to be written."""

SCHEMA = """
create table if not exists judgements (
    query text not null, document text not null, uri text not null, segment text not null, grade integer not null,
    rank integer, score real, spaces text not null, version text not null, time text not null,
    routes text not null default '{}', primary key (query, document))
"""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What somebody said of a document as an answer to a query in words: `grade` is 0 for not relevant.

    `rank`, `score` and `segment_id` are those of the result that was looked at, None and empty where a document was
    judged without one. `routes` are the weights of the spaces that were asked for it, by name. `spaces` are the
    fingerprints of the library's spaces by name, `version` is mmsearch's, and `time` is UTC in ISO 8601: what the
    scores came from.
    """

    query: str
    document_id: str
    uri: str
    grade: int
    segment_id: str = ""
    rank: int | None = None
    score: float | None = None
    spaces: Mapping[str, str] | None = None
    version: str = ""
    time: str = ""
    routes: Mapping[str, float] | None = None


class Feedback:
    """The judgements of a library in one SQLite file; several processes may write at once."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._manifest, self._file = manifest, folder / FEEDBACK_FILE
        with self._told():
            self._sql = sqlite3.connect(self._file, timeout=PATIENCE_S, isolation_level=None, check_same_thread=False)
            self._sql.execute("pragma synchronous=full")
            if (found := self._sql.execute("pragma user_version").fetchone()[0]) not in (0, 1, FORMAT):
                raise StoreError(f"{self._file} has format {found}, this mmsearch reads format {FORMAT}")
            self._sql.execute(SCHEMA)
            if not any(column[1] == "routes" for column in self._sql.execute("pragma table_info(judgements)")):
                self._sql.execute("alter table judgements add column routes text not null default '{}'")
            self._sql.execute(f"pragma user_version={FORMAT}")

    def judge(
        self, query: str | Ranking, document: str | Path | Result, grade: int = 1, sight: Sight = EVERYTHING
    ) -> Judgement:
        """Keep what is said of a document (a result, or the document's path, uri or id) for a query in words.

        With a ranking, the routes of its search are kept as well. The same query and document judged again replaces
        the judgement; blanks do not tell queries apart.
        Raises InputError for an empty query or a grade below 0, NotFound when the library has no such document.
        """
        words, routes = asked_by(query)
        if isinstance(document, Result):
            segment = document.segment
            shown = segment.id, document.rank, document.score, routes
            return self.keep(words, segment.document_id, grade, *shown, sight)
        return self.keep(words, document, grade, routes=routes, sight=sight)

    def keep(
        self,
        query: str,
        document: str | Path,
        grade: int,
        segment_id: str = "",
        rank: int | None = None,
        score: float | None = None,
        routes: Mapping[str, float] | None = None,
        sight: Sight = EVERYTHING,
    ) -> Judgement:
        """The same, with the result that was looked at in its parts."""
        words = in_one_line(query)
        if not words:
            raise InputError("the query is empty: judgements are of queries in words")
        if grade < 0:
            raise InputError(f"a grade of {grade} says nothing: 0 is not relevant, 1 relevant, more is more relevant")
        entry = self._entry(document, sight)
        judgement = Judgement(
            words,
            entry.id,
            entry.uri,
            int(grade),
            segment_id,
            rank,
            score,
            {name: space.fingerprint for name, (_, space) in self._manifest.spaces().items()},
            version("mmsearch"),
            datetime.now(UTC).isoformat(timespec="seconds"),
            dict(routes or {}),
        )
        with self._told():
            self._sql.execute("insert or replace into judgements values (?,?,?,?,?,?,?,?,?,?,?)", _row(judgement))
        return judgement

    def withdraw(self, query: str, document: str | Path, sight: Sight = EVERYTHING) -> bool:
        """Forget what was said of a document for the query; whether anything was. Raises NotFound."""
        with self._told():
            gone = "delete from judgements where query = ? and document = ?"
            return self._sql.execute(gone, (in_one_line(query), self._entry(document, sight).id)).rowcount > 0

    def judgements(self, query: str = "", sight: Sight = EVERYTHING) -> list[Judgement]:
        """All of them, or those for the query, by query and place; of the documents that the sight sees."""
        words = in_one_line(query)
        with self._told():
            every = "select * from judgements where ?1 in ('', query) order by query, uri"
            rows = self._sql.execute(every, (words,)).fetchall()
        found = [_judgement(row) for row in rows]
        seen = self._manifest.seen({judgement.document_id for judgement in found}, sight)
        return [judgement for judgement in found if sight == EVERYTHING or judgement.document_id in seen]

    def close(self) -> None:
        self._sql.close()

    def _entry(self, document: str | Path, sight: Sight) -> Entry:
        """The document of that id, uri or path, in this order, if the sight sees it."""
        if entry := self._manifest.entry_of(document, sight):
            return entry
        raise NotFound(
            f'the library has no document "{document}": give its path, or "document" "id" or "uri" of search --json'
        )

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Says in our words what SQLite says."""
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(f"{self._file}: judgements cannot be read or written: {error}") from error


def in_one_line(query: str) -> str:
    """The words as judgements name the query: blanks do not tell queries apart."""
    return " ".join(query.split())


def asked_by(query: str | Ranking) -> tuple[str, dict[str, float]]:
    """The words of a search, and the weight of each space that it asked; none where only its words are known."""
    if isinstance(query, str):
        return query, {}
    weights: dict[str, float] = {}
    for route in query.routes:
        weights[route.space] = max(route.weight, weights.get(route.space, 0.0))
    return query.query.text, weights


@contextmanager
def open_feedback(settings: Settings) -> Iterator[Feedback]:
    """The feedback of the library that the settings name, whoever else has it open. Raises NotFound, StoreError."""
    folder = existing_library(settings)
    with closing(Manifest(folder / MANIFEST_FILE)) as manifest, closing(Feedback(folder, manifest)) as feedback:
        yield feedback


def export(judgements: Sequence[Judgement], folder: Path) -> None:
    """Write them as a retrieval set's `queries.jsonl` and `qrels/test.tsv`; `documents.jsonl` says where each id is.

    Files of an earlier export are replaced. Raises InputError when there is nothing to write or the folder holds
    something else, Forbidden.
    """
    if not judgements:
        raise InputError('nothing is judged yet: "mmsearch feedback add QUERY DOCUMENT --relevant"')
    files = {name: folder / name for name in ("queries.jsonl", "qrels/test.tsv", "documents.jsonl")}
    ids = {query: digest(query) for query in dict.fromkeys(judgement.query for judgement in judgements)}
    places = {judgement.document_id: judgement.uri for judgement in judgements}
    graded = [f"{ids[j.query]}\t{j.document_id}\t{j.grade}\n" for j in judgements]
    try:
        if folder.is_dir() and any(folder.iterdir()) and not files["documents.jsonl"].is_file():
            raise InputError(f"{folder} holds something else; name a new folder")
        (folder / "qrels").mkdir(parents=True, exist_ok=True)
        files["queries.jsonl"].write_text(_lines({"_id": id, "text": text} for text, id in ids.items()), "utf-8")
        files["qrels/test.tsv"].write_text("query-id\tcorpus-id\tscore\n" + "".join(graded), "utf-8")
        files["documents.jsonl"].write_text(_lines({"_id": id, "uri": uri} for id, uri in places.items()), "utf-8")
    except OSError as error:
        raise Forbidden(f"{error.filename or folder}: the judgements cannot be written: {error.strerror}") from error


def _lines(records: Iterator[dict[str, str]]) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def _row(judgement: Judgement) -> tuple[object, ...]:
    j = judgement
    spaces = json.dumps(dict(j.spaces or {}), sort_keys=True)
    return (
        j.query,
        j.document_id,
        j.uri,
        j.segment_id,
        j.grade,
        j.rank,
        j.score,
        spaces,
        j.version,
        j.time,
        json.dumps(dict(j.routes or {})),
    )


def _judgement(row: Sequence[Any]) -> Judgement:
    query, document, uri, segment, grade, rank, score, spaces, version, time, routes = row
    made = json.loads(spaces), version, time, json.loads(routes)
    return Judgement(query, document, uri, grade, segment, rank, score, *made)
