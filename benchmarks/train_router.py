"""Train the router's classifier of media: python -m benchmarks.train_router

Writes mmsearch/router/media.json from `router_sentences`, the same bytes on every machine with the same libraries but
for the last digit. What it prints is accuracy and log loss in nats (none at all: log 4 = 1.386): on templates left out
of the training, ten parts in turn, and on the sentences by hand. The scale of the log odds is the one with the least
log loss on the sentences by hand, since templates are too much alike.
"""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

import mmsearch.router.classifier
from benchmarks.router_sentences import HELD_OUT, sentences
from mmsearch.types import MODALITIES, Query
from mmsearch_encoders.text import TextEncoder

QUERIES_PER_TEMPLATE = 20
SEED = 1
PARTS = 10
SCALES = np.round(np.arange(0.1, 3.05, 0.1), 1)
DECIMALS = 3
OUT = Path(mmsearch.router.classifier.__file__).with_name(mmsearch.router.classifier.WEIGHTS_FILE)

Matrix = NDArray[np.float64]
Labels = NDArray[np.int64]


def main() -> None:
    encoder = TextEncoder()
    made = [(n, *pair) for n, m in enumerate(MODALITIES) for pair in sentences(m, QUERIES_PER_TEMPLATE, SEED)]
    by_hand = [(n, query) for n, m in enumerate(MODALITIES) for query in HELD_OUT[m].strip().splitlines()]
    x, y = encode(encoder, [query for _, _, query in made]), np.array([n for n, _, _ in made])
    x_hand, y_hand = encode(encoder, [query for _, query in by_hand]), np.array([n for n, _ in by_hand])

    across = np.zeros((len(y), len(MODALITIES)))
    for kept, left_out in GroupKFold(PARTS).split(x, y, [template for _, template, _ in made]):
        across[left_out] = fitted(x[kept], y[kept]).decision_function(x[left_out])
    model = fitted(x, y)
    hand = model.decision_function(x_hand)
    scale = float(min(SCALES, key=lambda s: log_loss(s * hand, y_hand)))
    OUT.write_text(as_json(encoder, scale * model.coef_, scale * model.intercept_))

    print(f"{len(y)} queries from {len({t for _, t, _ in made})} templates, {len(y_hand)} by hand; scale {scale}")
    for name, logits, truth in (("templates left out", across, y), ("by hand", hand, y_hand)):
        right = float(np.mean(logits.argmax(axis=1) == truth))
        print(f"{name}: accuracy {right:.3f}, log loss {log_loss(scale * logits, truth):.3f}")
    print(f"wrote {OUT} ({OUT.stat().st_size} bytes)")


def encode(encoder: TextEncoder, queries: list[str]) -> Matrix:
    return np.stack([encoder.encode_query(Query(query)) for query in queries]).astype(np.float64)


def fitted(x: Matrix, y: Labels) -> LogisticRegression:
    """C = 1 is scikit-learn's default: the scale makes up for it, 0.3 to 10 give the same within 0.03 nats."""
    return LogisticRegression(C=1.0, class_weight="balanced", max_iter=1000).fit(x, y)


def log_loss(logits: Matrix, truth: Labels) -> float:
    shares = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    return -float(np.mean(shares[np.arange(len(truth)), truth]))


def as_json(encoder: TextEncoder, weights: Matrix, bias: Matrix) -> str:
    """One medium a line, so that a change can be read."""
    rows = ",\n".join(json.dumps(np.round(row, DECIMALS).tolist(), separators=(",", ":")) for row in weights)
    return (
        f'{{"made_by": "benchmarks/train_router.py",\n"model": {json.dumps(encoder.space.model)},\n'
        f'"media": {json.dumps(MODALITIES)},\n"bias": {np.round(bias, DECIMALS).tolist()},\n"weights": [\n{rows}\n]}}\n'
    )


if __name__ == "__main__":
    main()
