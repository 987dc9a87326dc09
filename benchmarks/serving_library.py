"""The library that serving is measured on, made once, and the queries that it is asked."""

import json
import re
import shutil
import sys
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mmsearch.answering.sentences import sentences
from mmsearch.client import Client
from mmsearch.types import Embeddings, Segment
from mmsearch_encoders.text import TextEncoder

CACHE = Path(__file__).parent / ".cache" / "serving"
OFF = {"part": ""}
LIGHT: dict[str, Any] = {"recognizer": OFF, "ocr": OFF, "reranker": OFF}
"""Parts that no search here has a use for."""

POOL = 20_000
"""Sentences that passages are put together from, each with its real vector."""
TOGETHER = 4
"""Sentences of a passage."""
SPREAD = 0.3
"""How far the vector of a passage is from that of its sentences: the length of what is added to it."""
SEED = 17
SENTENCE_CHARS = (40, 300)
ASKING = ("what", "how many", "when", "who", "where", "what kind of", "how much")
"""How drawn questions begin; each is a kind that answers are looked for."""


class PassageEncoder(TextEncoder):
    """The real model for queries; the vector of a passage is drawn around the mean of its sentences' real ones."""

    def __init__(self, pool: str, **options: Any) -> None:
        super().__init__(**options)
        self._pool = Path(pool)

    @cached_property
    def _vectors(self) -> Embeddings:
        rows: Embeddings = np.load(self._pool / "vectors.npy")
        return rows

    def windows(self, segment: Segment) -> list[Segment]:
        return [segment]

    def encode(self, segments: Sequence[Segment]) -> Embeddings:
        return np.stack([self._drawn(int(str(segment.metadata["record_id"]))) for segment in segments])

    def _drawn(self, number: int) -> Any:
        aside = np.random.default_rng((SEED, number, 1)).standard_normal(self._vectors.shape[1], np.float32)
        drawn = self._vectors[_chosen(number, len(self._vectors))].mean(axis=0)
        drawn = drawn / np.linalg.norm(drawn) + SPREAD * aside / np.linalg.norm(aside)
        return drawn / np.linalg.norm(drawn)


def made_library(data: Path, passages: int) -> Path:
    """The library of so many passages out of scifact's sentences; made where it is not there yet, and told."""
    library = CACHE / f"library-{passages}"
    if library.is_dir():
        return library
    print(f"making a library of {passages:,} passages in {library}, once ...", file=sys.stderr, flush=True)
    pool, begun = _pool(data), library.with_suffix(".begun")
    shutil.rmtree(begun, ignore_errors=True)
    corpus = _write_set(pool, passages, "passages")
    spaces = {"image": OFF, "table": OFF, "text": _part(pool)}
    with Client(begun, spaces=spaces, **LIGHT) as client:
        report = client.index(corpus)
        assert (report.indexed, len(report.failed)) == (passages, 0)
    shutil.rmtree(corpus)
    begun.rename(library)
    return library


def asked(data: Path, count: int, seed: int = SEED) -> list[str]:
    """So many queries, no two alike: a third each of keywords, claims and questions, drawn from the sentences.

    They are in words of the library, as queries of those who know what is in it are, and every one finds something.
    """
    said = json.loads((_pool(data) / "sentences.json").read_text())
    drawn = np.random.default_rng((SEED, seed, 2))
    found: dict[str, None] = {}
    while len(found) < count:
        words = re.findall(r"\w[\w-]*", said[int(drawn.integers(len(said)))])
        start = int(drawn.integers(max(1, len(words) - 8)))
        match len(found) % 3:
            case 0:
                found[" ".join(word for word in words[start : start + 8] if len(word) > 4)[:60]] = None
            case 1:
                found[" ".join(words[start : start + 12])] = None
            case _:
                found[f"{ASKING[int(drawn.integers(len(ASKING)))]} {' '.join(words[start : start + 7])}?"] = None
        found.pop("", None)
    return list(found)


def _part(pool: Path) -> dict[str, str]:
    return {"part": "benchmarks.serving_library:PassageEncoder", "pool": str(pool)}


def _pool(data: Path) -> Path:
    """The sentences and their vectors, made once."""
    pool = CACHE / "pool"
    if pool.is_dir():
        return pool
    begun = pool.with_suffix(".begun")
    begun.mkdir(parents=True, exist_ok=True)
    texts = (json.loads(line)["text"] for line in (data / "scifact" / "corpus.jsonl").open(encoding="utf-8"))
    least, most = SENTENCE_CHARS
    cut = (" ".join(sentence.text.split()) for text in texts for sentence in sentences(text))
    every = list(dict.fromkeys(sentence for sentence in cut if least <= len(sentence) <= most))
    said = [every[place] for place in np.random.default_rng(SEED).permutation(len(every))[:POOL]]
    (begun / "sentences.json").write_text(json.dumps(said))
    np.save(begun / "vectors.npy", TextEncoder().encode_texts(said))
    begun.rename(pool)
    return pool


def _write_set(pool: Path, passages: int, name: str) -> Path:
    """A retrieval set of passages, put together from drawn sentences."""
    said = json.loads((pool / "sentences.json").read_text())
    folder = CACHE / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "queries.jsonl").write_text("")
    with (folder / "corpus.jsonl").open("w") as lines:
        for number in range(passages):
            parts = [said[place] for place in _chosen(number, len(said))]
            title = " ".join(parts[0].split()[:6])
            lines.write(json.dumps({"_id": str(number), "title": title, "text": " ".join(parts)}) + "\n")
    return folder


def _chosen(number: int, pool: int) -> Any:
    """Which sentences the passage of this number is put together from."""
    return np.random.default_rng((SEED, number)).integers(pool, size=TOGETHER)
