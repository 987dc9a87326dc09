"""How a query's vector in the text space speaks for each medium: a multinomial logistic regression, some kilobytes.

`benchmarks/train_router.py` makes media.json from sentences that the repository holds, as many votes for each medium.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from mmsearch.types import Embeddings, Modality, Space, Vector

WEIGHTS_FILE = "media.json"
TRUST = 0.5
"""How far a query of a person is believed to be like the sentences of the training: it bounds the odds at 1 : 5."""


@dataclass(frozen=True, slots=True)
class Classifier:
    """`weights` (media, dim) and `bias` (media,) for the query vectors of one model."""

    model: str
    media: tuple[Modality, ...]
    weights: Embeddings
    bias: Vector

    def knows(self, space: Space) -> bool:
        """Whether the space's query vectors are of the model that it was trained on."""
        return space.kind == "dense" and space.model == self.model and space.dim == self.weights.shape[1]

    def likelihoods(self, vector: Vector) -> Mapping[Modality, float]:
        """Chance of such a query among those that want the medium, up to a factor: they sum to 1, all alike at 1/4."""
        logits = self.weights.astype(np.float64) @ vector + self.bias
        shares = np.exp(logits - logits.max())
        told = TRUST * shares / shares.sum() + (1 - TRUST) / len(shares)
        return dict(zip(self.media, map(float, told), strict=True))


@cache
def trained() -> Classifier:
    """The classifier that comes with mmsearch."""
    held = json.loads(files(__package__).joinpath(WEIGHTS_FILE).read_text("utf-8"))
    weights, bias = np.array(held["weights"], np.float32), np.array(held["bias"], np.float32)
    return Classifier(held["model"], tuple(held["media"]), weights, bias)
