"""Pictures with readable lettering: the fish stall, the festival poster and the ferry's board."""

from __future__ import annotations

import math
import random

from PIL import Image

from maker.nature import glints, stars
from maker.paint import Canvas, curve
from maker.scenes_night import lantern

STALL = (  # fish colours, name and price on the card
    ("#8fa6b4", "#5d7383", "HADDOCK", "9.20 a kilo"),
    ("#4f8a94", "#23505c", "MACKEREL", "6.50 a kilo"),
    ("#d9b48a", "#a97f55", "WHITING", "5.80 a kilo"),
    ("#e8a0a0", "#b96a70", "GURNARD", "8.00 a kilo"),
)


def fish(canvas: Canvas, x: float, y: float, size: float, body: str, back: str) -> None:
    """A fish lying on ice, head to the left."""
    u = size / 100
    outline = [
        (x, y),
        (x + 22 * u, y - 13 * u),
        (x + 55 * u, y - 14 * u),
        (x + 84 * u, y - 3 * u),
        (x + 84 * u, y + 3 * u),
        (x + 55 * u, y + 12 * u),
        (x + 22 * u, y + 11 * u),
    ]
    canvas.poly([(x + 80 * u, y), (x + 104 * u, y - 13 * u), (x + 97 * u, y), (x + 104 * u, y + 13 * u)], back)
    canvas.blob(outline, body)
    canvas.blob(
        [
            (x + 6 * u, y - 4 * u),
            (x + 24 * u, y - 13 * u),
            (x + 55 * u, y - 14 * u),
            (x + 82 * u, y - 3 * u),
            (x + 50 * u, y - 5 * u),
        ],
        back,
    )
    canvas.poly([(x + 36 * u, y - 13 * u), (x + 48 * u, y - 21 * u), (x + 62 * u, y - 12 * u)], back)
    canvas.line(curve([(x + 22 * u, y - 9 * u), (x + 26 * u, y), (x + 22 * u, y + 8 * u)]), "#00000044", 1)
    canvas.oval(x + 11 * u, y - 3 * u, 3 * u, 3 * u, "#f7f3e4")
    canvas.oval(x + 11 * u, y - 3 * u, 1.6 * u, 1.6 * u, "#15181c")


def crab(canvas: Canvas, x: float, y: float, size: float) -> None:
    """A brown crab seen from above."""
    for side in (-1, 1):
        for step in range(4):
            a = 0.15 + step * 0.38
            knee = (x + side * size * (0.9 + 0.15 * math.cos(a)), y + size * (0.5 * math.sin(a) - 0.1))
            canvas.line([(x, y), knee, (knee[0] + side * size * 0.3, knee[1] + size * 0.28)], "#9a4526", 3)
        canvas.line([(x + side * size * 0.6, y - size * 0.3), (x + side * size * 1.0, y - size * 0.72)], "#9a4526", 5)
        canvas.oval(x + side * size * 0.92, y - size * 0.84, size * 0.3, size * 0.2, "#b8552f")
        canvas.poly(
            [
                (x + side * size * 0.86, y - size * 0.86),
                (x + side * size * 0.6, y - size * 1.02),
                (x + side * size * 0.72, y - size * 0.8),
            ],
            "#2c1a14",
        )
    canvas.oval(x, y, size * 0.9, size * 0.58, "#b8552f")
    canvas.oval(x, y - size * 0.12, size * 0.72, size * 0.36, "#cf6f42")
    for side in (-1, 1):
        canvas.oval(x + side * size * 0.22, y - size * 0.52, 2.4, 2.4, "#15100c")


def fish_stall() -> Image.Image:
    """The stall of Quill and Daughter: awning, ice, fish, crabs and price cards that can be read."""
    canvas = Canvas(960, 680, [(0, "#5b6f7a"), (0.5, "#7d8f94"), (1, "#8d8478")])
    for row in range(9):
        for step in range(13):
            canvas.box(
                step * 80 - (row % 2) * 40,
                110 + row * 36,
                step * 80 + 76 - (row % 2) * 40,
                142 + row * 36,
                "#ffffff10",
                radius=3,
            )
    canvas.box(0, 560, 960, 680, "#6d665c")
    for x in (44.0, 904.0):
        canvas.box(x, 60, x + 14, 660, "#54402f")
    canvas.box(190, 132, 770, 204, "#1f4468", "#f2ede0", 4, 8)
    canvas.text(480, 168, "QUILL & DAUGHTER", 42, "#fdf8ea", bold=0.9)
    canvas.text(480, 232, "Fresh fish from our own harbour", 24, "#fdf8ea")
    canvas.poly([(70, 400), (890, 400), (930, 556), (30, 556)], "#e6eff2")
    dice = random.Random(7)
    for _ in range(900):
        y = dice.uniform(404, 546)
        x = dice.uniform(76 - (y - 400) * 0.25, 876 + (y - 400) * 0.25)
        size = dice.uniform(3, 9)
        canvas.poly(
            [(x, y), (x + size, y - size * 0.5), (x + size * 1.2, y + size * 0.5), (x + 2, y + size)],
            dice.choice(["#ffffffb0", "#c8dbe280", "#aec8d460"]),
        )
    for place, (body, back, *_) in enumerate(STALL):
        left = 66 + place * 176
        for row in range(5):
            fish(canvas, left - row * 5 + (row % 2) * 9, 420 + row * 27, 122 + row * 5, body, back)
    for x, y, size in ((818, 440, 30), (862, 516, 33), (790, 518, 29)):
        crab(canvas, x, y, size)
    canvas.poly([(30, 556), (930, 556), (930, 650), (30, 650)], "#8a5f40")
    for x in range(30, 930, 75):
        canvas.line([(x, 556), (x, 650)], "#6b472e", 1.5)
    canvas.box(26, 550, 934, 562, "#a87650")
    cards = [(name, price) for _, _, name, price in STALL] + [("BROWN CRAB", "4.00 each")]
    for place, (name, price) in enumerate(cards):
        x = 48 + place * 176
        canvas.box(x, 570, x + 158, 642, "#fdf8e6", "#2b2b2b", 2, 5)
        canvas.text(x + 79, 592, name, 22, "#1d2a36", bold=0.6)
        canvas.text(x + 79, 622, price, 24, "#a8322f", bold=0.5)
    for step in range(12):
        x = step * 80
        canvas.box(x, 0, x + 80, 84, "#c8443f" if step % 2 else "#fbf3e2")
        canvas.oval(x + 40, 84, 40, 22, "#c8443f" if step % 2 else "#fbf3e2")
    canvas.poly([(0, 74), (960, 74), (960, 86), (0, 86)], "#0000001c")
    return canvas.done()


def poster() -> Image.Image:
    """The poster of the festival, upright, with its date, times and places."""
    canvas = Canvas(720, 1000, [(0, "#0f1440"), (0.45, "#2b2a68"), (0.7, "#8a4a72"), (0.8, "#d9825f"), (1, "#141838")])
    stars(canvas, 77, 240, 560)
    canvas.text(360, 84, "FESTIVAL", 104, "#ffe9b0", bold=2)
    canvas.text(360, 158, "OF LANTERNS", 68, "#ffe9b0", bold=1.4)
    canvas.text(360, 222, "Port Skerrin", 40, "#ffffff", bold=0.5)
    canvas.text(360, 268, "Saturday 26 October 2024", 34, "#ffd98a", bold=0.4)
    for kind, x, y, size, colour in (
        ("fish", 330, 420, 74, "#ffb347"),
        ("ball", 120, 400, 44, "#ff8c5a"),
        ("star", 590, 380, 46, "#ffe07a"),
        ("moon", 180, 560, 40, "#ffe9b0"),
        ("ball", 470, 570, 36, "#9fe0d0"),
        ("ball", 610, 540, 30, "#ff9fb0"),
        ("star", 66, 520, 24, "#9fe0d0"),
        ("ball", 320, 590, 27, "#ffd66b"),
    ):
        lantern(canvas, kind, x, y, size, colour)
    town = [
        (0, 700),
        (30, 670),
        (60, 700),
        (90, 660),
        (124, 700),
        (150, 640),
        (166, 600),
        (182, 640),
        (206, 690),
        (240, 664),
        (276, 694),
        (310, 668),
        (344, 694),
        (380, 676),
        (420, 700),
        (470, 684),
        (520, 704),
        (720, 716),
    ]
    canvas.poly([*town, (720, 1000), (0, 1000)], "#120f2c")
    for step in range(16):
        canvas.box(
            18 + step * 29, 704 + 8 * math.sin(step * 2), 26 + step * 29, 716 + 8 * math.sin(step * 2), "#ffcf7a"
        )
    canvas.box(0, 740, 720, 1000, "#171540")
    glints(canvas, 41, 742, 1000, ["#ffd98a22", "#ffb34718", "#00000033"], 160)
    lines = (
        ("5.30 pm", "Procession from Hill Street"),
        ("6.40 pm", "Nine jars for the Bonny Martha"),
        ("7.00 pm", "Drums on the Long Arm"),
        ("8.15 pm", "Dancing in the market hall"),
    )
    for place, (when, what) in enumerate(lines):
        y = 786 + place * 42
        canvas.text(84, y, when, 30, "#ffd98a", "lm", 0.5)
        canvas.text(224, y, what, 30, "#ffffff", "lm")
    canvas.text(360, 962, "Free for all. Bring a light and warm socks.", 25, "#ffe9b0")
    return canvas.done()


SAILINGS = (
    ("Mon to Fri", "07:15   09:30   12:45   15:30   17:45"),
    ("Saturday", "08:30   11:00   14:30   18:00"),
    ("Sunday", "10:00   16:30"),
)


def timetable_board() -> Image.Image:
    """The ferry's board on the South Quay: departures in summer and what they cost."""
    canvas = Canvas(960, 680, [(0, "#8cc1e2"), (0.5, "#d9ecf2"), (0.62, "#dfe8e4"), (0.63, "#4d8fae"), (1, "#2c6b8c")])
    glints(canvas, 13, 430, 600, ["#ffffff44", "#1f5a7a44"], 300)
    canvas.box(0, 590, 960, 680, "#9c9184")
    for x in range(0, 960, 64):
        canvas.line([(x, 590), (x - 20, 680)], "#6d655c88", 1.5)
    for x in (150, 786):
        canvas.box(x, 40, x + 24, 630, "#6b4f3d")
        canvas.oval(x + 12, 40, 16, 7, "#7d5d48")
    canvas.box(86, 66, 874, 540, "#1f4468", "#123052", 6, 14)
    canvas.box(102, 82, 858, 524, "#fbf6e8", radius=8)
    canvas.box(102, 82, 858, 170, "#d8463f", radius=8)
    canvas.text(480, 126, "FERRY TO MORRA", 56, "#ffffff", bold=1.2)
    canvas.text(130, 202, "Summer timetable, 1 April to 31 October", 27, "#1f4468", "lm", 0.4)
    canvas.text(130, 240, "Departures from the South Quay", 25, "#3a4652", "lm")
    for place, (days, times) in enumerate(SAILINGS):
        y = 296 + place * 54
        canvas.box(120, y - 25, 840, y + 25, "#e8eef0" if place % 2 == 0 else "#fbf6e8", radius=4)
        canvas.text(136, y, days, 30, "#1d2a36", "lm", 0.5)
        canvas.text(304, y, times, 30, "#1d2a36", "lm")
    canvas.text(130, 456, "Adult single 6.80 pounds, day return 12.40", 26, "#1d2a36", "lm", 0.3)
    canvas.text(130, 494, "Bicycles and dogs free. No cards on board.", 25, "#a8322f", "lm", 0.2)
    canvas.box(700, 548, 760, 592, "#8a5f40")
    canvas.poly([(694, 548), (766, 548), (760, 560), (700, 560)], "#a87650")
    for step, colour in enumerate(("#e38a3a", "#f2d24a", "#c8443f", "#e38a3a")):
        canvas.oval(710 + step * 14, 540 - (step % 2) * 5, 9, 9, colour)
    return canvas.done()
