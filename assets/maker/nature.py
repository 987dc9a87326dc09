"""Sky, water and birds that several pictures share."""

from __future__ import annotations

import math
import random

import numpy as np
from PIL import Image

from maker.paint import Canvas, Point, curve


def stars(canvas: Canvas, seed: int, count: int, bottom: float) -> None:
    """Stars above the height `bottom`, fewer and fainter towards it."""
    dice = random.Random(seed)
    for _ in range(count):
        x, y = dice.uniform(0, canvas.width), bottom * dice.random() ** 1.3
        bright = round((1 - y / bottom * 0.7) * dice.uniform(70, 255))
        size = dice.choice([0.5, 0.6, 0.8, 1.2])
        canvas.oval(x, y, size, size, f"#fff6e0{bright:02x}")


def clouds(
    canvas: Canvas, seed: int, count: int, area: tuple[float, float, float, float], colour: str, blur: float = 7
) -> None:
    """Soft banks of cloud inside the area (x0, y0, x1, y1)."""
    dice = random.Random(seed)

    def paint(sheet: Canvas) -> None:
        for _ in range(count):
            x, y = dice.uniform(area[0], area[2]), dice.uniform(area[1], area[3])
            wide = dice.uniform(60, 150)
            for _ in range(9):
                dx = dice.uniform(-wide, wide)
                flat = 1 - abs(dx) / wide
                sheet.oval(x + dx, y - 10 * flat, wide * 0.32, 7 + 13 * flat, colour)

    canvas.soft(paint, blur)


def glints(
    canvas: Canvas,
    seed: int,
    top: float,
    bottom: float,
    colours: list[str],
    count: int,
    centre: float | None = None,
    spread: float = 60,
) -> None:
    """Short level strokes on water, wider and further apart the nearer they are; a path of light if centred."""
    dice = random.Random(seed)
    for _ in range(count):
        near = dice.random() ** 1.5
        y = top + (bottom - top) * near
        x = dice.uniform(0, canvas.width) if centre is None else dice.gauss(centre, spread * (0.35 + near))
        half = (3 + 26 * near) * dice.uniform(0.4, 1.2)
        thick = 0.5 + 1.7 * near
        canvas.oval(x, y, half, thick, dice.choice(colours))


def reflect(canvas: Canvas, level: float, tint: str, strength: float = 0.55, ripple: float = 5) -> None:
    """Mirror what is above the water level into the water below it, rippled and tinted."""
    s = canvas.scale
    row = round(level * s)
    pixels = np.asarray(canvas.image)
    depth = pixels.shape[0] - row
    flipped = pixels[row - depth : row][::-1].astype(float)
    out = np.empty_like(flipped)
    for y in range(depth):
        far = y / depth
        shift = ripple * s * (0.15 + far) * math.sin(y / (2.2 + 9 * far) / s * 1.9) * (0.7 + 0.3 * math.sin(y * 0.13))
        out[y] = np.roll(flipped[min(depth - 1, y)], round(shift), axis=0)
    water = pixels[row:].astype(float)
    colour = np.array([int(tint[i : i + 2], 16) for i in (1, 3, 5)], dtype=float)
    fade = np.linspace(strength, strength * 0.55, depth)[:, None, None]
    mixed = water * (1 - fade) + (0.8 * out + 0.2 * colour) * fade
    whole = np.concatenate([pixels[:row], mixed.round().astype(np.uint8)])
    canvas.show(Image.fromarray(whole))


def gull_far(canvas: Canvas, x: float, y: float, size: float, colour: str = "#ffffff") -> None:
    """A gull in flight, small: two curved wings."""
    left: list[Point] = [(x - size, y - size * 0.12), (x - size * 0.55, y - size * 0.42), (x, y)]
    right: list[Point] = [(x, y), (x + size * 0.5, y - size * 0.5), (x + size, y - size * 0.25)]
    for wing in (left, right):
        upper = curve(wing, 8)
        lower = [(px, py + size * 0.13 * math.sin(math.pi * i / (len(upper) - 1))) for i, (px, py) in enumerate(upper)]
        canvas.poly([*upper, *reversed(lower)], colour)
    canvas.oval(x + size * 0.02, y + size * 0.03, size * 0.16, size * 0.08, colour)


def spray(canvas: Canvas, seed: int, x: float, y: float, radius: float, count: int, lean: float = 0.0) -> None:
    """Drops of white water flung up and outwards from a point."""
    dice = random.Random(seed)
    for _ in range(count):
        angle = dice.uniform(-math.pi, 0)
        far = radius * dice.random() ** 0.7
        px = x + far * math.cos(angle) * 0.9 + lean * far
        py = y + far * math.sin(angle) * dice.uniform(0.6, 1.15)
        size = dice.choice([0.6, 0.8, 1.1, 1.6, 2.4]) * (1.15 - far / radius * 0.7)
        canvas.oval(px, py, size, size, f"#f4fbff{round(235 * (1 - 0.55 * far / radius)):02x}")
