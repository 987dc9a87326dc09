"""How far a job is, how fast it goes, and when it will be done."""

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from mmsearch.types import Modality

LOOK_BACK_S = 30.0
"""A rate is what the last seconds showed: what is unchanged passes a thousand times faster than what is new."""


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of the `total` documents found are in the library as they lie on disk, or named as bad; `uri` is the last.

    Bytes are those of the files (the characters of a record that has none). `rate` is documents a second of late,
    0 while it is unknown, `eta_s` the seconds that the rest takes at that rate. `by_modality` counts the documents that
    are in the library by the medium of their first segment. Where nobody counted beforehand, `total` is None and
    `total_bytes` 0.
    """

    done: int
    total: int | None
    uri: str
    done_bytes: int = 0
    total_bytes: int = 0
    rate: float = 0.0
    eta_s: float | None = None
    by_modality: Mapping[Modality, int] = field(default_factory=dict)


class Pace:
    """The rate of something counted, from its counts of late."""

    def __init__(self) -> None:
        self._counts: deque[tuple[float, int]] = deque()

    def rate(self, done: int, now_s: float | None = None) -> float:
        """What is done a second, given that so much is done now; 0 before any time has passed."""
        now_s = time.monotonic() if now_s is None else now_s
        self._counts.append((now_s, done))
        while len(self._counts) > 2 and self._counts[1][0] <= now_s - LOOK_BACK_S:
            self._counts.popleft()
        since_s, before = self._counts[0]
        return (done - before) / (now_s - since_s) if now_s > since_s else 0.0
