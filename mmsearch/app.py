"""One open library: its parts, made as the settings name them."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast, get_args

from mmsearch.alike import alike
from mmsearch.allocations import give_back
from mmsearch.answering.asking import Answering
from mmsearch.disks import writing
from mmsearch.errors import ConfigError, InputError, LibraryLocked, MMSearchError, StoreError
from mmsearch.feedback import Feedback
from mmsearch.holding import Hold
from mmsearch.indexing import Indexer
from mmsearch.jobs import Job, Jobs, RunningJob, asked_for
from mmsearch.manifest import Manifest
from mmsearch.model_choice import naming
from mmsearch.once import Once
from mmsearch.parts import (
    answerers_of,
    build,
    closed_aids,
    closed_reason,
    encoders_of,
    in_force,
    load,
    readers_of,
    reading_of,
)
from mmsearch.portable.exporting import Exported, export_library
from mmsearch.portable.importing import Imported, Importer
from mmsearch.progress import Progress
from mmsearch.protocols import Encoder, Reader, Reranker, Store
from mmsearch.queueing import JobQueue
from mmsearch.reading import Reading
from mmsearch.refinement import read_refinement
from mmsearch.renditions import Renditions
from mmsearch.reports import Report
from mmsearch.reranking import Reranking
from mmsearch.search import Searcher
from mmsearch.searches import Searches
from mmsearch.settings import MANIFEST_FILE, Settings, existing_library
from mmsearch.spaces import (
    CATALOGUE,
    drop_doomed,
    fingerprints,
    open_for_search,
    retire_unnamed,
)
from mmsearch.types import Engine, Query, Ranking, Root
from mmsearch.uploads import Uploads

log = logging.getLogger(__name__)

TURN_S = 0.2
"""Between looks at whether whoever waits for another change still wants to."""
PATIENCE_S = 5.0
"""How long a small change waits for an indexing to end."""
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
        with writing(self.folder):
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
        self._feedback = Once(lambda: Feedback(folder, self.manifest))
        self._searches = Once(lambda: Searches(folder, settings.server.keep_words))
        part, limits = settings.reranker, settings.search
        reranker = cast(Reranker, build(part)) if part and part.part else None
        self.reranking = Reranking(reranker, limits.rerank_depth, limits.rerank)
        self.manifest, self.jobs = Manifest(folder / MANIFEST_FILE), Jobs(folder)
        self.in_force = in_force(settings, self.manifest)
        """The settings with the models that the library is served by."""
        self.encoders = encoders_of(self.in_force)
        self.moving = ""
        """The space that is being taken to another model in this process."""
        self.queue = JobQueue(self.jobs)
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
        engine: Engine = "local",
    ) -> Report:
        """Index the roots as a job, into some spaces only if any are named; see Indexer.index. One at a time."""
        wanted = [Root.at(root) for root in roots]
        how = {"verify": verify, "prune": prune}
        job = self.jobs.begin(asked_for(wanted, **how, engine=engine))
        return self.run(job, wanted, on_progress, spaces, stop, how, engine)

    def submit(
        self,
        roots: Iterable[Path | Root],
        spaces: Collection[str] = (),
        *,
        verify: bool = False,
        prune: bool = False,
        engine: Engine = "local",
        by: str = "",
    ) -> Job:
        """The same, not waited for: in a thread of this library's own, after what was submitted before; `by` the key of
        that name. Raises Busy."""
        wanted = [Root.at(root) for root in roots]
        how = {"verify": verify, "prune": prune}
        return self.queue.submit(
            asked_for(wanted, **how, engine=engine, by=by),
            lambda job, stop: self.run(job, wanted, lambda _: None, spaces, stop, how, engine),
        )

    def run(
        self,
        job: RunningJob,
        roots: Iterable[Root],
        on_progress: Callable[[Progress], None],
        spaces: Container[str],
        stop: Callable[[], bool],
        how: Mapping[str, Any],
        engine: Engine = "local",
    ) -> Report:
        """The job, when its turn has come, with the options of Indexer.index."""

        def stopped() -> bool:
            return stop() or job.cancelled()

        def tell(step: Progress) -> None:
            job.step(asdict(step))
            on_progress(step)

        with self.jobs.ending(job):
            report = STOPPED
            with self.turn(stopped) as came:
                if came:
                    job.start()
                    try:
                        with writing(self.folder), self._indexer(spaces, engine) as indexer:
                            report = indexer.index(roots, self._renewing(tell), stopped, **how)
                    finally:
                        self.renew()
                        give_back()
            closed_spaces = {**report.closed_spaces, **closed_aids(self.settings)}
            job.report = replace(report, job=job.id, closed_spaces=closed_spaces)
        return job.report

    @contextmanager
    def _indexer(self, spaces: Container[str], engine: Engine) -> Iterator[Indexer]:
        """What indexes into the spaces, or all where none is named."""
        wanted = {name: encoder for name, encoder in self.encoders.items() if not spaces or name in spaces}
        with self._engine(engine, wanted) as (encoders, reading):
            retire_unnamed(self.encoders, self.manifest, self.store)
            self.remember_makers()
            yield Indexer(
                encoders,
                self.readers,
                reading,
                self.store,
                self.manifest,
                self.renditions,
                self.folder / "reading",
                self.settings.indexing.batch_segments,
                self.settings.indexing.max_file_bytes,
                {Root.at(place).place: names for place, names in self.settings.access.items()},
            )

    @contextmanager
    def _engine(
        self, engine: Engine, encoders: Mapping[str, Encoder]
    ) -> Iterator[tuple[Mapping[str, Encoder], Callable[[Path], Reading]]]:
        """What reads documents, and the encoders for what it gives. Raises ConfigError, JobError, InputError."""
        if engine == "local":
            yield encoders, partial(reading_of, self.settings, self.in_force, self.readers)
        elif engine == "ray":
            from mmsearch.cluster import RayEngine  # an extra, and it takes seconds to import

            with RayEngine(self.in_force, encoders) as cluster:
                yield cluster.encoders, cluster.reading
        else:
            raise InputError(f'no engine is called "{engine}"; there are {", ".join(get_args(Engine))}')

    def finish(self) -> None:
        """End what was submitted after the batch at hand; see JobQueue.finish."""
        self.queue.finish()

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
        asked = self._alike(query) if query.like else query
        found = self.searcher.search(replace(asked, top_k=query.offset + query.top_k, offset=0))
        self.heard(found)
        return replace(found, query=query, results=found.results[query.offset :])

    def _alike(self, query: Query) -> Query:
        """The query that a document of the library is; see `alike`."""
        spaces = self.searcher.spaces
        if CATALOGUE not in spaces:
            return query  # the search says why there is nothing to find
        answered = {kind for opened in spaces.values() for kind in opened.space.answers}
        return alike(query, self.manifest, self.store, spaces[CATALOGUE].collection, self.renditions, answered)

    def renew(self, made: Mapping[str, Encoder] | None = None) -> None:
        """Let the next search see what changed in the library, by the models that it is made by now.

        `made` are encoders by space that were built for this, with their models loaded. Where there were searches
        before, the next one finds all that it needs: those that come meanwhile are answered as before.
        """
        with self.opening:
            now = in_force(self.settings, self.manifest, self.moving)
            before, self.in_force = self.in_force.encoders, now
            changed = {name: part for name, part in now.encoders.items() if part != before[name]}
            if changed:
                self.encoders |= {name: cast(Encoder, build(part)) for name, part in changed.items()} | {**(made or {})}
                self.__dict__.pop("readers", None)
            if self._searcher:
                self._searcher = self._after(self._searcher)

    def _after(self, before: Searcher) -> Searcher | None:
        """The search over the spaces as they are now, as ready as the one before; None where the next will say why."""
        try:
            searcher = self._searching()
            searcher.warm_up_as(before)
        except MMSearchError:
            return None
        return searcher

    def remember_makers(self) -> None:
        """Keep which model makes which space, so that the library knows it without the settings."""
        made = {
            encoder.space.fingerprint: naming(self.in_force.encoders[name])
            for name, encoder in self.encoders.items()
            if not closed_reason(encoder)
        }
        self.manifest.succession.remember_makers(made)

    def require(self, spaces: Iterable[str]) -> None:
        """Raises ModelUnavailable when one of the spaces is closed, ConfigError when there is none of that name."""
        for name in spaces:
            if name not in self.encoders:
                raise ConfigError(f'no space is called "{name}"; there are {", ".join(self.encoders)}')
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
        if ready := self._searcher:
            return ready
        with self.opening:
            self._searcher = self._searcher or self._searching()
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
            Answering(answerers_of(self.settings, self.encoders), limits.answer),
        )

    @property
    def feedback(self) -> Feedback:
        """What people said of the library's results."""
        return self._feedback()

    @property
    def searches(self) -> Searches:
        """Notes of how searches went."""
        return self._searches()

    def note(self, ranking: Ranking) -> int:
        """Note how a search went: its number among the notes, 0 where it could not be noted, which the log says."""
        try:
            return self.searches.note(ranking)
        except StoreError as error:
            log.warning("%s", error)
            return 0

    @cached_property
    def readers(self) -> tuple[Reader, ...]:
        """The readers as this process knows them; see `readers_of`."""
        return readers_of(self.in_force)

    def _renewing(self, on_progress: Callable[[Progress], None]) -> Callable[[Progress], None]:
        """Lets searches see new spaces once they are open, and calibrates anew when the library may have doubled."""
        due = 0

        def step(progress: Progress) -> None:
            nonlocal due
            if progress.done >= due:
                self.renew()
                due = progress.done + max(1, progress.done, sum(self.manifest.census().values()))
            on_progress(progress)

        return step

    @contextmanager
    def turn(self, stop: Callable[[], bool]) -> Iterator[bool]:
        """One change of the library at a time: waits for the one under way; False once `stop` says so before that."""
        while not (came := self.writing.acquire(timeout=TURN_S)) and not stop():
            pass
        try:
            yield came
        finally:
            if came:
                self.writing.release()

    @contextmanager
    def soon(self) -> Iterator[None]:
        """A turn for a small change. Raises LibraryLocked while an indexing is under way."""
        deadline_s = time.monotonic() + PATIENCE_S
        with self.turn(lambda: time.monotonic() > deadline_s) as came:
            if not came:
                raise LibraryLocked("an indexing of this library is under way; try again when it is done, or cancel it")
            yield

    def close(self) -> None:
        """End what was submitted; release the store, the manifest, the feedback, the jobs and the library."""
        self.finish()
        for notes in (self._feedback, self._searches):
            if notes.made:
                notes().close()
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
