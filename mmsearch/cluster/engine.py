"""The engine "ray": orders are gathered to waves, dealt out in shards, and come back read and encoded."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from functools import cached_property
from pathlib import Path
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Self

from mmsearch.cluster.connection import Connection, check_installed
from mmsearch.cluster.encoded import Received
from mmsearch.cluster.shards import shards
from mmsearch.cluster.worker import Answer, Setup
from mmsearch.errors import JobError, MMSearchError, ModelUnavailable, NotFound, ReaderFailed
from mmsearch.protocols import Encoder
from mmsearch.reading import Failed, Order, Outcome
from mmsearch.settings import Settings, StoreSettings

WAVE_DOCUMENTS = 1 << 17
"""Of one run of Ray Data at most: they are known here until they are written, and each run starts its workers."""
TRIES, TRIES_ALONE = 3, 2
"""Of a shard whose worker dies, and of each of its documents by itself then."""
MOST_LOST, MOST_LOST_ALONE = 32, 64
"""Of the shards of a wave, and of documents by themselves: when more are lost, documents are not to blame."""
ANSWERS_WAITING = 2
LOOK_S = 0.2
CLOSE_S = 10.0


class RayEngine:
    """Workers for one indexing, of which this makes a `Reading`; leave it with `with`.

    `encoders` are for the Indexer: they hand on what the workers made.
    """

    def __init__(self, settings: Settings, encoders: Mapping[str, Encoder]) -> None:
        """Raises ConfigError when the extra is not installed. Ray is started or met when there is work."""
        check_installed()
        self.encoders: dict[str, Encoder] = {name: Received(encoder) for name, encoder in encoders.items()}
        self._settings = settings

    def reading(self, _folder: Path) -> "Waves":
        """What reads and encodes; nothing on its way is kept in the folder."""
        here = self._settings.library.absolute()
        settings = self._settings.model_copy(
            update={"store": StoreSettings(), "library": here}  # no token leaves this process
        )
        return Waves(lambda: self._connection, Setup(settings, fingerprints(self.encoders)))

    @cached_property
    def _connection(self) -> Connection:
        return Connection(self._settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if "_connection" in self.__dict__:
            self._connection.close()


class Waves:
    """Takes orders until a wave is full or its caller waits, and has it done; meanwhile the next one is gathered."""

    def __init__(self, connect: Callable[[], Connection], setup: Setup) -> None:
        self._connect, self._setup = connect, setup
        self._gathered: list[Order] = []
        self._ready: deque[tuple[Order, Outcome]] = deque()
        self._wave: _Wave | None = None

    @property
    def full(self) -> bool:
        return len(self._gathered) >= WAVE_DOCUMENTS or len(self._ready) > 0

    def submit(self, order: Order) -> None:
        self._gathered.append(order)

    def take(self, timeout_s: float) -> tuple[Order, Outcome] | None:
        if not self._ready:
            self._begin(waits=timeout_s > 0)
            if self._wave is not None:
                self._ready += self._wave.take(timeout_s)
                if self._wave.ended:
                    self._wave = None
        return self._ready.popleft() if self._ready else None

    def close(self) -> None:
        if self._wave is not None:
            self._wave.close()

    def _begin(self, waits: bool) -> None:
        enough = len(self._gathered) >= WAVE_DOCUMENTS
        if self._wave is None and self._gathered and (enough or waits):
            orders, self._gathered = self._gathered, []
            self._wave = _Wave(self._connect(), self._setup, orders)


class _Wave:
    """One run of Ray Data over the shards of some orders, and one over single documents where shards are lost."""

    def __init__(self, connection: Connection, setup: Setup, orders: Sequence[Order]) -> None:
        self._connection, self._setup = connection, setup
        self._orders = {order.number: order for order in orders}
        self._came: Queue[Answer | Exception | None] = Queue(ANSWERS_WAITING)
        self._closed = Event()
        self._alone = False
        self._any = False
        self.ended = False
        self._thread = self._run(shards(orders, connection.shares.workers, setup.settings.indexing.shard_documents))

    def take(self, timeout_s: float) -> list[tuple[Order, Outcome]]:
        """The outcomes of a shard; none when nothing came in that time. Raises what is no fault of a document."""
        try:
            came = self._came.get(timeout=timeout_s) if timeout_s > 0 else self._came.get_nowait()
        except Empty:
            return []
        if isinstance(came, Exception):
            raise came
        if came is None:
            return self._over()
        self._any = True
        return [_placed(self._orders.pop(number), outcome) for number, outcome in came if number in self._orders]

    def close(self) -> None:
        """Give up what is not back."""
        self._closed.set()
        self._thread.join(CLOSE_S)  # else it ends with the connection, or with the shard that it waits for

    def _run(self, dealt: Iterable[tuple[Order, ...]]) -> Thread:
        thread = Thread(target=self._listen, args=(list(dealt),), name="wave", daemon=True)
        thread.start()
        return thread

    def _listen(self, dealt: Sequence[tuple[Order, ...]]) -> None:
        tries, most = (TRIES_ALONE, MOST_LOST_ALONE) if self._alone else (TRIES, MOST_LOST)
        ended: Exception | None = None
        try:
            with closing(self._connection.answers(self._setup, dealt, tries, most)) as answers:
                for answer in answers:
                    if not self._put(answer):
                        break
        except MMSearchError as error:
            ended = error
        except Exception as error:  # noqa: BLE001 - the outermost loop of this thread: who takes must hear of it
            ended = JobError(f"the workers of Ray do not go on: {type(error).__name__}: {str(error).strip()[-700:]}")
        self._put(ended)

    def _put(self, came: Answer | Exception | None) -> bool:
        """Wait until there is room; False when nobody wants it any more."""
        while not self._closed.is_set():
            try:
                self._came.put(came, timeout=LOOK_S)
            except Full:
                continue
            return True
        return False

    def _over(self) -> list[tuple[Order, Outcome]]:
        """A run has ended: what did not come back is done document by document, and what still did not has failed."""
        self._thread.join()
        left = list(self._orders.values())
        if len(left) > MOST_LOST_ALONE and not self._any:
            raise JobError(
                "every worker of Ray died before its first shard was done, and nothing was lost: "
                "look for the reason in Ray's logs (memory, mostly), or set fewer indexing.workers"
            )
        if left and not self._alone:
            self._alone = True
            self._thread = self._run((order,) for order in left)
            return []
        self.ended = True
        self._orders.clear()
        return [(order, Failed(_lost(order))) for order in left]


def _placed(order: Order, outcome: Outcome) -> tuple[Order, Outcome]:
    """The outcome; a file that is there for us and not for the worker is said to be so."""
    document = order.document
    of_file = document.record is None and not document.remote
    if of_file and isinstance(outcome, Failed) and isinstance(outcome.error, NotFound) and document.path.exists():
        outcome = Failed(
            NotFound(
                f"{document.uri} is there on this machine and not on the worker: "
                "what is indexed has to lie at the same path on every node of the Ray cluster"
            )
        )
    return order, outcome


def _lost(order: Order) -> ReaderFailed:
    return ReaderFailed(f"{order.document.uri}: the worker that had it alone died {TRIES_ALONE} times")


def fingerprints(encoders: Mapping[str, Encoder]) -> dict[str, str]:
    """Of the spaces that are open here, by name."""
    found = {}
    for name, encoder in encoders.items():
        try:
            found[name] = encoder.space.fingerprint
        except ModelUnavailable:
            continue
    return found
