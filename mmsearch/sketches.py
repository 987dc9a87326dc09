"""What a document is told from its near copies by: a sketch of its words and the looks of its pictures.

The document is sketched and not the segment that a search shows: the whole document is what folding hides. A passage
that a long and a short text share makes no copy of them, and the same text cut into other passages stays the same.

Words are compared by the resemblance |A ∩ B| / |A ∪ B| of their sets of shingles, runs of four words (Broder, On the
resemblance and containment of documents, SEQUENCES 1997; four: Manning, Raghavan and Schütze, Introduction to
Information Retrieval, 2008, 19.6). A changed word takes four shingles with it, so that two texts resemble each other by
0.8 when one word in 36 differs. Among the 13,000 texts and tables of four judged sets (scifact, fetaqa,
wikitablequestions, mixed), six pairs resemble each other by 0.8 or more, and all six list the same rows; of the five
between 0.7 and 0.8, two are what a reader wants to see twice (one introduction to two countries, a league two weeks
later); with shingles of three, these come up to 0.81.
"""

import re
import struct
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from mmsearch.lexical import fold
from mmsearch.perceptual_hash import look_alike
from mmsearch.types import Modality, Segment

SHINGLE_WORDS = 4
SAME_WORDS = 0.8
"""From this resemblance on, two documents say the same."""
FEWEST_WORDS = 8
"""Fewer say too little of a document: recordings in which somebody says "Thank you." are not copies."""
KEPT_SHINGLES = 256
"""The resemblance is exact for two documents with so many shingles together; for longer ones its standard error is
sqrt(r (1 - r) / 256), 0.025 at 0.8."""
TELLING_SHINGLES = 52
"""Near copies have one of their 52 smallest hashes in common: of the 256 smallest of the union at most 51 are not."""
KEPT_PICTURES = 16

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_WORD = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+")
_MULTIPLIERS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93], np.uint64)

Shingles = NDArray[np.uint32]
"""Hashes of shingles, rising, none twice."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """A document's medium, the 256 smallest hashes of its shingles, rising, and its first pictures' perceptual hashes.

    What stands in pictures (lettering, captions) is not among the words: copies of one photograph have many captions.
    """

    modality: Modality
    shingles: tuple[int, ...]
    pictures: tuple[str, ...]


class Sketcher:
    """Makes the sketch of one document from its segments, given in order and never held."""

    def __init__(self) -> None:
        self._modality: Modality | None = None
        self._words = 0
        self._last: list[str] = []
        self._kept: Shingles = np.empty(0, np.uint32)
        self._pictures: list[str] = []

    def add(self, segment: Segment) -> None:
        """Take the next segment of the document."""
        self._modality = self._modality or segment.modality
        if segment.modality == "image":
            if len(self._pictures) < KEPT_PICTURES:
                self._pictures.append(str(segment.metadata.get("perceptual_hash", "")))
            return
        new = words(segment)
        run = self._last + new
        self._words += len(new)
        self._last = run[1 - SHINGLE_WORDS :]
        self._kept = _smallest(self._kept, shingles(run))

    def sketch(self) -> Sketch | None:
        """The sketch so far; None where there is nothing to compare by, neither words enough nor a picture."""
        enough = self._words >= FEWEST_WORDS
        if self._modality is None or not (enough or any(self._pictures)):
            return None
        return Sketch(self._modality, tuple(self._kept.tolist()) if enough else (), tuple(self._pictures))


def near_copies(one: Sketch, other: Sketch) -> bool:
    """Whether the two documents are of one medium, say the same (or nothing), and show the same pictures in order."""
    if one.modality != other.modality or len(one.pictures) != len(other.pictures):
        return False
    if (one.shingles or other.shingles) and not _say_the_same(one.shingles, other.shingles):
        return False
    return all(map(look_alike, one.pictures, other.pictures))


def fewest_shared(sketch: Sketch) -> float:
    """How many of its 52 smallest hashes a near copy has at least among its own 52.

    Of the smallest of the union, at most 256 and at most 1 / 0.8 of the sketch, at most a fifth are not in both; and
    what both have of the 52 smallest of the union is among the 52 of each.
    """
    size = len(sketch.shingles)
    return min(TELLING_SHINGLES, size) - (1 - SAME_WORDS) * min(KEPT_SHINGLES, size / SAME_WORDS)


def _say_the_same(one: Collection[int], other: Collection[int]) -> bool:
    """Whether they resemble each other enough; where all that they share is too little, the union is not sorted."""
    shared = len({*one}.intersection(other))
    fewest = min(KEPT_SHINGLES, len(one) + len(other) - shared)
    return shared >= SAME_WORDS * fewest and resemblance(one, other) >= SAME_WORDS


def resemblance(one: Collection[int], other: Collection[int]) -> float:
    """An unbiased estimate of the sets' resemblance in [0, 1] by what the smallest hashes of both have in common.

    Broder 1997: the 256 smallest of the union are a fair sample of it.
    """
    union = sorted({*one, *other})[:KEPT_SHINGLES]
    common = {*one}.intersection(other, union)
    return len(common) / len(union) if union else 0.0


def words(segment: Segment) -> list[str]:
    """The words of its text and of its table, header first, without case and accents; CJK character by character."""
    parts = [segment.text]
    if segment.table:
        parts += [" ".join(row) for row in (segment.table.header, *segment.table.rows)]
    return _WORD.findall(fold(" ".join(parts)))


def shingles(run: list[str]) -> Shingles:
    """The hashes of the runs of four words in these; none when there are fewer."""
    hashes = np.array([_hash(word) for word in run], np.uint64)
    if len(hashes) < SHINGLE_WORDS:
        return np.empty(0, np.uint32)
    windows = np.lib.stride_tricks.sliding_window_view(hashes, SHINGLE_WORDS)
    mixed = (windows * _MULTIPLIERS).sum(axis=1, dtype=np.uint64)  # the place of a word in its shingle counts
    mixed = (mixed ^ (mixed >> np.uint64(32))) * _MULTIPLIERS[0]
    return np.unique((mixed >> np.uint64(32)).astype(np.uint32))


def packed(shingles: Collection[int]) -> bytes:
    """The hashes as they are stored: four bytes each, little-endian on every machine."""
    return struct.pack(f"<{len(shingles)}I", *shingles)


def unpacked(stored: bytes) -> tuple[int, ...]:
    """The hashes that `packed` was given."""
    return struct.unpack(f"<{len(stored) // struct.calcsize('<I')}I", stored)


def _smallest(*kept: Iterable[int]) -> Shingles:
    return np.unique(np.concatenate([np.asarray(part, np.uint32) for part in kept]))[:KEPT_SHINGLES]


@lru_cache(maxsize=1 << 16)
def _hash(word: str) -> int:
    return int.from_bytes(blake2b(word.encode(errors="surrogatepass"), digest_size=8).digest(), "big")
