"""Queries that come at the same time are encoded together: one batch costs little more than one query.

Nobody waits for company. A query that comes alone is encoded at once; those that come meanwhile are the next batch, and
the first of them to wake encodes it for all (as in leader-follower queues, Schmidt et al., PLoP 2000).
"""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from threading import Condition
from typing import Generic, TypeVar

from mmsearch.errors import MMSearchError, ModelError
from mmsearch.types import Embeddings, Vector

Asked = TypeVar("Asked", bound=Hashable)

MOST = 32
"""Queries of one batch."""
KEPT = 256
"""Queries in words whose rows are kept: a search asks for that of its query more than once, its next page again."""


@dataclass(slots=True, eq=False)
class _Ticket(Generic[Asked]):
    """A query that waits, and what became of it."""

    asked: Asked
    row: Vector | None = None
    error: MMSearchError | None = None
    done: bool = False


class Together(Generic[Asked]):
    """Calls `encode` with all the queries that wait, by one thread at a time. Any thread may call it.

    The rows of the last `keeps` queries are kept.
    """

    def __init__(self, encode: Callable[[Sequence[Asked]], Embeddings], keeps: int = 0) -> None:
        self._encode, self._keeps = encode, keeps
        self._waiting: list[_Ticket[Asked]] = []
        self._encoding = False
        self._kept: dict[Asked, Vector] = {}
        self._changed = Condition()
        self.sizes: Counter[int] = Counter()
        """How many batches there were of each size."""

    def __call__(self, asked: Asked) -> Vector:
        """The query's row, not to be changed. Raises what encoding this query raises, whatever was in its batch."""
        own = _Ticket[Asked](asked)
        with self._changed:
            if (kept := self._kept.get(asked)) is not None:
                return kept
            self._waiting.append(own)
        while not own.done:
            with self._changed:
                self._changed.wait_for(lambda: own.done or not self._encoding)
                if own.done:
                    break
                batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                self._encoding = True
            try:
                self._fill(batch)
            finally:
                with self._changed:
                    self._encoding = False
                    self.sizes[len(batch)] += 1
                    for ticket in batch:
                        ticket.done = True
                        self._keep(ticket)
                    self._changed.notify_all()
        if own.row is None:
            raise own.error or ModelError("the thread that encoded this query with others was ended")
        return own.row

    def _keep(self, ticket: _Ticket[Asked]) -> None:
        if ticket.row is not None:
            ticket.row = ticket.row.copy()  # and not the whole batch with it
            ticket.row.setflags(write=False)
            self._kept[ticket.asked] = ticket.row
            if len(self._kept) > self._keeps:
                del self._kept[next(iter(self._kept))]

    def _fill(self, batch: Sequence[_Ticket[Asked]]) -> None:
        """Encode the batch; if that fails, one by one, so that a bad query fails alone."""
        try:
            rows = self._encode([ticket.asked for ticket in batch])
        except MMSearchError as error:
            if len(batch) == 1:
                batch[0].error = error
                return
            for ticket in batch:
                self._fill([ticket])
        else:
            for ticket, row in zip(batch, rows, strict=True):
                ticket.row = row
