"""Lettering in drawn pictures, read by the models that come with rapidocr."""

from io import BytesIO

import pytest
from PIL import Image, ImageDraw, ImageFont

from mmsearch.errors import CorruptMedia
from mmsearch_encoders.ocr import RapidOcr

pytestmark = pytest.mark.encoders


@pytest.fixture(scope="module")
def ocr() -> RapidOcr:
    return RapidOcr()


def picture(*lettering: tuple[int, int, str], size: tuple[int, int] = (800, 400), height: int = 40) -> bytes:
    """A picture with (left, top, words), dark on light."""
    image = Image.new("RGB", size, (240, 240, 230))
    pen = ImageDraw.Draw(image)
    for left, top, words in lettering:
        pen.text((left, top), words, font=ImageFont.load_default(height), fill=(20, 20, 60))
    return encoded(image)


def encoded(image: Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def test_lines_come_from_top_to_bottom_and_pieces_of_a_line_from_left_to_right(ocr: RapidOcr) -> None:
    drawn = picture((480, 34, "FESTIVAL"), (30, 250, "Tickets 12.50"), (30, 30, "HARBOUR"), (30, 140, "Opening 10:30"))
    assert ocr.read(drawn).splitlines() == ["HARBOUR FESTIVAL", "Opening 10:30", "Tickets 12.50"]


def test_small_lettering_on_a_large_picture_is_read(ocr: RapidOcr) -> None:
    drawn = picture((700, 800, "Old Pier Cafe"), size=(2400, 1800), height=44)
    assert ocr.read(drawn).replace(" ", "") == "OldPierCafe"


@pytest.mark.parametrize("size", [(1, 1), (640, 480), (3000, 20), (20, 3000), (9000, 31)])
def test_a_picture_without_lettering_has_none(ocr: RapidOcr, size: tuple[int, int]) -> None:
    assert ocr.read(encoded(Image.linear_gradient("L").resize(size))) == ""


def test_any_kind_of_pixel_is_read(ocr: RapidOcr) -> None:
    with Image.open(BytesIO(picture((30, 30, "HARBOUR")))) as drawn:
        for mode in ("1", "L", "P", "RGBA", "CMYK"):
            file = BytesIO()
            drawn.convert(mode).save(file, "TIFF")
            assert ocr.read(file.getvalue()) == "HARBOUR", mode


def test_what_does_not_decode_is_refused(ocr: RapidOcr) -> None:
    for broken in (b"", b"no picture", picture((30, 30, "HARBOUR"))[:200]):
        with pytest.raises(CorruptMedia, match="does not decode"):
            ocr.read(broken)


def test_it_says_nothing_on_the_console(capfd: pytest.CaptureFixture[str]) -> None:
    RapidOcr().read(picture((30, 30, "HARBOUR")))
    assert capfd.readouterr() == ("", "")


def test_the_fingerprint_is_of_what_decides_on_the_lines() -> None:
    assert RapidOcr().fingerprint == RapidOcr().fingerprint
    assert RapidOcr().fingerprint != RapidOcr(detection_side=1280).fingerprint
    assert RapidOcr().fingerprint != RapidOcr(reading_side=1000).fingerprint
