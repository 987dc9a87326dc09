"""A small writer of text PDFs: one font family that every reader has, real text, the same bytes every time."""

from __future__ import annotations

from pathlib import Path

from PIL import ImageFont

from maker.source import Block, blocks

PAGE = (595, 842)  # A4, in points
MARGIN = 72
SIZES = {"title": 19, "heading": 13, "paragraph": 11, "bullet": 11, "table": 10}
CREATED = "D:20240902090000Z"


def escaped(text: str) -> str:
    """The text as the inside of a PDF string in the Windows Latin encoding."""
    out = "".join("\\" + char if char in "\\()" else char for char in text)
    return out.encode("cp1252").decode("latin-1")


def wrapped(text: str, size: int, width: float) -> list[str]:
    """The text broken into lines no wider than `width` points (measured a little wide)."""
    face = ImageFont.load_default(size * 4)
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and face.getlength(longer) / 4 * 1.06 > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


class Layout:
    """Pages being filled from the top; `pages` holds the drawing commands of each."""

    def __init__(self) -> None:
        self.pages: list[list[str]] = []
        self.y = 0.0

    def room(self, height: float) -> None:
        """Start a new page where the present one has less than `height` points left."""
        if not self.pages or self.y - height < MARGIN:
            self.pages.append([])
            self.y = PAGE[1] - MARGIN
        self.y -= height

    def text(self, x: float, text: str, font: str, size: int) -> None:
        """Show one line of text at the present height."""
        self.pages[-1].append(f"BT /{font} {size} Tf {x:g} {self.y:.1f} Td ({escaped(text)}) Tj ET")

    def add(self, block: Block) -> None:
        """Lay out one block."""
        size = SIZES[block.kind]
        bold = block.kind in ("title", "heading")
        if block.kind == "table":
            self.table(block.rows, size)
            return
        self.room(size * 0.8 if bold else 2)
        for line in wrapped(block.text, size, (PAGE[0] - 2 * MARGIN) * (0.92 if bold else 1)):
            self.room(size * 1.45)
            self.text(MARGIN, line, "F2" if bold else "F1", size)
        self.room(size * 0.45)

    def table(self, rows: list[list[str]], size: int) -> None:
        """Lay out a ruled table, its first row as the header."""
        column = (PAGE[0] - 2 * MARGIN) / len(rows[0])
        for number, row in enumerate(rows):
            self.room(size * 1.8)
            for place, cell in enumerate(row):
                self.text(MARGIN + 4 + place * column, cell, "F1" if number else "F2", size)
            self.pages[-1].append(f"0.5 w {MARGIN} {self.y - 5:.1f} m {PAGE[0] - MARGIN} {self.y - 5:.1f} l S")
        self.room(size)


def write_pdf(name: str, path: Path) -> None:
    """Write `sources/<name>.md` as an A4 PDF with selectable text at `path`."""
    layout = Layout()
    parts = blocks(name)
    for block in parts:
        layout.add(block)
    title = next(block.text for block in parts if block.kind == "title")
    count = len(layout.pages)
    kids = " ".join(f"{6 + 2 * page} 0 R" for page in range(count))
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica{} /Encoding /WinAnsiEncoding >>"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>",
        font.format(""),
        font.format("-Bold"),
        f"<< /Title ({escaped(title)}) /Author (Port Skerrin Library) /CreationDate ({CREATED}) >>",
    ]
    for page, commands in enumerate(layout.pages):
        fonts = "/Font << /F1 3 0 R /F2 4 0 R >>"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {PAGE[0]} {PAGE[1]}] "
            f"/Resources << {fonts} >> /Contents {7 + 2 * page} 0 R >>"
        )
        body = "\n".join(commands)
        objects.append(f"<< /Length {len(body)} >>\nstream\n{body}\nendstream")
    path.write_bytes(assembled(objects))


def assembled(objects: list[str]) -> bytes:
    """The bytes of a PDF file with these objects, numbered from 1, and the table of where each starts."""
    out = b"%PDF-1.4\n"
    starts = []
    for number, body in enumerate(objects, 1):
        starts.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    lines = "".join(f"{start:010} 00000 n \n" for start in starts)
    trailer = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info 5 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    return out + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{lines}{trailer}".encode("latin-1")
