"""The memory of a long-lived process; what is glibc's changes nothing elsewhere."""

import ctypes
import gc
from contextlib import suppress

M_ARENA_MAX = -8
"""malloc.h"""
ARENAS = 2
"""Heaps that all threads share. glibc would make up to eight for each core, and what a job leaves in the one of its
thread is of no use to the others: a server that indexes grew by 3 MiB a minute."""


def share_heaps() -> None:
    """Have the threads of this process share two heaps; before there are any."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, ARENAS)


def settle() -> None:
    """Leave what is in memory now out of later searches for garbage, which else look at all of it: 110 ms each."""
    gc.collect()
    gc.freeze()


def give_back() -> None:
    """Return freed memory to the system, which the C library keeps for later; takes a few milliseconds."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
