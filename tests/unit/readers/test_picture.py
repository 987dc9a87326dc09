import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from media import document, drawing, photo
from PIL import Image, ImageCms, ImageFile, IptcImagePlugin

from mmsearch.readers.captions import iso_date
from mmsearch.readers.picture import PictureReader
from mmsearch.types import Lettering, Segment

pillow_heif.register_heif_opener()

XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
 photoshop:DateCreated="2019-07-04T10:00:00">
<dc:title><rdf:Alt><rdf:li xml:lang="de">Abend</rdf:li>
<rdf:li xml:lang="x-default">Evening</rdf:li></rdf:Alt></dc:title>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">Boats at the quay</rdf:li></rdf:Alt></dc:description>
<dc:subject><rdf:Bag><rdf:li>boats</rdf:li><rdf:li>quay</rdf:li></rdf:Bag></dc:subject>
</rdf:Description></rdf:RDF></x:xmpmeta>"""


def read(path: Path, *sidecars: Path) -> Segment:
    (segment,) = PictureReader().read(document(path, *sidecars))
    return segment


def shown(segment: Segment) -> Image.Image:
    assert segment.picture is not None
    with Image.open(io.BytesIO(segment.picture)) as picture:
        return picture.convert("RGB")


def is_red(picture: Image.Image, x: float, y: float) -> bool:
    pixel = picture.getpixel((int(x * (picture.width - 1)), int(y * (picture.height - 1))))
    assert isinstance(pixel, tuple)
    return pixel[0] > 180 and pixel[1] < 80 and pixel[2] < 80


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "gif", "tiff", "bmp", "heic", "avif"])
def test_every_format_gives_an_upright_copy_in_its_colours(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"boats_at_dawn.{ending}"
    photo(800, 500).save(path)
    segment = read(path)
    copy = shown(segment)
    assert copy.size == (768, 480)
    assert is_red(copy, 0.1, 0.1)
    assert not is_red(copy, 0.9, 0.1)
    assert (segment.metadata["width"], segment.metadata["height"]) == (800, 500)
    assert segment.title == "boats at dawn"


TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How a camera that writes this orientation has stored the upright picture."""


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tiff", "heic", "avif"])
@pytest.mark.parametrize("orientation", TURNS)
def test_exif_orientation_is_applied(tmp_path: Path, orientation: int, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo(300, 200).transpose(TURNS[orientation]).save(path, exif=exif.tobytes() if ending == "heic" else exif)
    segment = read(path)
    copy = shown(segment)
    assert copy.size == (300, 200)
    assert is_red(copy, 0.1, 0.1)
    assert (segment.metadata["width"], segment.metadata["height"]) == (300, 200)


def test_exif_date_place_and_description(tmp_path: Path) -> None:
    path = tmp_path / "IMG_1234.jpg"
    exif = Image.Exif()
    exif[0x010E] = "Leuchtturm bei Nacht"
    exif.get_ifd(0x8769)[0x9003] = "2024:05:01 21:30:00"
    exif.get_ifd(0x8825).update({1: "S", 2: (33.0, 51.0, 36.0), 3: "E", 4: (151.0, 12.0, 54.0)})
    photo().save(path, exif=exif)
    segment = read(path)
    assert segment.text == "Leuchtturm bei Nacht"
    assert segment.title == ""
    assert segment.metadata["date"] == "2024-05-01T21:30:00"
    assert (segment.metadata["lat"], segment.metadata["lon"]) == (-33.86, 151.215)


@pytest.mark.parametrize("ending", ["jpg", "webp", "tiff", "avif", "heic"])
def test_xmp_inside_the_picture(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    if ending == "tiff":
        photo().save(path, tiffinfo={700: XMP.encode()})
    else:
        photo().save(path, xmp=XMP.encode())
    segment = read(path)
    assert (segment.title, segment.text) == ("Evening", "Boats at the quay")
    assert segment.metadata["tags"] == ["boats", "quay"]
    assert segment.metadata["date"] == "2019-07-04T10:00:00"


def iptc_jpeg(path: Path, fields: dict[int, list[bytes]]) -> Path:
    """A JPEG with an IPTC block in a Photoshop segment, as the IIM standard lays it out."""
    block = b"".join(
        b"\x1c\x02" + bytes([field]) + len(value).to_bytes(2, "big") + value
        for field, values in fields.items()
        for value in values
    )
    resource = b"8BIM\x04\x04\0\0" + len(block).to_bytes(4, "big") + block + b"\0" * (len(block) % 2)
    segment = b"Photoshop 3.0\0" + resource
    target = io.BytesIO()
    photo().save(target, "JPEG")
    content = target.getvalue()
    path.write_bytes(content[:2] + b"\xff\xed" + (len(segment) + 2).to_bytes(2, "big") + segment + content[2:])
    with Image.open(path) as picture:
        assert isinstance(picture, ImageFile.ImageFile)
        assert IptcImagePlugin.getiptcinfo(picture)
    return path


def test_iptc_inside_the_picture(tmp_path: Path) -> None:
    fields = {5: [b"Evening"], 55: [b"20190704"], 120: ["Möwen".encode()], 25: [b"gulls", "Möwen".encode("latin-1")]}
    segment = read(iptc_jpeg(tmp_path / "a.jpg", fields))
    assert (segment.title, segment.text) == ("Evening", "Möwen")
    assert segment.metadata["tags"] == ["gulls", "Möwen"]
    assert segment.metadata["date"] == "2019-07-04"


def test_a_title_that_the_camera_gave_tells_nothing(tmp_path: Path) -> None:
    segment = read(iptc_jpeg(tmp_path / "boats_at_night.jpg", {5: [b"P6260031"]}))
    assert segment.title == "boats at night"


def test_caption_files_come_first_and_nothing_is_said_twice(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    photo().save(path, xmp=XMP.encode())
    words, xmp, said = tmp_path / "a.txt", tmp_path / "a.jpg.xmp", tmp_path / "a.json"
    words.write_bytes("Zwei Möwen\r\n".encode("cp1252"))
    xmp.write_text(XMP)
    said.write_text(
        json.dumps({"description": "A gull", "keywords": "gull, quay", "date": "2020-01", "title": "Gulls"})
    )
    segment = read(path, words, xmp, said)
    assert segment.text == "Zwei Möwen\nBoats at the quay\nA gull"
    assert segment.title == "Evening"
    assert segment.metadata["tags"] == ["boats", "quay", "gull"]
    assert segment.metadata["date"] == "2019-07-04T10:00:00"


@pytest.mark.parametrize("name", ["a.txt", "a.xmp", "a.json"])
def test_a_blank_caption_file_says_nothing(tmp_path: Path, name: str) -> None:
    path, blank = tmp_path / "a.png", tmp_path / name
    photo().save(path)
    blank.write_text("\n")
    assert read(path, blank).text == ""


def test_google_takeout_side_cars(tmp_path: Path) -> None:
    path, said = tmp_path / "a.jpg", tmp_path / "a.jpg.json"
    photo().save(path)
    said.write_text(
        json.dumps(
            {
                "title": "a.jpg",
                "description": "On the pier",
                "photoTakenTime": {"timestamp": "1714599000", "formatted": "May 1, 2024"},
                "geoData": {"latitude": 54.5, "longitude": -3.25},
            }
        )
    )
    segment = read(path, said)
    assert (segment.title, segment.text) == ("a", "On the pier")
    assert segment.metadata["date"] == "2024-05-01T21:30:00"
    assert (segment.metadata["lat"], segment.metadata["lon"]) == (54.5, -3.25)


@pytest.mark.parametrize(
    "options",
    [{"exif": b"Exif\0\0MM\0*\xff\xff\xff\xff broken"}, {"xmp": b"<x:xmpmeta unclosed"}, {"icc_profile": b"junk" * 40}],
)
def test_a_damaged_block_does_not_lose_the_picture(tmp_path: Path, options: dict[str, Any]) -> None:
    path = tmp_path / "a.jpg"
    photo().save(path, **options)
    assert is_red(shown(read(path)), 0.1, 0.1)


def test_damaged_iptc_does_not_lose_the_picture(tmp_path: Path) -> None:
    path = iptc_jpeg(tmp_path / "a.jpg", {120: [b"words"]})
    path.write_bytes(path.read_bytes().replace(b"\x1c\x02\x78\x00\x05", b"\x1c\x02\x78\xff\xff"))
    assert is_red(shown(read(path)), 0.1, 0.1)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "I", "F"])
def test_every_mode_is_shown(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "a.tiff"
    grey = Image.fromarray(np.tile(np.linspace(0, 255, 100, dtype=np.uint8), (60, 1)))
    deep = {"I;16": np.uint16(257), "I": np.int32(1000), "F": np.float32(0.01)}
    picture = Image.fromarray(np.asarray(grey) * deep[mode]) if mode in deep else grey.convert("RGB").convert(mode)
    assert picture.mode == mode
    picture.save(path)
    copy = np.asarray(shown(read(path)).convert("L"))
    assert copy.shape == (60, 100)
    assert copy[:, :20].mean() < 60
    assert copy[:, -20:].mean() > 190


def test_transparency_stands_on_white_and_profiles_become_srgb(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (50, 50), (0, 0, 0, 0))
    clear.save(tmp_path / "clear.png")
    assert shown(read(tmp_path / "clear.png")).getpixel((25, 25)) == (255, 255, 255)
    lab = Image.new("RGB", (50, 50), (255, 0, 0))
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    lab.save(tmp_path / "profile.jpg", icc_profile=profile, quality=100)
    assert is_red(shown(read(tmp_path / "profile.jpg")), 0.5, 0.5)


def test_pages_of_a_tiff_and_the_first_frame_of_a_gif(tmp_path: Path) -> None:
    pages = tmp_path / "fax.tif"
    photo(100, 50).save(pages, save_all=True, append_images=[photo(60, 80)])
    segments = list(PictureReader().read(document(pages)))
    assert [(s.span.page, s.metadata["width"]) for s in segments] == [(1, 100), (2, 60)]
    frames = tmp_path / "a.gif"
    photo(100, 50).save(frames, save_all=True, append_images=[Image.new("RGB", (100, 50), "black")])
    assert is_red(shown(read(frames)), 0.1, 0.1)


def test_lettering_is_read_from_the_upright_picture_and_stands_below_the_caption(tmp_path: Path) -> None:
    class Engine:
        fingerprint = "1"
        sizes: list[tuple[int, int]] = []  # noqa: RUF012 - one test

        def read(self, picture: bytes) -> tuple[str, Sequence[Lettering]]:
            with Image.open(io.BytesIO(picture)) as opened:
                self.sizes.append(opened.size)
            return "QUAY 4\n", [Lettering(0, 4, (0.1, 0.1, 0.4, 0.2), 0.9), Lettering(5, 6, (0.5, 0.1, 0.6, 0.2), 0.9)]

    path, words = tmp_path / "a.jpg", tmp_path / "a.txt"
    exif = Image.Exif()
    exif[0x0112] = 6
    photo(2000, 1000).save(path, exif=exif)
    words.write_text("A sign")
    (segment,) = PictureReader(Engine()).read(document(path, words))
    assert segment.text == "A sign\nQUAY 4"
    assert [segment.text[word.start : word.end] for word in segment.lettering] == ["QUAY", "4"]
    assert [word.box[0] for word in segment.lettering] == [0.1, 0.5]
    assert Engine.sizes == [(800, 1600)]
    assert PictureReader(Engine()).fingerprint != PictureReader().fingerprint


def test_drawings_are_kept_as_png_and_the_format_is_told_by_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    drawing("HARBOUR").save(path, "PNG")
    segment = read(path)
    assert segment.picture is not None
    assert segment.picture.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("2024:05:01 21:30:00", "2024-05-01T21:30:00"),
        ("2024-05-01", "2024-05-01"),
        ("2024-05", "2024-05"),
        ("2024", "2024"),
        ("0000:00:00 00:00:00", ""),
        ("yesterday", ""),
        ("", ""),
    ],
)
def test_dates_are_cut_to_what_is_known(said: str, expected: str) -> None:
    assert iso_date(said) == expected
