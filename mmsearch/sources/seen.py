"""What came already, in a file of SQLite's own that is gone with it: the names of a corpus may not fit into memory."""

import sqlite3


class Seen:
    """Counts how often each name came."""

    def __init__(self) -> None:
        self._sql = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._sql.executescript("pragma journal_mode=off; pragma synchronous=off; begin;")
        self._sql.execute("create table seen (name text primary key, times integer not null) without rowid")

    def take(self, name: str) -> int:
        """How often the name has come, this time included."""
        count = "insert into seen values (?, 1) on conflict (name) do update set times = times + 1 returning times"
        [(times,)] = self._sql.execute(count, (name,)).fetchall()
        return int(times)

    def __contains__(self, name: str) -> bool:
        return self._sql.execute("select 1 from seen where name = ?", (name,)).fetchone() is not None

    def close(self) -> None:
        """Forget it."""
        self._sql.close()
