"""PDF: text, pictures and tables, page by page."""

import logging
import os
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any, ClassVar

from mmsearch.errors import CorruptMedia
from mmsearch.limits import USUAL, FileLimits
from mmsearch.passages import PassageSplitter
from mmsearch.protocols import OcrEngine
from mmsearch.readers.captions import iso_date
from mmsearch.readers.decoding import DAMAGED, decoding, open_file, version_of
from mmsearch.readers.lettering import lettered
from mmsearch.readers.pdf_tables import Box, TableFinder
from mmsearch.readers.raster import LETTERING_PIXELS, picture_facts, rendition
from mmsearch.readers.segments import Origin, title_from_name
from mmsearch.readers.tables import sheet_segments
from mmsearch.types import Document, Segment, Span, digest

_PDFIUM = threading.Lock()
"""PDFium is not safe to be called from two threads at once, not even on two documents."""
_WHOLE = (0.0, 0.0, 1.0, 1.0)
_END_BYTES = 4096
_PASSWORD, _PATH, _IMAGE = 4, 2, 3
"""FPDF_ERR_PASSWORD, FPDF_PAGEOBJ_PATH, FPDF_PAGEOBJ_IMAGE."""
_ICON_PIXELS = 64
_ICON_SHARE = 0.01
"""A picture shorter than the one, or smaller than the other share of its page, is an icon or an ornament."""
_RULED_PATHS = range(4, 3000)
"""Tables are looked for on pages with this many lines and boxes: fewer rule no table, more are a drawing."""
_CAPTION = re.compile(r"(?i)\s*(?:fig|abb|photo|plate|map|chart|diagram|image|picture)")
_CAPTION_POINTS = 40.0
_GENERATED_TITLE = re.compile(r"(?i)untitled|microsoft \w+ - |.*\.(?:docx?|pptx?|xlsx?|indd|tex|dvi|qxd|rtf)$")


@dataclass(frozen=True, slots=True)
class PdfReader:
    """Passages of each page, its pictures, its ruled tables; a page without text is a picture, read by `ocr`.

    Text and pictures by PDFium, tables by pdfplumber. Bookmarks are headings.
    """

    splitter: PassageSplitter
    table_rows: int = 20
    ocr: OcrEngine | None = None
    limits: FileLimits = USUAL
    suffixes: ClassVar[frozenset[str]] = frozenset({".pdf"})
    sidecar_suffixes: ClassVar[tuple[str, ...]] = ()

    @property
    def fingerprint(self) -> str:
        libraries = version_of("pypdfium2"), version_of("pdfplumber"), version_of("pillow")
        ocr = self.ocr and self.ocr.fingerprint
        return digest("pdf 3", *libraries, self.splitter.fingerprint, self.table_rows, ocr, self.limits.pixels)[:16]

    def read(self, document: Document) -> Iterator[Segment]:
        path = document.path
        with open_file(path) as file, _opened(path, file) as pdf, closing(TableFinder(path)) as tables:
            with _PDFIUM, decoding(path, *_errors()):
                title, facts = _facts(pdf)
                bookmarks = _bookmarks(pdf)
                pages = len(pdf)
            self.limits.hold("pages", pages, f"{path} has {pages:,} pages")
            origin = Origin(document, "pdf", title or title_from_name(path), facts, limits=self.limits)
            seen: set[bytes] = set()
            offset, empty = 0, True
            for number in range(1, pages + 1):
                with _PDFIUM, decoding(path, *_errors()):
                    page = _Page.of(pdf, number, self.limits)
                headings = [heading for heading in _headings(bookmarks, number) if heading != origin.title]
                for segment in self._segments(origin, page, headings, offset, tables, seen):
                    empty = False
                    yield segment
                offset += len(page.text) + 1
        if empty:
            raise CorruptMedia(f"{path}: there is nothing on its {pages} pages")

    def _segments(
        self, origin: Origin, page: "_Page", headings: Sequence[str], offset: int, tables: TableFinder, seen: set[bytes]
    ) -> Iterator[Segment]:
        if page.scan is not None:
            yield self._picture(origin, Span(page=page.number, box=_WHOLE), headings, "", page.scan)
            return
        yield from origin.passages(self.splitter, page.text, headings=headings, offset=offset, page=page.number)
        for box, rows in tables.on_page(page.number) if page.ruled else ():
            place = Span(page=page.number, box=box)
            yield from sheet_segments(origin, rows, self.table_rows, headings=headings, place=place)
        boxes: set[Box] = set()
        for box, caption, picture in page.pictures:
            mark = blake2b(picture.tobytes()).digest()
            if mark not in seen and box not in boxes:  # a letterhead on every page; layers on top of each other
                seen.add(mark)
                boxes.add(box)
                yield self._picture(origin, Span(page=page.number, box=box), headings, caption, picture)

    def _picture(self, origin: Origin, span: Span, headings: Sequence[str], caption: str, picture: Any) -> Segment:
        text, lettering = lettered(self.ocr, caption, picture)
        facts = picture_facts(picture, picture.size)
        return origin.segment(
            "image",
            span,
            headings=headings,
            text=text,
            picture=rendition(picture),
            metadata=facts,
            lettering=lettering,
        )


@dataclass(frozen=True, slots=True)
class _Page:
    """What PDFium finds on a page. `scan` is the page itself when there are no words on it."""

    number: int
    text: str
    pictures: Sequence[tuple[Box, str, Any]]
    ruled: bool
    scan: Any | None

    @classmethod
    def of(cls, pdf: Any, number: int, limits: FileLimits) -> "_Page":
        page = pdf[number - 1]
        words = page.get_textpage()
        try:
            text = _cleaned(words.get_text_bounded())
            if not text.strip():
                scan = _rendered(page)
                blank = scan.getcolors(2) is not None and len(scan.getcolors(2)) == 1
                return cls(number, "", (), ruled=False, scan=None if blank else scan)
            kinds = [(item.type, item) for item in page.get_objects(max_depth=3)]
            pictures = [
                (_box(page, item.get_bounds()), _caption(words, item.get_bounds()), _pixels(item))
                for kind, item in kinds
                if kind == _IMAGE and _is_picture(page, item, limits)
            ]
            paths = sum(1 for kind, _ in kinds if kind == _PATH)
            return cls(number, text, pictures, ruled=paths in _RULED_PATHS, scan=None)
        finally:
            words.close()
            page.close()


@contextmanager
def _opened(path: Path, file: IO[bytes]) -> Iterator[Any]:
    """PDFium's document. Raises CorruptMedia when it is locked, cut off or none."""
    with decoding(path):
        import pypdfium2

        logging.getLogger("pypdfium2").setLevel(logging.ERROR)
        file.seek(0, os.SEEK_END)
        file.seek(max(file.tell() - _END_BYTES, 0))
        if b"%%EOF" not in file.read():  # PDFium shows what is left of it without a word
            raise CorruptMedia(f"{path} is no PDF, or it is cut off: there is no %%EOF at its end")
        file.seek(0)
    with _PDFIUM, decoding(path, *_errors()):
        try:
            pdf = pypdfium2.PdfDocument(file)
        except pypdfium2.PdfiumError as error:
            if error.err_code == _PASSWORD:
                raise CorruptMedia(f"{path} is locked with a password") from error
            raise
    try:
        yield pdf
    finally:
        with _PDFIUM:
            pdf.close()


def _errors() -> tuple[type[Exception], ...]:
    import pypdfium2

    return (pypdfium2.PdfiumError, *DAMAGED)


def _cleaned(text: str) -> str:
    """PDFium's text with plain line ends, words that a line end divides joined again."""
    return re.sub(r"[\ufffe\x02]\s*", "", text.replace("\r\n", "\n").replace("\0", ""))


def _rendered(page: Any) -> Any:
    """The page as a picture."""
    return page.render(scale=LETTERING_PIXELS / max(page.get_size())).to_pil().convert("RGB")


def _is_picture(page: Any, item: Any, limits: FileLimits) -> bool:
    """Whether it is neither an icon nor over the limit of pixels."""
    left, bottom, right, top = item.get_bounds()
    width, height = page.get_size()
    large = abs(right - left) * abs(top - bottom) >= _ICON_SHARE * width * height
    pixels = item.get_px_size()
    return bool(large and min(pixels) >= _ICON_PIXELS and pixels[0] * pixels[1] <= limits.pixels)


def _pixels(item: Any) -> Any:
    """The picture as it stands on the page: masked and turned."""
    picture = item.get_bitmap(render=True).to_pil()
    if picture.mode == "RGBA":
        from PIL import Image

        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    picture = picture.convert("RGB")
    picture.thumbnail((LETTERING_PIXELS, LETTERING_PIXELS))
    return picture


def _box(page: Any, bounds: tuple[float, float, float, float]) -> Box:
    """The bounds in points from the lower left as shares from the upper left, as the page is shown."""
    left, bottom, right, top = page.get_bbox()
    xs = [(bounds[0] - left) / (right - left), (bounds[2] - left) / (right - left)]
    ys = [(top - bounds[3]) / (top - bottom), (top - bounds[1]) / (top - bottom)]
    for _ in range(page.get_rotation() // 90):
        xs, ys = [1 - y for y in reversed(ys)], xs
    shares = [round(min(max(share, 0.0), 1.0), 4) for share in (xs[0], ys[0], xs[1], ys[1])]
    return shares[0], shares[1], shares[2], shares[3]


def _caption(words: Any, bounds: tuple[float, float, float, float]) -> str:
    """What stands right below the picture, when it begins as captions do."""
    left, bottom, right, _ = bounds
    below = words.get_text_bounded(left=left, bottom=bottom - _CAPTION_POINTS, right=right, top=bottom)
    return " ".join(_cleaned(below).split()) if _CAPTION.match(below) else ""


def _facts(pdf: Any) -> tuple[str, dict[str, Any]]:
    """(title, metadata) of the document's own description."""
    said = {key: value.strip() for key, value in pdf.get_metadata_dict(skip_empty=True).items()}
    facts: dict[str, Any] = {"pages": len(pdf)}
    created = re.match(r"D:(\d{4})(\d{2})(\d{2})", said.get("CreationDate", ""))
    if date := iso_date("-".join(created.groups())) if created else "":
        facts["date"] = date
    if (author := said.get("Author", "")).lower() not in ("", "anonymous", "unknown"):
        facts["author"] = author
    if tags := [tag.strip() for tag in re.split("[,;]", said.get("Keywords", "")) if tag.strip()]:
        facts["tags"] = tags
    title = said.get("Title", "")
    return "" if _GENERATED_TITLE.match(title) else title, facts


def _bookmarks(pdf: Any) -> list[tuple[int, int, str]]:
    """(page, depth, title) in the order of the pages; bookmarks that lead nowhere are left out."""
    found = []
    for bookmark in pdf.get_toc():
        target = bookmark.get_dest()
        page = None if target is None else target.get_index()
        if page is not None and (title := " ".join(bookmark.get_title().split())):
            found.append((page + 1, bookmark.level, title))
    return sorted(found, key=lambda bookmark: bookmark[0])


def _headings(bookmarks: Sequence[tuple[int, int, str]], number: int) -> tuple[str, ...]:
    """The path of bookmarks that the page begins with: the last before it, or the first of its own."""
    path: list[tuple[int, str]] = []
    for page, depth, title in bookmarks:
        if page > number:
            break
        path = [*(above for above in path if above[0] < depth), (depth, title)]
        if page == number:
            break
    return tuple(title for _, title in path)
