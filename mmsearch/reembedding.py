"""Takes a space to another model while searches go on with the one that it has.

A second collection, the shadow, is filled from what the library holds: segments from its catalogue, pictures from their
renditions. That is all that an encoder is ever given: a picture is encoded from its rendition in an indexing too, so
that the vectors are the same as if every file were read again. Which documents are in the shadow the manifest knows of
each one, so that a killed filling goes on where it was, and documents that change meanwhile are filled in again. When
none is lacking, the shadow becomes the active collection in one transaction.
"""

import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from mmsearch.errors import InputError, NotFound, StoreError
from mmsearch.indexing import Progress
from mmsearch.manifest import Manifest
from mmsearch.protocols import Encoder, Store
from mmsearch.renditions import Renditions
from mmsearch.spaces import CATALOGUE
from mmsearch.types import Failure, Segment, Space

SAMPLE_S = 3.0
"""How long is encoded for an estimate, at least one document."""
PAGE_DOCUMENTS = 256
GIVE_WAY_S = 0.001
"""Between two batches, for an indexing that waits: locks of Python are not fair."""
STORED_BYTES = 2.0
"""What a byte of a row takes on disk: 1.2 to 2.2 were measured on Milvus Lite (docs/store.md)."""
ROW_BYTES = 400
"""Ids, places and metadata of a row, beside its words."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What taking a space to another model will cost.

    `held_segments` of the `segments` are in the shadow already. `seconds` is what the others take at the rate of
    `sampled_segments` that were encoded, None where none was left to measure; loading the model is not in it.
    `disk_bytes` is what the new vectors will take beside the old ones, `free_bytes` what is free where the library
    lies, None on a server. `closed` says why the space cannot be searched meanwhile, where it cannot even now.
    """

    space: str
    before: str
    after: str
    documents: int
    segments: int
    held_segments: int
    sampled_segments: int
    segments_per_s: float | None
    seconds: float | None
    rows: int
    disk_bytes: int
    free_bytes: int | None
    closed: str

    def check_room(self) -> None:
        """Raises StoreError when the disk has no room for it."""
        if self.free_bytes is not None and self.free_bytes < self.disk_bytes:
            raise StoreError(
                f"the new vectors take about {self.disk_bytes / 1e6:,.0f} MB, and {self.free_bytes / 1e6:,.0f} MB are "
                f'free: make room; "mmsearch reembed {self.space} --forget-previous" drops what is kept from before'
            )


@dataclass(frozen=True, slots=True)
class Reembedded:
    """A space after a change of its model. `segments` were looked at and `rows` written in `seconds`.

    `failed` documents are not in the space: "mmsearch index" reads them again. The previous collection, of
    `previous_rows` by `before`, takes about `previous_bytes` until it is forgotten.
    """

    space: str
    before: str
    after: str
    documents: int
    segments: int
    rows: int
    seconds: float
    failed: tuple[Failure, ...]
    previous_rows: int
    previous_bytes: int


@dataclass(slots=True)
class Filling:
    """A collection being filled by `encoder` from the library. `writing` is held while something is written."""

    encoder: Encoder
    manifest: Manifest
    store: Store
    renditions: Renditions
    batch_segments: int
    writing: threading.RLock
    failed: dict[str, Failure] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    """How many documents and segments were looked at, and rows written."""

    @property
    def space(self) -> Space:
        """The space that is filled."""
        return self.encoder.space

    def fill(self, on_progress: Callable[[Progress], None], whole: Callable[[], None]) -> None:
        """Fill the collection until it lacks no document but failed ones, then call `whole` before anybody writes.

        Raises ModelError, StoreError; what was filled until then stays.
        """
        after = ""
        extent = self.manifest.succession.extent(self.space)
        while True:
            with self.writing:
                batch = self._next(after)
                if batch:
                    self._write(batch)
                    after = batch[-1][0]
                elif after:
                    after = ""  # once more from the start: what changed meanwhile is lacking again
                    continue
                else:
                    whole()
                    break
            total = max(extent.segments, extent.held_segments + self.done["segments"])
            on_progress(Progress(extent.held_segments + self.done["segments"], total, self._name(batch[-1][0])))
            time.sleep(GIVE_WAY_S)

    def sample(self) -> tuple[int, int, float, int]:
        """(segments, rows, seconds, bytes of the rows' words) of some documents that are encoded and not kept.

        Ids are hashes, so that the next documents are as good as drawn. The time to load the model is not counted.
        """
        documents = self.manifest.succession.lacking(self.space, "", PAGE_DOCUMENTS)
        pieces = (piece for document, _ in documents for piece in self._pieces([document]))
        if first := list(islice(pieces, 1)):
            self.encoder.encode(first)
        segments = rows = size_bytes = 0
        started = time.perf_counter()
        for document, count in documents:
            encoded = list(self._pieces([document]))
            for start in range(0, len(encoded), self.batch_segments):
                self.encoder.encode(encoded[start : start + self.batch_segments])
            segments, rows = segments + count, rows + len(encoded)
            size_bytes += sum(map(_size_bytes, encoded))
            if time.perf_counter() - started > SAMPLE_S:
                break
        return segments, rows, time.perf_counter() - started, size_bytes

    def _next(self, after: str) -> list[tuple[str, int]]:
        """The next documents for one batch, with their segments."""
        page = self.manifest.succession.lacking(self.space, after, PAGE_DOCUMENTS + len(self.failed))
        batch: list[tuple[str, int]] = []
        for document, segments in page:
            if batch and sum(count for _, count in batch) + segments > self.batch_segments:
                break
            if document not in self.failed:
                batch.append((document, segments))
        return batch

    def _write(self, batch: Sequence[tuple[str, int]]) -> None:
        rows: Counter[str] = Counter({document: 0 for document, _ in batch})
        waiting: list[Segment] = []
        for piece in self._pieces(list(rows)):
            waiting.append(piece)
            if len(waiting) == self.batch_segments:
                rows += self._upsert(waiting)
                waiting = []
        rows += self._upsert(waiting)
        held = {document: rows[document] for document, _ in batch if document not in self.failed}
        for document in self.failed.keys() & {document for document, _ in batch}:
            self.store.prune(self._collection, document)
        self.manifest.succession.hold(self.space, held)
        self.done.update(documents=len(batch), segments=sum(count for _, count in batch), rows=rows.total())

    def _pieces(self, documents: Sequence[str]) -> Iterator[Segment]:
        """What the space makes rows of, from the catalogue."""
        looks = "image" in self.space.answers
        for segment, _ in self.store.scan(self.manifest.spaces()[CATALOGUE][0], documents):
            if segment.modality not in self.space.stores:
                continue
            picture = self.renditions.path(segment.document_id, segment.id)
            if picture is None and looks and segment.modality == "image":
                self._fail(segment, NotFound.code, "its picture is missing in the library")
            else:
                shown = picture.read_bytes() if picture else None
                yield from self.encoder.windows(replace(segment, picture=shown))

    def _upsert(self, pieces: Sequence[Segment]) -> Counter[str]:
        """Encode and write the pieces; how many rows each document got."""
        if not pieces:
            return Counter()
        try:
            contents = self.encoder.encode(pieces)
        except InputError as error:
            if len(pieces) > 1:  # which one it is
                return sum((self._upsert([piece]) for piece in pieces), Counter[str]())
            self._fail(pieces[0], error.code, str(error))
            return Counter()
        self.store.upsert(self._collection, pieces, contents)
        filled = zip(pieces, contents, strict=True)
        return Counter(piece.document_id for piece, content in filled if len(content))

    def _fail(self, segment: Segment, code: str, reason: str) -> None:
        reason = f'{segment.uri}: {reason}; "mmsearch index" reads it again'
        self.failed.setdefault(segment.document_id, Failure(segment.uri, code, reason))

    def _name(self, document: str) -> str:
        entry = self.manifest.entry(document)
        return entry.uri if entry else ""

    @property
    def _collection(self) -> str:
        return self.manifest.collection_name(self.space)


def estimate(filling: Filling, before: str, closed: str, library: Path | None) -> Estimate:
    """What the filling will cost, measured on a sample; `library` is where the store lies, None for a server."""
    extent = filling.manifest.succession.extent(filling.space)
    left = extent.segments - extent.held_segments
    segments, rows, seconds, size_bytes = filling.sample()
    rate = segments / seconds if segments and seconds else None
    row_bytes = size_bytes / rows if rows else 0.0
    expected = round(rows * left / segments) if segments else 0
    return Estimate(
        space=filling.space.name,
        before=before,
        after=filling.space.model,
        documents=extent.documents,
        segments=extent.segments,
        held_segments=extent.held_segments,
        sampled_segments=segments,
        segments_per_s=rate,
        seconds=left / rate if rate else None,
        rows=expected,
        disk_bytes=stored_bytes(expected, filling.space, row_bytes),
        free_bytes=shutil.disk_usage(library).free if library else None,
        closed=closed,
    )


def stored_bytes(rows: int, space: Space, row_bytes: float) -> int:
    """About what so many rows of the space take on disk, of so many bytes beside their vectors."""
    return round(rows * STORED_BYTES * (4 * space.dim + row_bytes))


def usual_row_bytes(store: Store, catalogue: str, documents: Sequence[str]) -> float:
    """The mean of what a row takes beside its vector, by the segments of some documents."""
    sizes = [_size_bytes(segment) for segment, _ in store.scan(catalogue, documents)]
    return sum(sizes) / len(sizes) if sizes else 0.0


def _size_bytes(segment: Segment) -> int:
    cells = sum(len(cell) for row in segment.table.rows for cell in row) if segment.table else 0
    return len(segment.text) + cells + ROW_BYTES
