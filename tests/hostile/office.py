"""Word documents, presentations and workbooks."""

import io
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from media import write_docx, write_pptx, write_xlsx

from hostile.made import DOCTYPE, Bombs

SHEET = "xl/worksheets/sheet1.xml"


def _archive(members: Mapping[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content, zipfile.ZIP_STORED if name == "mimetype" else None)
    return target.getvalue()


def _office(write: Callable[[Path], object], changes: Mapping[str, Callable[[str], str]]) -> bytes:
    """A good office file with some of its parts changed."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "good"
        write(path)
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
    for name, change in changes.items():
        members[name] = change(members[name].decode()).encode()
    return _archive(members)


def _docx(change: Callable[[str], str]) -> bytes:
    return _office(write_docx, {"word/document.xml": change})


def _xlsx(part: str, change: Callable[[str], str]) -> bytes:
    return _office(lambda path: write_xlsx(path, {"a": [["x", "y"], ["1", "z"]]}), {part: change})


def _laughing(xml: str) -> str:
    """With a document type that laughs a billion times, where the first text stood."""
    head, _, body = xml.partition("?>")
    for tag in ("<w:t>", "<a:t>", "<t>"):
        body = body.replace(tag, f"{tag}&l9;&own;", 1)
    return f"{head}?>{DOCTYPE}{body}"


def _lying_archive() -> bytes:
    """A workbook whose sheet unpacks to 100 MB and is said to have ten bytes."""
    rows = b'<row><c t="inlineStr"><is><t>x</t></is></c></row>' * 2_000_000
    sheet = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>' + rows
    content = _office(lambda path: write_xlsx(path, {"a": [["x"], [1]]}), {})
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members[SHEET] = sheet
    return _archive(members).replace(struct.pack("<I", len(sheet)), struct.pack("<I", 10))


def _ods() -> bytes:
    """A sheet of one cell that is repeated 17 billion times."""
    names = " ".join(f'xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"' for n in ("office", "table", "text"))
    cell = 'table:table-cell office:value-type="string" table:number-columns-repeated="16384"'
    row = f'<table:table-row table:number-rows-repeated="1048576"><{cell}><text:p>x</text:p></table:table-cell>'
    table = f'<table:table table:name="a">{row}</table:table-row></table:table>'
    body = f"<office:body><office:spreadsheet>{table}</office:spreadsheet></office:body>"
    content = f'<?xml version="1.0"?><office:document-content {names}>{body}</office:document-content>'
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    entry = f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
    space = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    manifest = f'<manifest:manifest xmlns:manifest="{space}">{entry}</manifest:manifest>'
    return _archive(
        {"mimetype": kind.encode(), "content.xml": content.encode(), "META-INF/manifest.xml": manifest.encode()}
    )


def _chart() -> bytes:
    """A chart that is said to have two billion points."""
    deck = _office(write_pptx, {})
    with zipfile.ZipFile(io.BytesIO(deck)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    charts = [name for name in members if name.startswith("ppt/charts/chart")]
    return _archive(members | {n: members[n].replace(b'ptCount val="2"', b'ptCount val="2000000000"') for n in charts})


BOMBS: Bombs = {
    "unpacks.docx": lambda: _archive({"word/document.xml": bytes(100_000_000)}),
    "unpacks.pptx": lambda: _archive({"ppt/presentation.xml": bytes(100_000_000)}),
    "unpacks.xlsx": lambda: _archive({"xl/workbook.xml": bytes(100_000_000)}),
    "lying.xlsx": _lying_archive,
    "laughs.docx": lambda: _docx(_laughing),
    "laughs.pptx": lambda: _office(write_pptx, {"ppt/slides/slide1.xml": _laughing}),
    "laughs.xlsx": lambda: _xlsx("xl/sharedStrings.xml", _laughing),
    "nested.docx": lambda: _docx(lambda xml: xml.replace("<w:body>", "<w:body>" + "<w:tbl><w:tr><w:tc>" * 5_000)),
    "span.docx": lambda: _docx(lambda xml: xml.replace("<w:tcPr>", '<w:tcPr><w:gridSpan w:val="300000000"/>', 1)),
    "chart.pptx": _chart,
    "far.xlsx": lambda: _xlsx(SHEET, lambda xml: xml.replace('r="B2"', 'r="XFD1048576"')),
    "strings.xlsx": lambda: _xlsx(SHEET, lambda xml: xml.replace("<v>0</v>", "<v>99999999999</v>")),
    "repeated.ods": _ods,
    "binary.xls": lambda: bytes.fromhex("d0cf11e0a1b11ae1") + bytes(range(256)) * 20,
}
