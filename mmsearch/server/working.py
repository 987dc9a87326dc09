"""`/v1/jobs`: have paths of this machine indexed, follow it, cancel it."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Annotated

import anyio
from fastapi import APIRouter, Depends
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from mmsearch.app import App
from mmsearch.errors import InputError
from mmsearch.jobs import FOLLOW_S, Job, News
from mmsearch.schemas import encoded, job_json
from mmsearch.server.answers import ERRORS, Json
from mmsearch.server.doors import neighbour
from mmsearch.sources import is_remote
from mmsearch.spaces import require_known
from mmsearch.types import Engine, Root

MOST_ROOTS = 1_000


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
        require_known(self.spaces, app.encoders)


class JobsJson(BaseModel):
    jobs: list[Job]


def job_routes(app: App, owner: Callable[..., None]) -> APIRouter:
    """The routes of the jobs, which are those of the library: whoever began them, here or before."""
    routes = APIRouter(prefix="/v1/jobs", tags=["jobs"], responses=ERRORS, dependencies=[Depends(owner)])
    from_here = [] if app.settings.server.remote_indexing else [Depends(neighbour)]

    @routes.post(
        "", response_model=Job, status_code=202, dependencies=from_here, summary="Index paths", max_body_size=1 << 22
    )
    def submit(asked: IndexRequest) -> Json:
        asked.check(app)
        job = app.submit(asked.roots, asked.spaces, verify=asked.verify, prune=asked.prune, engine=asked.engine)
        return Json(job_json(job), 202, {"Location": f"/v1/jobs/{job.id}"})

    @routes.get("", response_model=JobsJson, summary="The jobs of the library, the newest first")
    def listed() -> Json:
        return Json({"jobs": [job_json(job) for job in app.jobs.all()]})

    @routes.get("/{job_id}", response_model=Job, summary='A job by its id, the beginning of it, or "last"')
    def job(job_id: str) -> Json:
        return Json(job_json(app.jobs.get(job_id)))

    @routes.delete("/{job_id}", response_model=Job, summary="End a job after the batch at hand")
    def cancel(job_id: str) -> Json:
        return Json(job_json(app.jobs.cancel(job_id)))

    def followed(job_id: str) -> Job:
        return app.jobs.get(job_id)  # before the stream begins: afterwards there is no status to say it with

    @routes.get(
        "/{job_id}/events",
        response_class=EventSourceResponse,
        summary="Follow a job to its end: the job as it is, at least every second",
    )
    async def events(found: Annotated[Job, Depends(followed)]) -> AsyncIterator[ServerSentEvent]:
        news = News()
        while True:
            now = await run_in_threadpool(app.jobs.get, found.id)
            if news.of(now):
                yield ServerSentEvent(event="over" if now.over else "job", raw_data=encoded(job_json(now)).decode())
            if now.over:
                return
            await anyio.sleep(FOLLOW_S)

    return routes
