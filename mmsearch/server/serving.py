"""Runs the server, and lets other commands find it."""

import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

import uvicorn
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from mmsearch.allocations import settle
from mmsearch.app import App
from mmsearch.client import Client
from mmsearch.errors import ConfigError
from mmsearch.parts import load
from mmsearch.server.application import application
from mmsearch.server.doors import LOCAL_NAMES, is_loopback
from mmsearch.server.logs import written

HANG_UP_S = 1
"""How long a connection may stay open when all work is done: the page keeps streams open for ever."""
SHORTEST_TOKEN = 16
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Addresses that stand for all of this machine's -> the one to reach it by from here."""


def serve(client: Client, host: str, port: int, page: bool, mcp: bool) -> None:
    """Serve the client's library until interrupted or terminated; port 0 takes a free one.

    One search is made first, so that the models are loaded when the address is printed. What runs at the end is
    finished. Raises ConfigError when the address cannot be listened on or the token is a short one and others could try
    it, and what Client.search raises.
    """
    app = client.app
    limits = app.settings.server
    token = limits.token or secrets.token_urlsafe(32)
    mount = _page(client) if page else None
    with listen(host, port) as listener, _terminable():
        print("loading the models ...", file=sys.stderr, flush=True)
        client.search("open", top_k=1)
        one_thread_each()
        settle()
        own = listener.getsockname()[0]
        local = is_loopback(own)
        if not local and len(token) < SHORTEST_TOKEN:
            raise ConfigError(f"server.token has less than {SHORTEST_TOKEN} characters: too few beyond this machine")
        names = (*LOCAL_NAMES, own) if local else ()
        served = application(app, token, names, mount, keyless=local and limits.open_here, mcp=mcp)
        config = uvicorn.Config(
            served, log_level="warning", log_config=None, access_log=False, timeout_graceful_shutdown=HANG_UP_S
        )
        server = _Server(config, served, app, token)
        with written(app.settings.server.log_format, app.settings.server.keep_words), suppress(KeyboardInterrupt):
            server.run(sockets=[listener])


def one_thread_each() -> None:
    """Hold numpy's matrix products to one thread for good: with several searches at once, more would be in their way.

    Each search does so too, but it ends that for the others when it is done.
    """
    with suppress(ImportError):  # it comes with the encoders
        from threadpoolctl import threadpool_limits

        threadpool_limits(limits=1, user_api="blas")  # type: ignore[no-untyped-call]  # threadpoolctl leaves it untyped


class _Server(uvicorn.Server):
    """Says where it is once it answers, and finishes what runs before it hangs up."""

    def __init__(self, config: uvicorn.Config, served: FastAPI, app: App, token: str) -> None:
        super().__init__(config)
        self._served, self._app, self._token = served, app, token

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or ():
            host, port, *_ = listener.getsockname()
            self._app.hold.announce(f"http://{_shown(ANYWHERE.get(host, host))}:{port}", self._token)
            print(f"mmsearch is ready at http://{_shown(host)}:{port}/ (Ctrl+C stops it)", flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        await run_in_threadpool(self._app.finish)
        await self._served.state.admission.finish()
        await super().shutdown(sockets)


def _page(client: Client) -> Callable[[FastAPI], None] | None:
    """What puts the page of the settings at `/`; None where its extra is not installed, which is said."""
    try:
        mount = load(client.app.settings.page)
    except ConfigError as error:
        print(f"no page: {error}", file=sys.stderr)
        return None
    return partial(mount, client)  # type: ignore[return-value]  # any part of that kind


@contextmanager
def _terminable() -> Iterator[None]:
    """A termination inside ends as an interrupt does: with everything closed."""

    def interrupt(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def listen(host: str, port: int) -> socket.socket:
    """A socket whose connections send at once: else the second part of an answer waits 40 ms for the first's receipt.

    asyncio sets that where a socket says that it is of TCP, and these do not.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except (OSError, OverflowError) as error:
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else error
        raise ConfigError(f"cannot listen on {host}, port {port}: {reason}; choose another with --port") from error
