"""Brings a library to the state of the files: decides what to do for each document, has it done, reports.

Documents are read ahead, in processes of their own; the caller's thread encodes what they give, and one thread writes
it. Doing it twice is doing it once, and what a killed run left half done the next one completes.
"""

import shutil
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import assert_never

from mmsearch.errors import (
    Forbidden,
    InputError,
    MMSearchError,
    ModelError,
    ModelUnavailable,
    NotFound,
    ReaderFailed,
    SourceUnavailable,
)
from mmsearch.manifest import Entry, Manifest
from mmsearch.planning import Plan, Planner
from mmsearch.progress import Pace, Progress
from mmsearch.protocols import Encoder, Reader, Store
from mmsearch.reading import Failed, Order, Outcome, Read, Reading, Unchanged
from mmsearch.renditions import Renditions
from mmsearch.reports import Failure, Report
from mmsearch.roots import Looks, missing, roots_to_index
from mmsearch.sources import Unread, access_of, countable, find_documents, is_there, size_bytes, with_access
from mmsearch.sources.access import Lists
from mmsearch.spaces import OpenSpace, held_collections, open_for_indexing
from mmsearch.types import Document, Modality, Root, Segment
from mmsearch.writing import Writer

BAD_DOCUMENT = (InputError, NotFound, Forbidden, ReaderFailed, SourceUnavailable)
"""What a document can do to an indexing: it is named in the report, and the next one follows."""

LISTEN_S = 0.2
"""Between looks at whether to stop, while readers are waited for."""
TAKE_S = 1.0
"""What was read is taken after this time, also while readers could still be given more ahead."""
CARRIED_BYTES = 64 << 20
"""Of records that hold their bytes, so much is ahead at most: they are in memory until they are read."""

Places = Iterable[Document | Unread]


@dataclass(frozen=True, slots=True)
class Indexer:
    """The parts of one library that an indexing needs.

    `reading` makes what reads documents by `readers`, with a folder for what is on its way. `access` are the lists of
    who may see what lies at or below places, over those of the roots.
    """

    encoders: Mapping[str, Encoder]
    readers: Sequence[Reader]
    reading: Callable[[Path], Reading]
    store: Store
    manifest: Manifest
    renditions: Renditions
    folder: Path
    batch_segments: int
    max_file_bytes: int
    access: Lists = field(default_factory=dict)

    def index(
        self,
        roots: Iterable[Path | Root],
        on_progress: Callable[[Progress], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
        *,
        verify: bool = False,
        prune: bool = False,
        records: Mapping[str, Places] | None = None,
        keep: bool = False,
    ) -> Report:
        """Index what is at the roots and remove what is no longer there, unless it is to `keep`.

        Bad documents are named in the report and stop nothing; one whose new version cannot be read
        stays as it was. Once `stop` says so, what is at hand is written and the rest left to the next indexing.
        `verify` compares bytes where size and times say that nothing changed. A root that held documents and is empty
        or gone now may be a share that is not mounted: `prune` removes its documents, without it they stay and the
        root is named. `records` are those of roots that cannot be looked at, by their places: they are taken one at a
        time, once.
        Raises NotFound when a root does not exist, SourceUnavailable when nobody can say, StoreError, ModelError,
        JobError.
        """
        started = time.perf_counter()
        spaces, closed = open_for_indexing(self.encoders, self.manifest, self.store)
        given = records or {}
        looked_at = [root for root in map(Root.at, roots) if root.place not in given]
        together = roots_to_index(self.manifest, looked_at, spaces.values(), prune) if looked_at or not given else []
        together += [Root(place, "records") for place in given]
        with _emptied(self.folder), closing(self.reading(self.folder)) as reading, closing(Looks()) as looks:
            run = _Run(self, tuple(spaces.values()), reading, looks, on_progress, stop, verify, given)
            with closing(run.writer):
                stopped = run.index(together, prune, keep)
        return Report(
            found=run.counts["found"],
            indexed=run.counts["indexed"],
            unchanged=run.counts["unchanged"],
            removed=run.counts["removed"],
            segments=run.writer.segments,
            seconds=time.perf_counter() - started,
            failed=tuple(failure for _, failure in sorted(run.failed, key=lambda numbered: numbered[0])),
            skipped={reason: dict(kinds) for reason, kinds in run.skipped.items()},
            closed_spaces=closed,
            stopped=stopped,
            reused=run.writer.reused,
        )


class _Stopped(Exception):
    """The caller wants no more."""


class _Run:
    """One indexing under way: what was counted and what failed so far."""

    def __init__(
        self,
        indexer: Indexer,
        spaces: tuple[OpenSpace, ...],
        reading: Reading,
        looks: Looks,
        on_progress: Callable[[Progress], None],
        stop: Callable[[], bool],
        verify: bool,
        records: Mapping[str, Places],
    ) -> None:
        self._indexer, self._reading, self._looks, self._stop = indexer, reading, looks, stop
        self._records = records
        said = {root.place: root.access for root in indexer.manifest.roots()}
        self._lists = {**said, **indexer.access}
        self._carried_bytes = 0
        self._planner = Planner(indexer.readers, spaces, indexer.manifest, indexer.max_file_bytes, verify)
        self._tally = _Tally(on_progress)
        self._plans: dict[int, Plan] = {}
        self._sizes: dict[str, int] = {}
        self._taken_s = time.monotonic()
        collections = held_collections(indexer.manifest, indexer.store)
        self.writer = Writer(
            indexer.store, indexer.manifest, indexer.renditions, collections, indexer.batch_segments, self._written
        )
        self.counts: Counter[str] = Counter()
        self.failed: list[tuple[int, Failure]] = []
        self.skipped: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def index(self, roots: Sequence[Root], prune: bool, keep: bool) -> bool:
        """Index the roots one after another; True when it was stopped before the end."""
        try:
            self._count(roots)
            for root in roots:
                self._root(root)
        except _Stopped:
            self.writer.flush()
            return True
        for root in () if keep else roots:
            self._remove(root, prune)
        return False

    def _count(self, roots: Sequence[Root]) -> None:
        """Find out how much there is to do, where that is cheap for every root."""
        if not all(countable(root) for root in roots):
            return
        self._tally.begin()
        for root in roots:
            for place in self._places(root):
                if isinstance(place, Document):
                    self._tally.expect(_size(place))

    def _places(self, root: Root) -> Iterator[Document | Unread]:
        """What is at the root now; one that is elsewhere and cannot be asked, or not to the end, says so."""
        try:
            for place in self._found(root):
                self._listen()
                yield place
        except (SourceUnavailable, Forbidden) as error:
            yield Unread(root.place, error=error)

    def _found(self, root: Root) -> Places:
        if root.place in self._records:
            return self._records[root.place]
        return find_documents(root, self._indexer.readers) if is_there(root) else ()

    def _root(self, root: Root) -> None:
        """Index one root."""
        self._looks.begin(root)
        for place in self._places(root):
            if not self._looks.take(root, place):
                self._finish()  # a record that stands twice: the later one replaces the earlier
            if isinstance(place, Document):
                self._document(place)
            elif place.error is None:
                self.skipped[place.reason][place.kind] += 1
            else:
                self._fail(place.uri, place.error)
            if time.monotonic() - self._taken_s > TAKE_S:
                while self._take(0):
                    pass
        self._finish()

    def _finish(self) -> None:
        """Have all that was ordered read and written."""
        while self._plans:
            self._take(LISTEN_S)
        self.writer.flush()

    def _remove(self, root: Root, prune: bool) -> None:
        """Remove what is no longer there, now that every root was looked at: what moved has lent its vectors."""
        gone = self._looks.gone(self._indexer.manifest, root)
        if gone and self._looks.empty(root) and not prune:
            self._fail(root.place, missing(root, len(gone)))
        else:
            self.counts["removed"] += self.writer.remove(gone)

    def _document(self, document: Document) -> None:
        """Have the document read, unless nothing is to be done for it."""
        number = self.counts["found"]
        self.counts["found"] += 1
        document = with_access(document, self._lists)
        try:
            plan = self._planner.plan(document)
        except BAD_DOCUMENT as error:
            self._bad(number, document, _size(document), error)
            return
        if plan.unchanged:
            self._relist(plan)
            self._unchanged(plan)
            return
        carried_bytes = _carried_bytes(document)
        while self._reading.full or (self._plans and self._carried_bytes + carried_bytes > CARRIED_BYTES):
            self._take(LISTEN_S)
        self._carried_bytes += carried_bytes
        self._plans[number] = plan
        self._reading.submit(plan.order(number))

    def _take(self, timeout_s: float) -> bool:
        """Deal with one document that was read; False when there is none in that time."""
        self._listen()
        found = self._reading.take(timeout_s)
        if found is not None:
            self._outcome(*found)
        self.writer.flush_if_late()
        self._taken_s = time.monotonic()
        return found is not None

    def _outcome(self, order: Order, outcome: Outcome) -> None:
        plan = self._plans.pop(order.number)
        self._carried_bytes -= _carried_bytes(plan.document)
        match outcome:
            case Read(content, spooled):
                task = plan.task(content)
                if not task.whole:
                    self._relist(plan)
                self._sizes[task.entry.id] = plan.size_bytes
                self.writer.add(task, self._stoppable(spooled.segments()))
                spooled.discard()
            case Unchanged():
                self._relist(plan)
                self.writer.touch(plan.touched())
                self._unchanged(plan)
            case Failed(error):
                of_model = isinstance(error, ModelError) and not isinstance(error, ModelUnavailable)
                if not (isinstance(error, BAD_DOCUMENT) or of_model):
                    raise error
                self._bad(order.number, order.document, plan.size_bytes, error)
            case _:
                assert_never(outcome)

    def _relist(self, plan: Plan) -> None:
        if plan.relisted:
            self.writer.relist(plan.touched())

    def _stoppable(self, segments: Iterable[Segment]) -> Iterator[Segment]:
        for segment in segments:
            self._listen()
            yield segment

    def _listen(self) -> None:
        if self._stop():
            raise _Stopped

    def _written(self, entries: Sequence[Entry]) -> None:
        self.counts["indexed"] += len(entries)
        for entry in entries:
            self._tally.count(entry.uri, self._sizes.pop(entry.id), entry.modality)

    def _unchanged(self, plan: Plan) -> None:
        self.counts["unchanged"] += 1
        self._tally.count(plan.document.uri, plan.size_bytes, plan.held.modality if plan.held else "")

    def _bad(self, number: int, document: Document, size_bytes: int, error: MMSearchError) -> None:
        self.failed.append((number, Failure(document.uri, error.code, str(error), document.access)))
        self._tally.count(document.uri, size_bytes)

    def _fail(self, uri: str, error: MMSearchError) -> None:
        access = access_of(uri, self._lists)
        self.failed.append((self.counts["found"], Failure(uri, error.code, str(error), access)))


def _size(document: Document) -> int:
    """The bytes of the document; 0 when it is gone, which its reader will say."""
    try:
        return size_bytes(document)
    except BAD_DOCUMENT:
        return 0


def _carried_bytes(document: Document) -> int:
    """What a record holds in memory."""
    record = document.record or {}
    return len(record.get("bytes", b"")) + len(record.get("text", ""))


class _Tally:
    """Counts what is done and tells it."""

    def __init__(self, on_progress: Callable[[Progress], None]) -> None:
        self._on_progress, self._pace = on_progress, Pace()
        self._done = self._total = self._done_bytes = self._total_bytes = 0
        self._counted = False
        self._by_modality: Counter[Modality] = Counter()

    def begin(self) -> None:
        """All that is to be done is about to be named."""
        self._counted = True

    def expect(self, size_bytes: int) -> None:
        """One document more is to be done."""
        self._total += 1
        self._total_bytes += size_bytes

    def count(self, uri: str, size_bytes: int, modality: str = "") -> None:
        """One document more is done, in the library by its medium or bad."""
        self._done += 1
        self._done_bytes += size_bytes
        if modality:
            self._by_modality[modality] += 1  # type: ignore[index]  # as the writer took it from a segment
        rate = self._pace.rate(self._done)
        left = max(self._total - self._done, 0)
        self._on_progress(
            Progress(
                self._done,
                max(self._total, self._done) if self._counted else None,
                uri,
                self._done_bytes,
                max(self._total_bytes, self._done_bytes) if self._counted else 0,
                rate,
                left / rate if rate and self._counted else None,
                dict(self._by_modality),
            )
        )


@contextmanager
def _emptied(folder: Path) -> Iterator[None]:
    """A folder for what is on its way, new: what a killed run left there is of no use."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)
