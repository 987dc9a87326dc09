"""Words spoken as chords of their own, and a tiny Whisper that learns to write them down in seconds on a CPU.

A word lasts as long as it would, and one chord is told from another as vowels are; no speech synthesiser is installed.
"""

from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from checkpoints import WHISPER_DIMENSIONS

from mmsearch.sounds import Samples

RATE = 16_000
WORDS = ("storm", "harbour", "lamp", "ferry", "gull", "tide")
SENTENCES = ("storm lamp", "gull gull tide", "ferry harbour", "harbour tide", "lamp tide ferry", "tide storm")
WORD_S, BETWEEN_S = 0.5, 0.2
MARGIN_S = 0.3
"""What the recogniser keeps before the first sound."""
SHORT_S, WINDOW_S = 4, 30
SHORT_STEPS, WHOLE_STEPS = 200, 25


def say(word: str, random: Random) -> Samples:
    """One word: a chord of three tones that is its own, a little out of tune, with soft ends."""
    base = 250 * 1.45 ** WORDS.index(word) * random.uniform(0.98, 1.02)
    time = np.arange(round(WORD_S * RATE)) / RATE
    chord = sum(np.sin(2 * np.pi * base * part * time + random.random()) for part in (1.0, 1.26, 2.1))
    return np.asarray(0.08 * chord * np.sin(np.pi * time / WORD_S) ** 0.3, np.float32)


def speak(words: str, random: Random) -> Samples:
    """The words with short pauses between them."""
    between = np.zeros(round(BETWEEN_S * RATE), np.float32)
    return np.concatenate([part for word in words.split() for part in (say(word, random), between)][:-1])


def length_s(words: str) -> float:
    """How long it takes to say the words."""
    count = len(words.split())
    return count * WORD_S + (count - 1) * BETWEEN_S


def train(seed: int = 3) -> Any:
    """A tiny Whisper that knows SENTENCES and nothing else, said MARGIN_S after the beginning of a window.

    Most steps hear the first seconds alone, which is cheap; the last ones the whole window with its silence.
    """
    import torch
    from whisper.model import ModelDimensions, Whisper

    torch.manual_seed(seed)
    random, model = Random(seed), Whisper(ModelDimensions(**WHISPER_DIMENSIONS)).train()
    with torch.no_grad():
        model.decoder.token_embedding.weight *= 0.05  # as torch draws it, its logits are in the twenties
        model.decoder.positional_embedding.normal_(0, 0.05)  # whisper leaves it as memory was
    given, wanted = _tokens()
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0)
    plan = [SHORT_S] * SHORT_STEPS + [WINDOW_S] * WHOLE_STEPS
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=len(plan), pct_start=0.2)
    for heard_s in plan:
        optimizer.zero_grad()
        logits = model.decoder(given, _encoded(model, heard_s, random))
        loss: Any = torch.nn.functional.cross_entropy(logits.transpose(1, 2), wanted)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return model.eval()


def _tokens() -> tuple[Any, Any]:
    """What the decoder is given of each sentence, and what it is to say next."""
    import torch
    from whisper.tokenizer import get_tokenizer

    tokenizer: Any = get_tokenizer(True, num_languages=99, language="en", task="transcribe")
    start = len(tokenizer.sot_sequence)
    rows = []
    for words in SENTENCES:
        first, last = (tokenizer.timestamp_begin + round(s / 0.02) for s in (MARGIN_S, MARGIN_S + length_s(words)))
        text = tokenizer.encode(f" {words}.")
        rows.append([*tokenizer.sot_sequence, first, *text, last, tokenizer.eot])
    longest = max(map(len, rows))
    given, wanted = torch.full((len(rows), longest), tokenizer.eot), torch.full((len(rows), longest), -100)
    for row, tokens in enumerate(rows):
        given[row, : len(tokens)] = torch.tensor(tokens)
        wanted[row, start - 1 : len(tokens) - 1] = torch.tensor(tokens[start:])
    return given, wanted


def _encoded(model: Any, heard_s: int, random: Random) -> Any:
    """The first seconds of a window of each sentence, as whisper's encoder hears them."""
    import torch
    from torch.nn.functional import gelu
    from whisper.audio import log_mel_spectrogram, pad_or_trim

    before = np.zeros(round(MARGIN_S * RATE), np.float32)
    windows = [np.concatenate([before, speak(words, random)]) for words in SENTENCES]
    mel = torch.stack([log_mel_spectrogram(pad_or_trim(window, heard_s * RATE)) for window in windows])
    encoder = model.encoder
    states = gelu(encoder.conv2(gelu(encoder.conv1(mel)))).permute(0, 2, 1)
    states = states + encoder.positional_embedding[: states.shape[1]]
    for block in encoder.blocks:
        states = block(states)
    return encoder.ln_post(states)


def save(file: Path, model: Any) -> Path:
    """The checkpoint as openai-whisper publishes its own."""
    import torch

    torch.save({"dims": model.dims.__dict__, "model_state_dict": model.state_dict()}, file)
    return file
