"""The routes that hand out pictures and originals of the library, and nothing else of this computer."""

import re
from pathlib import Path

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse

from mmsearch.client import Client
from mmsearch_ui.formats import SHOWN

GUARD = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; "
    "object-src 'self'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, max-age=60",
}
"""Headers of every file: no script runs in it, no other site embeds it, its type is not guessed."""

ID = re.compile(r"[0-9a-f]{32}")


def media_routes(client: Client) -> APIRouter:
    """`/media/picture/DOCUMENT/SEGMENT` and `/media/document/DOCUMENT`, both with byte ranges; 404 for all else."""
    routes = APIRouter(prefix="/media")

    @routes.get("/picture/{document_id}/{segment_id}")
    def picture(document_id: str, segment_id: str) -> FileResponse:
        return _file(client.picture(document_id, segment_id) if _are_ids(document_id, segment_id) else None)

    @routes.get("/document/{document_id}")
    def document(document_id: str) -> FileResponse:
        return _file(client.document(document_id) if _are_ids(document_id) else None)

    return routes


def _are_ids(*ids: str) -> bool:
    return all(ID.fullmatch(id) for id in ids)


def _file(path: Path | None) -> FileResponse:
    if path is None or not path.is_file():
        raise HTTPException(404, "not in the library")
    shown_as = SHOWN.get(path.suffix.lower())
    return FileResponse(
        path,
        media_type=shown_as or "application/octet-stream",
        filename=path.name,
        content_disposition_type="inline" if shown_as else "attachment",
        headers=GUARD,
    )
