"""How much a server takes on at once; whoever comes beyond that is told to come again."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from mmsearch.errors import Busy, MMSearchError

Value = TypeVar("Value")

WAITING = 4
"""Requests that wait for each one that runs."""
FINISHING_S = 30.0
"""How long a server that stops waits for what it has taken on."""


class Admission:
    """Runs work in threads: so much at once, some more waiting, and no more than that."""

    def __init__(self, at_once: int) -> None:
        self._limiter = CapacityLimiter(at_once)
        self._most = at_once * (1 + WAITING)
        self._admitted = 0
        self._closed = False

    @property
    def running(self) -> int:
        """How much is worked on."""
        return int(self._limiter.borrowed_tokens)

    @property
    def waiting(self) -> int:
        """How much waits for a place."""
        return self._admitted - self.running

    async def run(self, work: Callable[[], Value], gone: Callable[[], Awaitable[object]]) -> Value | None:
        """What the work gives; None once `gone` returns before its turn came, which frees its place.

        What runs is not broken off. Raises Busy instead of taking on too much, and while the server stops.
        """
        if self._closed:
            raise Busy("the server is stopping")
        if self._admitted >= self._most:
            raise Busy(f"{self._admitted} searches run or wait already; try again in a moment")
        value: Value | None = None
        failed: MMSearchError | None = None
        self._admitted += 1
        try:
            async with anyio.create_task_group() as tasks:

                async def listen() -> None:
                    await gone()
                    tasks.cancel_scope.cancel()

                tasks.start_soon(listen)
                try:
                    value = await run_sync(work, limiter=self._limiter)
                except MMSearchError as error:
                    failed = error  # raised below, and not in a group
                tasks.cancel_scope.cancel()
        finally:
            self._admitted -= 1
        if failed:
            raise failed
        return value

    async def finish(self) -> None:
        """Take on nothing more; returns when what was taken on is done, or has taken too long."""
        self._closed = True
        with anyio.move_on_after(FINISHING_S):
            while self._admitted:
                await anyio.sleep(0.02)
