"""Lettering in pictures by PP-OCR's models, which come with the package rapidocr."""

from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from io import BytesIO
from typing import Any

import numpy as np

from mmsearch.errors import CorruptMedia, ModelUnavailable
from mmsearch.liveness import alive
from mmsearch.types import digest
from mmsearch_encoders.loading import Once, first_line, known_formats, reporting

MIN_SIDE = 32


class RapidOcr:
    """Finds lettering in a small copy of the picture, then reads it in the picture itself.

    Most photographs hold no lettering, so what finding costs decides: with `detection_side` pixels on the longer side
    a photograph of 640 x 480 takes 0.2 s on one core where rapidocr's own setting, which enlarges, takes 0.8 s.
    Lettering lower than about a hundredth of the picture is missed then; raise it for scanned pages in small type.
    `reading_side` bounds the copy that lines are read in. Lines that the model is less sure of than `min_confidence`
    are left out, as textures read as letters.
    """

    def __init__(
        self,
        detection_side: int = 736,
        reading_side: int = 2000,
        min_confidence: float = 0.6,
        threads: int = 1,
    ) -> None:
        """A second thread brings little; several pictures at a time bring more."""
        self._options = {
            "Global.log_level": "critical",
            "Global.use_cls": False,
            "Global.text_score": min_confidence,
            "Det.limit_type": "max",
            "Det.limit_side_len": detection_side,
            "EngineConfig.onnxruntime.intra_op_num_threads": threads,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
        self._reading_side = reading_side
        self._engine = Once(self._load)

    @cached_property
    def fingerprint(self) -> str:
        """The package's version, which fixes the models, and what decides on the lines."""
        try:
            release = version("rapidocr")
        except PackageNotFoundError as error:
            raise ModelUnavailable(
                'rapidocr is not installed; install it with pip install "mmsearch[encoders]"'
            ) from error
        return digest("rapidocr", release, self._reading_side, *sorted(self._options.items()))[:16]

    def read(self, picture: bytes) -> str:
        from PIL import Image

        try:
            with Image.open(BytesIO(picture), formats=known_formats()) as opened:
                shown = opened.convert("RGB")
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise CorruptMedia(f"the picture does not decode: {first_line(error)}") from error
        shown.thumbnail((self._reading_side, self._reading_side))
        alive()
        with reporting("reading the lettering of a picture"):
            found = self._engine()(_at_least(np.asarray(shown)[:, :, ::-1], MIN_SIDE))
        return "\n".join(_lines(found.boxes, found.txts)) if found.txts else ""

    def _load(self) -> Any:
        _ = self.fingerprint
        with reporting("loading rapidocr"):
            from rapidocr import RapidOCR

            return RapidOCR(params=self._options)


def _at_least(pixels: Any, side: int) -> Any:
    """The picture with its edges drawn out to `side` pixels: rapidocr enlarges smaller ones and fails on thin ones."""
    height, width, _ = pixels.shape
    return np.pad(pixels, ((0, max(0, side - height)), (0, max(0, side - width)), (0, 0)), mode="edge")


def _lines(boxes: Any, texts: Any) -> list[str]:
    """The pieces as lines from top to bottom: those whose middles lie within half a height are one line.

    `boxes` are four corners each, (n, 4, 2) in pixels.
    """
    pieces = sorted(
        (float(box[:, 1].mean()), float(box[:, 0].min()), float(np.ptp(box[:, 1])), text)
        for box, text in zip(np.asarray(boxes), texts, strict=True)
    )
    lines: list[list[tuple[float, float, float, str]]] = []
    for piece in pieces:
        middle, _, height, _ = piece
        if lines and middle - lines[-1][0][0] < min(height, lines[-1][0][2]) / 2:
            lines[-1].append(piece)
        else:
            lines.append([piece])
    return [" ".join(text for *_, text in sorted(line, key=lambda p: p[1])) for line in lines]
