"""`/healthz`, `/readyz`, and what the library is: `/v1/spaces`, `/v1/stats`, `/v1/examples`."""

import os
import time
from typing import Annotated, Any, NotRequired

from fastapi import APIRouter, Depends
from typing_extensions import TypedDict

from mmsearch import __version__
from mmsearch.app import App
from mmsearch.errors import MMSearchError
from mmsearch.local_library import LocalLibrary
from mmsearch.reports import SpaceState, Stats
from mmsearch.schemas import ErrorJson, error_json, state_json
from mmsearch.server.answers import ERRORS, Json
from mmsearch.server.doors import views
from mmsearch.types import Query


class HealthJson(TypedDict):
    pid: int
    version: str


class SpaceReadyJson(TypedDict):
    ready: bool
    took_ms: NotRequired[float]
    error: NotRequired[ErrorJson]


class ReadyJson(TypedDict):
    ready: bool
    spaces: dict[str, SpaceReadyJson]
    closed_spaces: dict[str, str]


class SpacesJson(TypedDict):
    spaces: list[SpaceState]


class ExamplesJson(TypedDict):
    examples: list[str]


def state_routes(app: App) -> APIRouter:
    """The routes that say how the server and its library are."""
    routes = APIRouter(tags=["state"], responses=ERRORS)
    Seen = Annotated[LocalLibrary, Depends(views(app))]  # noqa: N806 - a type

    @routes.get("/healthz", response_model=HealthJson, summary="The process lives")
    async def healthz() -> Json:
        return Json({"pid": os.getpid(), "version": __version__})

    @routes.get(
        "/readyz",
        response_model=ReadyJson,
        responses={503: {"model": ReadyJson, "description": "A space does not answer."}},
        summary="A query is embedded and answered by every open space",
    )
    def readyz() -> Json:
        searcher = app.searcher
        asked = [name for name, opened in searcher.spaces.items() if "text" in opened.space.answers]
        spaces = {name: _asked(app, name) for name in asked}
        ready = all(space["ready"] for space in spaces.values())
        said = {"ready": ready, "spaces": spaces, "closed_spaces": dict(searcher.closed)}
        return Json(said, 200 if ready else 503)

    @routes.get("/v1/spaces", response_model=SpacesJson, summary="The spaces of the library, open and closed")
    def spaces(library: Seen) -> Json:
        return Json({"spaces": [state_json(state) for state in library.spaces()]})

    @routes.get("/v1/stats", response_model=Stats, summary="What the library holds")
    def stats(library: Seen) -> Json:
        held = library.stats()
        return Json({name: getattr(held, name) for name in held.__slots__})

    @routes.get("/v1/examples", response_model=ExamplesJson, summary="A few searches to try")
    def examples(library: Seen) -> Json:
        return Json({"examples": library.examples()})

    return routes


def _asked(app: App, space: str) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        app.searcher.search(Query("ready", top_k=1, spaces=frozenset({space})))
    except MMSearchError as error:
        return {"ready": False, "error": error_json(error)["error"]}
    return {"ready": True, "took_ms": round((time.perf_counter() - started) * 1000, 2)}
