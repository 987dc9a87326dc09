"""The pictures of a library as a browser shows them: small upright copies, one file a segment, found by its ids."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from mmsearch.types import Segment

SIGNATURES = {b"\xff\xd8": ".jpg", b"\x89P": ".png", b"RI": ".webp"}


class Renditions:
    """Keeps `Segment.picture` in a folder of the library."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, segment: Segment) -> None:
        """Keep the segment's picture if it has one; a reader never sees half a file."""
        if segment.picture is not None:
            self.put(segment.document_id, segment.id, segment.picture)

    def put(self, document_id: str, segment_id: str, picture: bytes) -> None:
        """Keep a segment's picture: a JPEG, PNG or WebP file."""
        file = self._place(document_id) / (segment_id + SIGNATURES[picture[:2]])
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        partial.write_bytes(picture)
        partial.replace(file)

    def path(self, document_id: str, segment_id: str = "") -> Path | None:
        """The file of the segment's picture, or of any segment of the document; None when there is none."""
        found = self._place(document_id).glob(f"{segment_id or '*'}.*")
        return min((file for file in found if file.suffix in SIGNATURES.values()), default=None)

    def all(self) -> Iterator[tuple[str, str]]:
        """Of every picture that is kept: the segment's id, and its document's."""
        for file in self._folder.glob("*/*/*"):
            if file.suffix in SIGNATURES.values():
                yield file.stem, file.parent.name

    def prune(self, document_id: str, keep: frozenset[str] = frozenset()) -> None:
        """Remove the pictures of the document's segments except `keep`."""
        folder = self._place(document_id)
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
        elif folder.is_dir():
            for file in folder.iterdir():
                if file.stem not in keep or file.suffix == ".partial":
                    file.unlink(missing_ok=True)

    def _place(self, document_id: str) -> Path:
        return self._folder / document_id[:2] / document_id
