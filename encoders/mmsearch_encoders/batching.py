"""Inputs into batches: alike in length, within a budget of tokens or pixels, halved when memory runs out."""

from collections.abc import Callable, Sequence

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
        self._held = size


def fill(
    rows: Embeddings,
    sizes: Sequence[int],
    budget: Budget,
    device: str,
    encode: Callable[[list[int]], Embeddings],
    ahead: Callable[[list[int]], None] = lambda _: None,
) -> None:
    """Set the rows to what `encode` makes of the inputs at the given positions, batch by batch.

    `ahead` is told the batch that comes next before one is encoded. Raises what `encode` raises, want of memory only
    where a single input needs too much.
    """
    batches = batches_by_size(sizes, range(len(sizes)), budget.on(device))
    while batches:
        batch, *rest = batches
        if rest:
            ahead(rest[0])
        made = _encoded(batch, encode)
        if made is None:
            _release(device)
            budget.lower(sizes[batch[0]] * (len(batch) // 2))
            left = [position for waiting in batches for position in waiting]
            batches = batches_by_size(sizes, left, budget.on(device))
        else:
            rows[batch] = made
            batches = rest


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
