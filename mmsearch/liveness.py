"""Signs of life: how a slow step tells whoever watches the process that it goes on.

A reader that yields segments needs none of this. One step that takes minutes by itself, such as the transcript of a
long recording, calls `alive` now and then; where nobody watches, it does nothing.
"""

from collections.abc import Callable

_watching: list[Callable[[], None]] = []


def alive() -> None:
    """Say that the step at hand goes on; cheap enough for an inner loop."""
    for sign in _watching:
        sign()


def watch(sign: Callable[[], None]) -> None:
    """Have `sign` called at every sign of life of this process."""
    _watching.append(sign)
