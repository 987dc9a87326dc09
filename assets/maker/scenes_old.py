"""A picture of old times: the herring fleet, printed brown."""

from __future__ import annotations

import random

from PIL import Image, ImageChops, ImageOps

from maker.nature import clouds, glints
from maker.objects import sail_boat
from maker.paint import Canvas, curve


def herring_fleet_1907() -> Image.Image:
    """The drifters putting out, as on an old brown photograph with a pale border. No words."""
    canvas = Canvas(900, 620, [(0, "#d9d4c8"), (0.4, "#efeae0"), (0.47, "#cfc9bc"), (0.48, "#a8a296"), (1, "#5f5a52")])
    clouds(canvas, 51, 9, (0, 40, 900, 190), "#fffdf6b0", 12)
    canvas.poly([*curve([(0, 262), (120, 236), (240, 244), (330, 276), (420, 296)]), (420, 302), (0, 302)], "#9a9488")
    glints(canvas, 61, 306, 620, ["#f6f2e855", "#3f3b3555", "#d9d4c844"], 700)
    dice = random.Random(19)
    boats = sorted(((step / 33) ** 1.9, 40 + step * 0.618 % 1 * 830 + dice.uniform(-20, 20)) for step in range(34))
    for near, x in boats:
        size = 20 + 128 * near
        dark = round(150 - 92 * near + dice.uniform(-12, 12))
        deep = round(90 - 60 * near)
        water = 303 + 176 * near
        for step in range(7):
            canvas.oval(
                x + size * 0.5 + dice.uniform(-6, 6) * near,
                water + size * (0.08 + step * 0.075),
                size * (0.5 - step * 0.055),
                0.8 + 2 * near,
                "#2e2a2466",
            )
        sail_boat(
            canvas,
            x - size / 2,
            water,
            size,
            f"#{dark:02x}{dark - 6:02x}{dark - 14:02x}",
            f"#{deep:02x}{deep:02x}{deep:02x}",
        )
    for x in (120, 250, 372):
        canvas.box(x, 540, x + 74, 620, "#3a362f")
        for y in (556, 600):
            canvas.line([(x - 2, y), (x + 76, y)], "#8a8478", 3)
        canvas.oval(x + 37, 540, 37, 10, "#57524a", "#8a8478", 2)
    return aged(canvas.done())


def aged(picture: Image.Image) -> Image.Image:
    """The picture as a sepia print: toned, darker to the corners, spotted, with a pale border."""
    grey = ImageOps.autocontrast(picture.convert("L"), 1)
    corners = (
        Image.radial_gradient("L").resize(grey.size).point([255 - max(0, level - 120) * 0.55 for level in range(256)])
    )
    toned = ImageOps.colorize(ImageChops.multiply(grey, corners), "#24160c", "#f6e7c9", "#a5835b")
    sheet = Canvas(picture.width, picture.height, [(0, "#ffffff"), (1, "#ffffff")], scale=1)
    sheet.show(toned)
    dice = random.Random(23)
    for _ in range(60):
        x, y, size = dice.uniform(0, picture.width), dice.uniform(0, picture.height), dice.uniform(0.5, 1.8)
        sheet.oval(x, y, size, size, dice.choice(["#fff6e066", "#3a241255"]))
    sheet.line(curve([(picture.width - 96, 0), (picture.width - 70, 40), (picture.width, 74)]), "#fff6e0aa", 1)
    return ImageOps.expand(sheet.image, 26, "#efe4cd")
