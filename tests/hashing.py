"""A dense encoder that needs no weights: the hashing trick on words (Weinberger et al., ICML 2009)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np

from mmsearch.errors import ModelUnavailable
from mmsearch.lexical import analyze
from mmsearch.passages import PassageSplitter
from mmsearch.serialisation import for_encoder
from mmsearch.types import MODALITIES, Embeddings, Query, Segment, Space, Vector
from mmsearch.windows import windows

DIM = 64
WINDOW_TOKENS = 32


@dataclass
class HashingEncoder:
    """Words hashed to signed coordinates, summed, of unit length. `closed` plays weights that are not here."""

    name: str = "text"
    revision: str = "1"
    closed: str = ""
    encoded: list[str] = field(default_factory=list)

    @property
    def space(self) -> Space:
        if self.closed:
            raise ModelUnavailable(self.closed)
        everything = frozenset(MODALITIES)
        return Space(self.name, "dense", everything, frozenset({"text"}), "hashing", self.revision, DIM)

    def windows(self, segment: Segment) -> list[Segment]:
        return windows(segment, PassageSplitter(WINDOW_TOKENS)) if analyze(for_encoder(segment)) else []

    def encode(self, segments: Sequence[Segment]) -> Embeddings:
        self.encoded += [segment.id for segment in segments]
        return np.stack([_vector(for_encoder(segment)) for segment in segments])

    def encode_query(self, query: Query) -> Vector:
        return _vector(query.text)


def _vector(text: str) -> Vector:
    vector = np.full(DIM, 1e-6, np.float32)
    for word in analyze(text):
        number = int.from_bytes(blake2b(word.encode(), digest_size=4).digest(), "big")
        vector[number % DIM] += 1 if number & (1 << 31) else -1
    return vector / np.float32(np.linalg.norm(vector))
