"""Pictures."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from mmsearch.limits import USUAL, FileLimits
from mmsearch.protocols import OcrEngine
from mmsearch.readers.captions import beside, inside, merged
from mmsearch.readers.decoding import open_file, version_of
from mmsearch.readers.lettering import lettered
from mmsearch.readers.raster import (
    LETTERING_PIXELS,
    opened,
    pages_of,
    picture_facts,
    rendition,
    turn_to,
    upright,
    upright_size,
)
from mmsearch.readers.segments import Origin, title_from_name
from mmsearch.types import Document, Segment, Span, digest

if TYPE_CHECKING:
    from PIL import Image

RASTER_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".tif", ".tiff", ".bmp", ".heic", ".heif", ".avif"}
)


@dataclass(frozen=True, slots=True)
class PictureReader:
    """One segment a picture, one a page of a TIFF; its text is the caption, then the lettering that `ocr` reads.

    Side-cars come before what the picture says of itself.
    """

    ocr: OcrEngine | None = None
    limits: FileLimits = USUAL
    suffixes: ClassVar[frozenset[str]] = RASTER_SUFFIXES
    sidecar_suffixes: ClassVar[tuple[str, ...]] = (".txt", ".xmp", ".json")

    @property
    def fingerprint(self) -> str:
        return digest("picture 2", version_of("pillow"), self.ocr and self.ocr.fingerprint)[:16]

    def read(self, document: Document) -> Iterator[Segment]:
        path = document.path
        captions = list(beside(document.sidecars))
        with open_file(path) as file, opened(path, file, self.limits) as picture:
            title, caption, facts = merged([*captions, *inside(picture)])
            origin = Origin(document, "picture", title or title_from_name(path), facts, limits=self.limits)
            pages = pages_of(path, picture)
            self.limits.hold("pages", pages, f"{path} has {pages:,} pages")
            for page in range(pages):
                if pages > 1:
                    turn_to(path, picture, page, self.limits)
                yield self._segment(origin, picture, caption, page + 1 if pages > 1 else None)

    def _segment(self, origin: Origin, picture: "Image.Image", caption: str, page: int | None) -> Segment:
        size = upright_size(picture)
        shown = upright(origin.document.path, picture, LETTERING_PIXELS)
        text, lettering = lettered(self.ocr, caption, shown)
        return origin.segment(
            "image",
            Span(page=page),
            text=text,
            picture=rendition(shown),
            metadata=picture_facts(shown, size),
            lettering=lettering,
        )
