"""A canvas that is drawn large and shrunk, with the few brushes the pictures share."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageFilter, ImageFont

Point = tuple[float, float]
Stops = Sequence[tuple[float, str]]


@cache
def font(size: float) -> ImageFont.FreeTypeFont:
    """Aileron (CC0), the face that comes inside Pillow."""
    face = ImageFont.load_default(size)
    if not isinstance(face, ImageFont.FreeTypeFont):
        raise RuntimeError("Pillow was built without FreeType; the lettering needs it")
    return face


def curve(points: Sequence[Point], steps: int = 12, closed: bool = False) -> list[Point]:
    """A smooth line through the points (Catmull-Rom)."""
    knots = [points[-1], *points, points[0], points[1]] if closed else [points[0], *points, points[-1]]
    out: list[Point] = []
    for a, b, c, d in zip(knots, knots[1:], knots[2:], knots[3:], strict=False):
        for step in range(steps):
            t = step / steps
            out.append(
                (
                    0.5
                    * (
                        2 * b[0]
                        + (c[0] - a[0]) * t
                        + (2 * a[0] - 5 * b[0] + 4 * c[0] - d[0]) * t**2
                        + (3 * b[0] - a[0] - 3 * c[0] + d[0]) * t**3
                    ),
                    0.5
                    * (
                        2 * b[1]
                        + (c[1] - a[1]) * t
                        + (2 * a[1] - 5 * b[1] + 4 * c[1] - d[1]) * t**2
                        + (3 * b[1] - a[1] - 3 * c[1] + d[1]) * t**3
                    ),
                )
            )
    return out if closed else [*out, points[-1]]


def gradient(width: int, height: int, stops: Stops) -> Image.Image:
    """An image that runs from colour to colour downwards; each stop is (0 to 1, colour)."""
    at = np.linspace(0, 1, height)
    colours = np.array([ImageColor.getrgb(colour)[:3] for _, colour in stops], dtype=float)
    column = np.stack([np.interp(at, [place for place, _ in stops], colours[:, band]) for band in range(3)], axis=1)
    return Image.fromarray(np.repeat(column[:, None, :], width, axis=1).round().astype(np.uint8))


class Canvas:
    """A picture of `width` x `height`, drawn at twice that size; colours may carry alpha (#rrggbbaa)."""

    def __init__(self, width: int, height: int, stops: Stops, scale: int = 2) -> None:
        self.width, self.height, self.scale = width, height, scale
        self.show(gradient(width * scale, height * scale, stops))

    def show(self, image: Image.Image) -> None:
        """Put this image (at drawing size) in place of what is on the canvas."""
        self.image = image
        self.pen = ImageDraw.Draw(image, "RGBA")

    def at(self, points: Sequence[Point]) -> list[Point]:
        """Points in picture units as points on the large canvas."""
        return [(x * self.scale, y * self.scale) for x, y in points]

    def poly(self, points: Sequence[Point], fill: str, line: str | None = None, width: float = 1) -> None:
        """A filled shape, with an outline where `line` is given."""
        self.pen.polygon(self.at(points), fill=fill)
        if line:
            self.line([*points, points[0]], line, width)

    def blob(self, points: Sequence[Point], fill: str, line: str | None = None, width: float = 1) -> None:
        """A filled shape with a smooth edge through the points."""
        self.poly(curve(points, closed=True), fill, line, width)

    def box(
        self,
        x0: float,
        y0: float,
        x1: float,
        y1: float,
        fill: str,
        line: str | None = None,
        width: float = 1,
        radius: float = 0,
    ) -> None:
        """A rectangle, with round corners where `radius` is given."""
        s = self.scale
        self.pen.rounded_rectangle(
            (x0 * s, y0 * s, x1 * s, y1 * s), radius * s, fill=fill, outline=line, width=round(width * s)
        )

    def oval(
        self, x: float, y: float, rx: float, ry: float, fill: str | None, line: str | None = None, width: float = 1
    ) -> None:
        """An ellipse about (x, y)."""
        s = self.scale
        self.pen.ellipse(
            ((x - rx) * s, (y - ry) * s, (x + rx) * s, (y + ry) * s), fill=fill, outline=line, width=round(width * s)
        )

    def line(self, points: Sequence[Point], fill: str, width: float = 1) -> None:
        """A line through the points."""
        self.pen.line(self.at(points), fill=fill, width=max(1, round(width * self.scale)), joint="curve")

    def text(self, x: float, y: float, text: str, size: float, fill: str, anchor: str = "mm", bold: float = 0) -> None:
        """Lettering at (x, y); `bold` thickens it by so many units."""
        s = self.scale
        self.pen.text(
            (x * s, y * s), text, fill=fill, font=font(size * s), anchor=anchor, stroke_width=bold * s, stroke_fill=fill
        )

    def soft(self, paint: Callable[[Canvas], None], blur: float, add: bool = False) -> None:
        """Paint on a clear sheet, blur it, and lay it on (or add its light to) the canvas."""
        sheet = Image.new("RGBA", self.image.size, (0, 0, 0, 0))
        whole, pen = self.image, self.pen
        self.image, self.pen = sheet, ImageDraw.Draw(sheet)
        paint(self)
        self.image, self.pen = whole, pen
        if add:
            light = Image.new("RGB", whole.size)
            light.paste(sheet, mask=sheet.getchannel("A"))
            whole.paste(ImageChops.add(whole, light.filter(ImageFilter.GaussianBlur(blur * self.scale))))
            return
        # blur colour and cover together, premultiplied, so that edges do not darken
        sheet = sheet.convert("RGBa").filter(ImageFilter.GaussianBlur(blur * self.scale)).convert("RGBA")
        whole.paste(sheet, mask=sheet.getchannel("A"))

    def glow(self, x: float, y: float, radius: float, colour: str, strength: float = 1) -> None:
        """Light that falls off from a point."""
        s = self.scale
        half = round(radius * s)
        grid = np.hypot(*np.mgrid[-half : half + 1, -half : half + 1]) / max(half, 1)
        fall = np.clip(1 - grid, 0, 1) ** 2 * strength
        spot = Image.fromarray((fall[..., None] * ImageColor.getrgb(colour)[:3]).clip(0, 255).astype(np.uint8))
        corner = (round(x * s) - half, round(y * s) - half)
        area = (*corner, corner[0] + spot.width, corner[1] + spot.height)
        self.image.paste(ImageChops.add(self.image.crop(area), spot), corner)

    def done(self) -> Image.Image:
        """The finished picture at its own size."""
        return self.image.resize((self.width, self.height), Image.Resampling.LANCZOS)


def wavy(x0: float, x1: float, y: float, height: float, length: float, phase: float = 0) -> list[Point]:
    """A wave line from x0 to x1 about the height y."""
    count = max(8, int((x1 - x0) / 4))
    xs = np.linspace(x0, x1, count)
    return [(float(x), y + height * math.sin(2 * math.pi * x / length + phase)) for x in xs]
