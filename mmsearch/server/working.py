"""`/v1/jobs`: have paths of this machine indexed, follow it, cancel it."""

import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Annotated

import anyio
from fastapi import APIRouter, Depends
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from mmsearch.app import App
from mmsearch.errors import Forbidden, InputError
from mmsearch.jobs import FOLLOW_S, Job, News
from mmsearch.local_library import LocalLibrary
from mmsearch.schemas import encoded, job_json
from mmsearch.server.answers import ERRORS, Json
from mmsearch.server.doors import asker, fetcher, neighbour, views
from mmsearch.sight import checked_principal
from mmsearch.sources import is_remote, lies_at
from mmsearch.spaces import require_known
from mmsearch.types import Engine, Root

MOST_ROOTS = 1_000
WEB = ("http://", "https://")


class IndexRequest(BaseModel):
    """What to index: roots at absolute paths on the server's machine, and the spaces, all where none is named."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    roots: list[Root] = Field(min_length=1, max_length=MOST_ROOTS)
    spaces: list[str] = []
    verify: bool = Field(default=False, description="Compare bytes instead of size and times.")
    prune: bool = Field(default=False, description="Remove the documents of a root that is empty or gone.")

    engine: Engine = Field(default="local", description="What reads and encodes.")

    def check(self, app: App) -> None:
        """Raises InputError, NotFound."""
        places = [root.place for root in self.roots]
        if relative := [
            place for place in places if "\0" in place or not (is_remote(place) or Path(place).is_absolute())
        ]:
            raise InputError(f"{relative[0][:200]!r} is neither an absolute path nor an address")
        for name in (name for root in self.roots for name in root.access):
            checked_principal(name)
        require_known(self.spaces, app.encoders)

    def allow(self, app: App, request: Request) -> None:
        """Lets admins on this machine name any place, from elsewhere where the settings say so, and others folders
        below the roots that the settings name, as they are. Raises Forbidden."""
        if asker(request).may("admin"):
            if not app.settings.server.remote_indexing:
                neighbour(request)
            if any(root.place.lower().startswith(WEB) for root in self.roots):
                fetcher(request)
            return
        allowed = [Root.at(place).place for place in app.settings.server.roots]
        for root in self.roots:
            plain = Root(root.place, include=root.include, exclude=root.exclude)
            real = os.path.realpath(root.place)
            if is_remote(root.place) or root != plain or not any(lies_at(real, place) for place in allowed):
                raise Forbidden(
                    f"{root.place[:200]} is no folder below server.roots of the settings, taken as files without links "
                    "and without an access list: all else is for admins"
                )


class JobsJson(BaseModel):
    jobs: list[Job]


def job_routes(app: App, check: Callable[..., None]) -> APIRouter:
    """The routes of the jobs: an admin sees all of the library's, whoever began them, and another key its own."""
    routes = APIRouter(prefix="/v1/jobs", tags=["jobs"], responses=ERRORS, dependencies=[Depends(check)])
    Seen = Annotated[LocalLibrary, Depends(views(app))]  # noqa: N806 - a type

    @routes.post("", response_model=Job, status_code=202, summary="Index paths", max_body_size=1 << 22)
    def submit(asked: IndexRequest, library: Seen, request: Request) -> Json:
        asked.check(app)
        asked.allow(app, request)
        how = {"verify": asked.verify, "prune": asked.prune}
        job = library.submit(asked.roots, asked.spaces, **how, engine=asked.engine)
        return Json(job_json(job), 202, {"Location": f"/v1/jobs/{job.id}"})

    @routes.get("", response_model=JobsJson, summary="The jobs of the library, the newest first")
    def listed(library: Seen) -> Json:
        return Json({"jobs": [job_json(job) for job in library.jobs.all()]})

    @routes.get("/{job_id}", response_model=Job, summary='A job by its id, the beginning of it, or "last"')
    def job(job_id: str, library: Seen) -> Json:
        return Json(job_json(library.jobs.get(job_id)))

    @routes.delete("/{job_id}", response_model=Job, summary="End a job after the batch at hand")
    def cancel(job_id: str, library: Seen) -> Json:
        return Json(job_json(library.jobs.cancel(job_id)))

    def followed(job_id: str, library: Seen) -> Job:
        return library.jobs.get(job_id)  # before the stream begins: afterwards there is no status to say it with

    @routes.get(
        "/{job_id}/events",
        response_class=EventSourceResponse,
        summary="Follow a job to its end: the job as it is, at least every second",
    )
    async def events(found: Annotated[Job, Depends(followed)], library: Seen) -> AsyncIterator[ServerSentEvent]:
        news = News()
        while True:
            now = await run_in_threadpool(library.jobs.get, found.id)
            if news.of(now):
                yield ServerSentEvent(event="over" if now.over else "job", raw_data=encoded(job_json(now)).decode())
            if now.over:
                return
            await anyio.sleep(FOLLOW_S)

    return routes
