"""Word documents."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from mmsearch.errors import CorruptMedia
from mmsearch.limits import USUAL, FileLimits
from mmsearch.passages import PassageSplitter
from mmsearch.protocols import OcrEngine
from mmsearch.readers.decoding import DAMAGED, check_archive, decoding, open_file, version_of
from mmsearch.readers.office import OfficePicture, facts_of, picture_segment
from mmsearch.readers.segments import Origin, title_from_name
from mmsearch.readers.tables import sheet_segments
from mmsearch.types import Document, Segment, Span, digest

_BLIP = ".//{http://schemas.openxmlformats.org/drawingml/2006/main}blip"
_EMBED = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}embed"
_DRAWING = ".//{http://schemas.openxmlformats.org/wordprocessingml/2006/main}drawing"
_PROPERTIES = ".//{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr"


@dataclass(frozen=True, slots=True)
class Piece:
    """A paragraph, a table or a picture below a path of headings."""

    headings: tuple[str, ...]
    text: str = ""
    rows: Sequence[Sequence[str]] = ()
    picture: OfficePicture | None = None


@dataclass(frozen=True, slots=True)
class WordReader:
    """Passages under their headings, tables and embedded pictures, in the order of the text.

    The document's text is its paragraphs with an empty line between them: that is what spans count in.
    """

    splitter: PassageSplitter
    table_rows: int = 20
    ocr: OcrEngine | None = None
    limits: FileLimits = USUAL
    suffixes: ClassVar[frozenset[str]] = frozenset({".docx", ".docm"})
    sidecar_suffixes: ClassVar[tuple[str, ...]] = ()

    @property
    def fingerprint(self) -> str:
        ocr = self.ocr and self.ocr.fingerprint
        made_by = version_of("python-docx"), self.splitter.fingerprint, ocr
        return digest("word 3", *made_by, self.table_rows, self.limits.pixels)[:16]

    def read(self, document: Document) -> Iterator[Segment]:
        path = document.path
        with decoding(path):
            import docx
            from docx.opc.exceptions import OpcError
        with open_file(path) as file:
            check_archive(path, file, self.limits)
            with decoding(path, OpcError, *DAMAGED):
                content = docx.Document(file)
                title, facts = facts_of(content.core_properties)
                walk = _Walk(path, self.limits, content.part)
                pieces = list(walk.pieces(content))
        origin = Origin(document, "word", title or walk.title or title_from_name(path), facts, limits=self.limits)
        if not pieces:
            raise CorruptMedia(f"{path} holds no text, table or picture")
        yield from self._segments(origin, pieces)

    def _segments(self, origin: Origin, pieces: Sequence[Piece]) -> Iterator[Segment]:
        paragraphs: list[str] = []
        offset, start, things = 0, 0, 0
        for piece, following in zip(pieces, [*pieces[1:], None], strict=True):
            headings = [heading for heading in piece.headings if heading != origin.title]
            if piece.text:
                paragraphs.append(piece.text)
                offset += len(piece.text) + 2
                if following is None or not following.text or following.headings != piece.headings:
                    text = "\n\n".join(paragraphs)
                    yield from origin.passages(self.splitter, text, headings=headings, offset=start)
                    paragraphs, start = [], offset
                continue
            things += 1
            place = Span(start_char=offset, end_char=offset, part=f"object {things}")
            if piece.picture is not None:
                yield from picture_segment(origin, self.ocr, piece.picture, place, headings)
            else:
                yield from sheet_segments(origin, piece.rows, self.table_rows, headings=headings, place=place)


@dataclass(slots=True)
class _Walk:
    """A walk through the body; remembers the title and the headings that it passed."""

    file: Path
    limits: FileLimits
    part: Any
    title: str = ""
    path: list[tuple[int, str]] = field(default_factory=list)

    def pieces(self, body: Any) -> Iterator[Piece]:
        from docx.table import Table

        for block in body.iter_inner_content():
            headings = tuple(name for _, name in self.path)
            if isinstance(block, Table):
                rows = self._rows(block)
                if len(rows) > 1 and len(rows[0]) > 1:
                    yield Piece(headings, rows=rows)
                else:  # a frame around text
                    for cell in dict.fromkeys(cell for row in block.rows for cell in row.cells):
                        yield from self.pieces(cell)
            else:
                yield from self._paragraph(block)

    def _rows(self, table: Any) -> list[list[str]]:
        """The cells; a merged cell stands in each place that it covers."""
        wide = max((sum(cell.grid_span for cell in row.tc_lst) for row in table._tbl.tr_lst), default=0)
        self.limits.hold("columns", wide, f"{self.file} has a table of {wide:,} columns")
        rows = [[" ".join(cell.text.split()) for cell in row.cells] for row in table.rows]
        width = max(map(len, rows), default=0)
        return [[*row, *[""] * (width - len(row))] for row in rows]

    def _paragraph(self, paragraph: Any) -> Iterator[Piece]:
        text = paragraph.text.strip()
        depth = _depth(paragraph)
        if text and depth == 0 and not self.title:
            self.title = " ".join(text.split())
        elif text and depth:
            self.path = [*(above for above in self.path if above[0] < depth), (depth, " ".join(text.split()))]
        headings = tuple(name for _, name in self.path)
        if text and depth is None:
            yield Piece(headings, text)
        for drawing in paragraph._p.findall(_DRAWING):
            said = drawing.find(_PROPERTIES)
            for blip in drawing.findall(_BLIP):
                target = self.part.related_parts.get(blip.get(_EMBED))
                if target is not None:
                    described = "" if said is None else said.get("descr", "")
                    yield Piece(headings, picture=OfficePicture(target.blob, described))


def _depth(paragraph: Any) -> int | None:
    """0 for the title, 1 to 9 for a heading, None for text.

    Word keeps the English names of its own styles in every language.
    """
    style = paragraph.style.name if paragraph.style is not None else ""
    if style == "Title":
        return 0
    _, is_heading, depth = style.rpartition("Heading ")
    return int(depth) if is_heading and depth.isdecimal() else None
