"""How documents are dealt out: a shard is what a worker does at once, and what is done again when it dies."""

from collections.abc import Iterator, Sequence

from mmsearch.reading import Order

SHARD_BYTES = 64 << 20
"""Of files in a shard at most, or one document: what comes back of it is held in memory whole."""
SHARDS_PER_WORKER = 4
"""At least, while there are documents enough: the last shards end at about the same time."""


def shards(orders: Sequence[Order], workers: int, most: int) -> Iterator[tuple[Order, ...]]:
    """The orders in their order, cut into shards of at most `most` documents, some for each worker."""
    size = max(1, min(most, len(orders) // (workers * SHARDS_PER_WORKER)))
    shard: list[Order] = []
    held_bytes = 0
    for order in orders:
        if shard and (len(shard) >= size or held_bytes + order.size_bytes > SHARD_BYTES):
            yield tuple(shard)
            shard, held_bytes = [], 0
        shard.append(order)
        held_bytes += order.size_bytes
    if shard:
        yield tuple(shard)
