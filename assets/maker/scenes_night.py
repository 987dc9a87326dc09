"""Night pictures: the lighthouse, and the lanterns going down to the water."""

from __future__ import annotations

import math
import random

from PIL import Image

from maker.nature import glints, reflect, stars
from maker.objects import house, lighthouse
from maker.paint import Canvas, curve

LANTERN = ("#ffb347", "#ff8c5a", "#ffd66b", "#ff9fb0", "#9fe0d0", "#ffe9b0")


def headland(canvas: Canvas) -> None:
    """The rocks under the lighthouse, with facets that catch the moon."""
    edge = curve(
        [(330, 480), (400, 452), (455, 420), (520, 404), (600, 396), (690, 400), (760, 388), (860, 374), (960, 352)]
    )
    canvas.poly([*edge, (960, 520), (300, 520)], "#0d1428")
    dice = random.Random(5)
    for _ in range(46):
        x = dice.uniform(400, 950)
        y = dice.uniform(425, 500)
        size = dice.uniform(8, 30)
        canvas.poly(
            [(x, y), (x + size, y - size * 0.5), (x + size * 1.3, y + size * 0.5), (x + size * 0.3, y + size * 0.7)],
            dice.choice(["#1a244033", "#1e294855", "#0a0f1f99", "#26325233"]),
        )
    canvas.line(edge, "#4a5b86", 1.4)


def lighthouse_night() -> Image.Image:
    """Gannet Head by night: two beams, stars, and the keeper's cottage with its window lit."""
    canvas = Canvas(960, 640, [(0, "#070b1f"), (0.4, "#16224a"), (0.7, "#35477a"), (0.76, "#6a78a0"), (1, "#0b1430")])
    stars(canvas, 11, 420, 430)
    canvas.glow(170, 130, 190, "#8fa5d8", 0.55)
    canvas.oval(170, 130, 34, 34, "#f4efdc")
    for x, y, r in ((160, 120, 8), (182, 138, 6), (172, 148, 4), (184, 117, 4)):
        canvas.oval(x, y, r, r, "#d9d3bd99")
    canvas.box(0, 480, 960, 640, "#0e1a3a")
    glints(canvas, 3, 482, 640, ["#20305c", "#182750", "#2b3d6e"], 900)
    lamp = (640.0, 136.0)

    def beams(sheet: Canvas) -> None:
        for wide, strength in ((1.0, "30"), (0.6, "40"), (0.25, "60")):
            sheet.poly([lamp, (-60, 60 - 74 * wide), (-60, 60 + 74 * wide)], f"#ffe9a8{strength}")
            sheet.poly([lamp, (1020, 190 - 46 * wide), (1020, 190 + 46 * wide)], f"#ffe9a8{strength}")

    canvas.soft(beams, 6, add=True)
    headland(canvas)
    house(canvas, 700, 398, 74, 34, "#8d93a6", "#2c3350", "#ffcf6e")
    house(canvas, 772, 394, 46, 26, "#7b8196", "#272e49", "#2a3350")
    lamp = lighthouse(canvas, 640, 404, 290, lit=True, night=True)
    canvas.glow(*lamp, 120, "#ffe6a0", 1.0)
    canvas.glow(*lamp, 34, "#fff8dc", 1.0)
    canvas.glow(716, 372, 40, "#ffb84d", 0.5)
    glints(canvas, 8, 484, 640, ["#f4efdc66", "#f4efdc44", "#c9d4f055"], 260, centre=170, spread=46)
    glints(canvas, 9, 505, 640, ["#ffe9a855", "#ffdf8a33"], 150, centre=560, spread=90)
    for step in range(70):
        canvas.oval(300 + step * 9.6, 519 + 2.5 * math.sin(step * 1.7), 13, 1.8, "#c9d6f040")
    return canvas.done()


def person(canvas: Canvas, x: float, foot: float, high: float, colour: str = "#0a0c1c") -> None:
    """Somebody seen as a dark shape from behind, in a coat."""
    canvas.oval(x, foot - high * 0.88, high * 0.085, high * 0.1, colour)
    canvas.blob(
        [
            (x - high * 0.1, foot - high * 0.76),
            (x + high * 0.1, foot - high * 0.76),
            (x + high * 0.17, foot - high * 0.3),
            (x - high * 0.17, foot - high * 0.3),
        ],
        colour,
    )
    canvas.box(x - high * 0.1, foot - high * 0.34, x - high * 0.015, foot, colour)
    canvas.box(x + high * 0.015, foot - high * 0.34, x + high * 0.1, foot, colour)


def lantern(canvas: Canvas, kind: str, x: float, y: float, r: float, colour: str) -> None:
    """A paper lantern: a ball, a fish, a star or a moon, with its ribs and its glow."""
    canvas.glow(x, y, r * 3.6, colour, 0.5)
    if kind == "fish":
        canvas.poly([(x + r * 1.1, y), (x + r * 2, y - r * 0.7), (x + r * 1.8, y), (x + r * 2, y + r * 0.7)], colour)
        canvas.oval(x, y, r * 1.45, r * 0.8, colour)
        for step in (-0.5, 0.0, 0.5):
            canvas.line(
                curve([(x + step * r, y - r * 0.7), (x + step * r + r * 0.2, y), (x + step * r, y + r * 0.7)]),
                "#a5481f66",
                1,
            )
        canvas.oval(x - r * 0.95, y - r * 0.15, r * 0.13, r * 0.13, "#5a2410")
    elif kind == "star":
        tips = [
            (
                x + r * (1.25 if i % 2 == 0 else 0.55) * math.sin(i * math.pi / 5),
                y - r * (1.25 if i % 2 == 0 else 0.55) * math.cos(i * math.pi / 5),
            )
            for i in range(10)
        ]
        canvas.poly(tips, colour)
        for tip in tips[::2]:
            canvas.line([(x, y), tip], "#a5481f55", 0.8)
    elif kind == "moon":
        outer = [(x + r * math.cos(a / 10), y + r * math.sin(a / 10)) for a in range(9, 55)]
        inner = [
            (x + r * 0.5 + r * 0.75 * math.cos(a / 10), y + r * 0.75 * math.sin(a / 10)) for a in range(52, 11, -1)
        ]
        canvas.poly([*outer, *inner], colour)
    else:
        canvas.oval(x, y, r, r * 1.1, colour)
        for step in (0.35, 0.75):
            canvas.oval(x, y, r * step, r * 1.1, None, "#a5481f55", 0.8)
        canvas.box(x - r * 0.35, y - r * 1.25, x + r * 0.35, y - r, "#3a2418")
    canvas.glow(x, y, r * 1.1, "#fff2c0", 0.55)


def lantern_evening() -> Image.Image:
    """The procession at the quay: lit paper shapes above a dark crowd, mirrored in the water. No words."""
    canvas = Canvas(960, 640, [(0, "#0d1233"), (0.3, "#2a2a5e"), (0.55, "#7a4a72"), (0.64, "#c77a62"), (1, "#141838")])
    stars(canvas, 21, 200, 240)
    dice = random.Random(4)
    ridge = curve([(0, 250), (140, 205), (320, 180), (520, 196), (720, 170), (960, 215)])
    canvas.poly([*ridge, (960, 420), (0, 420)], "#231f45")
    for step in range(15):
        high = dice.uniform(48, 104)
        wall = dice.choice(["#3a3160", "#33305c", "#43355f", "#2d2a54"])
        house(canvas, step * 66 - 14, 395, 62, high, wall, "#1b1a3a", dice.choice(["#ffc66b", "#4a4675", "#ffd98a"]))
    canvas.box(0, 392, 960, 440, "#1c1a38")
    canvas.line([(0, 440), (960, 440)], "#5a4a6a", 2)
    kinds = ["ball", "fish", "star", "moon", "ball", "fish", "ball"]
    people = sorted((dice.uniform(6, 954), dice.uniform(418, 437)) for _ in range(44))
    for place, (x, foot) in enumerate(people):
        high = dice.choice([44, 58, 64, 70])
        person(canvas, x, foot, high)
        if place % 2 == 0:
            tall = dice.uniform(26, 86)
            canvas.line([(x + 7, foot - high * 0.6), (x + 9, foot - high - tall + 12)], "#140f1c", 1.4)
            lantern(
                canvas, kinds[place // 2 % 7], x + 9, foot - high - tall, dice.uniform(11, 19), LANTERN[place // 2 % 6]
            )
    lantern(canvas, "fish", 470, 236, 46, "#ffc66b")
    canvas.line([(440, 276), (432, 400)], "#140f1c", 2)
    canvas.line([(505, 276), (512, 400)], "#140f1c", 2)
    canvas.box(0, 441, 960, 640, "#141838")
    reflect(canvas, 441, "#141838", 0.8, ripple=7)
    glints(canvas, 31, 446, 640, ["#ffd98a2e", "#141838aa", "#0f1330aa", "#ff9f6a22"], 460)
    for step in range(9):
        x, y = 150 + step * 84 + 14 * math.sin(step * 2.1), 520 + 34 * math.sin(step * 1.3)
        canvas.glow(x, y, 44, "#ffb84d", 0.7)
        canvas.box(x - 7, y - 13, x + 7, y + 7, "#fff0c8aa", "#ffffff88", 0.8, 3)
        canvas.oval(x, y - 2, 2, 5, "#ffdf7a")
        canvas.oval(x, y + 9, 15, 2.2, "#ffd98a66")
    return canvas.done()
