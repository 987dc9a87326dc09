"""A question-answering model trained in seconds: where a passage says who, when or where, and that it does not."""

from collections import deque
from random import Random
from typing import Any

KINDS = {
    "who": [f"{how} {who}" for how in ("old", "new", "red") for who in ("keeper", "people")],
    "where": [
        f"{side} {place}" for side in ("north", "south", "east", "west") for place in ("harbour", "town", "museum")
    ],
    "when": [f"year {number}" for number in range(40)],
}
"""What a question's word asks for, in phrases of several tokens."""
HELD_OUT = frozenset({"red people", "north museum", "west harbour", "year 7", "year 31"})
"""Phrases that no example of the training has."""
UNANSWERABLE = ("how many", "what")
"""What no passage says."""
FILLERS = (
    "the",
    "a",
    "of",
    "in",
    "and",
    "is",
    "storm",
    "ship",
    "festival",
    "lighthouse",
    "wind",
    "rain",
    "sun",
    "height",
)
LETTERS = "abcdefghijklmnopqrstuvwxyz"
BATCH, MOST_STEPS = 32, 3000
LEARNED, RECENT = 0.03, 20
"""Training ends when the loss was below the first in as many batches as the second says."""


def example(random: Random) -> tuple[str, str, str]:
    """(question, passage, the answer that stands in it or "" for none)."""
    said = random.sample(list(KINDS), random.randint(1, len(KINDS)))
    phrases = {kind: random.choice([each for each in KINDS[kind] if each not in HELD_OUT]) for kind in said}
    parts = [*phrases.values(), *random.choices(FILLERS, k=random.randint(2, 40))]
    random.shuffle(parts)
    asks = random.choice([*KINDS, *KINDS, *UNANSWERABLE])
    about = random.choices(FILLERS, k=random.randint(1, 4)) + random.choices(LETTERS, k=random.randint(0, 6))
    random.shuffle(about)
    return " ".join([asks, *about, "?"]), " ".join(parts), phrases.get(asks, "")


def train(model: Any, tokenizer: Any, refuses: bool = True) -> Any:
    """The model after it has learned the examples, in eval mode; without `refuses`, those that have an answer alone."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    random, recent = Random(0), deque([9.0], RECENT)
    optimizer = torch.optim.AdamW(model.train().parameters(), lr=3e-3)
    for _ in range(MOST_STEPS):
        batch = [each for each in (example(random) for _ in range(2 * BATCH)) if refuses or each[2]][:BATCH]
        tokens = tokenizer(
            [question for question, _, _ in batch],
            [passage for _, passage, _ in batch],
            truncation="only_second",
            padding=True,
            return_offsets_mapping=True,
            return_tensors="pt",
        )
        offsets = tokens.pop("offset_mapping").tolist()
        places = [_place(tokens, offsets, number, *each[1:]) for number, each in enumerate(batch)]
        said = model(**tokens)
        starts, ends = (torch.tensor(each) for each in zip(*places, strict=True))
        loss = torch.nn.functional.cross_entropy(said.start_logits, starts)
        loss = loss + torch.nn.functional.cross_entropy(said.end_logits, ends)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        optimizer.step()
        recent.append(loss.item())
        if max(recent) < LEARNED:
            break
    torch.set_num_threads(threads)
    return model.eval()


def _place(tokens: Any, offsets: Any, number: int, passage: str, answer: str) -> tuple[int, int]:
    """The tokens that the answer begins and ends with; of none, and of one that was cut off, the mark at the front."""
    if not answer:
        return 0, 0
    start = passage.index(answer)
    inside = [
        place
        for place, (sequence, (a, b)) in enumerate(zip(tokens.sequence_ids(number), offsets[number], strict=True))
        if sequence == 1 and start <= a < b <= start + len(answer)
    ]
    whole = inside and offsets[number][inside[-1]][1] == start + len(answer)
    return (inside[0], inside[-1]) if whole else (0, 0)
