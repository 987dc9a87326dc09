"""One open library: its parts, made as the settings name them."""

import threading
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast, get_args

from filelock import FileLock, Timeout

from mmsearch.errors import ConfigError, InputError, LibraryLocked
from mmsearch.feedback import Feedback
from mmsearch.indexing import Indexer, Places
from mmsearch.jobs import Jobs, asked_for
from mmsearch.manifest import Manifest
from mmsearch.model_choice import naming
from mmsearch.parts import (
    build,
    closed_aids,
    closed_reason,
    copies_in,
    encoders_of,
    in_force,
    load,
    readers_of,
    recognised_suffixes,
)
from mmsearch.portable.exporting import Exported, export_library
from mmsearch.portable.importing import Imported, Importer
from mmsearch.progress import Progress
from mmsearch.protocols import Encoder, Reader, Reranker, Store
from mmsearch.reading import Here, Limits, ProcessPool, Reading, usual_workers
from mmsearch.refinement import read_refinement
from mmsearch.renditions import Renditions
from mmsearch.reranking import Reranking
from mmsearch.search import Searcher
from mmsearch.settings import MANIFEST_FILE, Settings, existing_library
from mmsearch.spaces import CATALOGUE, drop_doomed, fingerprints, open_for_search, retire_unnamed
from mmsearch.types import Engine, Query, Ranking, Report, Root


class App:
    """One open library with its parts. A library is held by one process at a time; close it, or use `with`."""

    def __init__(self, settings: Settings, create: bool = True) -> None:
        """Open the library of the settings, or make it unless `create` is off.

        Raises NotFound when it is not there and not to be made, LibraryLocked, ConfigError.
        """
        self.settings = settings
        folder = self.folder = settings.library.absolute() if create else existing_library(settings)
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(folder / "lock")
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise LibraryLocked(
                f"{folder} is open in another mmsearch process; stop that one, or point store.uri at a Milvus server"
            ) from None
        self.writing = threading.RLock()
        """Held by whoever changes the library."""
        self.opening = threading.RLock()
        """Held while what serves the searches changes, and while it is put together."""
        part, limits = settings.reranker, settings.search
        reranker = cast(Reranker, build(part)) if part and part.part else None
        self.reranking = Reranking(reranker, limits.rerank_depth, limits.rerank)
        self.manifest = Manifest(folder / MANIFEST_FILE)
        self.in_force = in_force(settings, self.manifest)
        """The settings with the models that the library is served by."""
        self.encoders = encoders_of(self.in_force)
        self._searcher: Searcher | None = None
        self.moving = ""
        """The space that is being taken to another model in this process."""
        self.jobs = Jobs(folder)
        self.renditions = Renditions(folder / "pictures")
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
        records: Mapping[str, Places] | None = None,
        keep: bool = False,
        engine: Engine = "local",
    ) -> Report:
        """Index the roots as a job, into some spaces only if any are named; see Indexer.index."""
        wanted = [Root.at(root) for root in roots]
        given = [Root(place, "records") for place in records or ()]
        with self.jobs.running(asked_for([*wanted, *given], verify=verify, prune=prune, engine=engine)) as job:

            def tell(step: Progress) -> None:
                job.step(asdict(step))
                on_progress(step)

            how: dict[str, Any] = {"verify": verify, "prune": prune, "records": records, "keep": keep}
            with self.writing:
                try:
                    with self._indexer(spaces, engine) as indexer:
                        report = indexer.index(wanted, tell, lambda: stop() or job.is_cancelled, **how)
                finally:
                    self.renew()
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
                self.settings.library.absolute() / "reading",
                self.settings.indexing.batch_segments,
                self.settings.indexing.max_file_bytes,
            )

    @contextmanager
    def _engine(
        self, engine: Engine, encoders: Mapping[str, Encoder]
    ) -> Iterator[tuple[Mapping[str, Encoder], Callable[[Path], Reading]]]:
        """What reads documents, and the encoders for what it gives. Raises ConfigError, JobError, InputError."""
        if engine == "local":
            yield encoders, self._reading
        elif engine == "ray":
            from mmsearch.cluster import RayEngine  # an extra, and it takes seconds to import

            with RayEngine(self.in_force, encoders) as cluster:
                yield cluster.encoders, cluster.reading
        else:
            raise InputError(f'no engine is called "{engine}"; there are {", ".join(get_args(Engine))}')

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
        """Search; see Searcher.search."""
        return self.searcher.search(query)

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
        """The search over the spaces as they are since the library last changed."""
        with self.opening:
            if self._searcher is None:
                self._searcher = self._made_searcher()
            return self._searcher

    def _made_searcher(self) -> Searcher:
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

    @cached_property
    def feedback(self) -> Feedback:
        """What people said of the library's results."""
        return Feedback(self.folder, self.manifest)

    @cached_property
    def readers(self) -> tuple[Reader, ...]:
        """The readers as this process knows them; see `readers_of`."""
        return readers_of(self.in_force)

    def _reading(self, folder: Path) -> Reading:
        """What reads documents: processes, or this one where the settings want none."""
        limits = self.settings.indexing
        workers = usual_workers() if limits.workers is None else limits.workers
        if not workers:
            return Here(self.readers, folder, copies_in(self.settings, folder))
        return ProcessPool(
            "mmsearch.parts:readers_of",
            (self.in_force,),
            folder,
            workers,
            Limits(limits.read_timeout_s, limits.worker_memory_bytes),
            copies_in(self.settings, folder),
            recognised_suffixes(self.in_force),
        )

    def close(self) -> None:
        """Release the store, the manifest, the feedback, the jobs and the library."""
        if "feedback" in self.__dict__:
            self.feedback.close()
        self.store.close()
        self.manifest.close()
        self.jobs.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
