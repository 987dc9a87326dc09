"""Writes documents into the spaces, window by window: encode, mark, upsert, prune what is old, remember.

A window holds segments of many documents, so that models see full batches of like lengths. While one window is being
encoded, the next is collected and a thread writes the one before: the encoder never waits for either. There is one
writer, and it remembers a document after all its rows.
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import cast

from mmsearch.manifest import Entry, Manifest
from mmsearch.protocols import Store
from mmsearch.renditions import Renditions
from mmsearch.sight import marked
from mmsearch.sketches import Sketcher
from mmsearch.spaces import OpenSpace
from mmsearch.twins import Twins
from mmsearch.types import Content, Modality, Segment
from mmsearch.windows import takes, windows_in

WINDOW_S = 1.5
"""What a window should take to encode: a kill costs one or two of them, and a commit some 50 ms each."""
WINDOW_BYTES = 32 << 20
"""Of text and pictures in a window at most."""
FIRST_SEGMENTS, FEWEST_SEGMENTS = 32, 16
ROWS_AT_ONCE = 500
"""Of a document whose access list changes."""
PATIENCE_S = 5.0
"""When readers are slower than the encoder, what they gave is written after this time at the latest."""


@dataclass(frozen=True, slots=True)
class Task:
    """A document to be written: its entry, with the spaces that it is in already, and those that it is to enter.

    `known` says that rows of it may be there already; `whole` that it changed and leaves every other space.
    """

    entry: Entry
    spaces: tuple[OpenSpace, ...]
    known: bool
    whole: bool


@dataclass(slots=True, eq=False)
class _Open:
    """A task whose segments are being written, with the ids that it has put into each space, if any may be there."""

    task: Task
    written: dict[str, set[str]] = field(default_factory=dict)
    filled: Counter[str] = field(default_factory=Counter)
    modality: Modality | None = None
    segments: int = 0
    marked: bool = False
    sketcher: Sketcher = field(default_factory=Sketcher)

    def entry(self) -> Entry:
        """The document as it is in the library now, all of it."""
        filled = {space.space.fingerprint: self.filled[space.space.name] for space in self.task.spaces}
        spaces = {**self.task.entry.spaces, **filled}
        return replace(self.task.entry, modality=self.modality or "", segments=self.segments, spaces=spaces, done=True)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The windows of segments that a space is to hold, each with its document."""

    space: OpenSpace
    windows: Sequence[tuple[_Open, Segment]]


@dataclass(frozen=True, slots=True)
class _Window:
    """What is written at once: the documents that begin in it, its segments, and the documents complete with it."""

    begun: Sequence[_Open]
    segments: Sequence[Segment]
    chosen: Sequence[_Chosen]
    complete: Sequence[_Open]


class Room:
    """How many `segments` a window has room for, `most` at most: as many as take about WINDOW_S."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.segments = min(FIRST_SEGMENTS, most)

    def adapt(self, segments: int, took_s: float) -> None:
        """Go by a window of so many segments that took so long."""
        wanted = int(segments * WINDOW_S / max(took_s, 1e-6))
        self.segments = min(self._most, max(FEWEST_SEGMENTS, min(wanted, 2 * self.segments)))


class Writer:
    """Collects segments of many documents and writes them together. Close it; nothing is written by that.

    `collections` are all the collections of the library by space name, closed spaces' too. `on_written` is told, in
    the caller's thread, the entries of documents that are in the library now.
    """

    def __init__(
        self,
        store: Store,
        manifest: Manifest,
        renditions: Renditions,
        collections: Mapping[str, str],
        batch_segments: int,
        on_written: Callable[[Sequence[Entry]], None] = lambda _: None,
    ) -> None:
        self._store, self._manifest, self._renditions = store, manifest, renditions
        self._collections = collections
        self._room = Room(batch_segments)
        self._on_written = on_written
        self._twins = Twins(store, manifest)
        self._open: list[_Open] = []
        self._complete: list[_Open] = []
        self._waiting: list[tuple[_Open, Segment]] = []
        self._waiting_bytes = 0
        self._since_s = 0.0
        self._encoder, self._committer = ThreadPoolExecutor(1, "windows"), ThreadPoolExecutor(1, "writing")
        self._under_way: deque[Future[Future[list[Entry]]]] = deque()
        self.segments = 0

    def add(self, task: Task, segments: Iterable[Segment]) -> None:
        """Take a document over; its rows are in the library after the next flush at the latest.

        What the segments raise passes; the document then stays incomplete.
        """
        document = _Open(task)
        self._begin()
        self._open.append(document)
        for segment in segments:
            self._waiting.append((document, segment))
            self._waiting_bytes += size_bytes(segment)
            if len(self._waiting) >= self._room.segments or self._waiting_bytes >= WINDOW_BYTES:
                self._write()
        self._complete.append(document)

    def touch(self, entry: Entry) -> None:
        """Remember an entry that changed without its rows."""
        self._settle()
        self._manifest.write([entry])

    def relist(self, entry: Entry) -> None:
        """Let others see a document that is in the library: its rows get the entry's list, and nothing is encoded."""
        self._settle()
        self._manifest.mark([entry.id])
        for collection in self._collections.values():
            rows = list(self._store.scan(collection, [entry.id]))
            for start in range(0, len(rows), ROWS_AT_ONCE):
                chunk = rows[start : start + ROWS_AT_ONCE]
                segments = [marked(segment, entry.access) for segment, _ in chunk]
                self._store.upsert(collection, segments, cast(Content, [row for _, row in chunk]))
        self._manifest.write([entry])

    def flush_if_late(self) -> None:
        """Write what waits when it has waited for long."""
        if (self._waiting or self._complete) and time.monotonic() - self._since_s > PATIENCE_S:
            self.flush()

    def flush(self) -> None:
        """Write what waits, and remember the documents that are complete with it."""
        if self._waiting or self._complete:
            self._write()
        self._settle()

    @property
    def reused(self) -> int:
        """How many vectors were taken over from documents with the same content."""
        return self._twins.reused

    def remove(self, ids: Iterable[str]) -> int:
        """Take documents out of every space; how many there were."""
        self._settle()
        gone = list(ids)
        with self._manifest.changing:
            self._manifest.mark(gone)
            for id in gone:
                for collection in self._collections.values():
                    self._store.prune(collection, id)
                self._renditions.prune(id)
            self._manifest.forget(gone)
        return len(gone)

    def close(self) -> None:
        """Wait for the windows that are being written."""
        self._encoder.shutdown()
        self._committer.shutdown()

    def _begin(self) -> None:
        if not (self._waiting or self._complete):
            self._since_s = time.monotonic()

    def _write(self) -> None:
        """Have the window encoded and written, while the next is collected; two are under way at most."""
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        complete, self._complete = self._complete, []
        begun = [document for document in self._open if not document.marked]
        for document in begun:
            document.marked = True
        done = set(complete)
        self._open = [document for document in self._open if document not in done]
        for document, segment in waiting:
            if segment.sound is None:  # else it is a piece of one that came before
                document.segments += 1
                document.modality = document.modality or segment.modality
                document.sketcher.add(segment)
        spaces = {space.space.name: space for document, _ in waiting for space in document.task.spaces}
        chosen = [_chosen(space, waiting) for space in spaces.values()]
        window = _Window(begun, [segment for _, segment in waiting], chosen, complete)
        self._settle(1)
        before = self._under_way[-1] if self._under_way else None
        self._under_way.append(self._encoder.submit(self._encode, window, before))
        self._begin()

    def _settle(self, left: int = 0) -> None:
        """Wait until no more windows than this are under way. Raises what encoding or writing one raised."""
        while len(self._under_way) > left:
            self._on_written(self._under_way.popleft().result().result())

    def _encode(self, window: _Window, before: "Future[Future[list[Entry]]] | None") -> "Future[list[Entry]]":
        """In the encoder's thread: the window's rows, to be written. Raises what the window before it raised."""
        earlier = before.result() if before else None
        started_s = time.monotonic()
        content = [_encoded(chosen, self._twins) for chosen in window.chosen]
        if window.segments:
            self._room.adapt(len(window.segments), time.monotonic() - started_s)
        return self._committer.submit(self._commit, window, content, earlier)

    def _commit(
        self, window: _Window, content: Sequence[Content], earlier: "Future[list[Entry]] | None"
    ) -> list[Entry]:
        """In the writer's thread: the window's rows, then what is old, then the entries that are complete.

        Raises what writing the window before it raised: a document may be in both.
        """
        if earlier:
            earlier.result()
        entries = [document.entry() for document in window.complete]
        with self._manifest.changing:
            self._manifest.write(replace(document.task.entry, spaces={}, done=False) for document in window.begun)
            for segment in window.segments:
                self._renditions.write(segment)
            for chosen, rows in zip(window.chosen, content, strict=True):
                self._store.upsert(chosen.space.collection, [segment for _, segment in chosen.windows], rows)
            for document in window.complete:
                self._prune(document)
            self._manifest.write_sketches({d.task.entry.id: d.sketcher.sketch() for d in window.complete})
            self._manifest.write(entries)
        self.segments += sum(segment.sound is None for segment in window.segments)
        return entries

    def _prune(self, document: _Open) -> None:
        task = document.task
        if not task.known:
            return
        names = self._collections if task.whole else [space.space.name for space in task.spaces]
        for name in names:
            keep = frozenset(document.written.get(name, ()))
            self._store.prune(self._collections[name], task.entry.id, keep)
        if task.whole:
            self._renditions.prune(task.entry.id, frozenset().union(*document.written.values()))


def _chosen(space: OpenSpace, waiting: Sequence[tuple[_Open, Segment]]) -> _Chosen:
    """What of the segments the space is to hold."""
    return _Chosen(
        space,
        [
            (document, window)
            for document, segment in waiting
            if space in document.task.spaces and takes(space.space, segment)
            for window in windows_in(space.encoder, segment)
        ],
    )


def _encoded(chosen: _Chosen, twins: Twins) -> Content:
    """The row of each window, with what it adds to its document noted there."""
    name = chosen.space.space.name
    content: Content = (
        twins.encode(chosen.space, [(document.task.entry, segment) for document, segment in chosen.windows])
        if chosen.windows
        else []
    )
    for (document, segment), row in zip(chosen.windows, content, strict=True):
        if document.task.known:
            document.written.setdefault(name, set()).add(segment.id)
        document.filled[name] += bool(len(row))
    return content


def size_bytes(segment: Segment) -> int:
    """About what the segment takes in memory."""
    cells = sum(len(cell) for row in segment.table.rows for cell in row) if segment.table else 0
    return len(segment.text) + len(segment.picture or b"") + len(segment.sound or b"") + cells
