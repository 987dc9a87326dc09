"""What a server writes down: requests with their ids, and what went wrong, in lines for people or as JSON.

Nothing that was searched for is written: of an address its path alone, of an error that nobody foresaw its kind and
where it was raised. `server.keep_words` adds what that error says, which may quote a query. Tokens stand in headers,
which are never written.
"""

import json
import logging
import re
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mmsearch.settings import LogFormat

HEADER = "X-Request-ID"
GIVEN = re.compile(r"[A-Za-z0-9._:+/=@-]{1,128}")
"""An id that a caller may give: what cannot break a line or a header, of W3C's, UUIDs, ULIDs and the like."""

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Of the request that is being answered, in whatever thread."""

requests = logging.getLogger("mmsearch.requests")


class RequestIds:
    """Gives each request an id, its caller's own where there is one, tells it in the answer, and notes the request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        id = given if GIVEN.fullmatch(given) else uuid4().hex
        request_id.set(id)  # stays: a request has a context of its own, and the answer to a mistake comes after this
        started_s, status = time.perf_counter(), 500

        async def answered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = id
            await send(message)

        try:
            await self._app(scope, receive, answered)
        finally:
            took_ms = round((time.perf_counter() - started_s) * 1000, 2)
            facts = {"method": scope["method"], "path": scope["path"], "status": status, "took_ms": took_ms}
            requests.info("%(method)s %(path)s %(status)s in %(took_ms)s ms", facts, extra={"facts": facts})


class Lines(logging.Formatter):
    """A line a record, for people."""

    def __init__(self, keep_words: bool) -> None:
        super().__init__()
        self._keep_words = keep_words

    def format(self, record: logging.LogRecord) -> str:
        id = request_id.get()
        said = f"{_time(record)} {record.levelname.lower()} {record.getMessage()}{f' [{id}]' if id else ''}"
        return f"{said}\n{failure}" if (failure := _failure(record, self._keep_words)) else said


class JsonLines(logging.Formatter):
    """A JSON object a record, in one line: time, level, logger, message, request, and the facts of a request."""

    def __init__(self, keep_words: bool) -> None:
        super().__init__()
        self._keep_words = keep_words

    def format(self, record: logging.LogRecord) -> str:
        said = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request": request_id.get() or None,
            **getattr(record, "facts", {}),
            "failure": _failure(record, self._keep_words) or None,
        }
        return json.dumps({name: value for name, value in said.items() if value is not None}, default=str)


@contextmanager
def written(log_format: LogFormat, keep_words: bool) -> Iterator[None]:
    """Inside, all that is logged in this process is written to stderr; requests only as JSON."""
    handler, root, level = logging.StreamHandler(sys.stderr), logging.getLogger(), requests.level
    handler.setFormatter((JsonLines if log_format == "json" else Lines)(keep_words))
    root.addHandler(handler)
    requests.setLevel(logging.INFO if log_format == "json" else logging.WARNING)
    try:
        yield
    finally:
        root.removeHandler(handler)
        requests.setLevel(level)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _failure(record: logging.LogRecord, keep_words: bool) -> str:
    """Kind and place of the error that was logged, and those that led to it; what they say only with `keep_words`."""
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return ""
    if keep_words:
        return "".join(traceback.format_exception(error)).rstrip()
    return "\n".join(_places(error))


def _places(error: BaseException | None) -> Iterator[str]:
    """Kind and frames of the error, of those that it holds and of the one that it came from."""
    while error is not None:
        yield type(error).__qualname__
        for frame in traceback.extract_tb(error.__traceback__):
            yield f"  {frame.filename}:{frame.lineno} {frame.name}"
        for inner in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
            yield from _places(inner)
        error = error.__cause__ or error.__context__
