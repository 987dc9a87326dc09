"""Lettering in drawn pictures, read by the models that come with rapidocr."""

from io import BytesIO

import pytest
from lettered import Words, boxes, lettered, overlap
from PIL import Image

from mmsearch.errors import CorruptMedia
from mmsearch_encoders.ocr import RapidOcr

pytestmark = pytest.mark.encoders


@pytest.fixture(scope="module")
def ocr() -> RapidOcr:
    return RapidOcr()


def picture(*lettering: Words, size: tuple[int, int] = (800, 400), height: int = 40) -> bytes:
    return encoded(lettered(*lettering, size=size, height=height))


def encoded(image: Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def test_lines_come_from_top_to_bottom_and_pieces_of_a_line_from_left_to_right(ocr: RapidOcr) -> None:
    drawn = picture((480, 34, "FESTIVAL"), (30, 250, "Tickets 12.50"), (30, 30, "HARBOUR"), (30, 140, "Opening 10:30"))
    assert ocr.read(drawn)[0].splitlines() == ["HARBOUR FESTIVAL", "Opening 10:30", "Tickets 12.50"]


def test_small_lettering_on_a_large_picture_is_read(ocr: RapidOcr) -> None:
    drawn = picture((700, 800, "Old Pier Cafe"), size=(2400, 1800), height=44)
    assert ocr.read(drawn)[0].replace(" ", "") == "OldPierCafe"


@pytest.mark.parametrize("size", [(1, 1), (640, 480), (3000, 20), (20, 3000), (9000, 31)])
def test_a_picture_without_lettering_has_none(ocr: RapidOcr, size: tuple[int, int]) -> None:
    assert ocr.read(encoded(Image.linear_gradient("L").resize(size))) == ("", ())


SIGN: tuple[Words, ...] = (
    (30, 30, "HARBOUR"),
    (480, 34, "FESTIVAL"),
    (30, 140, "Opening 10:30"),
    (200, 300, "Tickets here"),
)


@pytest.mark.parametrize("enlarged", [1, 4])
def test_each_word_stands_where_it_was_drawn(ocr: RapidOcr, enlarged: int) -> None:
    """Also on a picture that lettering is looked for, and read, in smaller copies of."""
    sign = tuple((left * enlarged, top * enlarged, words) for left, top, words in SIGN)
    size, height = (800 * enlarged, 400 * enlarged), 40 * enlarged
    text, words = ocr.read(picture(*sign, size=size, height=height))
    drawn = boxes(sign, size, height)
    assert [text[word.start : word.end] for word in words] == text.split() == list(drawn)
    for word in words:
        assert overlap(word.box, drawn[text[word.start : word.end]]) > 0.5, text[word.start : word.end]
        assert 0.9 < word.confidence <= 1


def test_a_word_whose_letters_stand_wide_is_one_word(ocr: RapidOcr) -> None:
    sign: tuple[Words, ...] = ((300, 160, "BREAKWATER"),)
    text, words = ocr.read(picture(*sign))
    (word,) = words
    assert text[word.start : word.end] == "BREAKWATER"
    assert overlap(word.box, boxes(sign)["BREAKWATER"]) > 0.5


def test_boxes_lie_within_a_picture_that_is_narrower_than_what_is_read(ocr: RapidOcr) -> None:
    """Thin pictures are drawn out to 32 pixels; shares are of the picture itself."""
    text, words = ocr.read(picture((0, -4, "FERRY at noon"), size=(300, 26), height=28))
    assert text
    assert all(0 <= left < right <= 1 and 0 <= top < bottom <= 1 for left, top, right, bottom in (w.box for w in words))
    assert max(word.box[3] for word in words) > 0.8


def test_any_kind_of_pixel_is_read(ocr: RapidOcr) -> None:
    with Image.open(BytesIO(picture((30, 30, "HARBOUR")))) as drawn:
        for mode in ("1", "L", "P", "RGBA", "CMYK"):
            file = BytesIO()
            drawn.convert(mode).save(file, "TIFF")
            assert ocr.read(file.getvalue())[0] == "HARBOUR", mode


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
