"""Signs of life: how a slow step tells whoever watches the process that it goes on.

A reader that yields segments needs none of this. One step that takes minutes by itself, such as the transcript of a
long recording, calls `alive` now and then; where nobody watches, it does nothing.
"""

from collections.abc import Callable

_watching: list[Callable[[float], None]] = []


def alive(busy_s: float = 0.0) -> None:
    """Say that the step at hand goes on; cheap enough for an inner loop.

    `busy_s` is how long the next step may be silent beyond what is usual, because it keeps a time limit of its own.
    """
    for sign in _watching:
        sign(busy_s)


def watch(sign: Callable[[float], None]) -> None:
    """Have `sign` called with the `busy_s` of every sign of life of this process."""
    _watching.append(sign)
