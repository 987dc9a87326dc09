"""Who may come in: names by which a server on this machine is called, and the token of whoever changes the library."""

import ipaddress
import secrets
from collections.abc import Callable
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from mmsearch.errors import Forbidden, Unauthorized
from mmsearch.server.answers import error_answer

BEARER = HTTPBearer(
    auto_error=False, description="server.token of the settings, else the token in holder.json in the library's folder"
)
LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


class Doorkeeper:
    """Answers requests to the given names only, or to any where none is given.

    A page of another site can let its own name point to this machine (DNS rebinding), and its visitor's browser
    would then take our answers for the site's own.
    """

    def __init__(self, app: ASGIApp, names: tuple[str, ...] = ()) -> None:
        self._app, self._names = app, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._names and scope["type"] in ("http", "websocket") and _called(scope) not in self._names:
            refusal = Forbidden(f"this server answers to {', '.join(self._names)} only; --host opens it to others")
            await error_answer(refusal)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


class SameOrigin:
    """Answers no page of another site; who is no page, or does not say of which, passes.

    A page says in Origin whose it is, a browser keeps it from saying anything else, and its visitor from knowing.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2] != headers.get("host"):
            refusal = Forbidden("pages of other sites may not use this server's tools")
            await error_answer(refusal)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def owner(token: str) -> Callable[..., None]:
    """Lets those pass who have the token. Raises Unauthorized."""
    expected = token.encode()

    def check(given: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)]) -> None:
        if given is None or not secrets.compare_digest(given.credentials.encode(errors="replace"), expected):
            raise Unauthorized(
                'changing the library needs "Authorization: Bearer TOKEN"; the token is server.token of the settings, '
                "else it stands in holder.json in the library's folder"
            )

    return check


def neighbour(request: Request) -> None:
    """Lets those pass who are on this machine. Raises Forbidden."""
    host = request.client.host if request.client else ""
    try:
        here = ipaddress.ip_address(host).is_loopback
    except ValueError:
        here = False
    if not here:
        raise Forbidden(
            "paths are taken from this machine alone: upload files instead, or set server.remote_indexing here"
        )


def _called(scope: Scope) -> str:
    """The name in the Host header, without the port."""
    try:
        return urlsplit(f"//{Headers(scope=scope).get('host', '')}").hostname or ""
    except ValueError:
        return ""
