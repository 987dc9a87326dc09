"""Pictures with lettering, drawn: what stands where is known."""

from collections.abc import Mapping, Sequence

from PIL import Image, ImageDraw, ImageFont

from benchmarks.marks import overlap
from mmsearch.types import Box

__all__ = ["Words", "boxes", "lettered", "overlap"]

Words = tuple[int, int, str]
"""(left, top, words) in pixels."""


def lettered(*lettering: Words, size: tuple[int, int] = (800, 400), height: int = 40) -> Image.Image:
    """A picture with the words, dark on light."""
    image = Image.new("RGB", size, (240, 240, 230))
    pen = ImageDraw.Draw(image)
    for left, top, words in lettering:
        pen.text((left, top), words, font=ImageFont.load_default(height), fill=(20, 20, 60))
    return image


def boxes(lettering: Sequence[Words], size: tuple[int, int] = (800, 400), height: int = 40) -> Mapping[str, Box]:
    """Where each word of such a picture has its ink."""
    font, found = ImageFont.load_default(height), dict[str, Box]()
    for left, top, words in lettering:
        for word in words.split():
            start = left + font.getlength(words[: words.index(word)])
            a, b, c, d = font.getbbox(word)
            found[word] = ((start + a) / size[0], (top + b) / size[1], (start + c) / size[0], (top + d) / size[1])
    return found
