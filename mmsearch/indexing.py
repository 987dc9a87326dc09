"""Brings a library to the state of the files: decides what to do for each document, has it done, reports.

Documents are read ahead, in processes of their own; the caller's thread encodes what they give, and one thread writes
it. Doing it twice is doing it once, and what a killed run left half done the next one completes.
"""

import shutil
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from mmsearch.errors import Forbidden, InputError, MMSearchError, ModelError, ModelUnavailable, NotFound, ReaderFailed
from mmsearch.manifest import Entry, Manifest
from mmsearch.planning import Plan, Planner
from mmsearch.progress import Pace, Progress
from mmsearch.protocols import Encoder, Reader, Store
from mmsearch.reading import Failed, Order, Outcome, Read, Reading, Unchanged
from mmsearch.renditions import Renditions
from mmsearch.roots import Looks, missing, roots_to_index
from mmsearch.sources import Unread, find_documents, is_there, size_bytes
from mmsearch.spaces import OpenSpace, held_collections, open_for_indexing
from mmsearch.types import Document, Failure, Modality, Report, Root, Segment
from mmsearch.writing import Writer

BAD_DOCUMENT = (InputError, NotFound, Forbidden, ReaderFailed)
"""What a document can do to an indexing: it is named in the report, and the next one follows."""

LISTEN_S = 0.2
"""Between looks at whether to stop, while readers are waited for."""
TAKE_S = 1.0
"""What was read is taken after this time, also while readers could still be given more ahead."""


@dataclass(frozen=True, slots=True)
class Indexer:
    """The parts of one library that an indexing needs.

    `reading` makes what reads documents by `readers`, with a folder for what is on its way.
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

    def index(
        self,
        roots: Iterable[Path | Root],
        on_progress: Callable[[Progress], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
        *,
        verify: bool = False,
        prune: bool = False,
    ) -> Report:
        """Index what is at the roots and remove what is no longer there.

        Bad documents are named in the report and stop nothing; one whose new version cannot be read
        stays as it was. Once `stop` says so, what is at hand is written and the rest left to the next indexing.
        `verify` compares bytes where size and times say that nothing changed. A root that held documents and is empty
        or gone now may be a share that is not mounted: `prune` removes its documents, without it they stay and the
        root is named.
        Raises NotFound when a root does not exist, StoreError, ModelError, JobError.
        """
        started = time.perf_counter()
        spaces, closed = open_for_indexing(self.encoders, self.manifest, self.store)
        together = roots_to_index(self.manifest, [Root.at(root) for root in roots], spaces.values(), prune)
        with _emptied(self.folder), closing(self.reading(self.folder)) as reading, closing(Looks()) as looks:
            run = _Run(self, tuple(spaces.values()), reading, looks, on_progress, stop, verify)
            with closing(run.writer):
                stopped = run.index(together, prune)
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
    ) -> None:
        self._indexer, self._reading, self._looks, self._stop = indexer, reading, looks, stop
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

    def index(self, roots: Sequence[Root], prune: bool) -> bool:
        """Index the roots one after another; True when it was stopped before the end."""
        try:
            for root in roots:
                for place in self._places(root):
                    if isinstance(place, Document):
                        self._tally.expect(_size(place))
            for root in roots:
                self._root(root)
        except _Stopped:
            self.writer.flush()
            return True
        for root in roots:
            self._remove(root, prune)
        return False

    def _places(self, root: Root) -> Iterator[Document | Unread]:
        for place in find_documents(root, self._indexer.readers) if is_there(root) else ():
            self._listen()
            yield place

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
        try:
            plan = self._planner.plan(document)
        except BAD_DOCUMENT as error:
            self._bad(number, document, _size(document), error)
            return
        if plan.unchanged:
            self._unchanged(plan)
            return
        while self._reading.full:
            self._take(LISTEN_S)
        self._plans[number] = plan
        self._reading.submit(Order(number, document, plan.known))

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
        match outcome:
            case Read(content, spooled):
                task = plan.task(content)
                self._sizes[task.entry.id] = plan.size_bytes
                self.writer.add(task, self._stoppable(spooled.segments()))
                spooled.discard()
            case Unchanged():
                self.writer.touch(plan.touched())
                self._unchanged(plan)
            case Failed(error):
                of_model = isinstance(error, ModelError) and not isinstance(error, ModelUnavailable)
                if not (isinstance(error, BAD_DOCUMENT) or of_model):
                    raise error
                self._bad(order.number, order.document, plan.size_bytes, error)
            case _:
                assert_never(outcome)

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
        self.failed.append((number, Failure(document.uri, error.code, str(error))))
        self._tally.count(document.uri, size_bytes)

    def _fail(self, uri: str, error: MMSearchError) -> None:
        self.failed.append((self.counts["found"], Failure(uri, error.code, str(error))))


def _size(document: Document) -> int:
    """The bytes of the document; 0 when it is gone, which its reader will say."""
    try:
        return size_bytes(document)
    except BAD_DOCUMENT:
        return 0


class _Tally:
    """Counts what is done and tells it."""

    def __init__(self, on_progress: Callable[[Progress], None]) -> None:
        self._on_progress, self._pace = on_progress, Pace()
        self._done = self._total = self._done_bytes = self._total_bytes = 0
        self._by_modality: Counter[Modality] = Counter()

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
                max(self._total, self._done),
                uri,
                self._done_bytes,
                max(self._total_bytes, self._done_bytes),
                rate,
                left / rate if rate else None,
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
