"""The client for programs that await: each call of `Client` in a thread of its own, here or over HTTP."""

import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial, wraps
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import anyio
from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from mmsearch.client import Client
from mmsearch.jobs import Job

Given = ParamSpec("Given")
Value = TypeVar("Value")

AT_ONCE = 32


def _awaited(
    method: Callable[Concatenate[Client, Given], Value],
) -> Callable[Concatenate["AsyncClient", Given], Coroutine[Any, Any, Value]]:
    """The method, awaited. Whoever is cancelled goes on at once; the call ends by itself."""

    @wraps(method)
    async def call(self: "AsyncClient", /, *given: Given.args, **named: Given.kwargs) -> Value:
        return await run_sync(
            partial(method, self._client, *given, **named), limiter=self._threads, abandon_on_cancel=True
        )

    return call


def _stoppable(
    method: Callable[Concatenate[Client, Given], Value],
) -> Callable[Concatenate["AsyncClient", Given], Coroutine[Any, Any, Value]]:
    """The method with its `stop`, awaited. Whoever is cancelled waits until the batch at hand is written."""

    @wraps(method)
    async def call(self: "AsyncClient", /, *given: Given.args, **named: Given.kwargs) -> Value:
        cancelled, asked = threading.Event(), named.pop("stop", lambda: False)

        def stop() -> bool:
            return cancelled.is_set() or bool(asked())  # type: ignore[operator]  # as the method has it

        async def listen() -> None:
            try:
                await anyio.sleep_forever()
            finally:
                cancelled.set()

        async def work() -> None:
            bound = partial(method, self._client, *given, stop=stop, **named)  # type: ignore[arg-type]
            try:
                done.append(await run_sync(bound, limiter=self._threads))
            except Exception as error:  # noqa: BLE001 - raised below, and not in a group
                failed.append(error)
            tasks.cancel_scope.cancel()

        done: list[Value] = []
        failed: list[Exception] = []
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listen)
            tasks.start_soon(work)
        if failed:
            raise failed[0]
        return done[0]

    return call


class AsyncClient:
    """`Client`, awaited.

    >>> async with AsyncClient("http://localhost:7860") as client:
    ...     ranking = await client.search("boats at night")
    """

    def __init__(self, library: str | Path | None = None, create: bool = True, **settings: Any) -> None:
        """As Client; the library is opened by `async with`."""
        self._open = partial(Client, library, create, **settings)
        self._threads = CapacityLimiter(AT_ONCE)

    @classmethod
    def over(cls, client: Client) -> Self:
        """A client that is open already, awaited: without `async with`, and to be closed where it was opened."""
        awaited = cls()
        awaited._client = client
        return awaited

    index = _stoppable(Client.index)
    add = _stoppable(Client.add)
    index_records = _stoppable(Client.index_records)
    submit = _awaited(Client.submit)
    cancel = _awaited(Client.cancel)
    jobs = _awaited(Client.jobs)
    preview = _awaited(Client.preview)
    remove = _awaited(Client.remove)
    search = _awaited(Client.search)
    evaluate = _stoppable(Client.evaluate)
    calibrate = _awaited(Client.calibrate)
    forget_calibration = _awaited(Client.forget_calibration)
    reembed = _stoppable(Client.reembed)
    roll_back = _stoppable(Client.roll_back)
    estimate_reembed = _awaited(Client.estimate_reembed)
    forget_previous = _awaited(Client.forget_previous)
    export = _awaited(Client.export)
    import_ = _awaited(Client.import_)
    judge = _awaited(Client.judge)
    judgements = _awaited(Client.judgements)
    withdraw = _awaited(Client.withdraw)
    picture = _awaited(Client.picture)
    document = _awaited(Client.document)
    documents = _awaited(Client.documents)
    segments = _awaited(Client.segments)
    spaces = _awaited(Client.spaces)
    stats = _awaited(Client.stats)
    examples = _awaited(Client.examples)

    async def follow(self, job_id: str) -> AsyncIterator[Job]:
        """See Client.follow."""
        jobs = self._client.follow(job_id)
        while (job := await run_sync(next, jobs, None, limiter=self._threads, abandon_on_cancel=True)) is not None:
            yield job

    async def close(self) -> None:
        """Release the library."""
        with anyio.CancelScope(shield=True):
            await run_sync(self._client.close)

    async def __aenter__(self) -> Self:
        self._client = await run_sync(self._open)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
