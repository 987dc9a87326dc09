"""`/v1/jobs`: have paths of this machine indexed, follow it, cancel it."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Annotated

import anyio
from fastapi import APIRouter, Depends
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, ConfigDict, Field

from mmsearch.app import App
from mmsearch.errors import InputError, NotFound
from mmsearch.schemas import encoded
from mmsearch.server.answers import ERRORS, Json
from mmsearch.server.doors import neighbour
from mmsearch.server.jobs import Job, JobJson, Jobs

LOOK_S = 0.1
"""How often a job is looked at for those who follow it."""
MOST_PATHS = 1_000


class IndexRequest(BaseModel):
    """What to index: absolute paths on the server's machine, and the spaces, all where none is named."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    paths: list[str] = Field(min_length=1, max_length=MOST_PATHS)
    spaces: list[str] = []

    def places(self, app: App) -> list[Path]:
        """The paths. Raises InputError, NotFound."""
        if relative := [path for path in self.paths if "\0" in path or not Path(path).is_absolute()]:
            raise InputError(f"{relative[0][:200]!r} is not an absolute path")
        if unknown := set(self.spaces) - app.encoders.keys():
            raise NotFound(f'no space is called "{min(unknown)[:80]}"; there are {", ".join(app.encoders)}')
        return [Path(path) for path in self.paths]


class JobsJson(BaseModel):
    jobs: list[JobJson]


def job_routes(app: App, jobs: Jobs, owner: Callable[..., None]) -> APIRouter:
    """The routes of the jobs."""
    routes = APIRouter(prefix="/v1/jobs", tags=["jobs"], responses=ERRORS, dependencies=[Depends(owner)])
    from_here = [] if app.settings.server.remote_indexing else [Depends(neighbour)]

    @routes.post(
        "",
        response_model=JobJson,
        status_code=202,
        dependencies=from_here,
        summary="Index paths",
        max_body_size=1 << 22,
    )
    def submit(asked: IndexRequest) -> Json:
        places = asked.places(app)
        job = jobs.submit(asked.paths, lambda step: app.index(places, step, asked.spaces))
        return Json(job.as_json(), 202, {"Location": f"/v1/jobs/{job.id}"})

    @routes.get("", response_model=JobsJson, summary="The jobs of this server, the newest last")
    def listed() -> Json:
        return Json({"jobs": [job.as_json() for job in jobs.all()]})

    @routes.get("/{job_id}", response_model=JobJson, summary="A job")
    def job(job_id: str) -> Json:
        return Json(jobs.get(job_id).as_json())

    @routes.delete("/{job_id}", response_model=JobJson, summary="End a job before its next document")
    def cancel(job_id: str) -> Json:
        found = jobs.get(job_id)
        found.cancel()
        return Json(found.as_json())

    async def followed(job_id: str) -> Job:
        return jobs.get(job_id)  # before the stream begins: afterwards there is no status to say it with

    @routes.get("/{job_id}/events", response_class=EventSourceResponse, summary="Follow a job to its end")
    async def events(found: Annotated[Job, Depends(followed)]) -> AsyncIterator[ServerSentEvent]:
        shown = None
        while not found.over:
            if found.progress and found.progress != shown:
                shown = found.progress
                yield _event("progress", found.as_json()["progress"])
            await anyio.sleep(LOOK_S)
        yield _event("over", {"state": found.state})

    return routes


def _event(name: str, data: object) -> ServerSentEvent:
    return ServerSentEvent(event=name, raw_data=encoded(data).decode())
