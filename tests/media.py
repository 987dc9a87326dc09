"""Small real files of every format, made with the libraries that people make them with."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import av
import docx
import msoffcrypto
import numpy as np
import pptx
import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Table as PdfTable

from mmsearch.types import Document, Segment

HARBOUR = "The harbour was built in 1871. Its lighthouse burns all night. Boats come home at dawn."


def document(path: Path, *sidecars: Path) -> Document:
    """The document as a source finds it."""
    return Document(path.as_posix(), path, sidecars)


def texts(segments: Sequence[Segment], modality: str = "text") -> list[str]:
    """What the segments of that modality say."""
    return [segment.text for segment in segments if segment.modality == modality]


def photo(width: int = 320, height: int = 200) -> Image.Image:
    """A picture with more than 256 colours: red in the upper left corner, blue below, a gradient across."""
    x = np.linspace(0, 120, width, dtype=np.uint8)
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    pixels[..., 1] = x
    pixels[..., 2] = np.linspace(0, 255, height, dtype=np.uint8)[:, None]
    pixels[: height // 4, : width // 4] = (255, 0, 0)
    return Image.fromarray(pixels)


def drawing(words: str, width: int = 400, height: int = 120) -> Image.Image:
    """Black words on white."""
    picture = Image.new("RGB", (width, height), "white")
    ImageDraw.Draw(picture).text((20, 40), words, fill="black", font_size=32)
    return picture


def tone(seconds: float, rate: int = 16_000) -> NDArray[np.float32]:
    """A tone of 440 Hz at half volume."""
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def write_audio(path: Path, codec: str, seconds: float = 2.0, tags: Mapping[str, str] | None = None) -> Path:
    """A tone in the container that the ending names."""
    rate = 48_000 if codec == "libopus" else 16_000
    with av.open(path.as_posix(), "w") as container:
        container.metadata.update(tags or {})
        stream: Any = container.add_stream(codec, rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(tone(seconds, rate)[None, :], format="fltp", layout="mono")
        frame.sample_rate = rate
        fifo = av.AudioFifo()
        resampler = av.AudioResampler(format=stream.format, layout="mono", rate=rate)
        for resampled in [*resampler.resample(frame), *resampler.resample(None)]:
            fifo.write(resampled)
        while (part := fifo.read(stream.frame_size or 1024, partial=True)) is not None:
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return path


def write_pdf(path: Path, pages: Sequence[str], *, title: str = "", password: str = "", compress: int = 1) -> Path:
    """One text a page."""
    lock = StandardEncryption(password) if password else None
    canvas = Canvas(path.as_posix(), pagesize=A4, encrypt=lock, pageCompression=compress, invariant=1)
    if title:
        canvas.setTitle(title)
    for number, text in enumerate(pages, 1):
        canvas.bookmarkPage(f"p{number}")
        canvas.addOutlineEntry(f"Chapter {number}", f"p{number}", level=0)
        lines = canvas.beginText(72, 770)
        lines.textLines(text)
        canvas.drawText(lines)
        canvas.showPage()
    canvas.save()
    return path


def write_rich_pdf(path: Path) -> Path:
    """A page with a sentence, a captioned photograph, an icon and a ruled table; a scan; an empty page."""
    canvas = Canvas(path.as_posix(), pagesize=A4, invariant=1)
    canvas.drawString(72, 780, "Catches of the fleet by year.")
    canvas.drawImage(ImageReader(photo()), 72, 500, 320, 200)
    canvas.drawString(72, 485, "Figure 1: the harbour at dawn")
    canvas.drawImage(ImageReader(photo(32, 32)), 500, 800, 16, 16)
    table = PdfTable([["Year", "Catch"], ["2001", "1,500"], ["2002", "1,750"]], colWidths=100)
    table.setStyle([("GRID", (0, 0), (-1, -1), 1, colors.black)])
    table.wrapOn(canvas, 400, 200)
    table.drawOn(canvas, 72, 300)
    canvas.showPage()
    canvas.drawImage(ImageReader(drawing("HARBOUR OFFICE", 800, 1100)), 0, 0, *A4)
    canvas.showPage()
    canvas.showPage()
    canvas.save()
    return path


def write_docx(path: Path) -> Path:
    """A title, two nested headings with text, a table, a picture with alternative text."""
    content = docx.Document()
    content.core_properties.author = "Ada Keeper"
    content.core_properties.keywords = "harbour, light"
    content.add_heading("The Coast", 0)
    content.add_heading("Harbour", 1)
    content.add_paragraph(HARBOUR)
    content.add_heading("Ships", 2)
    table = content.add_table(rows=0, cols=2)
    for name, built in (("Ship", "Built"), ("Aurora", "1901"), ("Borealis", "1912")):
        cells = table.add_row().cells
        cells[0].text, cells[1].text = name, built
    content.add_paragraph("Both ships still sail.")
    content.add_picture(_as_file(photo()))
    content.inline_shapes[0]._inline.docPr.set("descr", "two ships at the quay")
    content.save(path.as_posix())
    return path


def write_pptx(path: Path) -> Path:
    """A slide with notes, one with a table and a picture, one with a chart."""
    deck = pptx.Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[1])
    first.shapes.title.text = "The Harbour"
    first.placeholders[1].text = "Built in 1871\nWidened in 1902"
    first.notes_slide.notes_text_frame.text = "Tell the story of the storm."
    second = deck.slides.add_slide(deck.slide_layouts[5])
    second.shapes.title.text = "Ships"
    table = second.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for row, cells in enumerate((("Ship", "Built"), ("Aurora", "1901"))):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    second.shapes.add_picture(_as_file(photo()), Inches(5), Inches(4), Inches(3))
    third = deck.slides.add_slide(deck.slide_layouts[6])
    numbers = CategoryChartData()
    numbers.categories = ["2001", "2002"]
    numbers.add_series("Catch", (1500, 1750.5))
    third.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, Inches(1), Inches(1), Inches(4), Inches(3), numbers)
    deck.save(path.as_posix())
    return path


def write_xlsx(path: Path, sheets: Mapping[str, Sequence[Sequence[object]]]) -> Path:
    """Dates are written as dates, None as an empty cell."""
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for row, cells in enumerate(rows):
                for column, cell in enumerate(cells):
                    sheet.write(row, column, cell)
    return path


def lock_office_file(path: Path, password: str) -> Path:
    """The same file encrypted as Office does it."""
    target = io.BytesIO()
    with path.open("rb") as file:
        msoffcrypto.OfficeFile(file).encrypt(password, target)
    path.write_bytes(target.getvalue())
    return path


def write_parquet(path: Path, columns: Mapping[str, Sequence[object]]) -> Path:
    """The columns with the types that their values have."""
    pq.write_table(pa.table({name: list(values) for name, values in columns.items()}), path)
    return path


def _as_file(picture: Image.Image) -> io.BytesIO:
    target = io.BytesIO()
    picture.save(target, "PNG")
    target.seek(0)
    return target
