"""Dense encoders that need no weights: the hashing trick (Weinberger et al., ICML 2009) on words and on pixels."""

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
USUAL = "hashing"
ABSENT: set[str] = set()
"""Models whose weights are not here."""


@dataclass
class HashingEncoder:
    """Words hashed to signed coordinates, summed, of unit length. `closed` plays weights that are not here.

    Another `model` hashes otherwise, into more dimensions.
    """

    name: str = "text"
    revision: str = "1"
    closed: str = ""
    model: str = USUAL
    encoded: list[str] = field(default_factory=list)

    @property
    def space(self) -> Space:
        if self.closed or self.model in ABSENT:
            raise ModelUnavailable(self.closed or f"{self.model} is not here")
        dim = DIM if self.model == USUAL else DIM + 32
        return Space(self.name, "dense", frozenset(MODALITIES), frozenset({"text"}), self.model, self.revision, dim)

    def windows(self, segment: Segment) -> list[Segment]:
        return windows(segment, PassageSplitter(WINDOW_TOKENS)) if analyze(for_encoder(segment)) else []

    def encode(self, segments: Sequence[Segment]) -> Embeddings:
        self.encoded += [segment.id for segment in segments]
        return np.stack([self._vector(for_encoder(segment)) for segment in segments])

    def encode_query(self, query: Query) -> Vector:
        return self._vector(query.text)

    def average_words(self, texts: Sequence[str]) -> Embeddings:
        return np.stack([self._vector(text) for text in texts])

    def _vector(self, text: str) -> Vector:
        vector = np.full(self.space.dim, 1e-6, np.float32)
        for word in analyze(text):
            hashed = word if self.model == USUAL else f"{self.model} {word}"
            number = int.from_bytes(blake2b(hashed.encode(), digest_size=4).digest(), "big")
            vector[number % len(vector)] += 1 if number & (1 << 31) else -1
        return vector / np.float32(np.linalg.norm(vector))


@dataclass
class HashingPictures:
    """Bytes of pictures hashed to vectors of unit length: equal pictures have equal vectors."""

    model: str = USUAL
    pretrained: str = "1"

    @property
    def space(self) -> Space:
        return Space("image", "dense", frozenset({"image"}), frozenset({"image"}), self.model, self.pretrained, DIM)

    def windows(self, segment: Segment) -> list[Segment]:
        return [segment] if segment.picture is not None else []

    def encode(self, segments: Sequence[Segment]) -> Embeddings:
        return np.stack([self._vector(segment.picture or b"") for segment in segments])

    def encode_query(self, query: Query) -> Vector:
        return self._vector(query.image or b"")

    def _vector(self, picture: bytes) -> Vector:
        seed = blake2b(picture + self.model.encode() + self.pretrained.encode(), digest_size=8).digest()
        vector = np.random.default_rng(int.from_bytes(seed, "big")).normal(size=DIM).astype(np.float32)
        return vector / np.float32(np.linalg.norm(vector))


@dataclass
class HashingSounds:
    """Recordings by their transcripts; of a sound that is asked with, its bytes are taken for words."""

    model: str = USUAL

    @property
    def space(self) -> Space:
        return Space("sound", "dense", frozenset({"audio"}), frozenset({"audio"}), self.model, "1", DIM)

    def windows(self, segment: Segment) -> list[Segment]:
        return [segment] if segment.modality == "audio" else []

    def encode(self, segments: Sequence[Segment]) -> Embeddings:
        return np.stack([HashingEncoder().encode_query(Query(segment.text)) for segment in segments])

    def encode_query(self, query: Query) -> Vector:
        return HashingEncoder().encode_query(Query((query.audio or b"").decode(errors="ignore")))
