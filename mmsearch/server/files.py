"""Files of the library for a browser: with byte ranges, and never as something that runs."""

from collections.abc import Mapping
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.staticfiles import NotModifiedResponse

from mmsearch.errors import NotFound

SHOWN: Mapping[str, str] = {
    ".aac": "audio/aac",
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".m4b": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".oga": "audio/ogg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".wav": "audio/wav",
    ".weba": "audio/webm",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".avif": "image/avif",
    ".bmp": "image/bmp",
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".pdf": "application/pdf",
    ".csv": "text/plain",
    ".json": "text/plain",
    ".jsonl": "text/plain",
    ".md": "text/plain",
    ".srt": "text/plain",
    ".tsv": "text/plain",
    ".txt": "text/plain",
    ".vtt": "text/plain",
}
"""Endings that a browser may show in our origin, and as what. All others are downloads: HTML and SVG carry scripts."""

GUARD = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; "
    "object-src 'self'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, max-age=60",
}
"""Headers of every file: no script runs in it, no other site embeds it, its type is not guessed."""


def file_response(path: Path | None, request: Request) -> Response:
    """The file, or that the one the caller has is the same still. Raises NotFound when there is none."""
    if path is None or not path.is_file():
        raise NotFound("there is no such file in the library")
    shown_as = SHOWN.get(path.suffix.lower())
    response = FileResponse(
        path,
        stat_result=path.stat(),
        media_type=shown_as or "application/octet-stream",
        filename=path.name,
        content_disposition_type="inline" if shown_as else "attachment",
        headers=GUARD,
    )
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    return NotModifiedResponse(response.headers) if response.headers["etag"] in known else response
