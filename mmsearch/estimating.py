"""How long the reading and encoding of documents would take, and how much room: a sample is really done.

The sample is bounded in seconds, and a document of each ending is in it. What was measured is scaled by bytes,
pictures by number (a ratio estimate; Cochran, Sampling Techniques, 1977, chapter 6).
"""

import bisect
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from mmsearch.errors import MMSearchError
from mmsearch.protocols import Reader
from mmsearch.sources import Copies
from mmsearch.spaces import OpenSpace
from mmsearch.types import Document, Modality, Segment
from mmsearch.windows import takes, windows_in

SAMPLE_S = 4.0
"""For reading the sample, shared among the endings; each ending gets one document whatever it takes."""
SAMPLE_BYTES = 16 << 20
"""Larger documents are not sampled: one could take minutes by itself."""
DRAWN, DRAWN_BYTES = 256, 64 << 20
"""Documents of an ending that the sample is taken from, at most, and their bytes."""
SAMPLE_WINDOWS = 128
"""Encoded for each space, shared among the endings, at least four for each."""
STORE_FACTOR = 2.0
"""What Milvus Lite takes on disk for each byte of vectors, words and segments: 30.7 MB for 15.9 of 2,500 notes."""
WRITE_S = 0.001
"""What a row takes to be stored: 12,600 rows of those notes took Milvus Lite 17 s on two busy cores."""


@dataclass(frozen=True, slots=True)
class Amount:
    """So many documents, and the bytes of their files."""

    documents: int = 0
    size_bytes: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.documents + other.documents, self.size_bytes + other.size_bytes)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What it would take, going by documents that were really read and encoded; `unsampled` endings by the others.

    `seconds` are of deciding, reading, encoding and storing on this machine as busy as it is now, `start_s` of them
    for loading models.
    """

    seconds: float
    disk_bytes: int
    start_s: float
    sampled: int
    unsampled: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Work:
    """A document to be read, and what for."""

    document: Document
    reader: Reader
    spaces: tuple[OpenSpace, ...]
    ending: str
    size_bytes: int


@dataclass(slots=True)
class Sample:
    """Documents of one ending that were read: their amount, the seconds it took, and their segments."""

    documents: int = 0
    size_bytes: int = 0
    seconds: float = 0.0
    segments: list[Segment] = field(default_factory=list)

    @property
    def modality(self) -> Modality | None:
        return self.segments[0].modality if self.segments else None

    def times(self, amount: Amount) -> float:
        """How many times the sample the amount is: by bytes, but pictures by number, since each is scaled down."""
        if self.modality == "image" or not self.size_bytes:
            return amount.documents / max(self.documents, 1)
        return amount.size_bytes / self.size_bytes


@dataclass(slots=True)
class Workload:
    """All of the work: its amount by ending, and by ending and space, and a few documents of each ending to sample.

    Documents may hold their bytes: they are not kept, but those with the lowest ids, which are as good as drawn.
    """

    whole: dict[str, Amount] = field(default_factory=lambda: defaultdict(Amount))
    needed: dict[tuple[str, str], Amount] = field(default_factory=lambda: defaultdict(Amount))
    drawn: dict[str, list[Work]] = field(default_factory=lambda: defaultdict(list))

    def add(self, work: Work) -> None:
        """One document more."""
        amount = Amount(1, work.size_bytes)
        self.whole[work.ending] += amount
        for space in work.spaces:
            self.needed[work.ending, space.space.name] += amount
        if work.size_bytes <= SAMPLE_BYTES:
            drawn = self.drawn[work.ending]
            bisect.insort(drawn, work, key=lambda item: item.document.id)
            while len(drawn) > DRAWN or sum(item.size_bytes for item in drawn) > DRAWN_BYTES:
                drawn.pop()


def read_samples(work: Workload, copies: Copies) -> dict[str, Sample]:
    """A few documents of each ending, read: ending -> sample; those of which none could be read are left out."""
    budget_s = SAMPLE_S / max(len(work.drawn), 1)
    return {ending: sample for ending, drawn in work.drawn.items() if (sample := _read(drawn, copies, budget_s))}


def _read(group: Sequence[Work], copies: Copies, budget_s: float) -> Sample | None:
    sample = Sample()
    for item in _drawn(group):
        if sample.documents and sample.seconds > budget_s:
            break
        started = time.perf_counter()
        with suppress(MMSearchError), copies.at_hand(item.document) as document:  # the indexing will name it
            segments = list(item.reader.read(document))
            sample.documents += 1
            sample.size_bytes += item.size_bytes
            sample.seconds += time.perf_counter() - started
            sample.segments += segments
    return sample if sample.documents else None


def _drawn(group: Sequence[Work]) -> Iterator[Work]:
    """First one of the smaller documents, then the others in the order of their ids."""
    first = sorted(group, key=lambda item: item.size_bytes)[len(group) // 4]
    yield first
    yield from (item for item in group if item is not first)


def estimate(work: Workload, samples: Mapping[str, Sample], spaces: Sequence[OpenSpace], deciding_s: float) -> Estimate:
    """The estimate for all of the work, from samples of it; to decide that it is to be done took `deciding_s`."""
    whole, needed = work.whole, work.needed
    seconds, stored, pictures, start_s = 0.0, 0.0, 0.0, 0.0
    loaded = set[str]()
    most = max(4, SAMPLE_WINDOWS // max(len(samples), 1))
    for ending, sample in samples.items():
        seconds += sample.seconds * sample.times(whole[ending])
        pictures += sum(len(s.picture or b"") for s in sample.segments) * sample.times(whole[ending])
        for space in spaces:
            if (ending, space.space.name) not in needed:
                continue
            windows = [window for segment in sample.segments for window in _windows(space, segment)]
            if windows and space.space.name not in loaded:
                loaded.add(space.space.name)
                start_s += _encoded(space, windows[:1])[0]
            took_s, room_bytes = _encoded(space, windows[:most])
            share = len(windows) / max(len(windows[:most]), 1) * sample.times(needed[ending, space.space.name])
            seconds += took_s * share + WRITE_S * len(windows[:most]) * share
            stored += room_bytes * share
    unsampled = tuple(sorted(whole.keys() - samples.keys()))
    sampled_bytes = sum(whole[ending].size_bytes for ending in samples)
    growth = 1 + sum(whole[ending].size_bytes for ending in unsampled) / sampled_bytes if sampled_bytes else 1.0
    return Estimate(
        seconds=round(deciding_s + start_s + seconds * growth, 1),
        disk_bytes=int((STORE_FACTOR * stored + pictures) * growth),
        start_s=round(start_s, 1),
        sampled=sum(sample.documents for sample in samples.values()),
        unsampled=unsampled,
    )


def _windows(space: OpenSpace, segment: Segment) -> Sequence[Segment]:
    return windows_in(space.encoder, segment) if takes(space.space, segment) else ()


def _encoded(space: OpenSpace, windows: Sequence[Segment]) -> tuple[float, int]:
    """(seconds, bytes): how long it takes to encode the windows, and what is stored of them."""
    if not windows:
        return 0.0, 0
    started = time.perf_counter()
    contents = space.encoder.encode(windows)
    took_s = time.perf_counter() - started
    rows = (len(c.encode()) if isinstance(c, str) else c.nbytes for c in contents)
    return took_s, sum(rows) + sum(map(payload_bytes, windows))


def payload_bytes(segment: Segment) -> int:
    """About what a row takes beside its vector or its words."""
    cells = sum(len(cell) + 4 for row in (segment.table.rows if segment.table else ()) for cell in row)
    return 400 + len(segment.uri) + len(segment.text.encode()) + cells
