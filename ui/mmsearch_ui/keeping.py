"""The page on which the library is looked after: files are added and documents removed, jobs followed and ended."""

import ipaddress
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, FastAPI, Form, Query
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from mmsearch.client import Client
from mmsearch.errors import Unauthorized
from mmsearch.local_library import LocalLibrary
from mmsearch.server.documents import document_routes
from mmsearch.server.doors import LOCAL_NAMES
from mmsearch.server.working import job_routes
from mmsearch_ui.guard import from_here
from mmsearch_ui.sheets import page_html

COOKIE = "mmsearch_token"
PAGES = ("library", "quality")
HERE = Path(__file__).parent
FILES = {"style.css": "text/css", "library.js": "text/javascript"}
LISTED = 50


def keeper(client: Client, app: FastAPI) -> Callable[[Request], None]:
    """Lets those pass who may look after the library: who has the token, or is on this machine where that is enough."""

    def check(request: Request) -> None:
        given = request.cookies.get(COOKIE, "").encode(errors="replace")
        here = client.app.settings.server.open_here and _is_local(request)
        if not here and not secrets.compare_digest(given, app.state.token.encode()):
            raise Unauthorized("looking after the library needs its token: open the page again to give it")

    return check


def keeping_routes(client: Client, check: Callable[[Request], None]) -> APIRouter:
    """`/library`, and below `/page` the routes of the API that it uses, for a browser that `check` lets pass."""
    routes = APIRouter(include_in_schema=False)
    library = LocalLibrary(client.app)
    for ours in (document_routes(library, check), job_routes(client.app, check)):
        routes.include_router(ours, prefix="/page", dependencies=[Depends(from_here), Depends(check)])

    @routes.get("/library")
    def look(request: Request, offset: Annotated[int, Query(ge=0, le=2**31)] = 0, q: str = "") -> Response:
        if refused := asks_for_token(check, request):
            return refused
        total = sum(client.stats().documents.values())
        documents = library.documents(offset, LISTED, q)
        jobs = client.jobs()[:8]
        shown = {"documents": documents, "total": total, "offset": offset, "listed": LISTED, "q": q, "jobs": jobs}
        return HTMLResponse(page_html("library.html", urlencode=urlencode, **shown))

    @routes.post("/page/token", dependencies=[Depends(from_here)])
    def give(token: Annotated[str, Form(max_length=1_000)], to: Annotated[str, Form()] = "library") -> Response:
        answer = RedirectResponse(f"../{to if to in PAGES else PAGES[0]}", 303)
        answer.set_cookie(COOKIE, token, httponly=True, samesite="strict")
        return answer

    @routes.get("/page/file/{name}")
    def file(name: str) -> Response:
        if name not in FILES:
            return HTMLResponse("there is no such file", 404)
        return FileResponse(HERE / name, media_type=FILES[name], headers={"Cache-Control": "no-cache"})

    return routes


def asks_for_token(check: Callable[[Request], None], request: Request) -> Response | None:
    """The page that asks for the token, for those whom `check` does not let pass."""
    try:
        check(request)
    except Unauthorized:
        page = request.url.path.strip("/")
        return HTMLResponse(page_html("token.html", page=page, wrong=COOKIE in request.cookies), 401)
    return None


def _is_local(request: Request) -> bool:
    """Whether the browser runs on this machine and calls it by a local name: whom a proxy brings, calls another."""
    try:
        near = bool(request.client and ipaddress.ip_address(request.client.host).is_loopback)
    except ValueError:
        return False
    return near and request.url.hostname in LOCAL_NAMES
