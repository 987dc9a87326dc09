"""Presentations."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from mmsearch.errors import CorruptMedia
from mmsearch.limits import USUAL, FileLimits
from mmsearch.passages import PassageSplitter
from mmsearch.protocols import OcrEngine
from mmsearch.readers.decoding import DAMAGED, check_archive, decoding, open_file, version_of
from mmsearch.readers.office import OfficePicture, facts_of, picture_segment
from mmsearch.readers.segments import Origin, title_from_name
from mmsearch.readers.tables import cell_text, sheet_segments
from mmsearch.types import Document, Segment, Span, digest

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Slide:
    """What stands on a slide, each thing with its place."""

    number: int
    title: str
    text: str
    tables: Sequence[tuple[Box, Sequence[Sequence[str]]]]
    pictures: Sequence[tuple[Box, OfficePicture]]


@dataclass(frozen=True, slots=True)
class SlideReader:
    """The words of each slide and its notes, its tables and charts as tables, its pictures. The slide is the page.

    The document's text is the slides' words with a line between them: that is what spans count in.
    """

    splitter: PassageSplitter
    table_rows: int = 20
    ocr: OcrEngine | None = None
    limits: FileLimits = USUAL
    suffixes: ClassVar[frozenset[str]] = frozenset({".pptx", ".pptm"})
    sidecar_suffixes: ClassVar[tuple[str, ...]] = ()

    @property
    def fingerprint(self) -> str:
        ocr = self.ocr and self.ocr.fingerprint
        made_by = version_of("python-pptx"), self.splitter.fingerprint, ocr
        return digest("slides 3", *made_by, self.table_rows, self.limits.pixels)[:16]

    def read(self, document: Document) -> Iterator[Segment]:
        path = document.path
        with decoding(path):
            import pptx
            from pptx.exc import PythonPptxError
        with open_file(path) as file:
            check_archive(path, file, self.limits)
            with decoding(path, PythonPptxError, *DAMAGED):
                deck = pptx.Presentation(file)
                size = float(deck.slide_width or 1), float(deck.slide_height or 1)
                title, facts = facts_of(deck.core_properties)
                self.limits.hold("pages", len(deck.slides), f"{path} has {len(deck.slides):,} slides")
                slides = [_slide(path, slide, number, size, self.limits) for number, slide in enumerate(deck.slides, 1)]
        first = slides[0].title if slides else ""
        facts["pages"] = len(slides)
        origin = Origin(document, "slides", title or first or title_from_name(path), facts, limits=self.limits)
        empty, offset = True, 0
        for slide in slides:
            for segment in self._segments(origin, slide, offset):
                empty = False
                yield segment
            offset += len(slide.text) + 1
        if empty:
            raise CorruptMedia(f"{path}: there is nothing on its {len(slides)} slides")

    def _segments(self, origin: Origin, slide: Slide, offset: int) -> Iterator[Segment]:
        headings = [slide.title] if slide.title and slide.title != origin.title else []
        text = slide.text or slide.title
        yield from origin.passages(self.splitter, text, headings=headings, offset=offset, page=slide.number)
        for thing, (box, rows) in enumerate(slide.tables, 1):
            place = Span(page=slide.number, box=box, part=f"table {thing}")
            yield from sheet_segments(origin, rows, self.table_rows, headings=headings, place=place)
        for thing, (box, picture) in enumerate(slide.pictures, 1):
            place = Span(page=slide.number, box=box, part=f"picture {thing}")
            yield from picture_segment(origin, self.ocr, picture, place, headings)


def _slide(path: Path, slide: Any, number: int, size: tuple[float, float], limits: FileLimits) -> Slide:
    shapes = list(_flat(slide.shapes))
    heading = slide.shapes.title
    title = " ".join(heading.text_frame.text.split()) if heading is not None else ""
    texts = [
        shape.text_frame.text.strip().replace("\v", "\n")
        for shape in shapes
        if shape.has_text_frame and (heading is None or shape.shape_id != heading.shape_id)
    ]
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        texts.append(slide.notes_slide.notes_text_frame.text.strip())
    tables = [(_box(shape, size), _rows(shape.table)) for shape in shapes if shape.has_table]
    charts = ((shape, _series(path, shape.chart, limits)) for shape in shapes if shape.has_chart)
    tables += [(_box(shape, size), rows) for shape, rows in charts if rows]
    pictures = [(_box(shape, size), found) for shape in shapes if (found := _picture(shape)) is not None]
    return Slide(number, title, "\n\n".join(text for text in texts if text), tables, pictures)


def _flat(shapes: Any) -> Iterator[Any]:
    """The shapes in reading order as the deck has it, groups opened."""
    from pptx.enum.shapes import MSO_SHAPE_TYPE

    for shape in shapes:
        if shape.shape_type == MSO_SHAPE_TYPE.GROUP:
            yield from _flat(shape.shapes)
        else:
            yield shape


def _picture(shape: Any) -> OfficePicture | None:
    from pptx.shapes.picture import Picture
    from pptx.shapes.placeholder import PlaceholderPicture

    if not isinstance(shape, (Picture, PlaceholderPicture)):
        return None
    try:
        content = shape.image.blob
    except (ValueError, KeyError):  # a picture that is linked, not embedded
        return None
    return OfficePicture(content, shape._element._nvXxPr.cNvPr.get("descr", ""))


def _rows(table: Any) -> list[list[str]]:
    return [[" ".join(cell.text_frame.text.split()) for cell in row.cells] for row in table.rows]


def _series(path: Path, chart: Any, limits: FileLimits) -> list[list[str]]:
    """The chart's numbers as a table: a row for each category, a column for each series.

    Raises TooLarge for one that says it has too many, as python-pptx counts to what it says.
    """
    points = max((int(count) for count in chart._chartSpace.xpath(".//c:ptCount/@val")), default=0)
    limits.hold("rows", points, f"{path} has a chart of {points:,} points")
    plot = chart.plots[0] if len(chart.plots) else None
    categories = [str(category) for category in plot.categories] if plot is not None else []
    if plot is None or not categories:
        return []
    series = [(one.name or "value", list(one.values)) for one in plot.series]
    rows = [
        [category, *(cell_text(values[place]) if place < len(values) else "" for _, values in series)]
        for place, category in enumerate(categories)
    ]
    return [["category", *(name for name, _ in series)], *rows]


def _box(shape: Any, size: tuple[float, float]) -> Box:
    width, height = size
    left, top = (shape.left or 0) / width, (shape.top or 0) / height
    right, bottom = left + (shape.width or 0) / width, top + (shape.height or 0) / height
    return round(left, 4), round(top, 4), round(right, 4), round(bottom, 4)
