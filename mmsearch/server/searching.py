"""`/v1/search`: the query in the address, as JSON, or as a form with files."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from mmsearch.app import App
from mmsearch.asking import SearchFields, SearchRequest
from mmsearch.errors import InputError, UnsupportedMedia
from mmsearch.local_library import LocalLibrary
from mmsearch.schemas import RankingJson, ranking_json
from mmsearch.server.admission import Admission
from mmsearch.server.answers import ERRORS, Json
from mmsearch.server.doors import asker
from mmsearch.types import Query as Asked

FORM_FIELDS = 64
HUNG_UP = 499
"""The status for the log where the caller was gone before the search began; nobody reads it."""
LISTS = ("modalities", "spaces")
MEDIA = ("image", "audio")


class SearchAddress(SearchFields):
    """A search in an address: `?q=boats&modalities=image&modalities=audio&top_k=3`."""

    text: str = Field(default="", alias="q", max_length=20_000, description="What you look for, in plain words.")


BODIES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": SearchRequest.model_json_schema()},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "description": "The same fields, lists as repeated fields, image and audio as files.",
                    "properties": SearchFields.model_json_schema()["properties"]
                    | {name: {"type": "string", "format": "binary"} for name in MEDIA},
                }
            },
        },
    }
}


def search_routes(app: App, admission: Admission) -> APIRouter:
    """The routes that search."""
    limit_bytes = app.settings.server.query_bytes
    routes = APIRouter(prefix="/v1", tags=["search"], responses=ERRORS)

    async def answer(request: Request, query: Asked) -> Response:
        library = LocalLibrary(app, asker(request))

        async def gone() -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass

        def found_and_noted() -> RankingJson:
            ranking = library.search(query)
            app.note(ranking)
            return ranking_json(ranking)

        found = await admission.run(found_and_noted, gone)
        return Json(found) if found else Response(status_code=HUNG_UP)

    @routes.get("/search", response_model=RankingJson, summary="Search by words")
    async def search_by_words(request: Request, asked: Annotated[SearchAddress, Query()]) -> Response:
        return await answer(request, asked.query())

    @routes.post(
        "/search",
        response_model=RankingJson,
        summary="Search by words, a picture or a sound",
        openapi_extra=BODIES,
        max_body_size=limit_bytes * 4 // 3 + 65_536,  # base64 takes four bytes for three
    )
    async def search(request: Request) -> Response:
        return await answer(request, await read_query(request))

    return routes


async def read_query(request: Request) -> Asked:
    """The query that the request's body says. Raises InputError, UnsupportedMedia."""
    match request.headers.get("content-type", "").partition(";")[0].strip().lower():
        case "application/json":
            try:
                said = json.loads(await request.body())
            except (ValueError, RecursionError) as error:
                raise InputError(f"the request is not JSON: {error}") from error
            asked = SearchRequest.read(said)
            return asked.query(asked.image, asked.audio)
        case "multipart/form-data":
            return await _read_form(request)
        case kind:
            raise UnsupportedMedia(f'a search is application/json or multipart/form-data, not "{kind[:80]}"')


async def _read_form(request: Request) -> Asked:
    fields: dict[str, Any] = {}
    files: dict[str, bytes] = {}
    async with request.form(max_files=len(MEDIA), max_fields=FORM_FIELDS) as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile) != (name in MEDIA):
                raise InputError(f"{name[:80]}: {'must' if name in MEDIA else 'must not'} be a file")
            if isinstance(value, UploadFile):
                files[name] = await value.read()
            elif name in LISTS:
                fields.setdefault(name, []).append(value)
            else:
                fields[name] = value
    return SearchFields.read(fields).query(files.get("image"), files.get("audio"))
