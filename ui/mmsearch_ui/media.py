"""The routes that hand out pictures and originals of the library, and nothing else of this computer."""

from collections.abc import Callable
from pathlib import Path

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from mmsearch.client import Client
from mmsearch.errors import NotFound
from mmsearch.server.files import file_response
from mmsearch.types import is_digest
from mmsearch_ui.seeing import views


def media_routes(client: Client) -> APIRouter:
    """`/media/picture/DOCUMENT/SEGMENT` and `/media/document/DOCUMENT`, both with byte ranges; 404 for all else."""
    routes = APIRouter(prefix="/media", include_in_schema=False)

    view = views(client)

    @routes.get("/picture/{document_id}/{segment_id}")
    def picture(document_id: str, segment_id: str, request: Request) -> Response:
        return _file(request, view(request).picture, document_id, segment_id)

    @routes.get("/document/{document_id}")
    def document(document_id: str, request: Request) -> Response:
        return _file(request, view(request).document, document_id)

    return routes


def _file(request: Request, find: Callable[..., Path | None], *ids: str) -> Response:
    try:
        return file_response(find(*ids) if all(map(is_digest, ids)) else None, request)
    except NotFound as error:
        raise HTTPException(404, str(error)) from error
