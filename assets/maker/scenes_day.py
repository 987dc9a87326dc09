"""Daylight pictures: the harbour in the morning, the crossing, and the gull on its post."""

from __future__ import annotations

import random

from PIL import Image

from maker.nature import clouds, glints, gull_far, reflect
from maker.objects import fishing_boat, house, lighthouse
from maker.paint import Canvas, curve, wavy

WALLS = ("#f2d8b4", "#e7b9a0", "#c9dcd8", "#f5ead2", "#d9a79a", "#b9cfe0", "#efc98f", "#e6e2d6")
ROOFS = ("#7d4a45", "#5a5a66", "#8a5a4a", "#4f5866")


def harbour_morning() -> Image.Image:
    """Port Skerrin at sunrise: houses up the hill, the quay, four boats and their reflections."""
    canvas = Canvas(960, 640, [(0, "#8db7d9"), (0.3, "#c6d8e0"), (0.5, "#f8ddb6"), (0.62, "#f6c79a"), (1, "#8fb3c4")])
    canvas.glow(770, 220, 300, "#ff9a50", 0.32)
    canvas.oval(770, 220, 30, 30, "#fffaea")
    clouds(canvas, 7, 6, (0, 50, 900, 150), "#fff5e6a0")
    far = curve([(0, 330), (150, 300), (330, 316), (520, 322), (760, 344), (960, 350)])
    canvas.poly([*far, (960, 470), (0, 470)], "#a8b6b0")
    lighthouse(canvas, 905, 342, 92, lit=False, night=False)
    hill = curve([(0, 196), (120, 180), (270, 206), (420, 268), (560, 330), (660, 392)])
    canvas.poly([*hill, (660, 420), (0, 420)], "#8ca07c")
    dice = random.Random(12)
    for row, (y, end) in enumerate(((262, 250), (318, 420), (392, 640))):
        x = -20.0 + 17 * row
        while x < end:
            wide = dice.uniform(44, 64)
            house(
                canvas,
                x,
                y + dice.uniform(-4, 4) * (row < 2),
                wide,
                dice.uniform(46, 84),
                dice.choice(WALLS),
                dice.choice(ROOFS),
            )
            x += wide + dice.choice([0, 0, 0, 9])
        canvas.poly([(0, y), (end + 20, y), (end + 44, y + 16), (0, y + 16)], "#7f9272" if row < 2 else "#b8ab98")
    canvas.poly([(252, 262), (276, 262), (276, 212), (264, 176), (252, 212)], "#d8d2c4")  # the church
    canvas.box(261, 220, 267, 232, "#66707c", radius=3)
    canvas.box(0, 402, 800, 462, "#9c9184")
    for row in range(5):
        for step in range(21):
            x = step * 40 - (row % 2) * 20
            canvas.line([(x, 404 + row * 11), (x, 414 + row * 11)], "#6d655c66", 0.8)
        canvas.line([(0, 414 + row * 11), (800, 414 + row * 11)], "#6d655c66", 0.8)
    canvas.box(0, 396, 804, 404, "#c9bda8")
    for x in (90, 330, 560, 700):
        canvas.box(x, 384, x + 8, 397, "#4b4f58", radius=2)
    canvas.box(0, 458, 960, 640, "#8fb3c4")
    fishing_boat(canvas, 70, 467, 150, "#2f5d7c")
    fishing_boat(canvas, 300, 469, 176, "#b8433a")
    fishing_boat(canvas, 560, 466, 140, "#2f7a5d")
    fishing_boat(canvas, 770, 469, 128, "#e0a030")
    reflect(canvas, 470, "#7fa9bd", 0.72, ripple=6)
    glints(canvas, 6, 474, 640, ["#ffffff55", "#6f97aa66", "#ffe3b855"], 420)
    glints(canvas, 16, 474, 640, ["#fff3d0aa", "#ffd89a88"], 160, centre=770, spread=50)
    for x, y, size in ((420, 120, 17), (500, 86, 24), (600, 160, 13), (300, 70, 15), (668, 108, 20)):
        gull_far(canvas, x, y, size)
    return canvas.done()


def ferry(canvas: Canvas, x: float, water: float, u: float) -> None:
    """The Eider from the side, bow to the right; `u` is the scale (1 = 300 units long)."""

    def p(a: float, b: float) -> tuple[float, float]:
        return (x + a * u, water - b * u)

    canvas.line([p(196, 96), p(196, 158)], "#e9e4d8", 3 * u)
    canvas.line([p(196, 156), p(292, 52)], "#55606a", 0.7)
    canvas.line([p(196, 156), p(20, 54)], "#55606a", 0.7)
    canvas.poly([p(54, 96), p(232, 96), p(240, 74), p(46, 74)], "#f7f3ea")
    canvas.poly([p(28, 74), p(262, 74), p(268, 44), p(22, 44)], "#fdfaf2")
    canvas.poly([p(176, 122), p(222, 122), p(230, 96), p(170, 96)], "#fdfaf2")
    canvas.poly([p(176, 117), p(219, 117), p(223, 105), p(174, 105)], "#3f5a6c")
    canvas.poly([p(96, 132), p(128, 132), p(130, 96), p(94, 96)], "#d8463f")
    canvas.poly([p(96, 132), p(128, 132), p(128.4, 124), p(95.6, 124)], "#22303c")
    for step in range(10):
        canvas.oval(*p(48 + step * 22, 58), 5 * u, 5 * u, "#4a6a7e", "#ffffff", 1)
    for step in range(7):
        canvas.box(*p(66 + step * 14, 91), *p(76 + step * 14, 80), "#5b7a8c")
    canvas.line([p(46, 77), p(240, 77)], "#c9c2b0", 1)
    hull = [*curve([p(0, 46), p(90, 42), p(220, 44), p(306, 62)]), p(284, 4), p(276, -8), p(14, -8)]
    canvas.poly(hull, "#1f4468")
    canvas.poly([p(6, 4), p(283, 4), p(276, -8), p(12, -8)], "#9c3a34")
    canvas.line(curve([p(0, 46), p(90, 42), p(220, 44), p(306, 62)]), "#f2ede0", 3 * u)
    for step in range(4):
        canvas.box(*p(232 + step * 9, 84), *p(238 + step * 9, 74), "#e38a3a", radius=2)
    for step in range(12):
        a = 64 + step * 8 + (step % 3) * 2
        canvas.oval(*p(a if a < 88 else a + 48, 106), 2.6 * u, 3 * u, "#caa283")
        canvas.box(
            *p((a if a < 88 else a + 48) - 3, 103),
            *p((a if a < 88 else a + 48) + 3, 96),
            ("#b8433a", "#2f7a5d", "#e0a030", "#5a4a8a")[step % 4],
        )


def crossing() -> Image.Image:
    """The ferry under way on a bright day, the island behind it. No words."""
    canvas = Canvas(960, 640, [(0, "#4f97cf"), (0.3, "#8cc1e2"), (0.52, "#d9ecf2"), (0.56, "#3f86ad"), (1, "#15486b")])
    clouds(canvas, 15, 8, (0, 60, 960, 210), "#ffffffc0", 8)
    island = curve([(40, 350), (130, 312), (230, 246), (330, 206), (420, 214), (520, 262), (620, 300), (740, 352)])
    canvas.poly([*island, (740, 358), (40, 358)], "#7f9a86")
    sun = curve([(330, 206), (360, 250), (330, 300), (380, 356)])
    canvas.poly([*sun, (740, 356), (620, 300), (520, 262), (420, 214)], "#92ab8c")
    cliff = curve([(40, 350), (90, 326), (140, 312), (190, 330), (240, 352)])
    canvas.poly([*cliff, (240, 358), (40, 358)], "#6d7f78")
    for x in (560, 584, 612, 636):
        canvas.box(x, 330, x + 12, 340, "#f4efe2")
        canvas.poly([(x - 1, 330), (x + 6, 324), (x + 13, 330)], "#7d4a45")
    for y, colour in ((356, "#3a7fa6"), (392, "#2f7199"), (440, "#26638b"), (500, "#1e557b"), (570, "#18496d")):
        canvas.poly([*wavy(0, 960, y, 2 + (y - 350) / 40, 90 + (y - 350) * 0.7, y), (960, 640), (0, 640)], colour)
    glints(canvas, 44, 358, 640, ["#ffffff38", "#9fd0e844", "#0f3d5c55"], 520)
    ferry(canvas, 300, 470, 1.25)
    dice = random.Random(3)
    for _ in range(300):
        share = dice.random()
        place = (690 - share * 690, 478 + dice.gauss(4, 2.5 + 12 * share))
        canvas.oval(*place, dice.uniform(4, 20), dice.uniform(1, 3.2), "#ffffff" + dice.choice(["aa", "77", "55"]))
    canvas.blob([(640, 480), (670, 462), (694, 470), (704, 484), (672, 490)], "#ffffffcc")
    for x, y, size in ((250, 250, 26), (180, 320, 18), (130, 210, 15), (760, 180, 22), (840, 260, 14), (222, 390, 22)):
        gull_far(canvas, x, y, size)
    return canvas.done()


def gull() -> Image.Image:
    """A herring gull on a mooring post, close up. No words, no caption, no date."""
    canvas = Canvas(800, 640, [(0, "#a9cfe4"), (0.55, "#e3eef0"), (0.7, "#cfdcd6"), (0.71, "#5f93a8"), (1, "#2f6480")])
    clouds(canvas, 5, 5, (0, 60, 800, 240), "#ffffffb0", 10)
    glints(canvas, 17, 455, 640, ["#ffffff44", "#2a5a7466", "#bfe0ec55"], 260)
    canvas.box(336, 482, 470, 660, "#6b4f3d")
    canvas.oval(403, 482, 67, 16, "#8a6a52")
    canvas.oval(403, 482, 44, 10, None, "#6b4f3d", 1.5)
    for x in (352, 380, 421, 449):
        canvas.line([(x, 500), (x + 3, 640)], "#54402f", 1.6)
    for x in (372, 426):
        canvas.line([(x, 420), (x + 2, 478)], "#e3a39a", 6)
        canvas.poly([(x - 4, 476), (x + 26, 480), (x + 14, 486), (x - 6, 485)], "#e3a39a")
    body = [(232, 330), (300, 268), (380, 236), (452, 216), (506, 270), (500, 340), (446, 402), (360, 432), (280, 404)]
    canvas.poly([(250, 346), (130, 398), (112, 412), (190, 404), (290, 396)], "#2b2f36")
    canvas.poly([(246, 372), (176, 412), (250, 410), (300, 398)], "#f3f4f2")
    canvas.blob(body, "#f8f8f5")
    canvas.blob(
        [(440, 300), (430, 190), (458, 132), (512, 112), (560, 134), (572, 178), (548, 230), (510, 300)], "#fbfbf8"
    )

    def shadow(sheet: Canvas) -> None:
        sheet.blob([(300, 410), (400, 404), (486, 348), (500, 300), (510, 350), (450, 412), (360, 436)], "#9fb2bdaa")
        sheet.blob([(452, 262), (500, 276), (540, 236), (534, 262), (500, 306), (460, 300)], "#b9c8d066")

    canvas.soft(shadow, 9)
    canvas.blob([(170, 384), (262, 300), (340, 262), (424, 264), (440, 318), (396, 366), (300, 386)], "#a7b4be")
    for step in range(5):
        canvas.line(
            curve([(240 + step * 26, 340 - step * 9), (300 + step * 20, 362 - step * 3), (350 + step * 14, 352)]),
            "#8795a188",
            1.5,
        )
    canvas.poly(curve([(190, 384), (270, 380), (350, 374), (396, 362), (340, 392), (250, 400), (190, 392)]), "#f3f4f2")
    canvas.blob(
        [(556, 164), (596, 166), (644, 178), (656, 194), (646, 212), (630, 200), (596, 196), (560, 192)], "#eab63c"
    )
    canvas.line(curve([(562, 182), (600, 184), (640, 196)]), "#a87a1c", 1.6)
    canvas.oval(628, 200, 7, 6, "#d0402f")
    canvas.oval(528, 158, 11, 11, "#e8d68a", "#d08a2a", 2)
    canvas.oval(529, 158, 5, 5, "#1a1a1a")
    canvas.oval(531, 156, 1.6, 1.6, "#ffffff")
    canvas.line([(514, 144), (542, 147)], "#8f9aa2", 2)
    gull_far(canvas, 120, 140, 30, "#ffffffcc")
    gull_far(canvas, 220, 90, 18, "#ffffffcc")
    return canvas.done()
