"""Pictures as pixels: opened upright and in sRGB whatever their format, and the small copy that a browser shows."""

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from mmsearch.errors import CorruptMedia, TooLarge
from mmsearch.limits import PICTURE_FORMATS, FileLimits
from mmsearch.perceptual_hash import perceptual_hash
from mmsearch.readers.decoding import DAMAGED, decoding

if TYPE_CHECKING:
    from PIL import Image

RENDITION_PIXELS = 768
"""The longer side of the copy in the library."""
LETTERING_PIXELS = 1600
"""The longer side of the copy that lettering is read from."""
SMALLEST_PIXELS = 8
"""A picture narrower than this shows nothing."""
_FEW_COLOURS = 256
_ORIENTATION = 0x0112
_ON_ITS_SIDE = frozenset({5, 6, 7, 8})
_TURNS = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}
"""EXIF orientation -> what sets it upright (as in PIL.ImageOps.exif_transpose)."""


@contextmanager
def opened(path: Path, file: IO[bytes], limits: FileLimits) -> Iterator["Image.Image"]:
    """The picture with its metadata, not decoded yet.

    Raises CorruptMedia when it is none or has less than 8 pixels a side, TooLarge over the limit of pixels.
    """
    with _by_pillow(path):
        pillow = _pillow()
        # It refuses twice this number in whatever the process opens; lower than the settings it would be in the way.
        pillow.MAX_IMAGE_PIXELS = max(pillow.MAX_IMAGE_PIXELS or 0, -(-limits.pixels // 2))
        try:
            picture = pillow.open(file, formats=[name for name in PICTURE_FORMATS if name in pillow.OPEN])
        except pillow.UnidentifiedImageError as error:
            raise CorruptMedia(f"{path} is not a picture in a format that is known") from error
    with picture:
        _check_size(path, picture, limits)
        yield picture


def pages_of(path: Path, picture: "Image.Image") -> int:
    """How many pages a TIFF has; 1 for every other picture, whose first frame is shown."""
    with _by_pillow(path):
        return int(getattr(picture, "n_frames", 1)) if picture.format == "TIFF" else 1


def turn_to(path: Path, picture: "Image.Image", page: int, limits: FileLimits) -> None:
    """Turn to the page, counted from 0. Raises CorruptMedia, TooLarge."""
    with _by_pillow(path):
        picture.seek(page)
    _check_size(path, picture, limits)


def _check_size(path: Path, picture: "Image.Image", limits: FileLimits) -> None:
    width, height = picture.size
    if min(width, height) < SMALLEST_PIXELS:
        raise CorruptMedia(f"{path} is {width}x{height} pixels: nothing to see")
    limits.hold("pixels", width * height, f"{path} has too many pixels, {width:,} x {height:,}")


@contextmanager
def _by_pillow(path: Path) -> Iterator[None]:
    """Use Pillow inside, quietly. Raises CorruptMedia, and TooLarge for what Pillow itself takes for a bomb."""
    with decoding(path, RuntimeError, *DAMAGED), quiet():  # which AVIF's decoder raises
        try:
            yield
        except _pillow().DecompressionBombError as error:
            raise TooLarge(f"{path} has too many pixels (limits.pixels): {error}") from error


@contextmanager
def quiet() -> Iterator[None]:
    """Keeps Pillow from warning about each damaged tag."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def upright(path: Path, picture: "Image.Image", pixels: int) -> "Image.Image":
    """The picture decoded whole, turned as its EXIF says, in sRGB on white, at most `pixels` a side.

    Raises CorruptMedia, also where only a part of it is there.
    """
    from PIL import ImageFile

    with _by_pillow(path):
        ImageFile.LOAD_TRUNCATED_IMAGES = False  # other libraries of the process may want grey halves; we do not
        picture.draft(None, (2 * pixels, 2 * pixels))  # a JPEG decodes at an eighth, a quarter, a half
        picture.load()
        turn = _TURNS.get(exif_of(picture).get(_ORIENTATION, 1))
        small = _eight_bit(picture)
        if max(small.size) > pixels:
            small = small.resize(_fitting(small.size, pixels), _pillow().Resampling.LANCZOS)
        small = _srgb(small)
        return small if turn is None else small.transpose(_pillow().Transpose[turn])


def upright_size(picture: "Image.Image") -> tuple[int, int]:
    """Width and height as the picture is shown; asked before it is decoded."""
    width, height = picture.size
    turned = picture.format != "TIFF" and exif_of(picture).get(_ORIENTATION) in _ON_ITS_SIDE
    return (height, width) if turned else (width, height)


def exif_of(picture: "Image.Image") -> "Image.Exif":
    """The picture's EXIF; empty where there is none or where it is damaged."""
    from PIL import Image

    with quiet():
        try:
            return picture.getexif()
        except DAMAGED:
            return Image.Exif()


def encoded(picture: "Image.Image") -> bytes:
    """The picture as PNG when it has few colours, else as JPEG."""
    target = io.BytesIO()
    if picture.getcolors(_FEW_COLOURS) is None:
        picture.save(target, "JPEG", quality=85)
    else:
        picture.save(target, "PNG", optimize=True)
    return target.getvalue()


def picture_facts(picture: "Image.Image", size: tuple[int, int]) -> dict[str, Any]:
    """What the metadata says of an upright picture: its width and height in the file, and its perceptual hash.

    A picture that shows nothing has no hash.
    """
    looks = perceptual_hash(picture)
    return {"width": size[0], "height": size[1], **({"perceptual_hash": looks} if looks else {})}


def rendition(picture: "Image.Image") -> bytes:
    """The small copy of an upright picture, at most 768 pixels a side."""
    if max(picture.size) > RENDITION_PIXELS:
        picture = picture.resize(_fitting(picture.size, RENDITION_PIXELS), _pillow().Resampling.LANCZOS)
    return encoded(picture)


def _fitting(size: tuple[int, int], pixels: int) -> tuple[int, int]:
    share = pixels / max(size)
    return max(1, round(size[0] * share)), max(1, round(size[1] * share))


def _eight_bit(picture: "Image.Image") -> "Image.Image":
    """Palettes and deep pixels as plain channels of eight bits; what is transparent stands on white."""
    from PIL import Image

    if picture.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    if picture.mode in ("I", "F"):
        values = np.nan_to_num(np.asarray(picture, dtype=np.float64))
        reach = max(float(values.max() - values.min()), 1e-9)
        return Image.fromarray(((values - values.min()) / reach * 255).astype(np.uint8))
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        return _keeping_profile(Image.alpha_composite(white, layer).convert("RGB"), picture)
    if picture.mode in ("P", "1", "HSV", "La"):
        return _keeping_profile(picture.convert("RGB"), picture)
    return picture


def _keeping_profile(changed: "Image.Image", picture: "Image.Image") -> "Image.Image":
    if picture.mode in ("RGBA", "P") and "icc_profile" in picture.info:
        changed.info["icc_profile"] = picture.info["icc_profile"]
    return changed


def _srgb(picture: "Image.Image") -> "Image.Image":
    from PIL import ImageCms

    if profile := picture.info.get("icc_profile"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):
            converted = None  # a damaged profile, or one for another mode: the plain conversion is near enough
        if converted is not None:
            return converted
    return picture if picture.mode == "RGB" else picture.convert("RGB")


@cache
def _pillow() -> Any:
    from PIL import Image
    from pillow_heif import register_heif_opener

    Image.init()
    register_heif_opener()
    logging.getLogger("PIL").setLevel(logging.ERROR)
    return Image
