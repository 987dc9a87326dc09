"""Are the words of a query marked where they stand on a picture? python -m benchmarks.marks [--report FILE]

Pictures are drawn, so that it is known what stands where: words of the demo library's texts in the fonts of matplotlib,
as pages, as signs on a coloured ground with noise, the same tilted, and small photographs. Each word of four letters
and more that is drawn is a query by itself. A mark is right when it overlaps the place of such a word by half
(intersection over union): from its first ink to its last, and as high as the line.
"""

import argparse
import io
import random
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.answering_report import write_section
from mmsearch.answering.lettering import LetteringAnswerer
from mmsearch.demo import demo_library
from mmsearch.lexical import analyze
from mmsearch.stores.rows import payload
from mmsearch.types import Answer, Box, Segment, Span
from mmsearch_encoders.ocr import RapidOcr

SEED = 7
HALF = 0.5
FONTS = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSerif.ttf", "DejaVuSerif-Italic.ttf")
KINDS: Mapping[str, int] = {"page": 12, "sign": 40, "tilted sign": 40, "small photograph": 40}
"""How many of each are drawn."""
LEAST = (0.0, 0.9, 0.95, 0.98, 0.99)


@dataclass(frozen=True)
class Drawn:
    """A picture and its words with their boxes."""

    picture: Image.Image
    words: Sequence[tuple[str, Box]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    text = report(RapidOcr())
    print(text)
    if options.report:
        write_section(options.report, "marks", text)


def report(engine: RapidOcr) -> str:
    draw, words = random.Random(SEED), _words()
    lines = [
        "| pictures | words drawn | marked where they stand | marks that are right | seconds a picture |",
        "|---|---|---|---|---|",
    ]
    judged: list[tuple[float, bool]] = []
    read, with_boxes, without = 0, 0, 0
    for kind, many in KINDS.items():
        total: Counter[str] = Counter()
        seconds = []
        for _ in range(many):
            drawn = drawn_as(kind, words, draw)
            started = time.perf_counter()
            text, lettering = engine.read(_file(drawn.picture))
            seconds.append(time.perf_counter() - started)
            segment = Segment("s", "d", "/p", "image", Span(), text=text, lettering=tuple(lettering))
            bare = Segment("s", "d", "/p", "image", Span(), text=text)
            read += len(lettering)
            with_boxes += len(payload(segment)[0])
            without += len(payload(bare)[0])
            for counts, answer, right in _asked(drawn, segment):
                total += counts
                judged += [(answer.confidence, right)] if answer else []
        lines.append(
            f"| {many} × {kind} | {total['drawn']} | {total['found'] / total['drawn']:.3f} "
            f"| {total['right'] / total['marks']:.3f} | {np.median(seconds):.2f} |"
        )
    lines += ["", "| confidence at least | queries answered | all marks of them right |", "|---|---|---|"]
    for least in LEAST:
        among = [right for confidence, right in judged if confidence >= least]
        lines.append(f"| {least:.2f} | {len(among)} | {np.mean(among):.3f} |")
    lines += ["", f"{(with_boxes - without) / read:.0f} bytes of the store a word of lettering, once a picture."]
    return "\n".join(lines) + "\n"


def _asked(drawn: Drawn, segment: Segment) -> Iterator[tuple[Counter[str], Answer | None, bool]]:
    """For each word that is drawn, as a query: counts, the answer, and whether all of its marks are right."""
    of_word = [(frozenset(analyze(word)), box) for word, box in drawn.words]
    for query in sorted({word.strip(".,;:").lower() for word, _ in drawn.words if len(re.sub(r"\W", "", word)) >= 4}):
        wanted = frozenset(analyze(query))
        there = [box for terms, box in of_word if terms & wanted]
        if not wanted:
            continue
        (answer,) = LetteringAnswerer().answer(query, [segment])
        marks = answer.boxes if answer else ()
        right = [any(overlap(mark, box) >= HALF for box in there) for mark in marks]
        found = sum(any(overlap(mark, box) >= HALF for mark in marks) for box in there)
        counts = Counter(drawn=len(there), found=found, marks=len(marks), right=sum(right))
        yield counts, answer, all(right)


def drawn_as(kind: str, words: Sequence[str], draw: random.Random) -> Drawn:
    """A picture of that kind."""
    match kind:
        case "page":
            return _lines(words, draw, (1240, 1754), draw.randint(24, 32), 90, plain=True)
        case "small photograph":
            return _lines(words, draw, (640, 480), draw.randint(22, 34), 40, most=4)
        case _:
            drawn = _lines(words, draw, (1200, 800), draw.randint(48, 90), 120, most=5)
            return _turned(drawn, draw.choice((-1, 1)) * draw.uniform(2, 7)) if "tilted" in kind else drawn


def _lines(
    words: Sequence[str],
    draw: random.Random,
    size: tuple[int, int],
    height: int,
    margin: int,
    *,
    plain: bool = False,
    most: int = 1000,
) -> Drawn:
    """Lines of words, one below the other, as wide as the picture allows."""
    font = ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / draw.choice(FONTS), height)
    picture = Image.new("RGB", size, "white") if plain else _ground(draw, size)
    ink = (20, 20, 20) if plain else draw.choice([(20, 20, 60), (250, 240, 200), (130, 20, 20)])
    if not plain and sum(ink) > 400:
        picture = Image.eval(picture, lambda value: value // 3)
    pen, stood, place = ImageDraw.Draw(picture), list[tuple[str, Box]](), draw.randrange(len(words) - 1000)
    top = margin
    for _ in range(most):
        left = float(margin)
        while left + font.getlength(words[place]) < size[0] - margin:
            word, place = words[place], place + 1
            pen.text((left, top), word, font=font, fill=ink)
            a, _, c, _ = font.getbbox(word)
            box = ((left + a) / size[0], top / size[1], (left + c) / size[0], (top + sum(font.getmetrics())) / size[1])
            stood.append((word, box))
            left += font.getlength(word + " ")
        top += round(height * 1.5)
        if top + height > size[1] - margin:
            break
    return Drawn(picture, stood)


def _ground(draw: random.Random, size: tuple[int, int]) -> Image.Image:
    """A light coloured ground that changes from corner to corner, with noise."""
    noise = np.random.default_rng(draw.randrange(1 << 30))
    corners = noise.integers(150, 250, (2, 2, 3)).astype(np.uint8)
    smooth = np.asarray(Image.fromarray(corners).resize(size, Image.Resampling.BICUBIC), np.float64)
    return Image.fromarray(np.clip(smooth + noise.normal(0, 8, smooth.shape), 0, 255).astype(np.uint8))


def _turned(drawn: Drawn, degrees: float) -> Drawn:
    """The picture turned about its middle, with the upright boxes around the turned words."""
    width, height = drawn.picture.size
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turned = []
    for word, (left, top, right, bottom) in drawn.words:
        corners = np.array([(x * width, y * height) for x in (left, right) for y in (top, bottom)]) - (
            width / 2,
            height / 2,
        )
        there = corners @ np.array([[cosine, -sine], [sine, cosine]]) / (width, height) + 0.5
        (a, b), (c, d) = there.min(0), there.max(0)
        if min(a, b) > 0 and max(c, d) < 1:
            turned.append((word, (float(a), float(b), float(c), float(d))))
    ground = tuple(int(value) for value in np.asarray(drawn.picture)[4, 4])
    return Drawn(drawn.picture.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=ground), turned)


def overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    width = max(0.0, min(one[2], other[2]) - max(one[0], other[0]))
    height = max(0.0, min(one[3], other[3]) - max(one[1], other[1]))
    both = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return width * height / (both - width * height)


def _words() -> list[str]:
    """The words of the demo library's English texts in order."""
    texts = [path.read_text("utf-8") for path in sorted(demo_library().rglob("*.md")) if "leuchtturm" not in path.name]
    return [word for text in texts for word in re.sub(r"[*#_>`]", " ", text).split()]


def _file(picture: Image.Image) -> bytes:
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=85)
    return target.getvalue()


if __name__ == "__main__":
    main()
