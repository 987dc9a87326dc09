"""The route that completes what is typed by names of the library's files."""

from typing import Annotated

from fastapi import APIRouter, Query

from mmsearch.client import Client
from mmsearch.examples import suggestions


def suggesting_routes(client: Client) -> APIRouter:
    """`/page/suggestions?q=`: a JSON list of at most six searches."""
    routes = APIRouter(prefix="/page", include_in_schema=False)

    @routes.get("/suggestions")
    def suggest(q: Annotated[str, Query(max_length=200)] = "") -> list[str]:
        return suggestions(client.app.manifest, q)

    return routes
