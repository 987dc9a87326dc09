"""`/v1/documents/records`: documents that are no files, one JSON object a line, as many as there are."""

import base64
import binascii
import json
import tempfile
from collections.abc import Callable, Iterator
from typing import IO, Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from mmsearch.app import App
from mmsearch.errors import Forbidden, InputError
from mmsearch.jobs import Job
from mmsearch.local_library import LocalLibrary
from mmsearch.schemas import job_json
from mmsearch.server.answers import ERRORS, Json
from mmsearch.server.doors import is_near, views
from mmsearch.sources.records import columns_of
from mmsearch.types import Root

ELSEWHERE = ("path", "url")
"""Keys by which a record has the server open a file or an address."""
MOST_BYTES = 1 << 40
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-ndjson": {
                "schema": {"type": "string"},
                "example": '{"id": "1", "title": "Otters", "text": "An otter swims."}\n',
            }
        },
    }
}


def record_routes(app: App, check: Callable[..., None]) -> APIRouter:
    """The route that takes records."""
    routes = APIRouter(prefix="/v1/documents/records", tags=["documents"], responses=ERRORS)
    Seen = Annotated[LocalLibrary, Depends(views(app))]  # noqa: N806 - a type

    @routes.post(
        "",
        response_model=Job,
        status_code=202,
        dependencies=[Depends(check)],
        summary="Index records: a JSON object a line, bytes in base64",
        openapi_extra=BODY,
        max_body_size=MOST_BYTES,
    )
    async def add(
        library: Seen,
        request: Request,
        name: Annotated[str, Query(min_length=1, max_length=200, description="Whose records they are.")] = "records",
        columns: Annotated[list[str], Query(description='Which key plays which role: "text=body".')] = [],  # noqa: B006
        complete: Annotated[bool, Query(description="They are all there are of the name: others are removed.")] = False,
    ) -> Json:
        root = Root(f"records:{name}", "records", columns=tuple(columns))
        refused = _refused(library, request)
        if refused & columns_of(root).keys():
            raise _refusal(refused)
        received = await _received(request)
        job = await run_in_threadpool(library.submit_records, root, _records(received, refused), complete)
        return Json(job_json(job), 202, {"Location": f"/v1/jobs/{job.id}"})

    return routes


def _refused(library: LocalLibrary, request: Request) -> frozenset[str]:
    """Keys that records of this caller may not have: admins on this machine have all, from elsewhere `path` where the
    settings say so, and others neither."""
    if not library.key.may("admin"):
        return frozenset(ELSEWHERE)
    if is_near(request):
        return frozenset()
    return frozenset({"url"} if library.app.settings.server.remote_indexing else ELSEWHERE)


async def _received(request: Request) -> IO[bytes]:
    """The body in a file that is gone with its last reader."""
    received = tempfile.TemporaryFile()  # noqa: SIM115 - closed by whoever reads it to its end
    async for chunk in request.stream():
        await run_in_threadpool(received.write, chunk)
    received.seek(0)
    return received


def _records(lines: IO[bytes], refused: frozenset[str]) -> Iterator[dict[str, Any]]:
    """The records of the lines. Raises InputError for a line that is none, Forbidden."""
    with lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
                if not isinstance(record, dict):
                    raise InputError(f"record {number} is not a JSON object")
                if isinstance(content := record.get("bytes"), str):
                    record["bytes"] = base64.b64decode(content, validate=True)
            except (ValueError, RecursionError, binascii.Error) as error:
                raise InputError(f"record {number} is not JSON with bytes in base64: {error}") from error
            if refused & record.keys():
                raise _refusal(refused)
            yield record


def _refusal(refused: frozenset[str]) -> Forbidden:
    return Forbidden(
        f'records with {" or ".join(sorted(refused))} are taken from admins on this machine alone: send "text" or '
        '"bytes"; server.remote_indexing here takes paths from elsewhere'
    )
