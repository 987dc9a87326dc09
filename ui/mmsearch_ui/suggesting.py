"""The route that completes what is typed by names of the library's files."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request

from mmsearch.client import Client
from mmsearch.local_library import LocalLibrary
from mmsearch.server.doors import asker


def suggesting_routes(client: Client) -> APIRouter:
    """`/page/suggestions?q=`: a JSON list of at most six searches."""
    routes = APIRouter(prefix="/page", include_in_schema=False)

    @routes.get("/suggestions")
    def suggest(request: Request, q: Annotated[str, Query(max_length=200)] = "") -> list[str]:
        return LocalLibrary(client.app, asker(request)).suggestions(q)

    return routes
