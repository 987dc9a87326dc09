"""Drawn documents: the tide curve of the storm and the section of the tower."""

from __future__ import annotations

import math

from PIL import Image

from maker.nature import gull_far
from maker.paint import Canvas, curve

INK, PAPER = "#22313f", "#fbf7ec"


def tide_curve() -> Image.Image:
    """Predicted and measured water level in the harbour during the January storm."""
    canvas = Canvas(960, 620, [(0, PAPER), (1, PAPER)])
    left, right, top, bottom = 90.0, 920.0, 96.0, 520.0

    def at(hour: float, metres: float) -> tuple[float, float]:
        return (left + (right - left) * hour / 24, bottom - (bottom - top) * metres / 7)

    canvas.text(left, 34, "Water level at the harbour office", 30, INK, "lm", 0.5)
    canvas.text(left, 66, "13 and 14 January 2024, metres above chart datum", 20, "#5a6670", "lm")
    for metres in range(8):
        canvas.line([at(0, metres), at(24, metres)], "#d8d0bd", 1)
        canvas.text(left - 12, at(0, metres)[1], str(metres), 18, INK, "rm")
    for hour in range(0, 25, 3):
        canvas.line([at(hour, 0), (at(hour, 0)[0], bottom + 6)], INK, 1)
        canvas.text(at(hour, 0)[0], bottom + 22, f"{(12 + hour) % 24:02}:00", 18, INK)
    canvas.text((left + right) / 2, bottom + 56, "From noon on Saturday to noon on Sunday", 20, "#5a6670")
    hours = [step / 10 for step in range(241)]
    predicted = [3.0 + 2.0 * math.cos(2 * math.pi * (hour - 16.83) / 12.42) for hour in hours]
    measured = [
        level + 1.4 * math.exp(-(((hour - 16.83) / (6 if hour < 16.83 else 3.2)) ** 2))
        for hour, level in zip(hours, predicted, strict=True)
    ]
    upper = [at(hour, level) for hour, level in zip(hours, measured, strict=True)]
    lower = [at(hour, level) for hour, level in zip(hours, predicted, strict=True)]
    canvas.poly([*upper, *reversed(lower)], "#d8463f33")
    for step in range(0, 240, 4):
        canvas.line(lower[step : step + 3], "#2f6fa0", 3)
    canvas.line(upper, "#c8332f", 3.4)
    canvas.line([at(0, 5.8), at(24, 5.8)], "#7d5d2a", 1.6)
    canvas.text(at(0.2, 5.8)[0], at(0, 5.8)[1] - 13, "Top of Chapel Steps, 5.8 m", 18, "#7d5d2a", "lm")
    peak = at(16.83, 6.4)
    canvas.oval(*peak, 6, 6, "#c8332f", "#ffffff", 2)
    canvas.text(peak[0] + 12, peak[1] - 14, "6.4 m at 04:50", 20, "#c8332f", "lm", 0.4)
    canvas.line([(650, 66), (690, 66)], "#c8332f", 3.4)
    canvas.text(698, 66, "measured", 19, INK, "lm")
    canvas.line([(796, 66), (810, 66)], "#2f6fa0", 3)
    canvas.line([(818, 66), (832, 66)], "#2f6fa0", 3)
    canvas.text(840, 66, "predicted", 19, INK, "lm")
    canvas.line([(left, top - 6), (left, bottom), (right, bottom)], INK, 1.6)
    return canvas.done()


ROOMS = (  # from the top down: height of the floor, name, what is said of it
    (190, "Lamp and lens", "36 diodes inside the glass of 1857"),
    (262, "Watch room", "Journal, speaking tube, blue marbles"),
    (340, "Bedroom", "Curved bunks for two men"),
    (418, "Kitchen", "Stove, barley and a seed cake"),
    (496, "Weight shaft", "To be wound every forty minutes"),
    (574, "Oil store", "Colza until 1874, then paraffin"),
    (660, "Entrance", "148 steps from here"),
)


def furnish(canvas: Canvas, x: float) -> None:
    """What stands in the rooms of the tower: table, bunks, stove, barrels and the winding stair."""
    canvas.box(x - 40, 290, x - 2, 295, "#a87650", INK, 0.8)
    for leg in (-36, -8):
        canvas.box(x + leg, 295, x + leg + 3, 319, "#a87650")
    canvas.box(x - 32, 282, x - 16, 290, "#fdfaf0", INK, 0.8)
    for y in (352, 380):
        canvas.box(x - 52, y, x - 8, y + 7, "#a8322f", INK, 0.8, 3)
        canvas.oval(x - 46, y - 2, 7, 4, "#ffffff", INK, 0.8)
    canvas.box(x - 50, 440, x - 20, 475, "#3a434c", INK, 0.8, 3)
    canvas.box(x - 44, 452, x - 26, 466, "#e38a3a")
    canvas.box(x - 40, 400, x - 34, 440, "#3a434c")
    canvas.oval(x - 28, 436, 8, 5, "#8a97a2", INK, 0.8)
    for left in (-66, -42, 24):
        canvas.box(x + left, 600, x + left + 20, 631, "#a87650", INK, 1, 5)
        for y in (607, 623):
            canvas.line([(x + left, y), (x + left + 20, y)], INK, 1)
    for step in range(13):
        side = math.cos(step * 0.62)
        y = 830 - step * 15
        canvas.box(x + 62 * side - 15, y, x + 62 * side + 15, y + 4, "#a87650", INK, 0.6)
    canvas.line([(x, 632), (x, 774)], "#7d5d2a", 4)
    for y in (300, 372, 450, 528):
        canvas.box(x + 26, y - 20, x + 38, y, "#bcd9e2", INK, 1, 4)


def tower_section() -> Image.Image:
    """A section through the lighthouse with its rooms named, like a plate in an old book."""
    canvas = Canvas(820, 1000, [(0, "#f6efdc"), (1, "#efe4c8")])
    canvas.box(24, 24, 796, 976, "#00000000", "#7d6a4a", 2)
    canvas.box(31, 31, 789, 969, "#00000000", "#7d6a4a", 0.8)
    canvas.text(410, 74, "GANNET HEAD LIGHTHOUSE", 38, INK, bold=0.7)
    canvas.text(410, 112, "Section through the tower, 34 metres high", 22, "#5a4a34")
    x = 230.0

    def half(y: float) -> float:
        return 50 + 62 * ((y - 250) / 600) ** 1.6 if y > 250 else 50

    levels = [250 + step * 20 for step in range(31)]
    canvas.poly(
        [*[(x - half(y) - 14, y) for y in levels], *[(x + half(y) + 14, y) for y in reversed(levels)]],
        "#b9a88a",
        INK,
        1.6,
    )
    canvas.poly([*[(x - half(y), y) for y in levels], *[(x + half(y), y) for y in reversed(levels)]], "#fbf6e6", INK, 1)
    for y in levels[1:]:
        for side in (-1, 1):
            canvas.line([(x + side * half(y), y), (x + side * (half(y) + 14), y)], "#7d6a4a", 0.8)
    canvas.poly(
        [(x - 176, 850), (x - 120, 836), (x + 120, 836), (x + 190, 852), (x + 230, 912), (x - 190, 912)],
        "#9a8a70",
        INK,
        1.4,
    )
    for step in range(16):
        canvas.line([(x - 160 + step * 23, 856 + step % 3 * 8), (x - 150 + step * 23, 890)], "#6d5d44", 1)
    canvas.box(x - 76, 240, x + 76, 252, "#7d6a4a", INK, 1)
    canvas.box(x - 44, 168, x + 44, 240, "#dcebee", INK, 1.4)
    for step in range(-4, 5):
        canvas.oval(x, 204, 30 - abs(step) * 2.2, 33 - abs(step) * 7.5, None, "#4a7a8c", 1)
    canvas.glow(x, 204, 20, "#403000", 1)
    canvas.poly([*curve([(x - 54, 168), (x - 30, 146), (x, 138), (x + 30, 146), (x + 54, 168)])], "#a8322f", INK, 1.4)
    floors = [320, 398, 476, 554, 632]
    for y in floors:
        canvas.line([(x - half(y), y), (x + half(y), y)], INK, 3)
    furnish(canvas, x)
    canvas.line([(x, 320), (x, 620)], "#7d5d2a", 1.2)
    canvas.box(x - 7, 560, x + 7, 592, "#5a6670", INK, 0.8, 2)
    canvas.poly([(x - 22, 850), (x - 22, 790), (x, 774), (x + 22, 790), (x + 22, 850)], "#4a3b3a", INK, 1)
    for place, (y, name, note) in enumerate(ROOMS):
        inside = (x + (22 if place == 0 else half(y + 30) * 0.62), y + 24 if place < 6 else 806)
        label = 176 + place * 100
        canvas.line([inside, (404, label), (428, label)], "#a8322f", 1.2)
        canvas.oval(*inside, 3.5, 3.5, "#a8322f")
        canvas.text(438, label - 4, name, 28, INK, "lm", 0.5)
        canvas.text(438, label + 26, note, 19, "#5a4a34", "lm")
    canvas.text(410, 944, "Drawn for visitors, 2024. Mind your head.", 20, "#5a4a34")
    for gx, gy in ((96, 170), (134, 210), (110, 300)):
        gull_far(canvas, gx, gy, 16, "#7d6a4a")
    return canvas.done()
