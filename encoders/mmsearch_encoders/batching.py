"""Inputs into batches: alike in length, within a budget of tokens or pixels, halved when memory runs out."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import Lock

import numpy as np

from mmsearch.types import Embeddings

OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "CUBLAS_STATUS_ALLOC_FAILED")
"""What torch's back ends say; only CUDA's has a class of its own."""


class Budget:
    """How large a batch may be: as given, else by the device; less, once the device could not hold that."""

    def __init__(self, given: int | None, *, processor: int, gpu: int) -> None:
        self._given, self._processor, self._gpu = given, processor, gpu
        self._held: int | None = None

    def on(self, device: str) -> int:
        """The tokens or pixels of a batch."""
        usual = self._given or (self._processor if device == "cpu" else self._gpu)
        return min(usual, self._held or usual)

    def lower(self, size: int) -> None:
        """Allow no more than this from now on."""
        self._held = min(size, self._held or size)


def fill(
    rows: Embeddings,
    sizes: Sequence[int],
    budget: Budget,
    device: str,
    encode: Callable[[list[int]], Embeddings],
    ahead: Callable[[list[int]], None] = lambda _: None,
) -> None:
    """Set the rows to what `encode` makes of the inputs at the given positions, batch by batch.

    On a processor each of its cores encodes a batch of its own: two cores do two batches sooner than both do one after
    the other, where they wait for each other after every step. `ahead` is told the batch that comes next before one
    is encoded. Raises what `encode` raises, want of memory only where a single input needs too much.
    """
    batches = _Batches(sizes, budget, device)

    def work() -> None:
        while batch := batches.take(ahead):
            try:
                made = _encoded(batch, encode)
            except BaseException:
                batches.drop()
                raise
            if made is None:
                _release(device)
                batches.halve(batch)
            else:
                rows[batch] = made

    side_by_side(work, min(len(batches), cores()) if device == "cpu" else 1)


def side_by_side(work: Callable[[], None], times: int) -> None:
    """Do the work so many times at once, the cores shared out among them. Raises what one of them raises."""
    if times < 2:
        work()
        return
    import torch

    share = max(1, cores() // times)
    try:
        with ThreadPoolExecutor(times, "encoding", initializer=torch.set_num_threads, initargs=(share,)) as threads:
            for working in [threads.submit(work) for _ in range(times)]:
                working.result()
    finally:
        torch.set_num_threads(cores())  # what the threads set holds for those that come later, too


@cache
def cores() -> int:
    """The threads that torch uses by itself: the cores that it may use, or OMP_NUM_THREADS."""
    import torch

    return int(torch.get_num_threads())


class _Batches:
    """The batches that wait, for several threads; smaller ones once memory ran out."""

    def __init__(self, sizes: Sequence[int], budget: Budget, device: str) -> None:
        self._sizes, self._budget, self._device = sizes, budget, device
        self._lock = Lock()
        self._waiting = batches_by_size(sizes, range(len(sizes)), budget.on(device))

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self, ahead: Callable[[list[int]], None]) -> list[int]:
        """The next batch, none at the end; `ahead` is told the one after it."""
        with self._lock:
            batch, self._waiting = (self._waiting or [[]])[0], self._waiting[1:]
            if self._waiting:
                ahead(self._waiting[0])
        return batch

    def drop(self) -> None:
        """Let nothing wait any more."""
        with self._lock:
            self._waiting = []

    def halve(self, batch: list[int]) -> None:
        """Take back a batch that was too large: it and all that wait come in smaller ones."""
        with self._lock:
            self._budget.lower(self._sizes[batch[0]] * (len(batch) // 2))
            left = [*batch, *(position for waiting in self._waiting for position in waiting)]
            self._waiting = batches_by_size(self._sizes, left, self._budget.on(self._device))


def batches_by_size(sizes: Sequence[int], positions: Sequence[int], budget: int) -> list[list[int]]:
    """The positions in batches, the longest input first, each batch padded to its longest within the budget.

    Sorted batches waste no work on padding, and with the largest first memory runs out at once or never.
    """
    batches: list[list[int]] = []
    for position in sorted(positions, key=lambda i: -sizes[i]):
        if batches and sizes[batches[-1][0]] * (len(batches[-1]) + 1) <= budget:
            batches[-1].append(position)
        else:
            batches.append([position])
    return batches


def mixed(encode: Callable[[list[int]], Embeddings], device: str) -> Callable[[list[int]], Embeddings]:
    """`encode` in mixed precision where that is faster: on CUDA alone.

    By float16, not bfloat16, whose 8 bits would let the size of a batch change a vector by more than 1e-4. What leaves
    its range is encoded again in full.
    """
    if not device.startswith("cuda"):
        return encode

    def encode_mixed(batch: list[int]) -> Embeddings:
        import torch

        with torch.autocast("cuda", dtype=torch.float16):
            rows = np.asarray(encode(batch), np.float32)
        return rows if np.isfinite(rows).all() else encode(batch)

    return encode_mixed


def _encoded(batch: list[int], encode: Callable[[list[int]], Embeddings]) -> Embeddings | None:
    """None when the batch does not fit; the error is gone by then, and with it what it held in memory."""
    try:
        return encode(batch)
    except RuntimeError as error:
        if len(batch) == 1 or not any(sign in str(error) for sign in OUT_OF_MEMORY):
            raise
        return None


def _release(device: str) -> None:
    import torch

    if device.startswith("cuda"):
        torch.cuda.empty_cache()
    elif device.startswith("mps"):
        torch.mps.empty_cache()
