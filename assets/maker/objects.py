"""Buildings and boats that appear in more than one picture."""

from __future__ import annotations

import math

from maker.paint import Canvas, Point, curve


def lighthouse(canvas: Canvas, x: float, base: float, height: float, lit: bool, night: bool) -> Point:
    """Gannet Head lighthouse standing on `base`; returns where its lamp is."""
    half, top = height * 0.105, height * 0.066
    white, red = ("#c9d0dc", "#8f2f38") if night else ("#fbf7ee", "#c8443f")
    tower_top = base - height * 0.78

    def edge(share: float) -> float:
        return half + (top - half) * math.pow(share, 0.8)

    bands = 5
    for band in range(bands):
        low, high = band / bands, (band + 1) / bands
        y0, y1 = base + (tower_top - base) * low, base + (tower_top - base) * high
        shape = [(x - edge(low), y0), (x + edge(low), y0), (x + edge(high), y1), (x - edge(high), y1)]
        canvas.poly(shape, red if band % 2 else white)
    for step in range(8):  # the round of the tower: darker and darker to the right
        near = step / 8
        shape = [(x + edge(0) * near, base), (x + edge(0), base), (x + edge(1), tower_top)]
        canvas.poly([*shape, (x + edge(1) * near, tower_top)], "#0b122618" if night else "#1c254012")
    for share in (0.2, 0.5, 0.8):
        y = base + (tower_top - base) * share
        canvas.box(x - 2, y - 5, x + 2, y + 3, "#ffd98a" if lit else "#39435a", radius=1.5)
    canvas.box(x - half * 0.3, base - height * 0.06, x + half * 0.3, base, "#2b3247", radius=2)
    rail = height * 0.095
    canvas.box(x - rail, tower_top - 3, x + rail, tower_top + 3, "#2b3247")
    for step in range(-4, 5):
        canvas.line([(x + step * rail / 4.2, tower_top - 3), (x + step * rail / 4.2, tower_top - 12)], "#2b3247", 0.8)
    canvas.line([(x - rail, tower_top - 12), (x + rail, tower_top - 12)], "#2b3247", 1)
    lamp_top = tower_top - height * 0.13
    glass = "#fff3c4" if lit else "#9fb4c4"
    canvas.box(x - top * 0.72, lamp_top, x + top * 0.72, tower_top - 3, glass)
    for part in (-1.0, -0.33, 0.33, 1.0):
        canvas.line([(x + part * top * 0.72, lamp_top), (x + part * top * 0.72, tower_top - 3)], "#2b3247", 1)
    dome = curve(
        [
            (x - top * 0.95, lamp_top),
            (x - top * 0.5, lamp_top - height * 0.055),
            (x, lamp_top - height * 0.075),
            (x + top * 0.5, lamp_top - height * 0.055),
            (x + top * 0.95, lamp_top),
        ]
    )
    canvas.poly(dome, "#7d2730" if night else "#a8322f")
    canvas.line([(x, lamp_top - height * 0.07), (x, lamp_top - height * 0.12)], "#2b3247", 1.2)
    return (x, (lamp_top + tower_top) / 2)


def house(
    canvas: Canvas, x: float, base: float, wide: float, high: float, wall: str, roof: str, window: str = "#5b7386"
) -> None:
    """A town house with a pitched roof, chimney, door and windows."""
    canvas.box(x + wide * 0.7, base - high - wide * 0.52, x + wide * 0.83, base - high, "#9a6a55")
    canvas.box(x, base - high, x + wide, base, wall)
    canvas.poly([(x - 2, base - high), (x + wide / 2, base - high - wide * 0.45), (x + wide + 2, base - high)], roof)
    canvas.box(x + wide * 0.8, base - high, x + wide, base, "#1b203018")
    rows = max(1, int(high // 26))
    for row in range(rows):
        y = base - high + 8 + row * 25
        for share in (0.2, 0.62):
            canvas.box(x + wide * share, y, x + wide * (share + 0.19), y + 12, window, "#fffdf6", 1)
    canvas.box(x + wide * 0.43, base - 15, x + wide * 0.59, base, "#4a3b3a")


def fishing_boat(canvas: Canvas, x: float, water: float, size: float, hull: str, trim: str = "#fdf8ee") -> None:
    """A small fishing boat seen from the side, bow to the right; `size` is its length."""
    u = size / 100
    shape = [
        *curve(
            [
                (x, water - 17 * u),
                (x + 40 * u, water - 14 * u),
                (x + 78 * u, water - 19 * u),
                (x + 104 * u, water - 31 * u),
            ]
        ),
        *curve([(x + 104 * u, water - 31 * u), (x + 96 * u, water - 8 * u), (x + 86 * u, water + 4 * u)]),
        (x + 7 * u, water + 4 * u),
    ]
    canvas.line([(x + 30 * u, water - 14 * u), (x + 30 * u, water - 82 * u)], "#5a4636", 2 * u)
    canvas.line([(x + 30 * u, water - 80 * u), (x + 101 * u, water - 30 * u)], "#4a4a4a", 0.6)
    canvas.line([(x + 30 * u, water - 80 * u), (x + 3 * u, water - 18 * u)], "#4a4a4a", 0.6)
    canvas.line([(x + 30 * u, water - 40 * u), (x + 7 * u, water - 60 * u)], "#5a4636", 1.6 * u)
    canvas.box(x + 40 * u, water - 40 * u, x + 64 * u, water - 14 * u, trim, "#00000033", 0.6, 2 * u)
    canvas.box(x + 38 * u, water - 44 * u, x + 67 * u, water - 39 * u, hull, radius=2 * u)
    for left in (44, 54):
        canvas.box(x + left * u, water - 35 * u, x + (left + 7) * u, water - 27 * u, "#6f8fa3", radius=1 * u)
    canvas.poly(shape, hull)
    canvas.line(
        curve(
            [
                (x, water - 17 * u),
                (x + 40 * u, water - 14 * u),
                (x + 78 * u, water - 19 * u),
                (x + 104 * u, water - 31 * u),
            ]
        ),
        trim,
        2.4 * u,
    )
    canvas.poly(
        [(x + 6 * u, water), (x + 88 * u, water), (x + 86 * u, water + 4 * u), (x + 7 * u, water + 4 * u)], "#7a2b2b"
    )
    for left in (12, 24, 72):
        canvas.oval(x + left * u, water - 9 * u, 3.2 * u, 4 * u, "#e9e2d2", "#33333366", 0.5)
    canvas.poly([(x + 30 * u, water - 82 * u), (x + 42 * u, water - 78 * u), (x + 30 * u, water - 74 * u)], "#d8463f")


def sail_boat(canvas: Canvas, x: float, water: float, size: float, sail: str, hull: str) -> None:
    """A herring drifter of old, two brown lug sails set; `size` is its length."""
    u = size / 100
    for foot, high, wide in ((24, 88, 42), (74, 58, 27)):
        canvas.line([(x + foot * u, water - 8 * u), (x + foot * u, water - (high + 16) * u)], hull, 1.5 * u)
        a, b = foot - wide * 0.2, foot + wide
        luff = curve([(a, 15), (a + wide * 0.05, high * 0.5), (a - wide * 0.02, high * 0.84)])
        leech = curve([(b - wide * 0.22, high * 1.16), (b - wide * 0.03, high * 0.7), (b + wide * 0.06, 20)])
        canvas.poly([(x + px * u, water - py * u) for px, py in (*luff, *leech)], sail)
        shade = curve([(foot, 17), (foot + wide * 0.1, high * 0.55), (foot, high * 0.94)])
        canvas.poly([(x + px * u, water - py * u) for px, py in (*luff, *reversed(shade))], "#00000022")
        for share in (0.3, 0.42, 0.54):
            canvas.line(
                [(x + a * u, water - high * share * u), (x + b * u, water - high * (share + 0.09) * u)],
                "#00000030",
                0.5 * u,
            )
        yard = [(a - wide * 0.06, high * 0.82), (b - wide * 0.18, high * 1.18)]
        canvas.line([(x + px * u, water - py * u) for px, py in yard], hull, 1.3 * u)
    top = curve([(x - 2 * u, water - 16 * u), (x + 50 * u, water - 9 * u), (x + 104 * u, water - 15 * u)])
    canvas.poly([*top, (x + 100 * u, water + 3 * u), (x + 6 * u, water + 3 * u)], hull)
    canvas.line(top, "#ffffff55", 0.8 * u)
