"""The server's application: the routes below `/v1`, and the search page at `/` where it is installed."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from typing import TYPE_CHECKING, cast

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from mmsearch.app import App
from mmsearch.keys import Keys
from mmsearch.local_library import LocalLibrary
from mmsearch.parts import load
from mmsearch.server.admission import Admission
from mmsearch.server.answers import TooLargeInOurForm, answer_errors
from mmsearch.server.documents import document_routes
from mmsearch.server.doors import Doorkeeper, Gate, needs
from mmsearch.server.feedback import feedback_routes
from mmsearch.server.keeping import keeping_routes
from mmsearch.server.limits import Impatient, answer_origins
from mmsearch.server.logs import RequestIds
from mmsearch.server.metrics import Metrics, metric_routes
from mmsearch.server.moving import moving_routes
from mmsearch.server.records import record_routes
from mmsearch.server.searching import search_routes
from mmsearch.server.state import state_routes
from mmsearch.server.working import job_routes

if TYPE_CHECKING:
    from mmsearch.server.mcp import Endpoint  # an extra

VERSION = "1"
"""Of the routes and what they say; changes with a change that breaks those who use them."""


def application(
    app: App,
    token: str,
    names: tuple[str, ...] = (),
    mount: Callable[[FastAPI], None] | None = None,
    keyless: bool = False,
    mcp: bool = False,
) -> FastAPI:
    """The library of the app over HTTP.

    It answers to those names of this machine, to any where none is given. Whoever asks must give a key of the library,
    or the `token`, which is one of an admin; `keyless` lets anybody search. `mount` puts a page at `/`; with `mcp`
    assistants find their tools at `/mcp`. When it stops, what runs is finished, and jobs end after the batch at hand.
    Raises ConfigError when the extra "mcp" is wanted and not installed.
    """
    limits = app.settings.server
    admission = Admission(limits.searches)
    metrics = Metrics(app, admission)
    made = load("mmsearch.server.mcp:Endpoint")(app, admission, metrics.failed) if mcp else None
    assistants = cast("Endpoint | None", made)

    @asynccontextmanager
    async def living(_: FastAPI) -> AsyncIterator[None]:
        async with assistants.running() if assistants else nullcontext():
            yield
            await admission.finish()
            await run_in_threadpool(app.finish)

    api = FastAPI(
        title="mmsearch",
        version=VERSION,
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=living,
    )
    api.state.admission = admission
    api.state.keyless = keyless
    keys = Keys(app.folder, {"server.token": token})
    api.add_middleware(Gate, keys=keys, keyless=keyless, requests_per_minute=limits.requests_per_minute)
    app.heard = metrics.searched
    answer_errors(api, metrics.failed)
    write, admin = needs("write"), needs("admin")
    api.include_router(state_routes(app))
    api.include_router(keeping_routes(LocalLibrary(app), admin))
    api.include_router(metric_routes(metrics))
    api.include_router(search_routes(app, admission))
    api.include_router(document_routes(app, write))
    api.include_router(record_routes(app, write))
    api.include_router(job_routes(app, write))
    api.include_router(moving_routes(app, admin))
    api.include_router(feedback_routes(app, write))

    @api.get("/v1/{path:path}", include_in_schema=False)
    def nothing(path: str) -> None:
        raise HTTPException(404, "there is no such route; /v1/openapi.json names them")

    if assistants:
        api.router.routes.append(assistants.route)
    if mount:
        mount(api)
    api.add_middleware(TooLargeInOurForm)
    api.add_middleware(Impatient)
    answer_origins(api, limits.origins)
    api.add_middleware(Doorkeeper, names=names)
    api.add_middleware(RequestIds)
    return api
