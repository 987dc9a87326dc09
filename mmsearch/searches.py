"""What was searched for, and how it went: notes beside the manifest, from which the quality page is made.

The words of a query are kept only where the settings say so. Notes are made after the search and never fail it.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mmsearch.errors import StoreError
from mmsearch.types import QueryKind, Ranking

SEARCHES_FILE = "searches.sqlite3"
FORMAT = 1
PATIENCE_S = 2.0
KEPT_DAYS = 400

SCHEMA = """
create table if not exists searches (
    id integer primary key, time text not null, kind text not null, words text, results integer not null,
    best real, weak integer not null, total_ms real not null);
create index if not exists searches_by_time on searches (time);
create table if not exists opened (
    search integer not null, rank integer not null, primary key (search, rank)) without rowid;
create table if not exists judged (
    search integer not null, rank integer not null, grade integer not null, primary key (search, rank)) without rowid;
"""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Day:
    """The searches of a day (UTC): how many, without results, without a good match, and by kind of query.

    `opened` and `judged` count the searches of which somebody opened or judged a result; `median_ms` is how long half
    of them took at most.
    """

    day: str
    searches: int
    empty: int
    weak: int
    opened: int
    judged: int
    median_ms: float
    kinds: dict[QueryKind, int]


@dataclass(frozen=True, slots=True)
class Missed:
    """Words that found nothing, or nothing that fits: how often, when last, and the best score that there was."""

    words: str
    times: int
    last: str
    best: float | None


class Searches:
    """The notes of a library in one SQLite file; several processes may write, any thread may use it."""

    def __init__(self, folder: Path, keep_words: bool, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._file, self._keep_words, self._now = folder / SEARCHES_FILE, keep_words, now
        self._one_writer = threading.Lock()
        with self._told():
            self._sql = sqlite3.connect(self._file, timeout=PATIENCE_S, isolation_level=None, check_same_thread=False)
            self._sql.executescript("pragma journal_mode=wal; pragma synchronous=normal;")
            if (found := self._sql.execute("pragma user_version").fetchone()[0]) not in (0, FORMAT):
                raise StoreError(f"{self._file} has format {found}, this mmsearch reads format {FORMAT}")
            self._sql.executescript(f"{SCHEMA} pragma user_version={FORMAT};")
            self._forget((now() - timedelta(days=KEPT_DAYS)).isoformat())
            if not keep_words:
                self._sql.execute("update searches set words = null where words is not null")

    def note(self, ranking: Ranking) -> int:
        """Keep how a search went; its number, 0 where it could not be kept, which the log says."""
        words = " ".join(ranking.query.text.split()) if self._keep_words and ranking.query.kind == "text" else None
        row = (
            self._now().isoformat(timespec="seconds"),
            ranking.query.kind,
            words or None,
            len(ranking.results),
            max((result.score for result in ranking.results), default=None),
            ranking.no_good_match,
            ranking.took_ms.get("total", 0.0),
        )
        columns = "time, kind, words, results, best, weak, total_ms"
        return self._kept(f"insert into searches ({columns}) values (?,?,?,?,?,?,?)", row) or 0

    def note_opened(self, search: int, rank: int) -> None:
        """Keep that somebody opened a result of that search."""
        known = "select ?1, ?2 where exists (select 1 from searches where id = ?1)"
        self._kept(f"insert or ignore into opened {known}", (search, rank))

    def note_judged(self, search: int, rank: int, grade: int | None) -> None:
        """Keep that somebody judged a result of that search; None takes it back."""
        if grade is None:
            self._kept("delete from judged where search = ? and rank = ?", (search, rank))
            return
        known = "select ?1, ?2, ?3 where exists (select 1 from searches where id = ?1)"
        self._kept(f"insert or replace into judged {known}", (search, rank, grade))

    def days(self, count: int) -> list[Day]:
        """The last so many days that had searches, the latest first."""
        query = """
            select substr(time, 1, 10) as day, count(*), sum(results = 0), sum(weak and results > 0),
                sum(id in (select search from opened)), sum(id in (select search from judged)),
                sum(kind = 'text'), sum(kind = 'image'), sum(kind = 'audio')
            from searches group by day order by day desc limit ?"""
        return [
            Day(day, searches, empty, weak, opened, judged, self._median_ms(day), _kinds(*kinds))
            for day, searches, empty, weak, opened, judged, *kinds in self._rows(query, count)
        ]

    def missed(self, count: int, empty: bool) -> list[Missed]:
        """Words that found nothing (`empty`), or nothing that fits, the most frequent first."""
        query = f"""
            select words, count(*) as times, max(time), max(best) from searches
            where words is not null and {"results = 0" if empty else "weak and results > 0"}
            group by words order by times desc, max(time) desc limit ?"""
        return [Missed(*row) for row in self._rows(query, count)]

    def close(self) -> None:
        self._sql.close()

    def _median_ms(self, day: str) -> float:
        query = """
            select total_ms from searches where substr(time, 1, 10) = ?1 order by total_ms
            limit 1 offset (select (count(*) - 1) / 2 from searches where substr(time, 1, 10) = ?1)"""
        return float(self._rows(query, day)[0][0])

    def _forget(self, before: str) -> None:
        self._sql.execute("delete from searches where time < ?", (before,))
        for notes in ("opened", "judged"):
            self._sql.execute(f"delete from {notes} where search not in (select id from searches)")

    def _kept(self, statement: str, row: tuple[Any, ...]) -> int | None:
        try:
            with self._one_writer:
                return self._sql.execute(statement, row).lastrowid
        except sqlite3.Error as error:
            log.warning("%s: a search cannot be noted: %s", self._file, error)
            return None

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._told():
            return self._sql.execute(query, values).fetchall()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Says in our words what SQLite says."""
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(f"{self._file}: notes of searches cannot be read or written: {error}") from error


def _kinds(text: int, image: int, audio: int) -> dict[QueryKind, int]:
    return {"text": text, "image": image, "audio": audio}
