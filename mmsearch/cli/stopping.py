"""Ctrl-C and SIGTERM: the first asks for an orderly end, the second ends at once."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mmsearch.cli.options import INTERRUPTED

FIRST = b"\nstopping: finishing the batch at hand (once more ends at once)\n"
SECOND = b"\nended; the same command goes on from the last batch that was finished\n"


@contextmanager
def stopping() -> Iterator[Callable[[], bool]]:
    """Inside, whether an end was asked for; what asks it regularly ends in an orderly way.

    A second signal ends the process where it is: what was written stays, and the next run does the rest. Milvus Lite
    and the processes that read end by themselves when this one is gone.
    """
    asked = threading.Event()

    def ask(_number: int, _frame: object) -> None:
        os.write(2, SECOND if asked.is_set() else FIRST)
        if asked.is_set():
            os._exit(INTERRUPTED)
        asked.set()

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, ask) for number in numbers}
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
