"""Reading in this process, one document at a time: for debugging, and for readers that live in this process alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mmsearch.errors import MMSearchError
from mmsearch.limits import USUAL, FileLimits
from mmsearch.protocols import Reader
from mmsearch.reading.orders import Failed, Order, Outcome, fulfil
from mmsearch.sources import Copies


@dataclass(slots=True)
class Here:
    """Reads when it is asked to. Errors that are not ours pass through, with their traceback."""

    readers: Sequence[Reader]
    folder: Path
    copies: Copies
    limits: FileLimits = USUAL
    _done: list[tuple[Order, Outcome]] = field(default_factory=list)

    @property
    def full(self) -> bool:
        return bool(self._done)

    def submit(self, order: Order) -> None:
        try:
            outcome: Outcome = fulfil(order, self.readers, self.folder, self.copies, self.limits)
        except MMSearchError as error:
            outcome = Failed(error)
        self._done.append((order, outcome))

    def take(self, timeout_s: float) -> tuple[Order, Outcome] | None:
        return self._done.pop() if self._done else None

    def close(self) -> None:
        self._done.clear()
