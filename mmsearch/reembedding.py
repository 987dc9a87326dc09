"""Fills a collection by another model from what the library holds, while searches go on with the one that it has.

Segments come from the catalogue, pictures from their renditions. That is all that an encoder is ever given: a picture
is encoded from its rendition in an indexing too, so that the vectors are the same as if every file were read again.
Which documents are in the collection the manifest knows of each one, so that a killed filling goes on where it was, and
documents that change meanwhile are filled in again.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from mmsearch.errors import InputError, NotFound, StoreError
from mmsearch.estimating import STORE_FACTOR, WRITE_S, payload_bytes
from mmsearch.manifest import Manifest
from mmsearch.progress import Pace, Progress
from mmsearch.protocols import Encoder, Store
from mmsearch.renditions import Renditions
from mmsearch.reports import Failure
from mmsearch.spaces import CATALOGUE
from mmsearch.types import Segment, Space
from mmsearch.windows import windows_in
from mmsearch.writing import WINDOW_BYTES, Room, size_bytes

SAMPLE_S = 3.0
"""How long is encoded for an estimate, at least one document."""
PAGE_DOCUMENTS = 256
GIVE_WAY_S = 0.001
"""Between two windows, for an indexing that waits: locks of Python are not fair."""


@dataclass(frozen=True, slots=True)
class ReembedEstimate:
    """What taking a space from the model `before` to `after` will cost.

    `documents` with `segments` are to be filled in, `held` documents are there already. `seconds` is what they take at
    the rate of `sampled_segments` that were encoded; loading the model is not in it. `disk_bytes` is what the new
    vectors will take beside the old ones, `free_bytes` what is free where the library lies, None on a server.
    `closed` says why the space cannot be searched meanwhile, where it cannot even now.
    """

    space: str
    before: str
    after: str
    documents: int
    segments: int
    held: int
    sampled_segments: int
    seconds: float
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

    def fill(
        self, on_progress: Callable[[Progress], None], stop: Callable[[], bool], whole: Callable[[], None]
    ) -> bool:
        """Fill until no document is lacking but the failed ones, then call `whole` before anybody writes.

        True when it was stopped before that. Raises ModelError, StoreError; what was filled until then stays.
        """
        after, pace, room = "", Pace(), Room(self.batch_segments)
        extent = self.manifest.succession.extent(self.space)
        while not stop():
            with self.writing:
                batch = self._next(after, room.segments)
                if batch:
                    self._write(batch, room)
                    after = batch[-1][0]
                elif after:
                    after = ""  # once more from the start: what changed meanwhile is lacking again
                    continue
                else:
                    whole()
                    return False
            filled, uri = extent.held_documents + self.done["documents"], self._uri(batch[-1][0])
            total, rate = max(extent.documents, filled), pace.rate(filled)
            left_s = (total - filled) / rate if rate else None
            on_progress(Progress(filled, total, uri, rate=rate, eta_s=left_s))
            time.sleep(GIVE_WAY_S)
        return True

    def estimate(self, before: str, closed: str, free_bytes: int | None) -> ReembedEstimate:
        """What it will cost, measured for a few seconds on documents that are encoded and not kept."""
        extent = self.manifest.succession.extent(self.space)
        left = extent.segments - extent.held_segments
        segments, rows, took_s, payload = self._sample()
        share = left / segments if segments else 0.0
        return ReembedEstimate(
            space=self.space.name,
            before=before,
            after=self.space.model,
            documents=extent.documents - extent.held_documents,
            segments=left,
            held=extent.held_documents,
            sampled_segments=segments,
            seconds=round((took_s + WRITE_S * rows) * share, 1),
            disk_bytes=round(STORE_FACTOR * (4 * self.space.dim * rows + payload) * share),
            free_bytes=free_bytes,
            closed=closed,
        )

    def _sample(self) -> tuple[int, int, float, int]:
        """(segments, rows, seconds, bytes beside vectors). Ids are hashes, so that the next are as good as drawn."""
        documents = self.manifest.succession.lacking(self.space, "", PAGE_DOCUMENTS)
        if first := list(islice((piece for id, _ in documents for piece in self._pieces([id])), 1)):
            self.encoder.encode(first)  # loads the model
        segments = rows = payload = 0
        started = time.perf_counter()
        batch: list[tuple[str, int]] = []
        for document in documents:
            batch.append(document)
            if sum(count for _, count in batch) < Room(self.batch_segments).segments and document != documents[-1]:
                continue
            pieces = list(self._pieces([id for id, _ in batch]))
            if pieces:
                self.encoder.encode(pieces)
            segments, rows = segments + sum(count for _, count in batch), rows + len(pieces)
            payload, batch = payload + sum(map(payload_bytes, pieces)), []
            if time.perf_counter() - started > SAMPLE_S:
                break
        return segments, rows, time.perf_counter() - started, payload

    def _next(self, after: str, most: int) -> list[tuple[str, int]]:
        """The next documents for one window, with their segments."""
        batch: list[tuple[str, int]] = []
        for document, segments in self.manifest.succession.lacking(
            self.space, after, PAGE_DOCUMENTS + len(self.failed)
        ):
            if batch and sum(count for _, count in batch) + segments > most:
                break
            if document not in self.failed:
                batch.append((document, segments))
        return batch

    def _write(self, batch: Sequence[tuple[str, int]], room: Room) -> None:
        """Encode and write the documents, a window at a time, then remember that they are there."""
        rows: Counter[str] = Counter({document: 0 for document, _ in batch})
        waiting: list[Segment] = []
        waiting_bytes, started_s = 0, time.monotonic()
        for piece in self._pieces(list(rows)):
            waiting.append(piece)
            waiting_bytes += size_bytes(piece)
            if len(waiting) >= room.segments or waiting_bytes >= WINDOW_BYTES:
                rows += self._upsert(waiting)
                waiting, waiting_bytes = [], 0
        rows += self._upsert(waiting)
        held = {document: rows[document] for document, _ in batch if document not in self.failed}
        with self.manifest.changing:
            for document in self.failed.keys() & {document for document, _ in batch}:
                self.store.prune(self._collection, document)
            self.manifest.succession.hold(self.space, held)
        segments = sum(count for _, count in batch)
        self.done.update(documents=len(batch), segments=segments, rows=rows.total())
        room.adapt(max(segments, 1), time.monotonic() - started_s)

    def _pieces(self, documents: Sequence[str]) -> Iterator[Segment]:
        """What the space makes rows of, from the catalogue."""
        looks = "image" in self.space.answers
        for segment, _ in self.store.scan(self.manifest.spaces()[CATALOGUE][0], documents):
            if segment.modality not in self.space.stores:
                continue
            picture = self.renditions.path(segment.document_id, segment.id) if looks else None
            if picture is None and looks and segment.modality == "image":
                self._fail(segment, NotFound.code, "its picture is missing in the library")
            else:
                whole = replace(segment, picture=picture.read_bytes() if picture else None)
                yield from windows_in(self.encoder, whole)

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
        with self.manifest.changing:
            self.store.upsert(self._collection, pieces, contents)
        filled = zip(pieces, contents, strict=True)
        return Counter(piece.document_id for piece, content in filled if len(content))

    def _fail(self, segment: Segment, code: str, reason: str) -> None:
        reason = f'{segment.uri}: {reason}; "mmsearch index" reads it again'
        self.failed.setdefault(segment.document_id, Failure(segment.uri, code, reason))

    def _uri(self, document: str) -> str:
        entry = self.manifest.entry(document)
        return entry.uri if entry else ""

    @property
    def _collection(self) -> str:
        return self.manifest.collection_name(self.space)
