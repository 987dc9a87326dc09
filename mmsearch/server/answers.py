"""How the server answers: JSON as mmsearch writes it, and every error in one form."""

import logging
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mmsearch.asking import wrong_values
from mmsearch.errors import Busy, InputError, MMSearchError, NotFound, TooLarge, Unauthorized, UnsupportedMedia
from mmsearch.schemas import ErrorAnswer, encoded, error_json
from mmsearch.server.logs import HEADER, request_id

ERRORS: dict[int | str, dict[str, Any]] = {
    422: {"model": ErrorAnswer, "description": "What was sent does not decode."},
    "default": {"model": ErrorAnswer, "description": "Why it failed, and whether to try again."},
}
"""Of every route, for the OpenAPI document."""

OF_STATUS: dict[int, type[MMSearchError]] = {404: NotFound, 413: TooLarge, 415: UnsupportedMedia}
"""Errors of the framework as ours; all others below 500 are InputError."""

log = logging.getLogger(__name__)


class Json(JSONResponse):
    """JSON with whatever characters a file name may hold."""

    def render(self, content: Any) -> bytes:
        return encoded(content)


def answer_errors(app: FastAPI, on_error: Callable[[MMSearchError], None] = lambda _: None) -> None:
    """Let every error of the application be answered in the one form, with the status of its class."""

    @app.exception_handler(MMSearchError)
    async def ours(request: Request, error: MMSearchError) -> Json:
        if error.status == 500:
            _log(request, error)
        on_error(error)
        return error_answer(error)

    @app.exception_handler(RequestValidationError)
    async def wrong(request: Request, error: RequestValidationError) -> Json:
        return await ours(request, InputError(wrong_values(error.errors())))

    @app.exception_handler(HTTPException)
    async def framework(request: Request, error: HTTPException) -> Json:
        said = OF_STATUS.get(error.status_code, InputError)(f"{request.method} {request.url.path}: {error.detail}")
        on_error(said)
        return Json(error_json(said), error.status_code, dict(error.headers or {}))

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> Json:
        _log(request, error)
        said = MMSearchError("the server made a mistake; its log says where")
        on_error(said)
        return error_answer(said)


def _log(request: Request, error: Exception) -> None:
    """Whoever runs the server is to know why it failed."""
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)


class TooLargeInOurForm:
    """Puts the frameworks' own answers to a body beyond the limit, which are plain text, into the one form."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        theirs = False

        async def ours(message: Message) -> None:
            nonlocal theirs
            if message["type"] == "http.response.start" and message["status"] == TooLarge.status:
                theirs = not Headers(scope=message).get("content-type", "").startswith("application/json")
                if theirs:
                    await error_answer(TooLarge("the request is larger than is taken here"))(scope, receive, send)
            if not theirs:
                await send(message)

        await self._app(scope, receive, ours)


def error_answer(error: MMSearchError) -> Json:
    """The answer that says the error."""
    headers = {HEADER: request_id.get()}
    if isinstance(error, Busy):
        headers["Retry-After"] = str(error.pause_s)
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = "Bearer"
    return Json(error_json(error), error.status, headers)
