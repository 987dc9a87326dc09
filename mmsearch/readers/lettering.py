"""The lettering of pictures, wherever they stand: what is read on them follows what is said of them."""

from dataclasses import replace
from typing import TYPE_CHECKING

from mmsearch.protocols import OcrEngine
from mmsearch.readers.raster import encoded
from mmsearch.types import Lettering

if TYPE_CHECKING:
    from PIL import Image


def lettered(ocr: OcrEngine | None, caption: str, picture: "Image.Image") -> tuple[str, tuple[Lettering, ...]]:
    """The caption, then the lettering that `ocr` reads in the upright picture; and where the words of that stand."""
    read, words = ocr.read(encoded(picture)) if ocr else ("", ())
    lettering = read.strip()
    text = "\n".join(part for part in (caption, lettering) if part)
    shift = len(text) - len(lettering) - (len(read) - len(read.lstrip()))
    return text, tuple(replace(word, start=word.start + shift, end=word.end + shift) for word in words)
