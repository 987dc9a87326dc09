"""What runs on a worker: reads the documents of a shard in processes of its own, and encodes them."""

import pickle
import platform
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO

import pyarrow as pa

from mmsearch.cluster.encoded import Encoded, Row
from mmsearch.cluster.folders import Folder
from mmsearch.errors import ConfigError, JobError, MMSearchError, ModelUnavailable, UnsupportedMedia
from mmsearch.parts import copies_in, encoders_of, readers_of, recognised_suffixes
from mmsearch.planning import reading
from mmsearch.protocols import Encoder
from mmsearch.reading import Limits, Order, Outcome, ProcessPool, Read, Spooled
from mmsearch.settings import Settings
from mmsearch.sources import reader_of
from mmsearch.types import Segment
from mmsearch.windows import takes, windows_in
from mmsearch.writing import size_bytes

WINDOW_SEGMENTS = 512
WINDOW_BYTES = 32 << 20
"""Encoded at once at most, while other processes read on."""
LISTEN_S = 1.0

Answer = Sequence[tuple[int, Outcome]] | MMSearchError
"""The outcomes of a shard by the orders' numbers, or why the worker can do no shard."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What a worker is made with: the settings, the fingerprints of the spaces to fill, how many processes read."""

    settings: Settings
    spaces: Mapping[str, str]
    readers: int = 1


class ShardWorker:
    """Maps shards to answers as Ray Data calls it: tables of pickled `orders` to tables of a pickled `answer` each.

    The parts are made by the first call, so that what they raise comes back in words.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._bench: Bench | None = None

    def __call__(self, table: pa.Table) -> pa.Table:
        answers = [pickle.dumps(self.answer(pickle.loads(orders))) for orders in table["orders"].to_pylist()]
        return pa.table({"answer": pa.array(answers, pa.large_binary())})

    def answer(self, orders: Sequence[Order]) -> Answer:
        """The outcomes of the orders; an error that no document is to blame for in their place."""
        try:
            self._bench = self._bench or Bench(self._setup)
            return self._bench.work(orders)
        except MMSearchError as error:
            self.close()
            ours = type(error).__module__ == MMSearchError.__module__  # others might not unpickle
            return error if ours else JobError(str(error))
        except Exception as error:  # noqa: BLE001 - the outermost loop: whatever an encoder raises
            self.close()
            return JobError(f"the worker on {platform.node()} failed: {type(error).__name__}: {error}"[:1000])

    def close(self) -> None:
        """End what reads; the next shard begins anew, with nothing of an earlier one under way."""
        if self._bench is not None:
            self._bench.close()
        self._bench = None


@dataclass(slots=True, eq=False)
class _Document:
    """A document that was read: its pickled segments with their rows, as far as they are encoded."""

    order: Order
    content: str
    spaces: frozenset[str]
    stream: BytesIO = field(default_factory=BytesIO)

    def outcome(self) -> Read:
        content = self.stream.getvalue()
        return Read(self.content, Spooled(content, None, len(content)))


class Bench:
    """The parts of one worker: its encoders with their models, and what reads for it."""

    def __init__(self, setup: Setup) -> None:
        """Raises ConfigError where the parts here are not those of the library's process, ModelUnavailable."""
        settings, limits = setup.settings, setup.settings.indexing
        self._encoders = _checked(encoders_of(settings), setup.spaces)
        self._readers = readers_of(settings)
        self._fingerprints: dict[int, str] = {}
        self._folder = Folder()
        self._pool = ProcessPool(
            "mmsearch.parts:readers_of",
            (settings,),
            self._folder.path,
            setup.readers,
            Limits(limits.read_timeout_s, limits.worker_memory_bytes, settings.limits),
            copies_in(settings, self._folder.path),
            recognised_suffixes(settings),
        )
        self._window: list[tuple[_Document, Segment]] = []
        self._window_bytes = 0

    def work(self, orders: Sequence[Order]) -> list[tuple[int, Outcome]]:
        """The outcome of each order. Raises ModelError, JobError."""
        for order in orders:
            self._check_reader(order)
        outcomes: list[tuple[int, Outcome]] = []
        documents: list[_Document] = []
        waiting, asked = deque(orders), 0
        while waiting or asked:
            while waiting and not self._pool.full:
                self._pool.submit(waiting.popleft())
                asked += 1
            found = self._pool.take(LISTEN_S)
            if found is None:
                continue
            asked -= 1
            order, outcome = found
            if isinstance(outcome, Read):
                documents.append(self._document(order, outcome))
            else:
                outcomes.append((order.number, outcome))
        self._encode()
        return outcomes + [(document.order.number, document.outcome()) for document in documents]

    def close(self) -> None:
        """End what reads."""
        self._pool.close()
        self._folder.close()

    def _document(self, order: Order, read: Read) -> _Document:
        lacks = order.missing if read.content == order.held else self._encoders
        document = _Document(order, read.content, frozenset(lacks))
        for segment in read.spooled.segments():
            self._window.append((document, segment))
            self._window_bytes += size_bytes(segment)
            if len(self._window) >= WINDOW_SEGMENTS or self._window_bytes >= WINDOW_BYTES:
                self._encode()
        read.spooled.discard()
        return document

    def _encode(self) -> None:
        window, self._window, self._window_bytes = self._window, [], 0
        rows: list[dict[str, list[Row]]] = [{} for _ in window]
        for name, encoder in self._encoders.items():
            space = encoder.space
            pieces: list[tuple[list[Row], Segment]] = []
            for (document, segment), made in zip(window, rows, strict=True):
                if name in document.spaces and takes(space, segment):
                    into = made[name] = []
                    pieces += [(into, piece) for piece in windows_in(encoder, segment)]
            content = encoder.encode([piece for _, piece in pieces]) if pieces else []
            for (into, piece), row in zip(pieces, content, strict=True):
                into.append(Row.of(piece, row))
        for (document, segment), made in zip(window, rows, strict=True):
            pickle.dump(Encoded.of(segment, made), document.stream, pickle.HIGHEST_PROTOCOL)

    def _check_reader(self, order: Order) -> None:
        try:
            reader = reader_of(order.document, self._readers)
            here = self._fingerprints.get(id(reader)) or reading(reader)
            self._fingerprints[id(reader)] = here
        except UnsupportedMedia:
            here = "no reader"
        if here != order.reader:
            raise ConfigError(
                f"{order.document.uri} is read by {here} on the worker {platform.node()}, and by {order.reader} here: "
                "install the same mmsearch, parts and weights on all nodes"
            )


def _checked(encoders: Mapping[str, Encoder], wanted: Mapping[str, str]) -> dict[str, Encoder]:
    """The encoders of the wanted spaces, if they are the same models as where the library is."""
    for name, fingerprint in wanted.items():
        try:
            here = encoders[name].space
        except ModelUnavailable as error:
            raise ModelUnavailable(f"on the worker {platform.node()}: {error}") from error
        if here.fingerprint != fingerprint:
            raise ConfigError(
                f'the space "{name}" is made by {here.model} {here.revision} on the worker {platform.node()}, and by '
                "another model or revision here: install the same mmsearch, parts and weights on all nodes"
            )
    return {name: encoders[name] for name in wanted}
