"""Parts for libraries that are measured: they write down what they do, or do in no time what is not to be measured."""

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from mmsearch.errors import InputError
from mmsearch.serialisation import for_encoder
from mmsearch.stores.milvus import MilvusStore
from mmsearch.types import Content, Embeddings, Query, Segment, Space, Vector, digest
from mmsearch_encoders.text import TextEncoder

LOG = "MMSEARCH_BENCH_LOG"
"""The variable that names the file to write into."""
PICTURE_DIM = 512


class LoggedTextEncoder(TextEncoder):
    """Writes down what it is about to encode, also when the process is killed over it."""

    def encode(self, segments: Sequence[Segment]) -> Embeddings:
        with Path(os.environ[LOG]).open("a") as log:
            log.writelines(f"{segment.id}\n" for segment in segments)
        return super().encode(segments)


class DrawnTextEncoder(TextEncoder):
    """Windows of the real model, vectors drawn by what the text says: the same for the same text."""

    def __init__(self, pause_s: float = 0.0) -> None:
        super().__init__()
        self._pause_s = pause_s

    def encode(self, segments: Sequence[Segment]) -> Embeddings:
        time.sleep(self._pause_s * len(segments))
        return drawn([for_encoder(segment) for segment in segments], self.space.dim)


class DrawnImageEncoder:
    """Vectors drawn by the bytes of a picture."""

    def __init__(self, pause_s: float = 0.0) -> None:
        self._pause_s = pause_s

    @property
    def space(self) -> Space:
        return Space(
            name="image",
            kind="dense",
            stores=frozenset({"image"}),
            answers=frozenset({"image"}),
            model="drawn",
            revision="1",
            dim=PICTURE_DIM,
        )

    def windows(self, segment: Segment) -> list[Segment]:
        return [segment] if segment.picture is not None else []

    def encode(self, segments: Sequence[Segment]) -> Embeddings:
        time.sleep(self._pause_s * len(segments))
        return drawn([(segment.picture or b"").hex() for segment in segments], PICTURE_DIM)

    def encode_query(self, query: Query) -> Vector:
        raise InputError("drawn vectors answer nothing")


class TimedStore(MilvusStore):
    """Counts the rows that it is given and the seconds that writing them takes; told to the log when it is closed."""

    rows: ClassVar[int] = 0
    took_s: ClassVar[float] = 0.0

    def upsert(self, collection: str, segments: Sequence[Segment], content: Content) -> None:
        started = time.perf_counter()
        super().upsert(collection, segments, content)
        TimedStore.took_s += time.perf_counter() - started
        TimedStore.rows += len(segments)

    def close(self) -> None:
        super().close()
        if log := os.environ.get(LOG):
            Path(log).write_text(json.dumps({"rows": self.rows, "seconds": self.took_s}))


def drawn(texts: Sequence[str], dim: int) -> Embeddings:
    """A random vector of unit length for each text, (n, dim)."""
    made = [np.random.default_rng(int(digest(text)[:15], 16)).standard_normal(dim, np.float32) for text in texts]
    rows = np.array(made, np.float32).reshape(-1, dim)
    unit: Embeddings = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit
