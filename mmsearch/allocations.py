"""Memory that a long-lived process has done with."""

import ctypes
from contextlib import suppress


def give_back() -> None:
    """Return freed memory to the system, where the C library keeps it for later: glibc, once for each thread.

    A batch of a model takes hundreds of MiB, and every job runs in a thread of its own: without this a server that
    indexes now and then holds what its largest batches took, several times over. Takes a few milliseconds.
    """
    with suppress(OSError, AttributeError):  # another C library has no such call
        ctypes.CDLL(None).malloc_trim(0)
