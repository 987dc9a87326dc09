"""What the library holds, on disk: written after the store, so that it never says more than there is.

A document is marked before its first row is written and its entry is completed after its last: what a killed
process left half done is found by the mark, and done again.
"""

import json
import re
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any
from uuid import uuid4

from mmsearch import succession
from mmsearch.errors import StoreError
from mmsearch.sight import list_name
from mmsearch.sketches import Sketch, packed, unpacked
from mmsearch.succession import Succession, facts_of, space_of
from mmsearch.types import EVERYTHING, Modality, Root, Sight, Space, digest

FORMAT = "1"
PAGE_ENTRIES = 1_000
CACHE_KIB = 512
"""Of a connection, of which a server has two dozen: the system keeps the file's pages for all of them."""

COLUMNS = "id, uri, stat, content, reader, modality, segments, done, access"
"""Of a document, as `_entry` takes them."""
SEEN = "access in (select value from json_each(?))"
"""Of the documents those with the access lists of those names."""

SCHEMA = """
create table if not exists facts (name text primary key, value text not null);
create table if not exists roots (path text primary key, how text not null default '{}');
create table if not exists spaces (name text primary key, collection text not null, facts text not null);
create table if not exists documents (
    id text primary key, uri text not null, stat text not null, content text not null,
    reader text not null, modality text not null, segments integer not null, done integer not null,
    access text not null default '');
create index if not exists documents_by_uri on documents (uri);
create index if not exists documents_by_content on documents (content);
create index if not exists documents_by_modality on documents (modality) where done;
create table if not exists lists (name text primary key, principals text not null) without rowid;
create table if not exists holdings (
    document text not null, space text not null, segments integer not null,
    primary key (document, space)) without rowid;
create index if not exists holdings_by_space on holdings (space);
create table if not exists sketches (
    document text primary key, modality text not null, shingles blob not null, pictures text not null) without rowid;
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A document as it is in the library; `done` is False while it is being written.

    `spaces` are the fingerprints of the spaces that it went through, with how many of its segments each could hold.
    `access` are the principals who may see it, none where everybody may.
    """

    id: str
    uri: str
    stat: str = ""
    content: str = ""
    reader: str = ""
    modality: str = ""
    segments: int = 0
    spaces: Mapping[str, int] = field(default_factory=dict)
    done: bool = False
    access: tuple[str, ...] = ()


class Manifest:
    """The memory of a library in one SQLite file; every change is a transaction of its own.

    Any thread may use it: a reader sees whole transactions, and writers wait for each other.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._idle: list[sqlite3.Connection] = []
        self._one_writer = threading.Lock()
        self._changes = 0
        self._census: tuple[int, dict[Modality, int]] = (-1, {})
        """As counted last, and after how many changes."""
        self.changing = threading.RLock()
        """Held while the store or the pictures change together with what is remembered of them: whoever holds it sees
        all of one moment."""
        try:
            with self._connection() as sql, sql:
                sql.executescript("pragma journal_mode=wal;" + SCHEMA + succession.SCHEMA)
                if not any(column[1] == "how" for column in sql.execute("pragma table_info(roots)")):
                    sql.execute("alter table roots add column how text not null default '{}'")
                if not any(column[1] == "access" for column in sql.execute("pragma table_info(documents)")):
                    sql.execute("alter table documents add column access text not null default ''")
                sql.execute("create index if not exists documents_by_access on documents (access)")
                sql.execute("insert or ignore into facts values ('format', ?)", (FORMAT,))
                sql.execute("insert or ignore into facts values ('library', ?)", (uuid4().hex[:8],))
        except sqlite3.Error as error:
            raise StoreError(f"{file} cannot be opened as a manifest: {error}") from error
        if (found := self._fact("format")) != FORMAT:
            raise StoreError(
                f"{file} has format {found}, this mmsearch reads format {FORMAT}: index into a new library"
            )
        self.succession = Succession(self._rows, self._writing)

    @property
    def library_id(self) -> str:
        """Names this library's collections apart from others on the same server."""
        return self._fact("library")

    def check(self) -> None:
        """Raises StoreError when the file is damaged."""
        try:
            found = [str(line) for (line,) in self._rows("pragma quick_check(3)")]
        except sqlite3.Error as error:
            found = [str(error)]
        if found != ["ok"]:
            raise StoreError(f"{self._file} is damaged ({'; '.join(found)}): index into a new library")

    def spaces(self) -> dict[str, tuple[str, Space]]:
        """The active collection of each space by name, and the facts it was made with."""
        rows = self._rows("select name, collection, facts from spaces")
        return {name: (collection, space_of(json.loads(facts))) for name, collection, facts in rows}

    def collection_name(self, space: Space) -> str:
        """Where the space stands in the store; follows from library, space and fingerprint."""
        return f"mm_{self.library_id}_{space.name}_{space.fingerprint}"

    def activate(self, space: Space) -> None:
        """Let the space's own collection serve it. A predecessor is doomed: its documents count as missing now."""
        collection = self.collection_name(space)
        with self._writing() as sql:
            self._leave(sql, space.name, space.fingerprint)
            sql.execute("delete from spares where collection = ?", (collection,))
            row = (space.name, collection, facts_of(space))
            sql.execute("insert or replace into spaces values (?, ?, ?)", row)

    def retire(self, name: str) -> None:
        """Forget a space that the settings no longer name; its collection is doomed."""
        with self._writing() as sql:
            self._leave(sql, name, "")
            sql.execute("delete from spaces where name = ?", (name,))

    def incomplete(self, space: Space) -> bool:
        """Whether a document of the library is not in the space."""
        lacks = "select 1 from documents where id not in (select document from holdings where space = ?) limit 1"
        return bool(self._rows(lacks, space.fingerprint))

    def lists(self, sight: Sight) -> list[str] | None:
        """The names of the access lists whose documents the sight sees, "" for no list; None where it sees them all."""
        if sight == EVERYTHING:
            return None
        used = "select name, principals from lists where exists (select 1 from documents where access = name)"
        held = self._rows(used)
        seen = [str(name) for name, principals in held if sight.sees(json.loads(principals))]
        return None if len(seen) == len(held) else ["", *seen]

    def seen(self, ids: Iterable[str], sight: Sight) -> set[str]:
        """Those of the ids whose documents the sight sees; of what there is no entry for, it sees nothing."""
        seen, lists = self._seen(sight)
        query = f"select id from documents where id in (select value from json_each(?)) and {seen}"
        return {str(id) for (id,) in self._rows(query, json.dumps(list(ids)), *lists)}

    def census(self, sight: Sight = EVERYTHING) -> dict[Modality, int]:
        """How many documents that the sight sees there are of each modality, by their first segment.

        Where it sees them all they are counted anew after a change alone.
        """
        changes, (counted_at, census) = self._changes, self._census
        seen, lists = self._seen(sight)
        if lists or counted_at != changes:
            query = f"select modality, count(*) from documents where done and {seen} group by modality"
            census = dict(self._rows(query, *lists))
            if not lists:
                self._census = changes, census
        return dict(census)

    def rows_of(self, space: str, sight: Sight) -> int:
        """How many segments the space of that fingerprint could hold of the documents that the sight sees."""
        seen, lists = self._seen(sight)
        query = f"""select coalesce(sum(holdings.segments), 0) from holdings join documents on id = document
            where space = ? and {seen}"""
        [(count,)] = self._rows(query, space, *lists)
        return int(count)

    def held(self, ids: Iterable[str], names: Mapping[str, str] | None = None) -> dict[str, dict[str, int]]:
        """Document id -> fingerprint of a space -> how many of its segments that space could hold.

        With `names`, fingerprint -> name, the names of those spaces alone.
        """
        found: dict[str, dict[str, int]] = {}
        query = "select document, space, segments from holdings where document in (select value from json_each(?))"
        for document, space, segments in self._rows(query, json.dumps(list(ids))):
            name = space if names is None else names.get(space)
            if name is not None:
                found.setdefault(document, {})[name] = segments
        return found

    def roots(self) -> list[Root]:
        """The roots that were indexed, each as it was looked at last, the first first."""
        return [_root(*row) for row in self._rows("select path, how from roots order by rowid")]

    def add_root(self, root: Root) -> None:
        """Remember the root; how it is looked at replaces how it was."""
        how = {name: value for name, value in asdict(root).items() if name != "place"}
        with self._writing() as sql:
            sql.execute(
                "insert into roots (path, how) values (?, ?) on conflict (path) do update set how = excluded.how",
                (root.place, json.dumps(how)),
            )

    def entry(self, id: str) -> Entry | None:
        found = self._entries(f"select {COLUMNS} from documents where id = ?", id)
        return found[0] if found else None

    def entry_of(self, document: str | Path, sight: Sight = EVERYTHING) -> Entry | None:
        """The document of that id, uri or path, in this order, that the sight sees; no disk is asked for it."""
        uris = (str(document), Path(document).absolute().as_posix())
        found = (self.entry(id) for id in (str(document), *map(digest, uris)))
        return next((entry for entry in found if entry and sight.sees(entry.access)), None)

    def twin(self, entry: Entry, space: str) -> str | None:
        """The id of another document that is whole in the space and was made from the same content by that reader."""
        same = (
            "select id from documents join holdings on document = id "
            "where content = ? and reader = ? and id != ? and done and space = ? limit 1"
        )
        rows = self._rows(same, entry.content, entry.reader, entry.id, space)
        return str(rows[0][0]) if rows else None

    def entries(self, sight: Sight = EVERYTHING) -> list[Entry]:
        """All entries that the sight sees in the order of their places."""
        seen, lists = self._seen(sight)
        return self._entries(f"select {COLUMNS} from documents where {seen} order by uri", *lists)

    def page(self, offset: int, limit: int, part: str = "", sight: Sight = EVERYTHING) -> list[Entry]:
        """So many of the complete entries that the sight sees, of those whose place holds the part in any case, by
        place."""
        seen, lists = self._seen(sight)
        query = f"""select {COLUMNS} from documents where done and instr(lower(uri), lower(?)) and {seen}
            order by uri limit ? offset ?"""
        return self._entries(query, part, *lists, limit, offset)

    def count(self, part: str = "", sight: Sight = EVERYTHING) -> int:
        """How many complete entries that the sight sees there are whose place holds the part."""
        seen, lists = self._seen(sight)
        query = f"select count(*) from documents where done and instr(lower(uri), lower(?)) and {seen}"
        return int(self._rows(query, part, *lists)[0][0])

    def named(self, words: str, limit: int, sight: Sight = EVERYTHING) -> list[str]:
        """The places of so many complete documents that hold the words, with any one character between them, among
        those that the sight sees."""
        escaped = re.sub(r"([%_\\])", r"\\\1", words).replace(" ", "_")
        seen, lists = self._seen(sight)
        query = f"""select uri from documents where done and uri like ? escape '\\' and {seen}
            order by length(uri), uri limit ?"""
        return [str(uri) for (uri,) in self._rows(query, f"%{escaped}%", *lists, limit)]

    def places(self, place: str) -> Iterator[tuple[str, str]]:
        """(id, uri) of the documents at or below the place of a root, in the order of their places."""
        below = "uri = ?1 or substr(uri, 1, length(?1) + 1) in (?1 || '/', ?1 || '#')"
        query = f"select id, uri from documents where {below} order by uri"
        with self._connection() as sql:
            yield from sql.execute(query, (place.rstrip("/"),))

    def entries_by_id(self) -> Iterator[Entry]:
        """All entries in the order of their ids, read in pages: there may be more than memory holds."""
        after = ""
        while found := self._entries(
            f"select {COLUMNS} from documents where id > ? order by id limit ?", after, PAGE_ENTRIES
        ):
            yield from found
            after = found[-1].id

    def write(self, entries: Iterable[Entry]) -> None:
        """Add or replace entries, all or none."""
        written = list(entries)
        rows = [
            (e.id, e.uri, e.stat, e.content, e.reader, e.modality, e.segments, e.done, list_name(e.access))
            for e in written
        ]
        lists = {list_name(e.access): json.dumps(sorted(set(e.access))) for e in written if e.access}
        with self._writing() as sql:
            sql.executemany("insert or ignore into lists values (?, ?)", lists.items())
            sql.executemany(f"insert or replace into documents ({COLUMNS}) values (?,?,?,?,?,?,?,?,?)", rows)
            sql.executemany("delete from holdings where document = ?", [(e.id,) for e in written])
            holdings = [(e.id, space, segments) for e in written for space, segments in e.spaces.items()]
            sql.executemany("insert into holdings values (?, ?, ?)", holdings)

    def write_sketches(self, sketches: Mapping[str, Sketch | None]) -> None:
        """Remember the sketch of each document, by its id; None forgets the one before."""
        rows = [
            (id, sketch.modality, packed(sketch.shingles), json.dumps(sketch.pictures))
            for id, sketch in sketches.items()
            if sketch
        ]
        with self._writing() as sql:
            sql.executemany("delete from sketches where document = ?", [(id,) for id in sketches])
            sql.executemany("insert into sketches values (?, ?, ?, ?)", rows)

    def sketches(self, ids: Iterable[str]) -> dict[str, Sketch]:
        """Document id -> its sketch; documents that have none, and that an earlier mmsearch indexed, are absent."""
        query = (
            "select document, sketches.modality, shingles, pictures from sketches join documents on id = document "
            "where done and document in (select value from json_each(?))"
        )
        return {
            id: Sketch(modality, unpacked(shingles), tuple(json.loads(pictures)))
            for id, modality, shingles, pictures in self._rows(query, json.dumps(list(ids)))
        }

    def mark(self, ids: Iterable[str]) -> None:
        """Say that rows of the documents are about to change: they count as not done until they are written again."""
        with self._writing() as sql:
            sql.executemany("update documents set done = 0 where id = ?", [(id,) for id in ids])

    def forget(self, ids: Iterable[str]) -> None:
        with self._writing() as sql:
            gone = [(id,) for id in ids]
            sql.executemany("delete from documents where id = ?", gone)
            sql.executemany("delete from holdings where document = ?", gone)
            sql.executemany("delete from sketches where document = ?", gone)

    def close(self) -> None:
        """Nobody uses it any more."""
        while self._idle:
            self._idle.pop().close()

    def _leave(self, sql: sqlite3.Connection, name: str, fingerprint: str) -> None:
        held = self.spaces().get(name)
        if held and held[1].fingerprint != fingerprint:
            sql.execute("delete from holdings where space = ?", (held[1].fingerprint,))
            row = (held[0], name, "doomed", facts_of(held[1]))
            sql.execute("insert or replace into spares values (?, ?, ?, ?)", row)

    def _fact(self, name: str) -> str:
        [(value,)] = self._rows("select value from facts where name = ?", name)
        return str(value)

    def _entries(self, query: str, *values: object) -> list[Entry]:
        rows = self._rows(query, *values)
        held = self.held(row[0] for row in rows)
        names = json.dumps(list({row[-1] for row in rows} - {""}))
        known = self._rows("select name, principals from lists where name in (select value from json_each(?))", names)
        lists = {"": (), **{name: tuple(json.loads(principals)) for name, principals in known}}
        return [_entry(row, held, lists) for row in rows]

    def _seen(self, sight: Sight) -> tuple[str, tuple[str, ...]]:
        """A condition that holds for the documents that the sight sees, and its values."""
        lists = self.lists(sight)
        return ("true", ()) if lists is None else (SEEN, (json.dumps(lists),))

    def _rows(self, query: str, *values: object) -> list[Any]:
        with self._connection() as sql:
            return sql.execute(query, values).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._one_writer:
                with self._connection() as sql, sql:
                    yield sql
                self._changes += 1
        except sqlite3.Error as error:
            raise StoreError(f"the manifest cannot be written: {error}") from error

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """A connection that no other thread uses meanwhile."""
        try:
            sql = self._idle.pop()
        except IndexError:
            sql = sqlite3.connect(self._file, check_same_thread=False)
            sql.executescript(f"pragma synchronous=full; pragma cache_size=-{CACHE_KIB};")
        yield sql
        self._idle.append(sql)


def _entry(
    row: tuple[str, str, str, str, str, str, int, int, str],
    held: Mapping[str, Mapping[str, int]],
    lists: Mapping[str, tuple[str, ...]],
) -> Entry:
    id, uri, stat, content, reader, modality, segments, done, access = row
    return Entry(id, uri, stat, content, reader, modality, segments, held.get(id, {}), bool(done), lists[access])


def _root(path: str, how: str) -> Root:
    said = {name: tuple(value) if isinstance(value, list) else value for name, value in json.loads(how).items()}
    values: dict[str, Any] = {field.name: said[field.name] for field in fields(Root) if field.name in said}
    return Root(path, **values)
