"""Lettering in pictures by PP-OCR's models, which come with the package rapidocr."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from io import BytesIO
from typing import Any

import numpy as np

from mmsearch.errors import CorruptMedia, ModelUnavailable
from mmsearch.liveness import alive
from mmsearch.once import Once
from mmsearch.types import Box, Lettering, digest
from mmsearch_encoders.loading import first_line, known_formats, reporting

MIN_SIDE = 32
REVISION = "2"
"""Of what is made of the lines that the models read."""
CJK = "\u2e80"
"""The first sign of the scripts that are written without spaces."""
DIGITS = 4
"""Of a share: a tenth of a pixel in the copy that is read."""


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
            "Global.return_word_box": True,
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
        return digest("rapidocr", REVISION, release, self._reading_side, *sorted(self._options.items()))[:16]

    def read(self, picture: bytes) -> tuple[str, Sequence[Lettering]]:
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
        return _laid(_pieces(found, shown.size)) if found.txts else ("", ())

    def _load(self) -> Any:
        _ = self.fingerprint
        with reporting("loading rapidocr"):
            from rapidocr import RapidOCR

            return RapidOCR(params=self._options)


def _at_least(pixels: Any, side: int) -> Any:
    """The picture with its edges drawn out to `side` pixels: rapidocr enlarges smaller ones and fails on thin ones."""
    height, width, _ = pixels.shape
    return np.pad(pixels, ((0, max(0, side - height)), (0, max(0, side - width)), (0, 0)), mode="edge")


@dataclass(frozen=True, slots=True)
class _Piece:
    """What is read in one place: the text, the box around it, its words as [start, end) of the text, each with a box.

    `confidence` is the mean of the recogniser's over the characters.
    """

    text: str
    box: Box
    words: Sequence[tuple[int, int, Box]]
    confidence: float

    @property
    def middle(self) -> float:
        return (self.box[1] + self.box[3]) / 2

    @property
    def height(self) -> float:
        return self.box[3] - self.box[1]


def _pieces(found: Any, size: tuple[int, int]) -> Iterator[_Piece]:
    """The pieces that rapidocr found in a picture of so many pixels, in its order."""
    scores, words = found.scores, found.word_results or ()
    aligned = len(words) == len(found.txts)  # it leaves out lines of which it cannot place a word
    for number, (text, corners, score) in enumerate(zip(found.txts, found.boxes, scores, strict=True)):
        box, line = _box(corners, size), text.strip()
        placed = _placed(line, [(word, _box(at, size)) for word, _, at in words[number]]) if aligned else None
        yield _Piece(line, box, placed or _spread(line, box), round(float(score), 2))


def _box(corners: Any, size: tuple[int, int]) -> Box:
    """The upright box around corners in pixels, (n, 2)."""
    shares = np.clip(np.asarray(corners, np.float64) / size, 0, 1)
    (left, top), (right, bottom) = shares.min(0), shares.max(0)
    return (
        round(float(left), DIGITS),
        round(float(top), DIGITS),
        round(float(right), DIGITS),
        round(float(bottom), DIGITS),
    )


def _placed(line: str, words: Sequence[tuple[str, Box]]) -> list[tuple[int, int, Box]] | None:
    """The words as characters of the line that they make up; None where they do not.

    rapidocr also cuts words where letters stand wide; scripts without spaces come sign by sign, and stay so.
    """
    placed, done = list[tuple[int, int, Box]](), 0
    for word, box in words:
        start = line.find(word, done)
        if start < 0 or line[done:start].strip():
            return None
        end = start + len(word)
        if placed and start == done and max(line[start - 1], line[start]) < CJK:
            start, _, before = placed.pop()
            box = _around(before, box)
        placed.append((start, end, box))
        done = end
    return None if line[done:].strip() else placed


def _around(one: Box, other: Box) -> Box:
    """The box around both."""
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])


def _spread(line: str, box: Box) -> list[tuple[int, int, Box]]:
    """The words of the line as if all its characters were equally wide."""
    left, top, right, bottom = box
    width = (right - left) / max(1, len(line))
    spans = [match.span() for match in re.finditer(r"\S+", line)]
    return [
        (start, end, (round(left + start * width, DIGITS), top, round(left + end * width, DIGITS), bottom))
        for start, end in spans
    ]


def _laid(pieces: Iterable[_Piece]) -> tuple[str, tuple[Lettering, ...]]:
    """The text from top to bottom, and its words: pieces whose middles lie within half a height are one line."""
    lines: list[list[_Piece]] = []
    for piece in sorted(pieces, key=lambda piece: (piece.middle, piece.box[0])):
        if lines and piece.middle - lines[-1][0].middle < min(piece.height, lines[-1][0].height) / 2:
            lines[-1].append(piece)
        else:
            lines.append([piece])
    text, lettering = "", []
    for line in lines:
        for place, piece in enumerate(sorted(line, key=lambda piece: piece.box[0])):
            text += (" " if place else "\n") if text else ""
            lettering += [
                Lettering(len(text) + start, len(text) + end, box, piece.confidence) for start, end, box in piece.words
            ]
            text += piece.text
    return text, tuple(lettering)
