"""Pictures, and captions beside them."""

import struct
import zlib

from PIL import Image

from hostile.made import DOCTYPE, Bombs, captioned, saved

XMP = '<x:m xmlns:x="adobe:ns:meta/" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{}</dc:title></x:m>'


def _png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    rows = chunk(b"IDAT", zlib.compress(b"\0" * (3 * width + 1) * min(height, 64)))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunk(*c) for c in chunks) + rows + chunk(b"IEND", b"")


def _gif() -> bytes:
    return (
        b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0) + b"," + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0)
    )


def _bmp() -> bytes:
    return (
        b"BM"
        + struct.pack("<IHHI", 200, 0, 0, 54)
        + struct.pack("<IiiHHIIiiII", 40, 1 << 30, 1 << 30, 1, 24, 0, 0, 0, 0, 0, 0)
    )


def _tiff_loop() -> bytes:
    """A page whose successor is itself."""
    content = saved(Image.new("L", (16, 16)), "TIFF")
    place = struct.unpack("<I", content[4:8])[0]
    end = place + 2 + 12 * struct.unpack("<H", content[place : place + 2])[0]
    return content[:end] + struct.pack("<I", place) + content[end + 4 :]


def _tiff_pages(pages: int) -> bytes:
    """Pages of 8 x 8 grey pixels that share their pixels."""
    tags = ((256, 3, 8), (257, 3, 8), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8), (277, 3, 1), (279, 4, 64))
    fields = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    size, start = 2 + len(fields) + 4, 8 + 64
    content = b"II*\0" + struct.pack("<I", start) + bytes(range(64))
    for page in range(1, pages + 1):
        following = start + page * size if page < pages else 0
        content += struct.pack("<H", len(tags)) + fields + struct.pack("<I", following)
    return content


def _eps() -> bytes:
    return b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n(/etc/passwd) (r) file\n%%EOF\n"


BOMBS: Bombs = {
    "pixels.png": lambda: _png(50_000, 50_000),
    "pixels.gif": _gif,
    "pixels.bmp": _bmp,
    "text.png": lambda: _png(64, 64, (b"zTXt", b"Title\0\0" + zlib.compress(bytes(100_000_000)))),
    "profile.png": lambda: _png(64, 64, (b"iCCP", b"p\0\0" + zlib.compress(bytes(100_000_000)))),
    "loop.tiff": _tiff_loop,
    "pages.tiff": lambda: _tiff_pages(25_000),
    "program.png": _eps,
    "laughs.png": lambda: captioned("laughs.xmp", DOCTYPE + XMP.format("&l9;")),
    "entity.png": lambda: captioned("entity.xmp", DOCTYPE + XMP.format("&own;")),
    "deep_caption.png": lambda: captioned("deep_caption.json", "[" * 100_000),
    "caption_numbers.png": lambda: captioned("caption_numbers.json", '{"title": ' + "9" * 10_000 + "}"),
    "caption_halves.png": lambda: captioned("caption_halves.json", '{"caption": "\\ud800 half"}'),
    "caption_tags.png": lambda: captioned(
        "caption_tags.json", '{"tags": 7, "date": [1], "geoData": {"latitude": 1e999}}'
    ),
}
