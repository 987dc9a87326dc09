"""Sounds with captions, and a tiny CLAP that learns them in seconds on a CPU."""

from collections.abc import Sequence
from random import Random
from typing import Any

import numpy as np
from checkpoints import make_clap

from mmsearch.sounds import Samples

RATE = 48_000
WINDOW_S = 10
CLASSES = ("a deep hum", "a high whistle", "hissing steam", "a ticking clock")


def play(caption: str, random: Random, seconds: float = WINDOW_S) -> Samples:
    """What the caption says, at some pitch and loudness, over a little noise."""
    time = np.arange(round(seconds * RATE)) / RATE
    noise = np.random.default_rng(random.getrandbits(32)).normal(0, 1, len(time))
    match caption:
        case "a deep hum":
            pitch = random.uniform(90, 160)
            made = np.sin(2 * np.pi * pitch * time) + 0.5 * np.sin(4 * np.pi * pitch * time)
        case "a high whistle":
            made = np.sin(2 * np.pi * random.uniform(2_500, 4_000) * time)
        case "hissing steam":
            made = noise
        case _:
            made = noise * ((time * random.uniform(1.6, 2.4) + random.random()) % 1 < 0.04)
    return np.asarray(random.uniform(0.1, 0.4) * made + 0.001 * noise, np.float32).clip(-1, 1)


def train(captions: Sequence[str] = CLASSES, steps: int = 60, played: int = 6, seed: int = 7) -> Any:
    """(model, processor): a tiny CLAP by CLAP's own loss, each step on one of the `played` sounds of every caption."""
    import torch

    random = Random(seed)
    model, processor = make_clap(seed)
    model.train()
    heard = [
        processor.feature_extractor(
            [play(caption, random) for _ in range(played)], sampling_rate=RATE, return_tensors="pt"
        )["input_features"]
        for caption in captions
    ]
    tokens = processor.tokenizer(list(captions), padding=True, return_tensors="pt")
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps, pct_start=0.2)
    for _ in range(steps):
        optimizer.zero_grad()
        batch = torch.stack([sounds[random.randrange(played)] for sounds in heard])
        model(**tokens, input_features=batch, return_loss=True).loss.backward()
        optimizer.step()
        schedule.step()
    return model.eval(), processor
