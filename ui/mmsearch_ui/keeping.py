"""The page on which the library is looked after: files are added and documents removed, jobs followed and ended."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, FastAPI, Form, Query
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from mmsearch.client import Client
from mmsearch.errors import Forbidden, Unauthorized
from mmsearch.keys import NOBODY, Scope
from mmsearch.local_library import LocalLibrary
from mmsearch.server.documents import document_routes
from mmsearch.server.doors import COOKIE, LOCAL_NAMES, asker, is_near, needs
from mmsearch.server.working import job_routes
from mmsearch_ui.guard import from_here
from mmsearch_ui.sheets import page_html

PAGES = {"library": "Library", "quality": "Quality"}
"""Pages beside the search, by the last part of their address."""
Secret = Annotated[str, Form(max_length=1_000)]
WITHOUT_KEY = frozenset({"/page/key", "/page/file/style.css", "/favicon.ico"})
"""What the page that asks for a key needs."""
HERE = Path(__file__).parent
FILES = {"style.css": "text/css", "library.js": "text/javascript"}
LISTED = 50


def keeper(scope: Scope) -> Callable[[Request], None]:
    """Lets those pass whose key may do that, and without a key who is on this machine where none is demanded.

    Raises Unauthorized, Forbidden.
    """
    check = needs(scope)

    def pass_(request: Request) -> None:
        if not (asker(request) == NOBODY and request.app.state.keyless and _is_local(request)):
            check(request, None)

    return pass_


def keeping_routes(client: Client, app: FastAPI) -> APIRouter:
    """`/library`, and below `/page` the routes of the API that it uses, for who may add and remove."""
    routes = APIRouter(include_in_schema=False)
    check = keeper("write")
    app.state.ask_for_key, app.state.without_key = key_page, WITHOUT_KEY
    for ours in (document_routes(client.app, check), job_routes(client.app, check)):
        routes.include_router(ours, prefix="/page", dependencies=[Depends(from_here), Depends(check)])

    @routes.get("/library")
    def look(request: Request, offset: Annotated[int, Query(ge=0, le=2**31)] = 0, q: str = "") -> Response:
        if refused := asks_for_key(check, request):
            return refused
        library = LocalLibrary(client.app, asker(request))
        shown = {"documents": library.documents(offset, LISTED, q), "total": library.total(), "q": q}
        shown |= {"offset": offset, "listed": LISTED, "jobs": library.jobs.all()[:8]}
        return HTMLResponse(page_html("library.html", urlencode=urlencode, **shown))

    @routes.post("/page/key", dependencies=[Depends(from_here)])
    def take(request: Request, key: Secret, to: Annotated[str, Form()] = "") -> Response:
        answer = RedirectResponse(f"../{to if to in PAGES else ''}", 303)
        secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, key.strip(), httponly=True, samesite="strict", secure=secure)
        return answer

    @routes.get("/page/file/{name}")
    def file(name: str) -> Response:
        if name not in FILES:
            return HTMLResponse("there is no such file", 404)
        return FileResponse(HERE / name, media_type=FILES[name], headers={"Cache-Control": "no-cache"})

    return routes


def asks_for_key(check: Callable[[Request], None], request: Request) -> Response | None:
    """The page that asks for a key, for those whom `check` does not let pass."""
    try:
        check(request)
    except (Unauthorized, Forbidden):
        return key_page(request)
    return None


def key_page(request: Request) -> Response:
    """Asks for a key that may see the page of the request."""
    to = request.scope["path"].strip("/")
    return HTMLResponse(
        page_html(
            "key.html", page=PAGES.get(to, "Search"), to=to, may=asker(request).name, wrong=COOKIE in request.cookies
        ),
        401,
        {"WWW-Authenticate": "Bearer", "Cache-Control": "no-store"},
    )


def _is_local(request: Request) -> bool:
    """Whether the browser runs on this machine and calls it by a local name: whom a proxy brings, calls another."""
    return is_near(request) and request.url.hostname in LOCAL_NAMES
