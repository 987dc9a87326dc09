"""A library in this process, as a client asks it."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from mmsearch import changeover
from mmsearch.app import App
from mmsearch.auditing import audit
from mmsearch.backups import back_up
from mmsearch.errors import InputError, NotFound, SpaceMismatch
from mmsearch.examples import examples, suggestions
from mmsearch.feedback import Judgement
from mmsearch.jobs import Job, RunningJob, asked_for
from mmsearch.keys import OWNER, Key
from mmsearch.library import JobList
from mmsearch.manifest import Entry
from mmsearch.masking import without_secrets
from mmsearch.own_jobs import OwnJobs
from mmsearch.progress import Progress
from mmsearch.reembedding import ReembedEstimate
from mmsearch.reports import Audit, BackedUp, IndexedDocument, Reembedded, Report, SpaceState, Stats
from mmsearch.sources import given, original
from mmsearch.sources.found import reachable
from mmsearch.spaces import CATALOGUE, held_collections, indexed, states
from mmsearch.types import Document, Engine, Query, Ranking, Result, Root, Segment, digest
from mmsearch.writing import Writer


class LocalLibrary:
    """The library of an open App; see `mmsearch.library.Library`.

    Whoever asks with a `key` finds in it what that key sees and no more: documents of other access lists are not there.
    """

    def __init__(self, app: App, key: Key = OWNER) -> None:
        self.app, self.key, self.sight = app, key, key.sight

    @property
    def jobs(self) -> JobList:
        """The indexings of the library."""
        return self.app.jobs if self.key.may("admin") else OwnJobs(self.app.jobs, self.key)

    def index(
        self,
        roots: Sequence[Root],
        on_progress: Callable[[Progress], None] = lambda _: None,
        spaces: Collection[str] = (),
        stop: Callable[[], bool] = lambda: False,
        *,
        verify: bool = False,
        prune: bool = False,
        engine: Engine = "local",
    ) -> Report:
        """See App.index."""
        return self.app.index(roots, on_progress, spaces, stop, verify=verify, prune=prune, engine=engine)

    def submit(
        self,
        roots: Sequence[Root],
        spaces: Collection[str] = (),
        *,
        verify: bool = False,
        prune: bool = False,
        engine: Engine = "local",
    ) -> Job:
        """See App.submit."""
        return self.app.submit(roots, spaces, verify=verify, prune=prune, engine=engine, by=self.key.name)

    def search(self, query: Query) -> Ranking:
        """See App.search."""
        return self.app.search(replace(query, sight=self.sight))

    def close(self) -> None:
        """Release it."""
        self.app.close()

    def index_records(
        self,
        root: Root,
        records: Iterable[Mapping[str, Any] | Document],
        complete: bool = False,
        on_progress: Callable[[Progress], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Report:
        """Index records that a program gives, under a root for them; see Client.index_records."""
        return self.app.run(
            self.app.jobs.begin(asked_for([root])), [], on_progress, (), stop, _given(root, records, complete)
        )

    def submit_records(self, root: Root, records: Iterable[Mapping[str, Any]], complete: bool = False) -> Job:
        """The same, not waited for. Raises Busy."""
        how = _given(root, records, complete)
        return self.app.queue.submit(
            asked_for([root], by=self.key.name), lambda job, stop: self.app.run(job, [], lambda _: None, (), stop, how)
        )

    def keep(self, name: str, content: BinaryIO, replace: bool = False, access: Sequence[str] = ()) -> Path:
        """Keep a file in the library's own folder, where `submit_kept` finds it; see Uploads.keep.

        None takes the place of a document that the key does not see.
        """
        uploads = self.app.uploads
        held = self.app.manifest.entry(digest((uploads.folder.resolve() / name).as_posix()))
        replaceable = replace and (held is None or self.sight.sees(held.access))
        return uploads.keep(name, content, self.app.readers, replaceable, access)

    def add(
        self,
        files: Iterable[Path],
        replace: bool = False,
        on_progress: Callable[[Progress], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
        access: Sequence[str] = (),
    ) -> Report:
        """Keep copies of the files in the library's own folder, and index them. Raises what Uploads.keep raises."""
        kept = []
        for file in files:
            with reachable(file), file.open("rb") as content:
                kept.append(self.keep(file.name, content, replace, access))
        return self._index_kept(self.app.jobs.begin(asked_for([self.app.uploads.root])), kept, on_progress, stop)

    def submit_kept(self, files: Collection[Path]) -> Job:
        """Have the files indexed that the library keeps, as `submit` does. Raises Busy."""
        asked = asked_for([self.app.uploads.root], by=self.key.name)
        return self.app.queue.submit(asked, lambda job, stop: self._index_kept(job, files, lambda _: None, stop))

    def _index_kept(
        self,
        job: RunningJob,
        files: Collection[Path],
        on_progress: Callable[[Progress], None],
        stop: Callable[[], bool],
    ) -> Report:
        """Index what is kept. Of `files`, those that are bad and new are not kept any longer."""
        report = self.app.run(job, [self.app.uploads.root], on_progress, (), stop, {"prune": True})
        failed = {failure.uri for failure in report.failed}
        for file in files:
            uri = file.resolve().as_posix()
            entries = [self.app.manifest.entry(id) for id, _ in self.app.manifest.places(uri)]
            if uri in failed and not any(entry and entry.done for entry in entries):
                file.unlink(missing_ok=True)
        return report

    def remove(self, document_id: str) -> None:
        """Take a document out of the library, and its file if the library keeps it.

        A file elsewhere stays where it is, and the next indexing of its folder brings it back. Raises NotFound, and
        LibraryLocked while an indexing is under way.
        """
        with self.app.soon():
            entry = self._entry(document_id)
            self.app.uploads.remove(entry.uri, self.app.readers)
            held = held_collections(self.app.manifest, self.app.store)
            with closing(Writer(self.app.store, self.app.manifest, self.app.renditions, held, 1)) as writer:
                writer.remove([entry.id])
            self.app.renew()

    def reembed(
        self,
        space: str,
        model: str = "",
        pretrained: str = "",
        on_progress: Callable[[Progress], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Reembedded:
        """See changeover.reembed."""
        return changeover.reembed(self.app, space, model, pretrained, on_progress, stop)

    def estimate_reembed(self, space: str, model: str = "", pretrained: str = "") -> ReembedEstimate:
        """See changeover.estimate_reembed."""
        return changeover.estimate_reembed(self.app, space, model, pretrained)

    def roll_back(
        self,
        space: str,
        on_progress: Callable[[Progress], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Reembedded:
        """See changeover.roll_back."""
        return changeover.roll_back(self.app, space, on_progress, stop)

    def forget_previous(self, space: str) -> int:
        """See changeover.forget_previous."""
        return changeover.forget_previous(self.app, space)

    def documents(self, offset: int = 0, limit: int = 100, part: str = "") -> list[IndexedDocument]:
        """The documents of the library, or those whose place holds the part, in the order of their places."""
        return indexed(self.app.manifest, self.app.manifest.page(offset, limit, part, self.sight))

    def total(self, part: str = "") -> int:
        """How many documents there are, or whose place holds the part."""
        return self.app.manifest.count(part, self.sight)

    def document(self, document_id: str) -> IndexedDocument:
        """The document of that id. Raises NotFound."""
        return indexed(self.app.manifest, [self._entry(document_id)])[0]

    def segments(self, document_id: str, offset: int = 0, limit: int = 100) -> list[Segment]:
        """What the document holds, so many segments in the order of reading, without their pictures.

        Raises NotFound, and SpaceMismatch while the space that holds every segment has to be made anew.
        """
        entry, searcher = self._entry(document_id), self.app.searcher
        if CATALOGUE not in searcher.spaces:
            raise SpaceMismatch(searcher.closed[CATALOGUE])
        held = self.app.store.scan(searcher.spaces[CATALOGUE].collection, [entry.id])
        ordered = sorted((segment for segment, _ in held), key=lambda segment: (segment.span.order, segment.id))
        return ordered[offset : offset + limit]

    def file(self, document_id: str) -> Path | None:
        """The file that a document of the library is read from; None when it is not in the library or has no file."""
        entry = self._held(document_id)
        return original(entry.uri, self.app.manifest.roots()) if entry else None

    def picture(self, document_id: str, segment_id: str = "") -> Path | None:
        """The file with the upright copy of a segment's picture, or of any picture of the document."""
        return self.app.renditions.path(document_id, segment_id) if self._held(document_id) else None

    def judge(self, query: str | Ranking, document: str | Path | Result, grade: int = 1) -> Judgement:
        """Keep what is said of a document; see Feedback.judge."""
        return self.app.feedback.judge(query, document, grade, self.sight)

    def withdraw(self, query: str, document: str | Path) -> bool:
        """Forget what was said of a document for a query; whether anything was."""
        return self.app.feedback.withdraw(query, document, self.sight)

    def judgements(self, query: str = "") -> list[Judgement]:
        """What was judged, all or for one query, by query and place."""
        return self.app.feedback.judgements(query, self.sight)

    def examples(self) -> list[str]:
        """A few searches to try on this library."""
        return examples(self.app.manifest, self.sight)

    def suggestions(self, typed: str) -> list[str]:
        """What the typed words may go on to, at most six."""
        return suggestions(self.app.manifest, typed, sight=self.sight)

    def spaces(self) -> list[SpaceState]:
        """The spaces of the settings as they are now."""
        searcher, manifest = self.app.searcher, self.app.manifest
        found = states(self.app.encoders, searcher.spaces, searcher.closed, self.app.store)
        if manifest.lists(self.sight) is None:
            return found
        return [
            replace(state, rows=manifest.rows_of(state.space.fingerprint, self.sight) if state.space else 0)
            for state in found
        ]

    def stats(self) -> Stats:
        """What the library holds."""
        manifest = self.app.manifest
        limited = manifest.lists(self.sight) is not None
        return Stats(
            library=str(self.app.folder),
            documents=manifest.census(self.sight),
            roots=tuple(root.place for root in manifest.roots() if not limited or self._sees_of(root)),
            rows={state.name: state.rows for state in self.spaces() if not state.closed},
            store=without_secrets(self.app.settings.store.uri) or "Milvus Lite in the folder",
            search=self.app.settings.search.model_dump(),
        )

    def audit(self, repair: bool = False) -> Audit:
        """How the manifest compares with the store; searches go on meanwhile. See `mmsearch.auditing.audit`.

        Raises LibraryLocked while an indexing is under way.
        """
        with self.app.soon():
            try:
                return audit(self.app.manifest, self.app.store, self.app.renditions, repair)
            finally:
                if repair:
                    self.app.renew()

    def back_up(self, folder: Path) -> BackedUp:
        """Copy the library into a new folder while it is used; see `mmsearch.backups.back_up`.

        Raises InputError for a library whose vectors stand in a Milvus server.
        """
        if uri := self.app.settings.store.uri:
            raise InputError(
                f'the vectors of this library stand at {without_secrets(uri)}: "mmsearch export FOLDER" writes all '
                "of it with them, or back up that server by its own means while nothing is indexed"
            )
        return back_up(folder, self.app.folder, self.app.manifest)

    def _sees_of(self, root: Root) -> bool:
        """Whether the key sees a document of the root."""
        return bool(self.app.manifest.seen([id for id, _ in self.app.manifest.places(root.place)], self.sight))

    def _held(self, document_id: str) -> Entry | None:
        """The document as it is in the library, whole, if the key sees it."""
        entry = self.app.manifest.entry(document_id)
        return entry if entry and entry.done and self.sight.sees(entry.access) else None

    def _entry(self, document_id: str) -> Entry:
        entry = self._held(document_id)
        if entry is None:
            raise NotFound(f"the library has no document {document_id[:80]!r}")
        return entry


def _given(root: Root, records: Iterable[Mapping[str, Any] | Document], complete: bool) -> dict[str, Any]:
    """Options of Indexer.index for records of a root."""
    return {"records": {root.place: given(root, iter(records))}, "keep": not complete, "prune": complete}
