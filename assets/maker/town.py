"""The map of the town for visitors: coast, quays, streets, roofs and names."""

from __future__ import annotations

import math
import random

from PIL import Image

from maker.paint import Canvas, curve

INK = "#22313f"
SEA, LAND, ROAD = "#bcd9e2", "#efe6cc", "#ffffff"
STREETS = (
    ("Hill Street", [(150, 150), (230, 240), (300, 330), (352, 404)], 190, 195, -49),
    ("Bank Street", [(120, 430), (240, 416), (352, 404), (470, 360), (560, 300)], 226, 419, 7),
    ("Chapel Row", [(352, 404), (380, 500), (400, 590)], 374, 480, -76),
    ("Station Road", [(40, 270), (140, 300), (300, 330)], 96, 288, -17),
)


def town_map() -> Image.Image:
    """A visitor's map: coast, quays, streets, landmarks, compass and scale."""
    canvas = Canvas(960, 760, [(0, SEA), (1, SEA)])
    coast = curve(
        [(640, -20), (700, 40), (742, 96), (700, 150), (640, 190), (600, 240), (566, 300), (520, 350), (500, 392)]
    )
    shore = curve([(470, 560), (452, 612), (500, 668), (470, 720), (440, 790)])

    def shallows(sheet: Canvas) -> None:
        for edge in (coast, shore):
            sheet.line(edge, "#93c0d0", 44)

    canvas.soft(shallows, 9)
    for edge in (coast, shore):
        canvas.line(edge, "#d9cf9f", 14)
    canvas.poly([(-10, -10), *coast, (470, 420), (430, 440), (426, 520), (470, 560), *shore, (-10, 790)], LAND)
    canvas.blob([(40, 60), (180, 20), (300, 80), (280, 170), (140, 120), (50, 150)], "#d5dfb4")
    canvas.blob([(560, 40), (660, 60), (690, 100), (620, 150), (560, 190), (520, 120)], "#d5dfb4")
    canvas.blob([(60, 600), (220, 560), (330, 640), (260, 730), (80, 720)], "#d5dfb4")
    canvas.poly([(430, 440), (520, 420), (600, 430), (612, 470), (540, 520), (470, 560), (426, 520)], SEA)
    for quay in ([(500, 380), (620, 428), (612, 444), (486, 412)], [(464, 548), (600, 520), (606, 536), (470, 572)]):
        canvas.poly(quay, "#c2b49a", "#7d7464", 1)
    arm = curve([(470, 575), (560, 600), (660, 590), (740, 530), (772, 462)])
    canvas.line(arm, "#7d7464", 15)
    canvas.line(arm, "#c2b49a", 12)
    canvas.oval(772, 462, 7, 7, "#2f8a5a", "#ffffff", 1.5)
    houses(canvas)
    for _, path, *_ in STREETS:
        canvas.line(curve(path), "#b8ab8e", 21)
    for _, path, *_ in STREETS:
        canvas.line(curve(path), ROAD, 18)
    path_to_light = curve([(560, 300), (600, 210), (650, 150), (700, 100)])
    for step in range(0, len(path_to_light) - 3, 4):
        canvas.line(path_to_light[step : step + 3], "#a8322f", 2)
    for name, _, x, y, angle in STREETS:
        tilted(canvas, name, x, y, angle)
    ferry_route = curve([(608, 526), (640, 490), (700, 440), (790, 410), (860, 450), (970, 560)])
    for step in range(0, len(ferry_route) - 4, 5):
        canvas.line(ferry_route[step : step + 3], "#1f4468", 2)
    landmarks(canvas)
    for x, y in ((820, 330), (860, 560), (680, 300)):
        for step in range(3):
            canvas.line(
                curve(
                    [
                        (x + step * 26, y),
                        (x + 7 + step * 26, y - 6),
                        (x + 13 + step * 26, y),
                        (x + 20 + step * 26, y + 5),
                    ]
                ),
                "#8fbccb",
                1.6,
            )
    return canvas.done()


def houses(canvas: Canvas) -> None:
    """Roofs on both sides of every street."""
    dice = random.Random(10)
    for _, path, *_ in STREETS:
        run = curve(path, 40)
        for (x0, y0), (x1, y1) in zip(run[::9], run[9::9], strict=False):
            long = math.hypot(x1 - x0, y1 - y0)
            ax, ay = (x1 - x0) / long, (y1 - y0) / long
            for side in (-1, 1):
                deep, near, wide = dice.uniform(12, 22), 13, min(long * 0.86, dice.uniform(12, 24))
                px, py = -ay * side, ax * side
                corners = [(x0 + px * near, y0 + py * near), (x0 + ax * wide + px * near, y0 + ay * wide + py * near)]
                back = [(x + px * deep, y + py * deep) for x, y in reversed(corners)]
                canvas.poly(
                    [*corners, *back], dice.choice(["#d9b9a0", "#cfae94", "#dcc4a8", "#c9b4a4"]), "#b39a80", 0.7
                )


def tilted(canvas: Canvas, text: str, x: float, y: float, angle: float) -> None:
    """A street's name along the street, read from left to right."""
    s = canvas.scale
    sheet = Canvas(300, 300, [(0, ROAD), (1, ROAD)])
    mask = Image.new("L", sheet.image.size, 0)
    sheet.show(mask.convert("RGB"))
    sheet.text(150, 150, text, 17, "#ffffff", bold=0.2)
    cover = sheet.image.convert("L").rotate(angle, Image.Resampling.BICUBIC)
    canvas.image.paste((58, 66, 76), (round((x - 150) * s), round((y - 150) * s)), cover)


def landmarks(canvas: Canvas) -> None:
    """Names, signs, compass and scale on the map."""
    canvas.text(480, 52, "PORT SKERRIN", 46, INK, bold=1)
    for x, y, name, side in (
        (712, 98, "Lighthouse", "lm"),
        (52, 208, "St Brannoc’s", "lm"),
        (524, 398, "Market hall", "lm"),
        (200, 462, "Library", "lm"),
        (586, 534, "Customs house", "rm"),
        (462, 600, "Harbour office", "rm"),
        (56, 330, "Old station", "lm"),
        (452, 634, "Lifeboat", "rm"),
    ):
        canvas.oval(x, y, 6, 6, "#a8322f", "#ffffff", 1.5)
        canvas.text(x + (12 if side == "lm" else -12), y, name, 20, INK, side, 0.3)
    for x, y, name, size in (
        (520, 474, "Inner Basin", 19),
        (672, 440, "North Quay", 18),
        (630, 566, "South Quay", 18),
        (824, 540, "Long Arm", 20),
        (866, 386, "Ferry to Morra", 20),
        (800, 190, "Skerrin Sound", 26),
        (606, 116, "Gannet Head", 19),
        (170, 650, "Bowling green", 18),
    ):
        canvas.text(x, y, name, size, "#2b5a72" if size in (26, 20) else INK)
    canvas.oval(878, 90, 40, 40, "#ffffffaa", INK, 1.2)
    canvas.poly([(878, 46), (888, 92), (878, 86), (868, 92)], "#a8322f")
    canvas.poly([(878, 134), (888, 92), (878, 98), (868, 92)], INK)
    canvas.text(878, 34, "N", 22, INK, bold=0.5)
    for step in range(4):
        canvas.box(640 + step * 40, 726, 680 + step * 40, 734, INK if step % 2 == 0 else "#ffffff", INK, 1)
    canvas.text(640, 712, "0", 16, INK)
    canvas.text(800, 712, "400 m", 16, INK)
