"""PDF, written by hand."""

import zlib

from hostile.made import Bombs

BARE = "<< >>"
CATALOG = "<< /Type /Catalog /Pages 2 0 R >>"
DRAWN = b"0 0 9 9 re f"
ONE_PAGE = "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
PAGE = (
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R /Resources << /XObject << /F 5 0 R >> >> >>"
)


def _pdf(*objects: str | bytes, root: int = 1) -> bytes:
    """A PDF of these objects, numbered from 1."""
    content, places = bytearray(b"%PDF-1.7\n"), []
    for number, thing in enumerate(objects, 1):
        places.append(len(content))
        written = thing.encode() if isinstance(thing, str) else thing
        content += b"%d 0 obj\n" % number + written + b"\nendobj\n"
    start = len(content)
    content += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    content += b"".join(b"%010d 00000 n \n" % place for place in places)
    content += b"trailer\n<< /Size %d /Root %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, root, start)
    return bytes(content)


def _stream(content: bytes, said: str = "") -> bytes:
    return f"<< /Length {len(content)} {said} >>\nstream\n".encode() + content + b"\nendstream"


def _page(drawn: bytes, page: str = PAGE, inside: str | bytes = BARE) -> bytes:
    """One page that draws this; `inside` is what it calls F."""
    return _pdf(CATALOG, ONE_PAGE, page, _stream(drawn), inside)


def _packed(content: bytes, said: str = "/Filter /FlateDecode") -> bytes:
    return _stream(zlib.compress(content), said)


def _bookmarks() -> bytes:
    """A bookmark that is its own child and its own successor."""
    bookmark = "<< /Title (x) /Parent 6 0 R /Next 7 0 R /First 7 0 R /Dest [3 0 R /Fit] >>"
    outlines = "<< /First 7 0 R /Last 7 0 R /Count 1 >>"
    catalog = CATALOG.replace(">>", "/Outlines 6 0 R >>")
    return _pdf(catalog, ONE_PAGE, PAGE, _stream(DRAWN), BARE, outlines, bookmark)


def _picture() -> bytes:
    """Words, and a picture of 60,000 x 60,000 pixels in a few bytes."""
    said = "/Type /XObject /Subtype /Image /Width 60000 /Height 60000 /BitsPerComponent 8 /ColorSpace /DeviceGray"
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    page = PAGE.replace("/Resources <<", f"/Resources << /Font << /F1 {font} >>")
    drawn = b"BT /F1 9 Tf 9 150 Td (words beside a picture) Tj ET q 100 0 0 100 0 0 cm /F Do Q"
    return _page(drawn, page, _packed(bytes(1000), f"{said} /Filter /FlateDecode"))


def _pdf_forms(depth: int = 40) -> bytes:
    """Each form draws the next one twice."""
    form = "/Type /XObject /Subtype /Form /BBox [0 0 200 200] /Resources << /XObject << /F {} 0 R >> >>"
    forms = [_stream(b"/F Do /F Do", form.format(min(6 + n, 4 + depth))) for n in range(depth)]
    return _pdf(CATALOG, ONE_PAGE, PAGE, _stream(b"/F Do"), *forms)


def _pdf_pages(count: int) -> bytes:
    """The same page so many times."""
    kids = "3 0 R " * count
    return _pdf(
        CATALOG, f"<< /Type /Pages /Kids [{kids}] /Count {count} >>", PAGE.replace("/F 5 0 R", ""), _stream(b"")
    )


BOMBS: Bombs = {
    "loop.pdf": lambda: _pdf(CATALOG, "<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 9 >>"),
    "forms.pdf": _pdf_forms,
    "unpacks.pdf": lambda: _pdf(CATALOG, ONE_PAGE, PAGE, _packed(b"BT (a) Tj ET " * 8_000_000), BARE),
    "twice_packed.pdf": lambda: _pdf(
        CATALOG, ONE_PAGE, PAGE, _packed(zlib.compress(bytes(300_000_000)), "/Filter [/FlateDecode /FlateDecode]"), BARE
    ),
    "large_page.pdf": lambda: _page(DRAWN, PAGE.replace("200 200", "100000000 0.00001")),
    "previous.pdf": lambda: _page(DRAWN).replace(b"/Root", b"/Prev 9 /Root"),
    "bookmarks.pdf": _bookmarks,
    "pages.pdf": lambda: _pdf_pages(50_000),
    "picture.pdf": _picture,
}
