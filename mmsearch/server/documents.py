"""`/v1/documents`: what the library holds; its files; adding and removing."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Query, UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from typing_extensions import TypedDict

from mmsearch.app import App
from mmsearch.errors import NotFound
from mmsearch.jobs import Job
from mmsearch.local_library import LocalLibrary
from mmsearch.reports import IndexedDocument
from mmsearch.schemas import SegmentJson, job_json, segment_json
from mmsearch.server.answers import ERRORS, Json
from mmsearch.server.doors import views
from mmsearch.server.files import file_response
from mmsearch.sight import read_access
from mmsearch.types import is_digest

MOST_LISTED = 1_000
MOST_FILES = 100
ACCESS = "The persons and groups who may see the files; everybody where none is named."
Offset = Annotated[int, Query(ge=0, le=2**53)]
Limit = Annotated[int, Query(ge=1, le=MOST_LISTED)]
FILE: dict[int | str, dict[str, Any]] = {200: {"content": {"application/octet-stream": {}}, "description": "The file."}}


class DocumentsJson(TypedDict):
    total: int
    documents: list[IndexedDocument]


class SegmentsJson(TypedDict):
    total: int
    segments: list[SegmentJson]


def document_routes(app: App, check: Callable[..., None]) -> APIRouter:
    """The routes of the documents; who changes them must pass the check."""
    routes = APIRouter(prefix="/v1/documents", tags=["documents"], responses=ERRORS)
    changing = [Depends(check)]
    Seen = Annotated[LocalLibrary, Depends(views(app))]  # noqa: N806 - a type

    @routes.get("", response_model=DocumentsJson, summary="The documents in the order of their places")
    def documents(
        library: Seen,
        offset: Offset = 0,
        limit: Limit = 100,
        part: Annotated[str, Query(max_length=4096, description="Only those whose place holds it, in any case.")] = "",
    ) -> Json:
        listed = [as_json(document) for document in library.documents(offset, limit, part)]
        return Json({"total": library.total(part), "documents": listed})

    @routes.post(
        "",
        response_model=Job,
        status_code=202,
        dependencies=changing,
        summary="Give the library files to keep, and index them",
        max_body_size=app.settings.indexing.max_file_bytes + (1 << 20),
        form_limits={"max_files": MOST_FILES},
    )
    def add(
        library: Seen,
        files: Annotated[list[UploadFile], File(description="Each under its own name.")],
        replace: Annotated[bool, Form(description="Take the place of files with the same names.")] = False,
        access: Annotated[list[str], Form(description=ACCESS)] = [],  # noqa: B006
    ) -> Json:
        named = read_access(access, "access") if access else ()
        kept: list[Path] = [library.keep(file.filename or "", file.file, replace, named) for file in files]
        job = library.submit_kept(kept)
        return Json(job_json(job), 202, {"Location": f"/v1/jobs/{job.id}"})

    @routes.get("/{document_id}", response_model=IndexedDocument, summary="One document")
    def document(document_id: str, library: Seen) -> Json:
        return Json(as_json(library.document(checked(document_id))))

    @routes.get("/{document_id}/segments", response_model=SegmentsJson, summary="What it holds, as it is read")
    def segments(document_id: str, library: Seen, offset: Offset = 0, limit: Limit = 100) -> Json:
        total = library.document(checked(document_id)).segments
        held = library.segments(document_id, offset, limit)
        return Json({"total": total, "segments": [segment_json(segment) for segment in held]})

    @routes.delete("/{document_id}", status_code=204, dependencies=changing, summary="Take it out of the library")
    def remove(document_id: str, library: Seen) -> Response:
        library.remove(checked(document_id))
        return Response(status_code=204)

    @routes.get("/{document_id}/content", responses=FILE, response_class=FileResponse, summary="Its file")
    def content(document_id: str, library: Seen, request: Request) -> Response:
        return file_response(library.file(checked(document_id)), request)

    @routes.get("/{document_id}/thumbnail", responses=FILE, response_class=FileResponse, summary="A small picture")
    def thumbnail(document_id: str, library: Seen, request: Request, segment: str = "") -> Response:
        return file_response(library.picture(checked(document_id), segment and checked(segment)), request)

    return routes


def checked(id: str) -> str:
    """The id if there can be such a one. Raises NotFound."""
    if not is_digest(id):
        raise NotFound(f"the library has no document {id[:80]!r}")
    return id


def as_json(document: IndexedDocument) -> dict[str, Any]:
    return {name: getattr(document, name) for name in document.__slots__}
