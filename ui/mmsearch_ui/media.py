"""The routes that hand out pictures and originals of the library, and nothing else of this computer."""

from collections.abc import Callable
from pathlib import Path

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse

from mmsearch.client import Client
from mmsearch.errors import NotFound
from mmsearch.server.files import file_response
from mmsearch.types import is_digest


def media_routes(client: Client) -> APIRouter:
    """`/media/picture/DOCUMENT/SEGMENT` and `/media/document/DOCUMENT`, both with byte ranges; 404 for all else."""
    routes = APIRouter(prefix="/media", include_in_schema=False)

    @routes.get("/picture/{document_id}/{segment_id}")
    def picture(document_id: str, segment_id: str) -> FileResponse:
        return _file(client.picture, document_id, segment_id)

    @routes.get("/document/{document_id}")
    def document(document_id: str) -> FileResponse:
        return _file(client.document, document_id)

    return routes


def _file(find: Callable[..., Path | None], *ids: str) -> FileResponse:
    try:
        return file_response(find(*ids) if all(map(is_digest, ids)) else None)
    except NotFound as error:
        raise HTTPException(404, str(error)) from error
