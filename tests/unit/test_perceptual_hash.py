"""Copies of a picture have nearly its hash, other pictures have not: real files through the reader."""

from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from media import document
from PIL import Image

from mmsearch.demo import demo_library
from mmsearch.perceptual_hash import SAME_BITS, SAME_COLOUR, SIDE, frequencies, look_alike, perceptual_hash
from mmsearch.readers.picture import RASTER_SUFFIXES, PictureReader

ORIENTATION, CLOCKWISE = 0x0112, 6
"""EXIF's tag, and its value for a picture that is to be turned a quarter clockwise to stand upright."""

PICTURES = sorted(path for path in demo_library().rglob("*") if path.suffix in RASTER_SUFFIXES)
FERRY = next(path for path in PICTURES if path.stem == "crossing")


def _hash(path: Path) -> str:
    (segment,) = PictureReader().read(document(path))
    return str(segment.metadata.get("perceptual_hash", ""))


def _ferry() -> Image.Image:
    return Image.open(FERRY).convert("RGB")


def test_a_wave_is_one_frequency() -> None:
    """cos(pi (2x + 1) 3 / 128) meets itself alone: 32 over 64 values of x, times 64 values of y."""
    wave = np.cos(np.pi * (2 * np.arange(SIDE) + 1) * 3 / (2 * SIDE))
    found = frequencies(np.repeat(wave[:, None], SIDE, axis=1))
    expected = np.zeros((16, 16))
    expected[3, 0] = 32 * 64
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_bits_say_which_frequencies_are_above_the_median_and_bytes_the_mean_colour() -> None:
    """A blue picture that darkens from the left to the right: half a wave across, so that (0, 0) and (0, 1) lead."""
    pixels = np.zeros((SIDE, SIDE, 3), np.uint8)
    pixels[..., 2] = np.linspace(250, 50, SIDE)
    found = perceptual_hash(Image.fromarray(pixels))
    assert len(found) == 68
    assert int(found[0], 16) & 0b1100 == 0b1100
    # of blue 150 in the mean: Cb = 128 + 0.5 * 150 = 203, Cr = 128 - 0.081 * 150 = 116
    np.testing.assert_allclose(list(bytes.fromhex(found[64:])), [203, 116], atol=1)


def test_24_bits_and_4_levels_of_colour_are_a_copy_and_one_more_is_none() -> None:
    assert (SAME_BITS, SAME_COLOUR) == (24, 4)
    plain = "0" * 64 + "8080"
    assert look_alike(plain, "f" * 6 + "0" * 58 + "8080")
    assert not look_alike(plain, "f" * 6 + "8" + "0" * 57 + "8080")
    assert look_alike(plain, "0" * 64 + "847c")
    assert not look_alike(plain, "0" * 64 + "8580")
    assert not look_alike(plain, "")


def _turned(picture: Image.Image, path: Path) -> None:
    """A file that lies on its side, with the note that says so."""
    exif = Image.Exif()
    exif[ORIENTATION] = CLOCKWISE
    picture.transpose(Image.Transpose.ROTATE_90).save(path, quality=90, exif=exif)


COPIES: dict[str, Callable[[Image.Image, Path], Any]] = {
    "half.png": lambda picture, path: picture.resize((picture.width // 2, picture.height // 2)).save(path),
    "small.webp": lambda picture, path: picture.resize((160, 160 * picture.height // picture.width)).save(path),
    "poor.jpg": lambda picture, path: picture.save(path, quality=25),
    "palette.gif": lambda picture, path: picture.quantize(256).save(path),
    "turned.jpg": _turned,
}


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_in_another_size_format_quality_or_position_looks_alike(tmp_path: Path, name: str) -> None:
    COPIES[name](_ferry(), tmp_path / name)
    assert look_alike(_hash(FERRY), _hash(tmp_path / name))


def test_a_picture_that_lies_on_its_side_without_a_note_is_another_one(tmp_path: Path) -> None:
    _ferry().transpose(Image.Transpose.ROTATE_90).save(tmp_path / "lying.png")
    assert not look_alike(_hash(FERRY), _hash(tmp_path / "lying.png"))


def test_no_two_pictures_of_the_demo_look_alike() -> None:
    hashes = [_hash(path) for path in PICTURES]
    assert len(hashes) >= 14
    assert all(hashes)
    assert not [pair for pair in combinations(hashes, 2) if look_alike(*pair)]


def test_the_same_shape_in_another_colour_is_another_picture() -> None:
    def shirt(colour: str) -> str:
        picture = Image.new("RGB", (200, 200), "white")
        picture.paste(colour, (40, 30, 160, 190))
        return perceptual_hash(picture)

    red, blue = shirt("#cc2222"), shirt("#2255cc")
    assert look_alike(red[:64] + "8080", blue[:64] + "8080")
    assert not look_alike(red, blue)


def test_a_plain_picture_has_nothing_to_be_told_by(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64), "navy").save(tmp_path / "plain.jpg")
    assert _hash(tmp_path / "plain.jpg") == ""
