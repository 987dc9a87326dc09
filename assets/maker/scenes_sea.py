"""Pictures of hard weather: the wave over the breakwater, and the lifeboat going down her slip."""

from __future__ import annotations

import random

from PIL import Image

from maker.nature import clouds, glints, gull_far, spray
from maker.objects import lighthouse
from maker.paint import Canvas, Point, curve, wavy

# the back of the great wave from the left up to its crest, and the curl falling from there
FACE: list[Point] = [(-20, 452), (90, 420), (190, 372), (280, 306), (352, 246), (420, 206), (486, 196), (534, 218)]
CURL: list[Point] = [
    (534, 218),
    (556, 250),
    (552, 282),
    (530, 268),
    (494, 258),
    (466, 280),
    (458, 326),
    (470, 392),
    (500, 452),
]


def breakwater(canvas: Canvas) -> None:
    """The Long Arm reaching in from the right, block by block, with its lamp at the tip."""
    canvas.poly([(486, 470), (506, 404), (960, 388), (960, 560), (470, 560)], "#55606a")
    canvas.poly([(500, 404), (960, 386), (960, 396), (500, 413)], "#7d8890")
    dice = random.Random(2)
    for row in range(7):
        x = 500.0 - row * 3
        while x < 960:
            wide = dice.uniform(34, 62)
            canvas.box(
                x,
                414 + row * 21,
                x + wide - 2,
                433 + row * 21,
                dice.choice(["#4c565f", "#5d6871", "#66717a", "#505a63"]),
                radius=2,
            )
            x += wide


def rim(sheet: Canvas) -> None:
    """The broken white crest of the wave, along its back and over its curl."""
    dice = random.Random(6)
    crest = curve([(150, 396), *FACE[2:], *CURL[1:4]], 30)
    for place, (x, y) in enumerate(crest):
        size = min(1.0, 0.25 + place / 90)
        for _ in range(5):
            sheet.oval(
                x + dice.gauss(3, 8 * size),
                y + dice.gauss(0, 6 * size),
                dice.uniform(3, 9) * size,
                dice.uniform(2, 7) * size,
                "#f2f8f8d8",
            )


def plume(sheet: Canvas) -> None:
    """The water thrown up where the wave meets the stones: thick at the foot, ragged above."""
    dice = random.Random(16)
    for _ in range(900):
        up = dice.random() ** 1.4
        x = 560 + 50 * up + dice.gauss(0, 26 + 34 * up)
        y = 420 - 250 * up + abs(x - 560 - 50 * up) * 0.5
        size = dice.uniform(3, 13) * (1 - 0.55 * up)
        sheet.oval(x, y, size, size * 0.9, f"#eef5f6{round(200 - 120 * up):02x}")


def storm_wave() -> Image.Image:
    """A breaker going up against the breakwater under a black sky, the lighthouse behind. No words."""
    canvas = Canvas(960, 640, [(0, "#1d2630"), (0.35, "#3f4b57"), (0.58, "#7b8688"), (0.62, "#4b5c63"), (1, "#1b2d36")])
    clouds(canvas, 2, 16, (-60, 0, 1000, 170), "#161d2690", 16)
    clouds(canvas, 9, 9, (0, 120, 960, 260), "#5d6870a0", 14)
    canvas.poly([*curve([(690, 380), (760, 350), (850, 336), (960, 318)]), (960, 420), (690, 420)], "#2b353d")
    lamp = lighthouse(canvas, 862, 338, 120, lit=True, night=True)
    canvas.glow(*lamp, 60, "#ffe6a0", 0.8)
    for y, high, colour, phase in ((372, 9, "#4a5d64", 0.3), (398, 13, "#3d5159", 2.0), (430, 17, "#33474f", 4.1)):
        line = wavy(0, 960, y, high, 210, phase)
        canvas.poly([*line, (960, 640), (0, 640)], colour)
        canvas.line(line, "#c6d4d655", 1.6)
    breakwater(canvas)
    canvas.poly([*curve(FACE), *curve(CURL), (540, 640), (-20, 640)], "#1f4a52")
    inner = [
        *curve([(40, 560), (170, 490), (310, 384), (400, 290), (470, 232), (514, 236)]),
        *curve([(514, 240), (470, 262), (448, 310), (452, 392), (490, 500)]),
    ]
    canvas.poly([*inner, (490, 600), (40, 600)], "#2d686d")

    def streaks(sheet: Canvas) -> None:
        for step in range(15):
            x = 150 + step * 22
            run = [
                (x - 60, 600),
                (x, 500 - step * 7),
                (x + 70 + step * 2, 400 - step * 9),
                (x + 122 + step * 4, 312 - step * 4),
            ]
            sheet.line(curve(run), "#a5d6ca66" if step % 2 else "#16383f66", 4)

    canvas.soft(streaks, 1.6)
    canvas.soft(rim, 2.2)
    canvas.soft(plume, 3)
    canvas.box(526, 352, 546, 404, "#e8ece8")
    canvas.box(526, 366, 546, 382, "#2f8a5a")
    canvas.poly([(524, 352), (536, 338), (548, 352)], "#2f6a4a")
    canvas.glow(536, 346, 40, "#7affb0", 0.6)
    spray(canvas, 4, 560, 330, 300, 1500, 0.25)
    spray(canvas, 14, 500, 300, 190, 900, 0.1)
    front = curve([(-10, 520), (120, 494), (250, 520), (380, 492), (520, 516), (640, 500), (790, 528), (960, 506)])
    canvas.poly([*front, (960, 640), (-10, 640)], "#24434c")
    canvas.line(front, "#e6f0f0aa", 3)
    lower = curve([(-10, 584), (150, 560), (330, 590), (520, 562), (700, 594), (960, 566)])
    canvas.poly([*lower, (960, 640), (-10, 640)], "#1a343d")
    canvas.line(lower, "#c6d4d688", 2)
    glints(canvas, 71, 512, 640, ["#e6f0f040", "#9fb8bc44", "#12282f66"], 380)
    for x, y, size in ((130, 210, 26), (250, 150, 18), (70, 300, 15)):
        gull_far(canvas, x, y, size, "#d6dde0")
    return canvas.done()


def boathouse(canvas: Canvas) -> None:
    """The lifeboat house on its stilts at the head of the slip."""
    canvas.poly([(0, 190), (250, 190), (250, 330), (0, 330)], "#a9493f")
    canvas.poly([(-20, 196), (110, 96), (130, 96), (272, 196)], "#47525c")
    canvas.poly([(120, 96), (130, 96), (272, 196), (250, 196)], "#39434c")
    for y in range(206, 330, 13):
        canvas.line([(0, y), (250, y)], "#7f342e66", 1)
    canvas.box(120, 214, 238, 330, "#2a3138")
    canvas.box(28, 222, 92, 268, "#cfe0e6", "#f6f2e8", 4)
    canvas.line([(60, 222), (60, 268)], "#f6f2e8", 3)
    for x in (20, 96, 172, 246):
        canvas.box(x, 330, x + 10, 520, "#5b5148")
    canvas.poly([(0, 326), (262, 326), (640, 480), (640, 496), (250, 344), (0, 344)], "#8d8478")
    for x in (300, 380, 460, 540):
        canvas.box(x, 326 + (x - 262) * 0.41, x + 9, 540, "#5b5148")
        canvas.line([(x, 400 + (x - 262) * 0.3), (x + 80, 380 + (x - 182) * 0.41)], "#5b5148", 4)
    canvas.line([(200, 322), (640, 478)], "#d6cdbd", 3)


def lifeboat_launch() -> Image.Image:
    """The Grace Annable leaving her slip with a wall of water under the bow."""
    canvas = Canvas(960, 640, [(0, "#7f9fb8"), (0.35, "#b9ccd6"), (0.6, "#dfe4de"), (0.66, "#4f8097"), (1, "#1d4a60")])
    clouds(canvas, 33, 10, (0, 30, 960, 200), "#eef1f0b0", 11)
    canvas.poly(
        [*curve([(520, 420), (640, 372), (760, 350), (880, 356), (960, 340)]), (960, 430), (520, 430)], "#93a49c"
    )
    for y, colour in ((424, "#4a7d96"), (462, "#3b6d86"), (520, "#2f6079"), (582, "#265369")):
        canvas.poly([*wavy(0, 960, y, 3 + (y - 420) / 26, 150 + y - 420, y), (960, 640), (0, 640)], colour)
    boathouse(canvas)
    glints(canvas, 90, 430, 640, ["#ffffff40", "#a9cbd844", "#16405566"], 330)

    def p(a: float, b: float) -> Point:  # the boat's own axes: along the slip, and up from the keel
        return (436 + a * 0.927 + b * 0.375, 391 + a * 0.375 - b * 0.927)

    hull = [
        *curve([p(0, 54), p(90, 50), p(190, 56), p(262, 78)]),
        *curve([p(262, 78), p(246, 36), p(214, 4)]),
        p(20, 0),
        p(4, 20),
    ]
    canvas.poly(hull, "#1f3f74")
    canvas.poly([p(3, 26), p(238, 26), p(214, 4), p(20, 0)], "#b9352f")
    canvas.line(curve([p(0, 54), p(90, 50), p(190, 56), p(262, 78)]), "#ffffff", 4)
    canvas.poly([p(34, 53), p(196, 57), p(176, 84), p(40, 82)], "#e8742c")
    canvas.poly([p(60, 83), p(150, 84), p(134, 122), p(68, 120)], "#ee8136")
    canvas.poly([p(72, 112), p(134, 114), p(142, 94), p(68, 92)], "#243746")
    for a in (88, 104, 120):
        canvas.line([p(a, 113), p(a + 1, 93)], "#ee8136", 3)
    canvas.line([p(90, 120), p(88, 176)], "#e9e4d8", 3)
    canvas.line([p(74, 160), p(104, 161)], "#e9e4d8", 2)
    canvas.oval(*p(88, 150), 7, 5, "#f6f2e8")
    canvas.line([p(12, 54), p(14, 76)], "#e9e4d8", 2)
    canvas.line([p(14, 74), p(60, 78)], "#e9e4d8", 1.2)
    canvas.line([p(190, 58), p(252, 98)], "#e9e4d8", 1.6)
    for a in (206, 226, 246):
        canvas.line([p(a, 60 + (a - 190) * 0.35), p(a, 68 + (a - 190) * 0.62)], "#e9e4d8", 1.4)
    for a in (22, 168, 184):
        canvas.oval(*p(a, 92), 7, 7, "#f2efe6")
        canvas.poly([p(a - 8, 86), p(a + 8, 86), p(a + 9, 60), p(a - 9, 60)], "#e3b92f")

    def foam(sheet: Canvas) -> None:
        dice = random.Random(8)
        for _ in range(520):
            x = dice.gauss(694, 74)
            lift = max(0.0, 104 - abs(x - 706) * 0.8)
            sheet.oval(x, 500 - dice.random() ** 1.5 * lift, dice.uniform(4, 17), dice.uniform(3, 11), "#f4fafcb0")
        for _ in range(150):
            sheet.oval(dice.gauss(660, 150), dice.gauss(512, 9), dice.uniform(10, 34), dice.uniform(2, 5), "#f4fafc80")

    canvas.soft(foam, 2)
    spray(canvas, 19, 716, 486, 190, 900, 0.35)
    spray(canvas, 29, 640, 496, 110, 320, -0.2)
    for x, y, size in ((420, 120, 20), (500, 172, 15), (842, 150, 22), (780, 214, 13)):
        gull_far(canvas, x, y, size)
    return canvas.done()
