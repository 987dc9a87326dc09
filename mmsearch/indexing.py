"""Brings a library to the state of the files: decides what to do for each document, has it done, reports.

Doing it twice is doing it once, and what a killed run left half done the next one completes.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path

from mmsearch.errors import ConfigError, Forbidden, InputError, MMSearchError, NotFound, SourceUnavailable, TooLarge
from mmsearch.manifest import Entry, Manifest
from mmsearch.protocols import Encoder, Reader, Store
from mmsearch.renditions import Renditions
from mmsearch.sources import (
    Copies,
    Unread,
    check,
    content_signature,
    find_documents,
    is_there,
    lies_at,
    reader_of,
    size_bytes,
    stat_signature,
)
from mmsearch.spaces import OpenSpace, held_collections, open_for_indexing
from mmsearch.types import Document, Failure, Report, Root, Segment
from mmsearch.writing import Task, Writer

HELD_SEGMENTS = 2_000
"""A document with more is read once to see that all of it decodes, and again as it is written."""

BAD_DOCUMENT = (InputError, NotFound, Forbidden, SourceUnavailable)
"""What a document can do to an indexing: it is named in the report, and the next one follows."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an indexing is: `done` of the `total` documents, None where nobody counted; `uri` is the one at hand."""

    done: int
    total: int | None
    uri: str


@dataclass(frozen=True, slots=True)
class Indexer:
    """The parts of one library that an indexing needs."""

    encoders: Mapping[str, Encoder]
    readers: Sequence[Reader]
    store: Store
    manifest: Manifest
    renditions: Renditions
    batch_segments: int
    max_file_bytes: int
    copies: Copies

    def index(
        self,
        roots: Iterable[Path | Root],
        on_progress: Callable[[Progress], None] = lambda _: None,
        *,
        verify: bool = False,
        prune: bool = False,
        records: Mapping[str, Iterable[Document | Unread]] | None = None,
        keep: bool = False,
    ) -> Report:
        """Index what is at the roots and remove what is no longer there, unless it is to `keep`.

        Bad documents are named in the report and stop nothing; one whose new version cannot be read
        stays as it was. `verify` compares bytes where size and times say that nothing changed. A root that held
        documents and is empty or gone now may be a share that is not mounted: `prune` removes its documents, without
        it they stay and the root is named. `records` are those of roots that cannot be looked at, by their places.
        Raises NotFound when a root does not exist, StoreError, ModelError.
        """
        started = time.perf_counter()
        self.copies.clear()
        spaces, closed = open_for_indexing(self.encoders, self.manifest, self.store)
        writer = Writer(
            self.store,
            self.manifest,
            self.renditions,
            held_collections(self.manifest, self.store),
            self.batch_segments,
        )
        run = _Run(self, tuple(spaces.values()), writer, on_progress, verify)
        given = records or {}
        looked_at = [root for root in map(Root.at, roots) if root.place not in given]
        together = self.roots(looked_at, tuple(spaces.values()), prune) if looked_at else []
        together += [Root(place, "records") for place in given]
        for root in together:
            run.index(root, given.get(root.place))
        if not keep:
            run.remove(together, prune)
        return Report(
            found=run.counts["found"],
            indexed=run.counts["indexed"],
            unchanged=run.counts["unchanged"],
            removed=run.counts["removed"],
            segments=writer.segments,
            seconds=time.perf_counter() - started,
            failed=tuple(run.failed),
            skipped={reason: dict(kinds) for reason, kinds in run.skipped.items()},
            closed_spaces=closed,
            reused=writer.reused,
        )

    def roots(self, given: list[Root], spaces: Iterable[OpenSpace], prune: bool) -> list[Root]:
        """The given roots and, while an open space lacks documents, every earlier root that is still there.

        Raises NotFound when a given one is not, unless it held documents that are to be removed by `prune`, and
        InputError for one that cannot be looked at as it says.
        """
        for root in given:
            check(root)
            if not is_there(root):
                held = self.manifest.entries(root.place)
                if not (held and prune):
                    raise missing(root, held) if held else NotFound(f"{root.place} does not exist")
        lacking = any(self.manifest.incomplete(space.space) for space in spaces)
        for root in given:
            self.manifest.add_root(root)
        earlier = [root for root in self.manifest.roots() if _answers(root)] if lacking else []
        return list({root.place: root for root in [*given, *earlier]}.values())

    def task(
        self, document: Document, reader: Reader, spaces: tuple[OpenSpace, ...], verify: bool = False
    ) -> Task | None:
        """What is to be done for a document; None when the library holds it as it is, by its bytes with `verify`."""
        wanted = {space.space.fingerprint: space for space in spaces}
        entry = self.manifest.entry(document.id)
        valid = entry if entry and entry.done and entry.reader == reader.fingerprint else None
        stat = stat_signature(document)
        if valid and valid.stat == stat and wanted.keys() <= valid.spaces.keys() and not verify:
            return None
        self.check_size(document)
        content = content_signature(self.copies.local(document))
        whole = not (valid and valid.content == content)
        held = {} if whole or not valid else valid.spaces
        lacking = tuple(space for fingerprint, space in wanted.items() if fingerprint not in held)
        if valid and not lacking:
            self.manifest.write([replace(valid, stat=stat)])
            return None
        new = Entry(document.id, document.uri, stat, content, reader.fingerprint, spaces=held)
        return Task(new, lacking, known=entry is not None, whole=whole)

    def check_size(self, document: Document) -> None:
        """Raises TooLarge for a file over the limit of the settings."""
        if (size := size_bytes(document)) > self.max_file_bytes:
            raise TooLarge(f"{document.uri} has {size:,} bytes; indexing.max_file_bytes is {self.max_file_bytes:,}")


def _answers(root: Root) -> bool:
    """Whether an earlier root is there now; one elsewhere that cannot be asked is filled another time."""
    try:
        return is_there(root)
    except (SourceUnavailable, ConfigError, Forbidden):
        return False


class _Run:
    """One indexing under way: what was counted and what failed so far."""

    def __init__(
        self,
        indexer: Indexer,
        spaces: tuple[OpenSpace, ...],
        writer: Writer,
        on_progress: Callable[[Progress], None],
        verify: bool,
    ) -> None:
        self._indexer = indexer
        self._verify = verify
        self.looks: dict[str, Look] = {}
        self._spaces = spaces
        self._writer = writer
        self._on_progress = on_progress
        self.counts: Counter[str] = Counter()
        self.failed: list[Failure] = []
        self.skipped: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def index(self, root: Root, records: Iterable[Document | Unread] | None) -> None:
        """Index one root, or the records that are given for it; records are taken one at a time."""
        places: Iterable[Document | Unread] = records or ()
        if records is None and is_there(root):
            places = find_documents(root, self._indexer.readers)
            places = list(places) if root.kind == "files" else places
        total = len(places) if isinstance(places, list) else None
        look, number = self.looks.setdefault(root.place, Look()), 0
        for number, place in enumerate(places):
            self._on_progress(Progress(number, total, place.uri))
            look.take(place)
            if isinstance(place, Document):
                self._document(place)
            elif place.error is None:
                self.skipped[place.reason][place.kind] += 1
            else:
                self._fail(place.uri, place.error)
        self._writer.flush()
        self._on_progress(Progress(total or number, total, root.place))

    def remove(self, roots: Sequence[Root], prune: bool) -> None:
        """Remove what is no longer there, now that every root was looked at: what moved has lent its vectors."""
        for root in roots:
            left = gone(self._indexer.manifest, root, self.looks)
            if left and self.looks[root.place].empty and not prune:
                self._fail(root.place, missing(root, left))
            else:
                self.counts["removed"] += self._writer.remove(left)

    def _document(self, document: Document) -> None:
        self.counts["found"] += 1
        try:
            reader, copies = reader_of(document, self._indexer.readers), self._indexer.copies
            with copies.lent(document):
                task = self._indexer.task(document, reader, self._spaces, self._verify)
                if task is None:
                    self.counts["unchanged"] += 1
                else:
                    self._writer.add(task, _read_whole(reader, copies.local(document)))
                    self.counts["indexed"] += 1
        except BAD_DOCUMENT as error:
            self._fail(document.uri, error)

    def _fail(self, uri: str, error: MMSearchError) -> None:
        self.failed.append(Failure(uri, error.code, str(error)))


@dataclass(slots=True)
class Look:
    """What was seen of a root: its documents, the places that could not be looked at, and whether there was nothing."""

    seen: set[str] = field(default_factory=set)
    unreadable: list[str] = field(default_factory=list)
    empty: bool = True

    def take(self, place: Document | Unread) -> None:
        """Note one more place; hidden files make no folder less empty."""
        if isinstance(place, Document):
            self.seen.add(place.id)
        elif place.error is not None:
            self.unreadable.append(place.uri)
        self.empty = self.empty and isinstance(place, Unread) and place.error is None and place.reason == "hidden"


def gone(manifest: Manifest, root: Root, looks: Mapping[str, Look]) -> list[Entry]:
    """The documents of the library below the root that were not seen there, as far as all of it could be looked at.

    `looks` are at this root and the others of the call by place: those below it have their own say, and so have lists
    of records that were indexed as such.
    """
    seen = set[str]().union(*(look.seen for look in looks.values()))
    unreadable = tuple(looks[root.place].unreadable)
    lists = {other.place for other in manifest.roots() if other.kind != "files"}
    others = [place for place in {*looks, *lists} if place != root.place and lies_at(place, root.place)]
    return [
        entry
        for entry in manifest.entries(root.place)
        if entry.id not in seen
        and not entry.uri.startswith(unreadable)
        and not any(lies_at(entry.uri, other) for other in others)
    ]


def missing(root: Root, held: Sequence[Entry]) -> NotFound:
    """Why nothing is removed of a root that held documents and where there is nothing now."""
    documents = f"{len(held):,} documents" if len(held) > 1 else "a document"
    return NotFound(
        f"{root.place} is empty or gone, and the library holds {documents} from there, which stay: "
        'if it is not just a share that is not mounted, remove them with "mmsearch index --prune"'
    )


def _read_whole(reader: Reader, document: Document) -> Iterable[Segment]:
    """The document's segments, given out only after all of it has decoded: a bad file replaces nothing."""
    segments = reader.read(document)
    head = list(islice(segments, HELD_SEGMENTS))
    if len(head) < HELD_SEGMENTS:
        return head
    for _ in segments:
        pass
    return chain.from_iterable([reader.read(document)])
