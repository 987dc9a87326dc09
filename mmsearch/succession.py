"""Which model made each collection of a library, which collection comes after the active one, and which came before.

Beside the active collection a space may have one that is being filled by another model, and the one that served it
before: both are kept free of documents that changed or went, so that what they hold is always right, and what they lack
is known. A collection that is to go is noted before it goes: a killed process leaves none behind.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from typing import Any, Literal

from mmsearch.settings import Part
from mmsearch.types import Space

SCHEMA = """
create table if not exists makers (fingerprint text primary key, part text not null);
create table if not exists choices (name text primary key, instead_of text not null);
create table if not exists spares (
    collection text primary key, name text not null, role text not null, facts text not null);
"""

Role = Literal["filling", "previous", "doomed"]


@dataclass(frozen=True, slots=True)
class Spare:
    """A collection that does not serve its space: being `filling`, the `previous` one, or `doomed` to be dropped."""

    collection: str
    name: str
    role: Role
    space: Space


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of the library a space holds: documents and their segments, held and in all."""

    held_documents: int
    held_segments: int
    documents: int
    segments: int


class Succession:
    """The part of a manifest that knows which model comes after which; every change is a transaction of its own."""

    def __init__(
        self, rows: Callable[..., list[Any]], writing: Callable[[], AbstractContextManager[sqlite3.Connection]]
    ) -> None:
        """`rows` gives those of a query with its values, `writing` a connection for one transaction."""
        self._rows = rows
        self._writing = writing

    def maker(self, space: Space) -> Part | None:
        """The part and the model that made the space, where that is known."""
        return self._part("select part from makers where fingerprint = ?", space.fingerprint)

    def remember_makers(self, makers: Mapping[str, Part]) -> None:
        """Keep the parts by the fingerprints of what they make."""
        rows = [(fingerprint, part.model_dump_json()) for fingerprint, part in makers.items()]
        known = set(self._rows("select fingerprint, part from makers"))
        if not known.issuperset(rows):
            with self._writing() as sql:
                sql.executemany("insert or replace into makers values (?, ?)", rows)

    def instead_of(self, name: str) -> Part | None:
        """The setting that the model of the space was chosen over; None where it follows the settings."""
        return self._part("select instead_of from choices where name = ?", name)

    def choose(self, name: str, instead_of: Part | None) -> None:
        """Let the model of the space stand over this setting, or follow the settings again."""
        with self._writing() as sql:
            _choose(sql, name, instead_of)

    def spares(self, name: str = "") -> list[Spare]:
        """The collections that do not serve a space: of one space or of all."""
        rows = self._rows("select * from spares where ? in ('', name) order by name, role", name)
        return [Spare(collection, of, role, space_of(json.loads(facts))) for collection, of, role, facts in rows]

    def spare(self, name: str, role: Role) -> Spare | None:
        """The space's collection in that role."""
        return next((spare for spare in self.spares(name) if spare.role == role), None)

    def begin(self, collection: str, space: Space) -> None:
        """Let the collection be the one that is filled; one that served before stays that, with what it holds."""
        with self._writing() as sql:
            row = (collection, space.name, "filling", facts_of(space))
            sql.execute("insert or ignore into spares values (?, ?, ?, ?)", row)

    def doom(self, spare: Spare) -> None:
        """Forget what is in the collection: it is to be dropped."""
        with self._writing() as sql:
            _doom(sql, spare)

    def dropped(self, spare: Spare) -> None:
        """The collection is gone."""
        with self._writing() as sql:
            sql.execute("delete from spares where collection = ?", (spare.collection,))

    def switch(self, name: str, collection: str, instead_of: Part | None, same_reader: Mapping[str, str]) -> None:
        """Let the spare collection serve the space, and the one that did be the previous one: all or nothing.

        The one before that is doomed. `same_reader` maps what readers were called to what they are called by the new
        model: what was read counts as read.
        """
        spares = {spare.collection: spare for spare in self.spares(name)}
        filled = spares.pop(collection)
        with self._writing() as sql:
            active = sql.execute("select collection, facts from spaces where name = ?", (name,)).fetchone()
            for older in spares.values():
                _doom(sql, older)
            sql.execute("delete from spares where collection = ?", (collection,))
            row = (name, collection, facts_of(filled.space))
            sql.execute("insert or replace into spaces values (?, ?, ?)", row)
            if active:
                previous = (active[0], name, "previous", active[1])
                sql.execute("insert or replace into spares values (?, ?, ?, ?)", previous)
            _choose(sql, name, instead_of)
            renamed = [(new, old) for old, new in same_reader.items() if new != old]
            sql.executemany("update documents set reader = ? where reader = ?", renamed)

    def lacking(self, space: Space, after: str, count: int) -> list[tuple[str, int]]:
        """The next whole documents that the space lacks, in the order of their ids, with their segments."""
        lacks = (
            "select id, segments from documents where done and id > ? and not exists "
            "(select 1 from holdings where document = id and space = ?) order by id limit ?"
        )
        return self._rows(lacks, after, space.fingerprint, count)

    def hold(self, space: Space, rows: Mapping[str, int]) -> None:
        """Say of whole documents that they are in the space, with so many of their segments."""
        with self._writing() as sql:
            holdings = [(document, space.fingerprint, count) for document, count in rows.items()]
            sql.executemany("insert or replace into holdings values (?, ?, ?)", holdings)

    def release(self, space: Space, documents: Iterable[str]) -> None:
        """Say of documents that they are not in the space: the next indexing puts them there."""
        with self._writing() as sql:
            gone = [(document, space.fingerprint) for document in documents]
            sql.executemany("delete from holdings where document = ? and space = ?", gone)

    def extent(self, space: Space) -> Extent:
        """How much of the whole documents the space holds."""
        whole = "select count(*), total(segments) from documents where done"
        held = "exists (select 1 from holdings where document = id and space = ?)"
        [(documents, segments)] = self._rows(whole)
        [(own, own_segments)] = self._rows(f"{whole} and {held}", space.fingerprint)
        return Extent(own, int(own_segments), documents, int(segments))

    def _part(self, query: str, key: str) -> Part | None:
        rows = self._rows(query, key)
        return Part.model_validate_json(rows[0][0]) if rows else None


def _doom(sql: sqlite3.Connection, spare: Spare) -> None:
    sql.execute("delete from holdings where space = ?", (spare.space.fingerprint,))
    sql.execute("update spares set role = 'doomed' where collection = ?", (spare.collection,))


def _choose(sql: sqlite3.Connection, name: str, instead_of: Part | None) -> None:
    sql.execute("delete from choices where name = ?", (name,))
    if instead_of:
        sql.execute("insert into choices values (?, ?)", (name, instead_of.model_dump_json()))


def space_json(space: Space) -> dict[str, Any]:
    """The facts of the space as values that JSON has."""
    return asdict(space) | {"stores": sorted(space.stores), "answers": sorted(space.answers)}


def space_of(said: Mapping[str, Any]) -> Space:
    """The space whose facts they are."""
    sets = {name: frozenset(said[name]) for name in ("stores", "answers")}
    usual = said.get("usual_cosines")
    return Space(**{**said, **sets, "usual_cosines": usual and tuple(usual)})


def facts_of(space: Space) -> str:
    """The facts of the space as JSON."""
    return json.dumps(space_json(space))
