"""Compares the manifest with what the store and the folder of pictures really hold, and brings them together again.

Every row of every collection is listed by its ids, nothing else of it is read. The list is kept in a temporary file, so
that memory does not grow with the library. Nobody may write meanwhile.
"""

import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

from mmsearch.errors import StoreError
from mmsearch.manifest import Entry, Manifest
from mmsearch.protocols import Store
from mmsearch.renditions import Renditions
from mmsearch.reports import Audit, Difference, Mending
from mmsearch.sources import lies_at
from mmsearch.spaces import CATALOGUE
from mmsearch.succession import Role
from mmsearch.types import Space
from mmsearch.windows import segment_of

PAGE_DOCUMENTS = 500
PICTURES = "pictures"
"""Where a difference is that is in no space."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A collection of the library: the active one of its space, or in another role."""

    name: str
    collection: str
    space: Space
    role: Role | None = None


Rows = Mapping[str, Sequence[tuple[str, str]]]
"""Of one document: where -> (id of a segment or piece, its modality)."""


def audit(manifest: Manifest, store: Store, renditions: Renditions, repair: bool = False) -> Audit:
    """Compare all documents; `repair` mends what differs, as each difference says, and compares again.

    Raises StoreError when the manifest is damaged or the store does not answer, SpaceMismatch.
    """
    found = _Audit(manifest, store, renditions).run()
    if not repair or found.whole:
        return found
    with manifest.changing:
        for mending in (_read_again, _fill, _remove):  # the manifest first: it never says more than there is
            mending(found.differences, manifest, store, renditions)
    after = _Audit(manifest, store, renditions).run()
    return Audit(
        after.documents,
        after.segments,
        after.rows,
        after.pictures,
        after.differences,
        found.differences,
        after.unread,
        after.to_index,
        found.seconds + after.seconds,
    )


def _read_again(differences: Sequence[Difference], manifest: Manifest, _: Store, __: Renditions) -> None:
    manifest.mark({d.document for d in differences if d.mending == "read"})


def _fill(differences: Sequence[Difference], manifest: Manifest, store: Store, _: Renditions) -> None:
    for place in _places(manifest):
        documents = sorted({d.document for d in differences if d.mending == "fill" and d.where == place.name})
        manifest.succession.release(place.space, documents)
        for document in documents:
            store.prune(place.collection, document)


def _remove(differences: Sequence[Difference], manifest: Manifest, store: Store, renditions: Renditions) -> None:
    collections = {place.name: place.collection for place in _places(manifest)}
    for difference in differences:
        if difference.mending != "remove":
            continue
        if difference.where != PICTURES:
            store.prune(collections[difference.where], difference.document)
        else:
            entry, catalogue = manifest.entry(difference.document), collections.get(CATALOGUE)
            rows = store.scan(catalogue, [difference.document]) if entry and catalogue else ()
            renditions.prune(difference.document, frozenset(s.id for s, _ in rows if s.modality == "image"))


def _places(manifest: Manifest) -> list[_Place]:
    """Every collection of the library but those that are to be dropped."""
    active = [_Place(name, collection, space) for name, (collection, space) in manifest.spaces().items()]
    spares = [s for s in manifest.succession.spares() if s.role != "doomed"]
    return active + [_Place(spare.collection, spare.collection, spare.space, spare.role) for spare in spares]


class _Audit:
    """One comparison."""

    def __init__(self, manifest: Manifest, store: Store, renditions: Renditions) -> None:
        self._manifest, self._store, self._renditions = manifest, store, renditions
        self._places = _places(manifest)
        self._differences: list[Difference] = []
        self._unread: list[str] = []
        self._lacking: list[str] = []
        self._counts: Counter[str] = Counter()

    def run(self) -> Audit:
        started = time.perf_counter()
        self._manifest.check()
        try:
            with closing(_Listing()) as listing:
                self._list(listing)
                entries = self._manifest.entries_by_id()
                while page := list(islice(entries, PAGE_DOCUMENTS)):
                    rows = listing.of([entry.id for entry in page])
                    for entry in page:
                        self._document(entry, rows.get(entry.id, {}))
                for document, held in listing.others():
                    self._unknown(document, held)
        except sqlite3.Error as error:
            raise StoreError(
                f"there is no room for the list of rows in the folder of temporary files: {error}"
            ) from error
        return Audit(
            self._counts["documents"],
            self._counts["segments"],
            {place.name: self._counts[f"rows {place.name}"] for place in self._places},
            self._counts[PICTURES],
            tuple(sorted(self._differences, key=lambda d: (d.uri, d.where))),
            (),
            tuple(sorted(self._unread)),
            self._to_index(),
            time.perf_counter() - started,
        )

    def _list(self, listing: "_Listing") -> None:
        for place in self._places:
            self._store.open(place.collection, place.space)
            self._counts[f"rows {place.name}"] = listing.take(place.name, self._store.listing(place.collection))
        self._counts[PICTURES] = listing.take(PICTURES, ((s, d, "image") for s, d in self._renditions.all()))

    def _document(self, entry: Entry, rows: Rows) -> None:
        """Compare a document that the manifest knows."""
        if not entry.done:
            self._unread.append(entry.uri)
            return
        self._counts["documents"] += 1
        self._counts["segments"] += entry.segments
        words = dict(rows.get(CATALOGUE, ()))
        for place in self._places:
            held = rows.get(place.name, ())
            expected = entry.spaces.get(place.space.fingerprint)
            if expected is None:
                if place.role is None:
                    self._lacking.append(entry.uri)
                if held and place.role != "filling":  # one that is being filled is written before it is noted
                    self._differ(entry, place.name, 0, len(held), "remove")
            elif place.name == CATALOGUE:
                if not len(held) == len(words) == entry.segments:
                    self._differ(entry, place.name, entry.segments, len(held), "read")
            elif not len(held) == len({id for id, _ in held}) == expected:
                self._differ(entry, place.name, expected, len(held), "fill")
            elif len(words) == entry.segments and any(segment_of(id) not in words for id, _ in held):
                says = "rows of segments that the document does not have"
                self._differ(entry, place.name, expected, len(held), "fill", says)
        if len(words) == entry.segments:
            self._pictures(entry, {id for id, m in words.items() if m == "image"}, rows)

    def _pictures(self, entry: Entry, wanted: set[str], rows: Rows) -> None:
        kept = {id for id, _ in rows.get(PICTURES, ())}
        if wanted - kept:
            self._differ(entry, PICTURES, len(wanted), len(wanted & kept), "read")
        elif kept - wanted:
            self._differ(entry, PICTURES, len(wanted), len(kept), "remove")

    def _unknown(self, document: str, rows: Rows) -> None:
        """What is there of a document that the manifest does not know."""
        for where, held in rows.items():
            uri = ""
            for place in self._places:
                if place.name == where:
                    segments = self._store.segments(place.collection, [held[0][0]])
                    uri = next((segment.uri for segment in segments.values()), "")
            self._differ(Entry(document, uri), where, 0, len(held), "remove")

    def _differ(self, entry: Entry, where: str, expected: int, found: int, mending: Mending, says: str = "") -> None:
        if mending == "read":
            self._lacking.append(entry.uri)
        things = "pictures" if where == PICTURES else f'rows in "{where}"'
        says = says or f"{found} {things}, and the manifest says {expected}"
        self._differences.append(Difference(entry.id, entry.uri, where, expected, found, says, mending))

    def _to_index(self) -> tuple[str, ...]:
        wanted = [*self._unread, *self._lacking]
        roots = [root.place for root in self._manifest.roots()]
        return tuple(place for place in roots if any(lies_at(uri, place) for uri in wanted))


class _Listing:
    """What there is of each document, in a temporary file that is gone with it."""

    def __init__(self) -> None:
        self._sql = sqlite3.connect("")
        self._sql.execute("create table rows (document text, place text, id text, modality text)")
        self._sql.execute("create table known (document text primary key) without rowid")

    def take(self, place: str, rows: Iterable[tuple[str, str, str]]) -> int:
        """Note the rows; how many there are."""
        noted = ((document, place, id, modality) for id, document, modality in rows)
        with self._sql:
            return self._sql.executemany("insert into rows values (?, ?, ?, ?)", noted).rowcount

    def of(self, documents: Sequence[str]) -> dict[str, dict[str, list[tuple[str, str]]]]:
        """What there is of the documents; they are known from now on."""
        self._sql.execute("create index if not exists by_document on rows (document)")
        self._sql.executemany("insert into known values (?)", [(document,) for document in documents])
        marks = ", ".join("?" * len(documents))
        found: defaultdict[str, dict[str, list[tuple[str, str]]]] = defaultdict(dict)
        for document, place, id, modality in self._sql.execute(
            f"select document, place, id, modality from rows where document in ({marks})", documents
        ):
            found[document].setdefault(place, []).append((id, modality))
        return found

    def others(self) -> Iterator[tuple[str, dict[str, list[tuple[str, str]]]]]:
        """What there is of documents that are not known."""
        unknown = "select distinct document from rows where document not in (select document from known)"
        for (document,) in self._sql.execute(unknown).fetchall():
            yield document, self.of([document])[document]

    def close(self) -> None:
        """Nothing of it is left."""
        self._sql.close()
