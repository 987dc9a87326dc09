from collections.abc import Sequence
from pathlib import Path

import pytest
from media import (
    HARBOUR,
    document,
    drawing,
    texts,
    write_docx,
    write_pdf,
    write_pptx,
    write_rich_pdf,
)
from PIL import Image

from mmsearch.passages import PassageSplitter
from mmsearch.readers.pdf import PdfReader
from mmsearch.readers.slides import SlideReader
from mmsearch.readers.word import WordReader
from mmsearch.types import Lettering, Segment, Table

SPLITTER = PassageSplitter(64)
BOX = (0.1, 0.2, 0.3, 0.4)


class SizeOcr:
    """An engine that tells how large the picture is that it was given, on a line below an empty one."""

    fingerprint = "size"

    def read(self, picture: bytes) -> tuple[str, Sequence[Lettering]]:
        import io

        with Image.open(io.BytesIO(picture)) as opened:
            text = f"\nlettering on {opened.width}x{opened.height}\n"
        return text, [Lettering(1, 10, BOX, 0.9), Lettering(14, len(text) - 1, BOX, 0.8)]


def by_modality(segments: list[Segment], modality: str) -> list[Segment]:
    return [segment for segment in segments if segment.modality == modality]


def test_pdf_text_comes_by_page_with_title_and_bookmarks(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", [HARBOUR, f"Page two.\n{HARBOUR}"], title="On harbours")
    segments = list(PdfReader(SPLITTER).read(document(path)))
    assert [(s.span.page, s.headings, s.text) for s in segments] == [
        (1, ("Chapter 1",), HARBOUR),
        (2, ("Chapter 2",), f"Page two.\n{HARBOUR}"),
    ]
    assert {s.title for s in segments} == {"On harbours"}
    assert segments[1].span.start_char == len(HARBOUR) + 1


def test_pdf_sentences_run_over_line_ends(tmp_path: Path) -> None:
    wrapped = "The keeper of the old light\nwent down to the quay at\ndawn to count the boats."
    path = write_pdf(tmp_path / "a.pdf", ["\n".join([wrapped] * 6)])
    assert {s.text for s in PdfReader(PassageSplitter(32)).read(document(path))} == {wrapped}


def test_pdf_tables_and_pictures_lie_where_they_are_seen(tmp_path: Path) -> None:
    segments = list(PdfReader(SPLITTER).read(document(write_rich_pdf(tmp_path / "a.pdf"))))
    (table,) = by_modality(segments, "table")
    assert table.table == Table(("Year", "Catch"), (("2001", "1,500"), ("2002", "1,750")))
    picture, scan = by_modality(segments, "image")
    assert picture.text == "Figure 1: the harbour at dawn"
    assert (picture.metadata["width"], picture.metadata["height"]) == (320, 200)
    width, height = 595.276, 841.89
    assert picture.span.box == pytest.approx((72 / width, 1 - 700 / height, 392 / width, 1 - 500 / height), abs=1e-3)
    assert table.span.box is not None
    assert table.span.box[1] > 0.5
    assert (scan.span.page, scan.span.box) == (2, (0, 0, 1, 1))


def test_pdf_pages_without_text_are_read_by_ocr_and_empty_ones_left_out(tmp_path: Path) -> None:
    segments = list(PdfReader(SPLITTER, ocr=SizeOcr()).read(document(write_rich_pdf(tmp_path / "a.pdf"))))
    assert [s.text for s in by_modality(segments, "image")] == [
        "Figure 1: the harbour at dawn\nlettering on 320x200",
        "lettering on 1132x1600",
    ]
    assert {s.span.page for s in segments} == {1, 2}
    assert [[s.text[word.start : word.end] for word in s.lettering] for s in by_modality(segments, "image")] == [
        ["lettering", "320x200"],
        ["lettering", "1132x1600"],
    ]


def test_pdf_letterheads_come_once(tmp_path: Path) -> None:
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas((tmp_path / "a.pdf").as_posix())
    for number in range(3):
        canvas.drawImage(ImageReader(drawing("LETTERHEAD")), 50, 700, 300, 90)
        canvas.drawString(50, 600, f"Letter number {number}.")
        canvas.showPage()
    canvas.save()
    segments = list(PdfReader(SPLITTER).read(document(tmp_path / "a.pdf")))
    assert len(texts(segments)) == 3
    assert [s.span.page for s in by_modality(segments, "image")] == [1]


def test_word_documents_in_the_order_of_the_text(tmp_path: Path) -> None:
    segments = list(WordReader(SPLITTER).read(document(write_docx(tmp_path / "a.docx"))))
    assert [(s.modality, s.headings, s.text) for s in segments] == [
        ("text", ("Harbour",), HARBOUR),
        ("table", ("Harbour", "Ships"), ""),
        ("text", ("Harbour", "Ships"), "Both ships still sail."),
        ("image", ("Harbour", "Ships"), "two ships at the quay"),
    ]
    assert segments[1].table == Table(("Ship", "Built"), (("Aurora", "1901"), ("Borealis", "1912")))
    assert {s.title for s in segments} == {"The Coast"}
    assert segments[0].metadata["author"] == "Ada Keeper"
    assert segments[0].metadata["tags"] == ["harbour", "light"]


def test_slides_with_notes_tables_charts_and_pictures(tmp_path: Path) -> None:
    segments = list(SlideReader(SPLITTER).read(document(write_pptx(tmp_path / "a.pptx"))))
    assert [(s.modality, s.span.page) for s in segments] == [
        ("text", 1),
        ("text", 2),
        ("table", 2),
        ("image", 2),
        ("table", 3),
    ]
    assert segments[0].text == "Built in 1871\nWidened in 1902\n\nTell the story of the storm."
    assert segments[2].table == Table(("Ship", "Built"), (("Aurora", "1901"),))
    assert segments[3].headings == ("Ships",)
    assert segments[3].text == ""
    assert segments[4].table == Table(("category", "Catch"), (("2001", "1500"), ("2002", "1750.5")))
    assert {s.title for s in segments} == {"The Harbour"}
