"""A picture space without an image model, to measure fusion over four media where no such weights are. SIMULATED.

Never part of the product. What is simulated is the geometry that makes fusion hard, not what an image model sees:

    picture   the mean of the sentence vectors of four captions of the photograph, with noise
    query     the sentence vector of its words; the queries of the sets are the fifth caption of the photographs
    cosine    0.25 * cosine of the two sentence vectors + 0.15, so that it lies between 0.15 and 0.35 as CLIP's do, for
              pictures and texts lie in two narrow cones: the modality gap of Liang et al., NeurIPS 2022
    rotation  all of it turned by one random rotation, so that no coordinate means what it means in the text space
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import cast

import numpy as np

from mmsearch.calibration import Floats
from mmsearch.parts import load
from mmsearch.protocols import Encoder
from mmsearch.types import Embeddings, Query, Segment, Space, Span, Vector, digest

SLOPE, OFFSET = 0.25, 0.15
"""The cosine of picture and query is SLOPE * the cosine of their sentence vectors + OFFSET."""

RECORD_ID = "record_id"
"""The key of a segment's metadata that says which photograph it is."""


class SimulatedPictures:
    """The Encoder protocol over the photographs that a file of captions names; other pictures get no row.

    `captions` is a file of lines {"image": id, "caption": words}; `noise` is the expected length of the noise beside a
    sentence vector of length 1; `sentences` is the import path of the encoder that the captions are read by.
    """

    def __init__(
        self, captions: str, seed: int = 7, noise: float = 0.6, sentences: str = "mmsearch_encoders.text:TextEncoder"
    ) -> None:
        self._file = Path(captions)
        self._seed, self._noise = seed, noise
        self._sentences = cast(Encoder, load(sentences)())

    @cached_property
    def space(self) -> Space:
        text = self._sentences.space
        made_from = (text.fingerprint, self._file.read_text(encoding="utf-8"), self._seed, self._noise, SLOPE, OFFSET)
        return Space(
            name="image",
            kind="dense",
            stores=frozenset({"image"}),
            answers=frozenset({"text"}),
            model="simulated from captions",
            revision=digest(*made_from)[:16],
            dim=text.dim + 3,
        )

    def windows(self, segment: Segment) -> list[Segment]:
        """The picture itself, if it has captions."""
        return [segment] if segment.metadata.get(RECORD_ID) in self._captions else []

    def encode(self, segments: Sequence[Segment]) -> Embeddings:
        pictures = [self._picture(str(segment.metadata[RECORD_ID])) for segment in segments]
        meanings = np.reshape(pictures, (len(pictures), -1)) if pictures else np.empty((0, self._sentences.space.dim))
        return self._placed(meanings, cone=1)

    def encode_query(self, query: Query) -> Vector:
        meaning = np.asarray(self._sentences.encode_query(query), dtype=np.float64)
        vector: Vector = self._placed(meaning[None], cone=2)[0]
        return vector

    @cached_property
    def _captions(self) -> dict[str, list[str]]:
        captions: defaultdict[str, list[str]] = defaultdict(list)
        for line in self._file.read_text(encoding="utf-8").splitlines():
            said = json.loads(line)
            captions[said["image"]].append(said["caption"])
        return dict(captions)

    def _picture(self, photograph: str) -> Floats:
        """What the photograph shows, (dim of the sentences,) of unit length; the same whatever is encoded beside it."""
        said = self._captions[photograph]
        read = [Segment(caption, photograph, "", "text", Span(), text=caption) for caption in said]
        meaning = _unit(np.asarray(self._sentences.encode(read), dtype=np.float64).mean(axis=0))
        drawn = np.random.default_rng([self._seed, int(digest(photograph)[:8], 16)]).normal(size=len(meaning))
        return _unit(meaning + self._noise / np.sqrt(len(meaning)) * drawn)

    def _placed(self, meanings: Floats, cone: int) -> Embeddings:
        """(n, dim) sentence vectors -> (n, dim + 3): a share of meaning, one common to all, one of their cone."""
        axes = np.zeros((len(meanings), 3))
        axes[:, 0], axes[:, cone] = np.sqrt(OFFSET), np.sqrt(1 - SLOPE - OFFSET)
        return np.asarray(np.hstack([np.sqrt(SLOPE) * meanings, axes]) @ self._rotation, dtype=np.float32)

    @cached_property
    def _rotation(self) -> Floats:
        drawn = np.random.default_rng(self._seed).normal(size=(self.space.dim, self.space.dim))
        return np.asarray(np.linalg.qr(drawn).Q, dtype=np.float64)


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float64)
