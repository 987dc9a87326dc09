"""What a client asks of a library, wherever it is: open in this process, or in another one that serves it."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Protocol

from mmsearch.indexing import Progress
from mmsearch.types import IndexedDocument, Query, Ranking, Report, SpaceState, Stats


class Library(Protocol):
    """A library that can be searched and changed. App is one in this process, Remote one behind a server."""

    def index(
        self,
        roots: Sequence[Path],
        on_progress: Callable[[Progress], None] = lambda _: None,
        spaces: Collection[str] = (),
    ) -> Report:
        """Bring the library to the state of the paths, in some spaces only if any are named."""

    def add(
        self, files: Sequence[Path], replace: bool = False, on_progress: Callable[[Progress], None] = lambda _: None
    ) -> Report:
        """Keep copies of the files in the library, and index them."""

    def remove(self, document_id: str) -> None:
        """Take the document out of the library."""

    def search(self, query: Query) -> Ranking:
        """The ranking for the query."""

    def documents(self, offset: int = 0, limit: int = 100) -> list[IndexedDocument]:
        """The documents in the order of their places."""

    def document(self, document_id: str) -> IndexedDocument:
        """The document of that id. Raises NotFound."""

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

    def close(self) -> None:
        """Release it."""
