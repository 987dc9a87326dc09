"""Of Gradio's own routes those that the page needs, and of this machine's files those that were put into its box.

Gradio answers many more: it fetches addresses for whoever asks (`/proxy=`, `/file=https://...`), changes its own
program while it is developed, tells how it is used. What the page does not need is not there.
"""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from gradio.utils import get_upload_folder
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mmsearch.errors import Forbidden, InputError, MMSearchError, NotFound, TooLarge
from mmsearch.server.answers import error_answer

OURS = re.compile(r"/(v1/.*|media/.*|page/.*|library|quality(/judgements\.zip)?|healthz|readyz|metrics)")
SHOWN = re.compile(
    r"/(|config/?|theme\.css|favicon\.ico|manifest\.json|pwa_icon.*|robots\.txt|(assets|static|svelte)/.*)"
)
ASKED = re.compile(
    r"/gradio_api/(queue/(join|data)|upload|upload_progress|heartbeat/\w+|startup-events|cancel|reset/?)"
)
FILE = re.compile(r"/gradio_api/file=(.*)", re.DOTALL)
JOIN = "/gradio_api/queue/join"
MOST_BYTES = 1 << 20
"""Of what a search is asked with; pictures and sounds come before it, as files."""


class OnlyNeeded:
    """Answers 404 for every route that the page does not need, and refuses to look at files that nobody put here."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["type"] == "http":
                receive = await _checked(scope, receive)
            elif scope["type"] == "websocket":
                raise NotFound("there is no such route")
        except MMSearchError as error:
            await error_answer(error)(scope, receive, send)
            return
        await self._app(scope, receive, send)


async def _checked(scope: Scope, receive: Receive) -> Receive:
    """What gives the request's body. Raises NotFound, Forbidden, InputError, TooLarge."""
    path = scope["path"]
    if file := FILE.fullmatch(path):
        if not _is_uploaded(unquote(file[1])):
            raise NotFound("there is no such file")
    elif not any(needed.fullmatch(path) for needed in (OURS, SHOWN, ASKED)):
        raise NotFound("there is no such route")
    if path != JOIN:
        return receive
    body = await _body(receive)
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InputError("the request is not JSON") from error
    if not all(isinstance(place, str) and _is_uploaded(place) for place in _files(said)):
        raise Forbidden("a search is asked with words and with files that were put into the box")
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return left.pop() if left else await receive()

    return again


async def _body(receive: Receive) -> bytes:
    """Raises TooLarge."""
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if len(body) > MOST_BYTES:
            raise TooLarge(f"a search is asked with at most {MOST_BYTES:,} bytes beside its files")
        if message["type"] != "http.request" or not message.get("more_body", False):
            return body


def _files(said: Any) -> list[Any]:
    """What the request names as a place of a file or as an address, wherever it stands."""
    if isinstance(said, list):
        return [place for item in said for place in _files(item)]
    if not isinstance(said, dict):
        return []
    own = [said["path"]] if said.get("path") is not None else []
    return own + [place for item in said.values() for place in _files(item)]


def _is_uploaded(place: str) -> bool:
    """Whether it is a file in the folder of what was put into the box."""
    try:
        return "\0" not in place and Path(place).resolve().is_relative_to(Path(get_upload_folder()).resolve())
    except OSError:
        return False
