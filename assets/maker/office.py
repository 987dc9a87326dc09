"""Word and PowerPoint documents from the texts in `sources/`, the same bytes every time."""

from __future__ import annotations

import zipfile
from datetime import datetime
from pathlib import Path

import docx
import pptx
from pptx.util import Pt

from maker.source import blocks

WRITTEN = datetime(2024, 9, 2, 9, 0, 0)
AUTHOR = "Port Skerrin Library"


def pin(path: Path) -> None:
    """Rewrite a zip file (docx, pptx) with a fixed date on every entry."""
    with zipfile.ZipFile(path) as box:
        entries = [(name, box.read(name)) for name in box.namelist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as box:
        for name, data in entries:
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            box.writestr(info, data)


def write_docx(name: str, path: Path) -> None:
    """Write `sources/<name>.md` as a Word document at `path`."""
    paper = docx.Document()
    for block in blocks(name):
        if block.kind == "title":
            paper.add_heading(block.text, 0)
            paper.core_properties.title = block.text
        elif block.kind == "heading":
            paper.add_heading(block.text, 1)
        elif block.kind == "table":
            table = paper.add_table(len(block.rows), len(block.rows[0]), style="Light Grid Accent 1")
            for row, cells in zip(table.rows, block.rows, strict=True):
                for cell, text in zip(row.cells, cells, strict=True):
                    cell.text = text
        else:
            paper.add_paragraph(block.text, style="List Bullet" if block.kind == "bullet" else None)
    about = paper.core_properties
    about.author = about.last_modified_by = AUTHOR
    about.created = about.modified = WRITTEN
    about.comments = ""
    paper.save(str(path))
    pin(path)


def write_pptx(name: str, path: Path) -> None:
    """Write `sources/<name>.md` as slides: one for each title, its bullets below."""
    deck = pptx.Presentation()
    slide = None
    for block in blocks(name):
        if block.kind == "title":
            layout = deck.slide_layouts[0 if slide is None else 1]
            slide = deck.slides.add_slide(layout)
            slide.shapes.title.text = block.text
            if layout is deck.slide_layouts[0]:
                deck.core_properties.title = block.text
        elif slide is not None:
            body = slide.placeholders[1].text_frame
            paragraph = body.paragraphs[0] if not body.text else body.add_paragraph()
            paragraph.text = block.text
            paragraph.font.size = Pt(24)
    about = deck.core_properties
    about.author = about.last_modified_by = AUTHOR
    about.created = about.modified = WRITTEN
    deck.save(str(path))
    pin(path)
