"""`/v1/spaces/{space}`: take a space to another model and back, while searches go on."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from typing_extensions import TypedDict

from mmsearch.app import App
from mmsearch.changeover import estimate_reembed, forget_previous, submit_reembed, submit_roll_back
from mmsearch.jobs import Job
from mmsearch.model_choice import is_place, settled
from mmsearch.reembedding import ReembedEstimate
from mmsearch.schemas import forgotten_json, job_json, reembed_estimate_json
from mmsearch.server.answers import ERRORS, Json
from mmsearch.server.doors import neighbour

MOST_CHARACTERS = 4_096

Name = Annotated[str, Path(description="text, image, table, or another space of the settings.")]


class ModelRequest(BaseModel):
    """The new model, as the settings name it; without one that which they name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(default="", max_length=MOST_CHARACTERS, description="On the machine of the server.")
    pretrained: str = Field(default="", max_length=MOST_CHARACTERS, description="Its weights by name (open_clip).")

    @property
    def is_place(self) -> bool:
        """Whether it names a file or folder, there or not."""
        return any(is_place(said) or settled(said) != said for said in (self.model, self.pretrained))


class ForgottenJson(TypedDict):
    space: str
    forgotten_rows: int


def moving_routes(app: App, check: Callable[..., None]) -> APIRouter:
    """The routes that change the model of a space: as a job after those before it."""
    routes = APIRouter(prefix="/v1/spaces/{space}", tags=["spaces"], responses=ERRORS, dependencies=[Depends(check)])

    def from_here(asked: ModelRequest, request: Request) -> ModelRequest:
        """Files are taken from whoever may have paths indexed. Raises Forbidden."""
        if asked.is_place and not app.settings.server.remote_indexing:
            neighbour(request)
        return asked

    def submitted(job: Job) -> Json:
        return Json(job_json(job), 202, {"Location": f"/v1/jobs/{job.id}"})

    @routes.post(
        "/reembed",
        response_model=Job,
        status_code=202,
        summary="Take it to another model, from what the library holds; searches go on with the old one",
        max_body_size=1 << 20,
    )
    def reembed(space: Name, asked: Annotated[ModelRequest, Depends(from_here)]) -> Json:
        return submitted(submit_reembed(app, space, asked.model, asked.pretrained))

    @routes.post(
        "/reembed/estimate",
        response_model=ReembedEstimate,
        summary="What that will take, measured for a few seconds",
        max_body_size=1 << 20,
    )
    def estimate(space: Name, asked: Annotated[ModelRequest, Depends(from_here)]) -> Json:
        return Json(reembed_estimate_json(estimate_reembed(app, space, asked.model, asked.pretrained)))

    @routes.post("/rollback", response_model=Job, status_code=202, summary="Go back to its previous model")
    def roll_back(space: Name) -> Json:
        return submitted(submit_roll_back(app, space))

    @routes.delete("/previous", response_model=ForgottenJson, summary="Drop what is kept to go back to")
    def forget(space: Name) -> Json:
        return Json(forgotten_json(space, forget_previous(app, space)))

    return routes
