"""Drawn pictures with captions, and a tiny open_clip model that learns them in seconds on a CPU."""

from collections.abc import Sequence
from io import BytesIO
from itertools import product
from random import Random
from typing import Any

from checkpoints import CLIP_PREPROCESS, make_clip
from PIL import Image, ImageDraw

COLOURS = {"red": (220, 30, 30), "green": (30, 170, 60), "blue": (40, 70, 220), "yellow": (235, 210, 40)}
SHAPES = ("circle", "square", "triangle", "cross")
CLASSES = tuple(f"a {colour} {shape}" for colour, shape in product(COLOURS, SHAPES))
SIDE = 96


def draw(caption: str, random: Random) -> Image.Image:
    """The caption's shape in its colour, somewhere, of some size, on some light ground."""
    _, colour, shape = caption.split()
    ground = random.randint(200, 255)
    picture = Image.new("RGB", (SIDE, SIDE), (ground, ground, ground))
    pen = ImageDraw.Draw(picture)
    size = random.randint(48, 72)
    x, y = (random.randint(4, SIDE - size - 4) for _ in range(2))
    box, third = (x, y, x + size, y + size), size // 3
    fill = COLOURS[colour]
    match shape:
        case "circle":
            pen.ellipse(box, fill)
        case "square":
            pen.rectangle(box, fill)
        case "triangle":
            pen.polygon([(x, y + size), (x + size, y + size), (x + size // 2, y)], fill)
        case _:
            pen.rectangle((x + third, y, x + size - third, y + size), fill)
            pen.rectangle((x, y + third, x + size, y + size - third), fill)
    return picture


def png(picture: Image.Image) -> bytes:
    """The picture as a file's bytes."""
    file = BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def train(captions: Sequence[str] = CLASSES, steps: int = 500, drawn: int = 40, seed: int = 7) -> Any:
    """A tiny open_clip model trained by CLIP's own loss, each step on one of the `drawn` pictures of every caption."""
    import torch
    from open_clip.loss import ClipLoss
    from open_clip.tokenizer import SimpleTokenizer
    from open_clip.transform import PreprocessCfg, image_transform_v2

    random, model = Random(seed), make_clip(seed).train()
    prepare = image_transform_v2(PreprocessCfg(size=32, **CLIP_PREPROCESS), is_train=False)
    pictures = [torch.stack([prepare(draw(caption, random)) for _ in range(drawn)]) for caption in captions]
    tokens = SimpleTokenizer(context_length=24)(list(captions))
    model.token_embedding.weight.requires_grad_(False)  # 49,408 rows, of which it needs ten
    loss: Any = ClipLoss()  # type: ignore[no-untyped-call]  # open_clip leaves it untyped
    optimizer = torch.optim.AdamW((p for p in model.parameters() if p.requires_grad), weight_decay=0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps, pct_start=0.2)
    for _ in range(steps):
        optimizer.zero_grad()
        image, text, scale = model(torch.stack([shown[random.randrange(drawn)] for shown in pictures]), tokens)
        loss(image, text, scale).backward()
        optimizer.step()
        schedule.step()
    return model.eval()
