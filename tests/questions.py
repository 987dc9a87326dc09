"""A cross-encoder trained in seconds: whether a passage answers depends on the question and the passage together."""

from collections import deque
from random import Random
from typing import Any

ANSWERS = {"who": "keeper", "when": "year", "where": "north"}
"""What a question's word asks for."""
FILLERS = ("the", "a", "of", "in", "and", "is", "town", "storm", "ship", "harbour", "lighthouse", "wind", "rain", "sun")
BATCH, MOST_STEPS = 32, 2000
LEARNED, RECENT = 0.02, 20
"""Training ends when the loss was below the first in as many batches as the second says."""


def example(random: Random) -> tuple[str, str, float]:
    """(query, passage, whether the passage has what is asked for); it always has what one of the questions asks for."""
    question, asked = random.choice(list(ANSWERS.items()))
    given = asked if random.random() < 0.5 else random.choice([word for word in ANSWERS.values() if word != asked])
    words = [*random.choices(FILLERS, k=random.randint(2, 14)), given]
    random.shuffle(words)
    return " ".join([question, *random.choices(FILLERS, k=2)]), " ".join(words), float(given == asked)


def train(model: Any, tokenizer: Any) -> Any:
    """The model after it has learned the examples, in eval mode; 4 s on one core, where threads would only wait."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    random, recent = Random(0), deque([1.0], RECENT)
    optimizer = torch.optim.AdamW(model.train().parameters(), lr=3e-3)
    for _ in range(MOST_STEPS):
        queries, passages, wanted = zip(*(example(random) for _ in range(BATCH)), strict=True)
        tokens = tokenizer(list(queries), list(passages), padding=True, return_tensors="pt")
        logits = model(**tokens).logits[:, 0]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, torch.tensor(wanted))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        optimizer.step()
        recent.append(loss.item())
        if max(recent) < LEARNED:
            break
    torch.set_num_threads(threads)
    return model.eval()
