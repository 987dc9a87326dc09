"""What is made when it is first asked for, once for all threads."""

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Once(Generic[Value]):
    """A value that is made at the first call, by one thread while the others wait. A failure is tried again."""

    def __init__(self, make: Callable[[], Value]) -> None:
        self._make = make
        self._lock = Lock()
        self._made: list[Value] = []

    @property
    def made(self) -> bool:
        """Whether the value is there already."""
        return bool(self._made)

    def __call__(self) -> Value:
        """The value. Raises what making it raises."""
        if not self._made:
            with self._lock:
                if not self._made:
                    self._made.append(self._make())
        return self._made[0]
