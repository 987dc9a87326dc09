"""One open library: its parts, made as the settings name them."""

import threading
import time
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, cast

from mmsearch.errors import ConfigError, LibraryLocked, NotFound
from mmsearch.examples import examples
from mmsearch.feedback import Feedback, Judgement
from mmsearch.holding import Hold
from mmsearch.indexing import Indexer
from mmsearch.jobs import Job, Jobs, RunningJob, asked_for
from mmsearch.manifest import Entry, Manifest
from mmsearch.model_choice import naming
from mmsearch.parts import build, closed_aids, closed_reason, encoders_of, in_force, load, readers_of, reading_of
from mmsearch.portable.exporting import Exported, export_library
from mmsearch.portable.importing import Imported, Importer
from mmsearch.progress import Progress
from mmsearch.protocols import Encoder, Reader, Reranker, Store
from mmsearch.queueing import JobQueue
from mmsearch.refinement import read_refinement
from mmsearch.renditions import Renditions
from mmsearch.reranking import Reranking
from mmsearch.search import Searcher
from mmsearch.settings import MANIFEST_FILE, Settings, existing_library
from mmsearch.sources import given, original
from mmsearch.sources.found import reachable
from mmsearch.spaces import (
    CATALOGUE,
    drop_doomed,
    fingerprints,
    held_collections,
    indexed,
    open_for_search,
    retire_unnamed,
    states,
)
from mmsearch.types import Document, IndexedDocument, Query, Ranking, Report, Result, Root, SpaceState, Stats
from mmsearch.uploads import Uploads
from mmsearch.writing import Writer

PATIENCE_S = 5.0
"""How long a small change waits for an indexing to end."""
TURN_S = 0.2
"""Between looks at whether whoever waits for another change still wants to."""
STOPPED = Report(0, 0, 0, 0, 0, 0.0, (), {}, {}, stopped=True)
"""Of an indexing that was ended before its turn came."""


class App:
    """One open library with its parts. A library is held by one process at a time; close it, or use `with`.

    Any thread may use it: searches go on while the library is changed, and changes wait for each other.
    """

    def __init__(self, settings: Settings, create: bool = True) -> None:
        """Open the library of the settings, or make it unless `create` is off.

        Raises NotFound when it is not there and not to be made, LibraryLocked, ConfigError.
        """
        self.settings = settings
        self.folder = settings.library.absolute() if create else existing_library(settings)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.hold = Hold(self.folder)
        try:
            self._open()
        except BaseException:
            self.hold.release()
            raise

    def _open(self) -> None:
        settings, folder = self.settings, self.folder
        self.writing = threading.RLock()
        """Held by whoever changes the library."""
        self.opening = threading.RLock()
        """Held while what serves the searches changes, and while it is put together."""
        self._searcher: Searcher | None = None
        self._feedback: Feedback | None = None
        part, limits = settings.reranker, settings.search
        reranker = cast(Reranker, build(part)) if part and part.part else None
        self.reranking = Reranking(reranker, limits.rerank_depth, limits.rerank)
        self.manifest, self.jobs = Manifest(folder / MANIFEST_FILE), Jobs(folder)
        self.in_force = in_force(settings, self.manifest)
        """The settings with the models that the library is served by."""
        self.encoders = encoders_of(self.in_force)
        self.moving = ""
        """The space that is being taken to another model in this process."""
        self._queue = JobQueue(self.jobs)
        self.heard: Callable[[Ranking], None] = lambda _: None
        self.renditions = Renditions(folder / "pictures")
        self.uploads = Uploads(folder / "uploads", settings.indexing.max_file_bytes)
        uri = settings.store.uri or str(folder / "milvus.db")
        store = settings.store.model_dump(exclude={"part", "uri"})
        self.store = cast(Store, load(settings.store.part)(uri, **store))

    def index(
        self,
        roots: Iterable[Path | Root],
        on_progress: Callable[[Progress], None] = lambda _: None,
        spaces: Container[str] = (),
        stop: Callable[[], bool] = lambda: False,
        *,
        verify: bool = False,
        prune: bool = False,
    ) -> Report:
        """Index the roots as a job, into some spaces only if any are named; see Indexer.index. One at a time."""
        wanted = [Root.at(root) for root in roots]
        how = {"verify": verify, "prune": prune}
        return self._run(self.jobs.begin(asked_for(wanted, **how)), wanted, on_progress, spaces, stop, how)

    def submit(
        self, roots: Iterable[Path | Root], spaces: Collection[str] = (), *, verify: bool = False, prune: bool = False
    ) -> Job:
        """The same, not waited for: in a thread of this library's own, after what was submitted before. Raises Busy."""
        wanted = [Root.at(root) for root in roots]
        how = {"verify": verify, "prune": prune}
        return self._queue.submit(
            asked_for(wanted, **how), lambda job, stop: self._run(job, wanted, lambda _: None, spaces, stop, how)
        )

    def _run(
        self,
        job: RunningJob,
        roots: Iterable[Root],
        on_progress: Callable[[Progress], None],
        spaces: Container[str],
        stop: Callable[[], bool],
        how: Mapping[str, Any],
    ) -> Report:
        """The job, when its turn has come, with the options of Indexer.index."""

        def stopped() -> bool:
            return stop() or job.cancelled()

        def tell(step: Progress) -> None:
            job.step(asdict(step))
            on_progress(step)

        with self.jobs.ending(job):
            report = STOPPED
            with self._turn(stopped) as came:
                if came:
                    job.start()
                    try:
                        report = self._indexer(spaces).index(roots, self._renewing(tell), stopped, **how)
                    finally:
                        self.renew()
            closed_spaces = {**report.closed_spaces, **closed_aids(self.settings)}
            job.report = replace(report, job=job.id, closed_spaces=closed_spaces)
        return job.report

    def _indexer(self, spaces: Container[str]) -> Indexer:
        """What indexes into the spaces, or all where none is named."""
        retire_unnamed(self.encoders, self.manifest, self.store)
        self.remember_makers()
        return Indexer(
            {name: encoder for name, encoder in self.encoders.items() if not spaces or name in spaces},
            self.readers,
            partial(reading_of, self.settings, self.in_force, self.readers),
            self.store,
            self.manifest,
            self.renditions,
            self.folder / "reading",
            self.settings.indexing.batch_segments,
            self.settings.indexing.max_file_bytes,
        )

    def index_records(
        self,
        root: Root,
        records: Iterable[Mapping[str, Any] | Document],
        complete: bool = False,
        on_progress: Callable[[Progress], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Report:
        """Index records that a program gives, under a root for them; see Client.index_records."""
        return self._run(self.jobs.begin(asked_for([root])), [], on_progress, (), stop, _given(root, records, complete))

    def submit_records(self, root: Root, records: Iterable[Mapping[str, Any]], complete: bool = False) -> Job:
        """The same, not waited for. Raises Busy."""
        how = _given(root, records, complete)
        return self._queue.submit(
            asked_for([root]), lambda job, stop: self._run(job, [], lambda _: None, (), stop, how)
        )

    def keep(self, name: str, content: BinaryIO, replace: bool = False) -> Path:
        """Keep a file in the library's own folder, where `submit_kept` finds it; see Uploads.keep."""
        return self.uploads.keep(name, content, self.readers, replace)

    def add(
        self,
        files: Iterable[Path],
        replace: bool = False,
        on_progress: Callable[[Progress], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Report:
        """Keep copies of the files in the library's own folder, and index them. Raises what Uploads.keep raises."""
        kept = []
        for file in files:
            with reachable(file), file.open("rb") as content:
                kept.append(self.keep(file.name, content, replace))
        return self._index_kept(self.jobs.begin(asked_for([self.uploads.root])), kept, on_progress, stop)

    def submit_kept(self, files: Collection[Path]) -> Job:
        """Have the files indexed that the library keeps, as `submit` does. Raises Busy."""
        asked = asked_for([self.uploads.root])
        return self._queue.submit(asked, lambda job, stop: self._index_kept(job, files, lambda _: None, stop))

    def _index_kept(
        self,
        job: RunningJob,
        files: Collection[Path],
        on_progress: Callable[[Progress], None],
        stop: Callable[[], bool],
    ) -> Report:
        """Index what is kept. Of `files`, those that are bad and new are not kept any longer."""
        report = self._run(job, [self.uploads.root], on_progress, (), stop, {"prune": True})
        failed = {failure.uri for failure in report.failed}
        for file in files:
            uri = file.resolve().as_posix()
            entries = [self.manifest.entry(id) for id, _ in self.manifest.places(uri)]
            if uri in failed and not any(entry and entry.done for entry in entries):
                file.unlink(missing_ok=True)
        return report

    @property
    def queued(self) -> int:
        """How many submitted jobs are not over."""
        return self._queue.waiting

    def finish(self) -> None:
        """End what was submitted after the batch at hand; see JobQueue.finish."""
        self._queue.finish()

    def remove(self, document_id: str) -> None:
        """Take a document out of the library, and its file if the library keeps it.

        A file elsewhere stays where it is, and the next indexing of its folder brings it back. Raises NotFound, and
        LibraryLocked while an indexing is under way.
        """
        deadline_s = time.monotonic() + PATIENCE_S
        with self._turn(lambda: time.monotonic() > deadline_s) as came:
            if not came:
                raise LibraryLocked("an indexing of this library is under way; try again when it is done, or cancel it")
            entry = self._entry(document_id)
            self.uploads.remove(entry.uri, self.readers)
            held = held_collections(self.manifest, self.store)
            with closing(Writer(self.store, self.manifest, self.renditions, held, 1)) as writer:
                writer.remove([entry.id])
            self.renew()

    def export(self, folder: Path, on_progress: Callable[[Progress], None] = lambda _: None) -> Exported:
        """Write the library into a folder of plain files; see export_library."""
        with self.writing:
            self.remember_makers()
            return export_library(folder, self.folder, self.manifest, self.store, self.renditions, on_progress)

    def import_(self, folder: Path, on_progress: Callable[[Progress], None] = lambda _: None) -> Imported:
        """Take an export in; see Importer.run."""
        words = self.encoders[CATALOGUE]
        importer = Importer(self.folder, self.manifest, self.store, self.renditions, words, self.settings)
        with self.writing:
            drop_doomed(self.manifest, self.store)
            try:
                return importer.run(folder, on_progress)
            finally:
                self.renew()

    def search(self, query: Query) -> Ranking:
        """Search; see Searcher.search. A page is cut from the one ranking that reaches down to its end."""
        found = self.searcher.search(replace(query, top_k=query.offset + query.top_k, offset=0))
        self.heard(found)
        return replace(found, query=query, results=found.results[query.offset :])

    def documents(self, offset: int = 0, limit: int = 100) -> list[IndexedDocument]:
        """The documents of the library in the order of their places."""
        return indexed(self.manifest, self.manifest.page(offset, limit))

    def document(self, document_id: str) -> IndexedDocument:
        """The document of that id. Raises NotFound."""
        return indexed(self.manifest, [self._entry(document_id)])[0]

    def file(self, document_id: str) -> Path | None:
        """The file that a document of the library is read from; None when it is not in the library or has no file."""
        entry = self.manifest.entry(document_id)
        return original(entry.uri, self.manifest.roots()) if entry and entry.done else None

    def picture(self, document_id: str, segment_id: str = "") -> Path | None:
        """The file with the upright copy of a segment's picture, or of any picture of the document."""
        return self.renditions.path(document_id, segment_id)

    def judge(self, query: str, document: str | Path | Result, grade: int = 1) -> Judgement:
        """Keep what is said of a document; see Feedback.judge."""
        return self.feedback.judge(query, document, grade)

    def judgements(self) -> list[Judgement]:
        """What was judged, by query and place."""
        return self.feedback.judgements()

    def examples(self) -> list[str]:
        """A few searches to try on this library."""
        return examples(self.manifest)

    def spaces(self) -> list[SpaceState]:
        """The spaces of the settings as they are now."""
        searcher = self.searcher
        return states(self.encoders, searcher.spaces, searcher.closed, self.store)

    def stats(self) -> Stats:
        """What the library holds."""
        return Stats(
            library=str(self.folder),
            documents=self.manifest.census(),
            roots=tuple(root.place for root in self.manifest.roots()),
            rows={state.name: state.rows for state in self.spaces() if not state.closed},
            store=self.settings.store.uri or "Milvus Lite in the folder",
            search=self.settings.search.model_dump(),
        )

    def renew(self, made: Mapping[str, Encoder] | None = None) -> None:
        """Let the next search see what changed in the library, by the models that it is made by now.

        `made` are encoders by space that were built for this, with their models loaded.
        """
        with self.opening:
            now = in_force(self.settings, self.manifest, self.moving)
            before, self.in_force, self._searcher = self.in_force.encoders, now, None
            changed = {name: part for name, part in now.encoders.items() if part != before[name]}
            if changed:
                self.encoders |= {name: cast(Encoder, build(part)) for name, part in changed.items()} | {**(made or {})}
                self.__dict__.pop("readers", None)

    def remember_makers(self) -> None:
        """Keep which model makes which space, so that the library knows it without the settings."""
        made = {
            encoder.space.fingerprint: naming(self.in_force.encoders[name])
            for name, encoder in self.encoders.items()
            if not closed_reason(encoder)
        }
        self.manifest.succession.remember_makers(made)

    def require_named(self, spaces: Iterable[str]) -> None:
        """Raises ConfigError when there is no space of one of the names."""
        for name in spaces:
            if name not in self.encoders:
                raise ConfigError(f'no space is called "{name}"; there are {", ".join(self.encoders)}')

    def require(self, spaces: Iterable[str]) -> None:
        """Raises ModelUnavailable when one of the spaces is closed, ConfigError when there is none of that name."""
        for name in spaces:
            self.require_named([name])
            _ = self.encoders[name].space

    def reranker_facts(self, rerank: bool | None) -> dict[str, Any] | None:
        """What reranks queries that say this of it, and how deep; None when nothing does. Raises as Reranking.asked."""
        reranker = self.reranking.asked(Query(rerank=rerank))
        if reranker is None or self.settings.reranker is None:
            return None
        named = self.settings.reranker.model_dump()
        return {**named, "fingerprint": reranker.fingerprint, "depth": self.reranking.depth}

    @property
    def searcher(self) -> Searcher:
        """The search over the spaces as they are since the library changed."""
        with self.opening:
            if self._searcher is None:
                self._searcher = self._searching()
            return self._searcher

    def _searching(self) -> Searcher:
        spaces, closed = open_for_search(self.encoders, self.manifest, self.store)
        limits = self.settings.search
        refinement = read_refinement(self.folder)
        return Searcher(
            spaces,
            closed,
            self.store,
            self.manifest,
            limits.depth,
            limits.fusion,
            limits.fold_duplicates,
            limits.diversity,
            self.reranking,
            refinement if refinement and refinement.fits(fingerprints(spaces)) else None,
        )

    @property
    def feedback(self) -> Feedback:
        """What people said of the library's results."""
        with self.opening:
            if self._feedback is None:
                self._feedback = Feedback(self.folder, self.manifest)
            return self._feedback

    @cached_property
    def readers(self) -> tuple[Reader, ...]:
        """The readers as this process knows them; see `readers_of`."""
        return readers_of(self.in_force)

    def _renewing(self, on_progress: Callable[[Progress], None]) -> Callable[[Progress], None]:
        """Lets searches see new spaces once they are open, and calibrates anew whenever the work done has doubled."""
        seen = -1

        def step(progress: Progress) -> None:
            nonlocal seen
            if progress.done.bit_length() != seen:
                seen = progress.done.bit_length()
                self.renew()
            on_progress(progress)

        return step

    @contextmanager
    def _turn(self, stop: Callable[[], bool]) -> Iterator[bool]:
        """One change of the library at a time: waits for the one under way; False once `stop` says so before that."""
        while not (came := self.writing.acquire(timeout=TURN_S)) and not stop():
            pass
        try:
            yield came
        finally:
            if came:
                self.writing.release()

    def _entry(self, document_id: str) -> Entry:
        entry = self.manifest.entry(document_id)
        if entry is None or not entry.done:
            raise NotFound(f"the library has no document {document_id[:80]!r}")
        return entry

    def close(self) -> None:
        """End what was submitted; release the store, the manifest, the feedback, the jobs and the library."""
        self.finish()
        if self._feedback:
            self._feedback.close()
        self.store.close()
        self.manifest.close()
        self.jobs.close()
        self.hold.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _given(root: Root, records: Iterable[Mapping[str, Any] | Document], complete: bool) -> dict[str, Any]:
    """Options of Indexer.index for records of a root."""
    return {"records": {root.place: given(root, iter(records))}, "keep": not complete, "prune": complete}
