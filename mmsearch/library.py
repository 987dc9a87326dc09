"""What a client asks of a library, wherever it is: open in this process, or in another one that serves it."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from mmsearch.feedback import Judgement
from mmsearch.jobs import Job
from mmsearch.progress import Progress
from mmsearch.reembedding import ReembedEstimate
from mmsearch.reports import Audit, BackedUp, IndexedDocument, Reembedded, Report, SpaceState, Stats
from mmsearch.types import Document, Engine, Query, Ranking, Result, Root, Segment


class JobList(Protocol):
    """The indexings and re-embeddings of a library."""

    def all(self) -> list[Job]:
        """Every job, the newest first."""

    def get(self, id: str) -> Job:
        """The job of that id, or whose id begins so; "last" is the newest. Raises NotFound, InputError."""

    def cancel(self, id: str) -> Job:
        """Ask a job to stop: it finishes the batch at hand. Raises NotFound, JobOver when it has ended."""

    def follow(self, id: str) -> Iterator[Job]:
        """The job as it goes on, at least every second, to its end. Raises NotFound."""


class Judgements(Protocol):
    """What people said of a library's results."""

    def judge(self, query: str | Ranking, document: str | Path | Result, grade: int = 1) -> Judgement:
        """Keep what is said of a document for a query in words, with the routes of its search if that is given."""

    def withdraw(self, query: str, document: str | Path) -> bool:
        """Forget what was said of a document for a query; whether anything was."""

    def judgements(self, query: str = "") -> list[Judgement]:
        """What was judged, all or for one query, by query and place."""


class Library(Judgements, Protocol):
    """A library that can be searched and changed. LocalLibrary is one in this process, RemoteLibrary one
    behind a server."""

    @property
    def jobs(self) -> JobList:
        """The indexings of the library."""

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
        """Bring the library to the state of the roots, in some spaces only if any are named."""

    def submit(
        self,
        roots: Sequence[Root],
        spaces: Collection[str] = (),
        *,
        verify: bool = False,
        prune: bool = False,
        engine: Engine = "local",
    ) -> Job:
        """The same, not waited for. Raises Busy."""

    def index_records(
        self,
        root: Root,
        records: Iterable[Mapping[str, Any] | Document],
        complete: bool = False,
        on_progress: Callable[[Progress], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Report:
        """Index records under a root for them; with `complete` they are all there are of it."""

    def add(
        self,
        files: Sequence[Path],
        replace: bool = False,
        on_progress: Callable[[Progress], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
        access: Sequence[str] = (),
    ) -> Report:
        """Keep copies of the files in the library, for those whom `access` names, and index them."""

    def remove(self, document_id: str) -> None:
        """Take the document out of the library."""

    def reembed(
        self,
        space: str,
        model: str = "",
        pretrained: str = "",
        on_progress: Callable[[Progress], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Reembedded:
        """Take a space to another model; searches go on with the old one meanwhile."""

    def estimate_reembed(self, space: str, model: str = "", pretrained: str = "") -> ReembedEstimate:
        """What that will take. Changes nothing."""

    def roll_back(
        self,
        space: str,
        on_progress: Callable[[Progress], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Reembedded:
        """Take a space back to its previous model. Raises NotFound when there is none."""

    def forget_previous(self, space: str) -> int:
        """Drop what is kept of the previous model; how many rows it had. Raises NotFound, LibraryLocked."""

    def search(self, query: Query) -> Ranking:
        """The ranking for the query."""

    def documents(self, offset: int = 0, limit: int = 100, part: str = "") -> list[IndexedDocument]:
        """The documents, or those whose place holds the part, in the order of their places."""

    def document(self, document_id: str) -> IndexedDocument:
        """The document of that id. Raises NotFound."""

    def segments(self, document_id: str, offset: int = 0, limit: int = 100) -> list[Segment]:
        """What the document holds, in the order of reading, without pictures. Raises NotFound."""

    def file(self, document_id: str) -> Path | None:
        """The file that the document is read from; None when it is not in the library or has no file."""

    def picture(self, document_id: str, segment_id: str = "") -> Path | None:
        """The file with the upright copy of a segment's picture, or of any picture of the document."""

    def examples(self) -> list[str]:
        """A few searches to try."""

    def spaces(self) -> list[SpaceState]:
        """The spaces of the settings as they are now."""

    def stats(self) -> Stats:
        """What the library holds."""

    def audit(self, repair: bool = False) -> Audit:
        """How the manifest compares with the store; see `mmsearch.auditing.audit`. Raises LibraryLocked."""

    def back_up(self, folder: Path) -> BackedUp:
        """Copy it into a new folder while it is used; see `mmsearch.backups.back_up`. Raises InputError, StoreError."""

    def close(self) -> None:
        """Release it."""
