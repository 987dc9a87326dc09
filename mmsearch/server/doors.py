"""Who may come in: names by which a server on this machine is called, and the key of whoever asks.

The gate looks a request's key up once and leaves it with the request; the routes say what scope they need.
"""

import ipaddress
import time
from collections.abc import Callable
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from mmsearch import keys
from mmsearch.app import App
from mmsearch.errors import Busy, Forbidden, MMSearchError, Unauthorized
from mmsearch.keys import NOBODY, Key, Keys
from mmsearch.local_library import LocalLibrary
from mmsearch.server.answers import error_answer

BEARER = HTTPBearer(
    auto_error=False,
    description='A key of "mmsearch keys add", server.token of the settings, or the one in holder.json in the '
    "library's folder",
)
COOKIE = "mmsearch_key"
LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
FOR_ALL = frozenset({"/healthz"})
"""Answered without a key everywhere: says that the process lives."""
NEEDED = (
    'needs a key: "Authorization: Bearer KEY", made with "mmsearch keys add NAME" on the server\'s machine; commands '
    "and clients of the user who runs the server find one in holder.json in the library's folder"
)


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


class Gate:
    """Finds whose key a request brings, and lets it in with that.

    `keyless` lets in who brings none, as nobody in particular who may read. A wrong key is refused everywhere, but for
    the cookie that an earlier server on this machine may have left. Keys that are no admin's make
    `requests_per_minute` at most. `app.state.ask_for_key`, where a page has set it, is asked how to answer a browser
    without a key, and what it may have all the same stands in `app.state.without_key`.
    """

    def __init__(self, app: ASGIApp, keys: Keys, keyless: bool, requests_per_minute: int) -> None:
        self._app, self._keys, self._keyless = app, keys, keyless
        self._pace = Pace(requests_per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        request = Request({**scope, "type": "http", "method": scope.get("method", "GET")})
        try:
            scope.setdefault("state", {})["key"] = self._key(request)
        except MMSearchError as error:
            ask: Callable[[Request], Response] | None = getattr(request.app.state, "ask_for_key", None)
            for_person = isinstance(error, Unauthorized) and _wants_page(request)
            await (ask(request) if ask and for_person else error_answer(error))(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _key(self, request: Request) -> Key:
        """Raises Unauthorized, Busy."""
        said = _bearer(request)
        secret = (request.cookies.get(COOKIE) if from_own_page(request) else None) if said is None else said
        key = None if secret is None else self._keys.holder(secret)
        if key is None and said is not None:
            raise Unauthorized(f"the key opens nothing here, or no longer; this {NEEDED}")
        if key is None:
            free: frozenset[str] = getattr(request.app.state, "without_key", frozenset())
            if not self._keyless and request.scope["path"] not in FOR_ALL | free:
                raise Unauthorized(f"this {NEEDED}")
            return NOBODY
        if not key.may("admin"):
            self._pace.check(key.name)
        return key


class Pace:
    """So many requests a minute of each name, as many at once where none came for a minute (a token bucket)."""

    def __init__(self, per_minute: int, now_s: Callable[[], float] = time.monotonic) -> None:
        self._per_minute, self._now_s = per_minute, now_s
        self._left: dict[str, tuple[float, float]] = {}

    def check(self, name: str) -> None:
        """Count one more. Raises Busy when there are too many."""
        most, now_s = float(self._per_minute), self._now_s()
        left, since_s = self._left.get(name, (most, now_s))
        left = min(left + (now_s - since_s) * most / 60, most)
        if left < 1:
            raise Busy(f'the key "{name}" may ask {self._per_minute} times a minute (server.requests_per_minute)')
        self._left[name] = left - 1, now_s


def asker(request: Request) -> Key:
    """The key that the request came with; nobody's where none is demanded."""
    return getattr(request.state, "key", NOBODY)


def views(app: App) -> Callable[[Request], LocalLibrary]:
    """The library of the app as the key of a request sees it."""

    def view(request: Request) -> LocalLibrary:
        return LocalLibrary(app, asker(request))

    return view


def needs(scope: keys.Scope) -> Callable[..., None]:
    """Lets those pass whose key may do that. Raises Unauthorized for nobody's, Forbidden for another's."""

    def check(request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)]) -> None:
        key = asker(request)
        if not key.may(scope):
            if key == NOBODY:
                raise Unauthorized(f"this {NEEDED}")
            raise Forbidden(f'this needs a key with the scope "{scope}"; "{key.name}" has "{key.scope}"')

    return check


def is_near(request: Request) -> bool:
    """Whether whoever asks is on this machine."""
    return request.client is not None and is_loopback(request.client.host)


def is_loopback(host: str) -> bool:
    """Whether the address is this machine's for itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def neighbour(request: Request) -> None:
    """Lets those pass who are on this machine. Raises Forbidden."""
    if not is_near(request):
        raise Forbidden(
            "paths are taken from this machine alone: upload files instead, or set server.remote_indexing here"
        )


def fetcher(request: Request) -> None:
    """Lets those pass for whom web addresses are fetched: who could fetch them from this machine by themselves, and
    nobody for whom it would reach into a network that they cannot reach. Raises Forbidden."""
    if not is_near(request):
        raise Forbidden("web addresses are fetched for admins on this machine alone: send the files instead")


def from_own_page(request: Request) -> bool:
    """Whether no page of another site has its visitor's browser make the request."""
    return request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")


def _bearer(request: Request) -> str | None:
    """The key that the header brings, None where it brings none: other kinds are for a proxy before us."""
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() if kind.lower() == "bearer" else None


def _wants_page(request: Request) -> bool:
    """Whether a person's browser asks for one of the pages."""
    of_person = request.method == "GET" and "text/html" in request.headers.get("accept", "")
    return of_person and request.scope["path"].count("/") == 1


def _called(scope: Scope) -> str:
    """The name in the Host header, without the port."""
    try:
        return urlsplit(f"//{Headers(scope=scope).get('host', '')}").hostname or ""
    except ValueError:
        return ""
