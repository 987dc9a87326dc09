"""How long a server waits for a request, and which other sites' pages may ask it."""

from collections.abc import Sequence

import anyio
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mmsearch.errors import TooSlow
from mmsearch.server.answers import error_answer

SILENCE_S = 30.0
"""For so long nothing may come of a request that is not all there."""


class Impatient:
    """Ends requests that stop in the middle: each would hold a place for as long as its sender likes."""

    def __init__(self, app: ASGIApp, silence_s: float = SILENCE_S) -> None:
        self._app, self._silence_s = app, silence_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        whole = begun = False

        async def soon() -> Message:
            nonlocal whole
            if whole:
                return await receive()  # waits for the caller to hang up
            try:
                with anyio.fail_after(self._silence_s):
                    message = await receive()
            except TimeoutError:
                raise TooSlow(f"nothing came of the request for {self._silence_s:g} s") from None
            whole = message["type"] != "http.request" or not message.get("more_body", False)
            return message

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, soon, noted)
        except TooSlow as error:
            if begun:
                raise
            await error_answer(error)(scope, receive, send)


def answer_origins(app: FastAPI, origins: Sequence[str]) -> None:
    """Let pages of those sites ask with a key of their own, and no others; a cookie of ours is not sent by them."""
    app.add_middleware(
        CORSMiddleware,
        allow_origins=list(origins),
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=["Authorization", "Content-Type"],
        expose_headers=["Location", "Retry-After"],
    )
