"""Writes documents into the spaces, batch by batch: mark, encode, upsert, prune what is old, remember."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from mmsearch.manifest import Entry, Manifest
from mmsearch.protocols import Store
from mmsearch.renditions import Renditions
from mmsearch.spaces import OpenSpace
from mmsearch.twins import Twins
from mmsearch.types import Segment


@dataclass(frozen=True, slots=True)
class Task:
    """A document to be written: its entry, with the spaces that it is in already, and those that it is to enter.

    `known` says that rows of it may be there already; `whole` that it changed and leaves every other space.
    """

    entry: Entry
    spaces: tuple[OpenSpace, ...]
    known: bool
    whole: bool


@dataclass(slots=True)
class _Open:
    """A task whose segments are being written, with the ids that it has put into each space."""

    task: Task
    written: dict[str, set[str]] = field(default_factory=dict)
    filled: Counter[str] = field(default_factory=Counter)
    modality: str = ""
    segments: int = 0
    read: bool = False

    def entry(self) -> Entry:
        """The document as it is in the library now, all of it."""
        filled = {space.space.fingerprint: self.filled[space.space.name] for space in self.task.spaces}
        spaces = {**self.task.entry.spaces, **filled}
        return replace(self.task.entry, modality=self.modality, segments=self.segments, spaces=spaces, done=True)


class Writer:
    """Collects segments of many documents and writes them together, so that models see full batches.

    `collections` are all the collections of the library by space name, closed spaces' too.
    """

    def __init__(
        self,
        store: Store,
        manifest: Manifest,
        renditions: Renditions,
        collections: Mapping[str, str],
        batch_segments: int,
    ) -> None:
        self._store = store
        self._manifest = manifest
        self._renditions = renditions
        self._collections = collections
        self._batch_segments = batch_segments
        self._twins = Twins(store, manifest)
        self._open: list[_Open] = []
        self._waiting: list[tuple[_Open, Segment]] = []
        self.segments = 0

    def add(self, task: Task, segments: Iterable[Segment]) -> None:
        """Take a document over; its rows are in the library after the next flush at the latest."""
        document = _Open(task)
        self._open.append(document)
        for segment in segments:
            self._waiting.append((document, segment))
            if len(self._waiting) >= self._batch_segments:
                self.flush()
        document.read = True
        if len(self._waiting) >= self._batch_segments:
            self.flush()

    def flush(self) -> None:
        """Write what waits, and remember the documents that are complete with it."""
        self._write()
        done = [document for document in self._open if document.read]
        for document in done:
            self._prune(document)
        self._manifest.write(document.entry() for document in done)
        self._open = [document for document in self._open if not document.read]

    @property
    def reused(self) -> int:
        """How many vectors were taken over from documents with the same content."""
        return self._twins.reused

    def remove(self, entries: Iterable[Entry]) -> int:
        """Take documents out of every space; how many there were."""
        gone = [entry.id for entry in entries]
        self._manifest.mark(gone)
        for id in gone:
            for collection in self._collections.values():
                self._store.prune(collection, id)
            self._renditions.prune(id)
        self._manifest.forget(gone)
        return len(gone)

    def _write(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._manifest.write(replace(d.task.entry, spaces={}, done=False) for d in self._open)
        for document, segment in waiting:
            self._renditions.write(segment)
            document.segments += 1
            document.modality = document.modality or segment.modality
        for space in {space.space.name: space for d in self._open for space in d.task.spaces}.values():
            self._fill(space, [(d, s) for d, s in waiting if space in d.task.spaces])
        self.segments += len(waiting)

    def _fill(self, space: OpenSpace, waiting: list[tuple[_Open, Segment]]) -> None:
        chosen = [
            (document, window)
            for document, segment in waiting
            if segment.modality in space.space.stores
            for window in space.encoder.windows(segment)
        ]
        if not chosen:
            return
        contents = self._twins.encode(space, [(document.task.entry, segment) for document, segment in chosen])
        self._store.upsert(space.collection, [segment for _, segment in chosen], contents)
        for (document, segment), content in zip(chosen, contents, strict=True):
            document.written.setdefault(space.space.name, set()).add(segment.id)
            document.filled[space.space.name] += bool(len(content))

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
