"""`/v1/feedback`: what people say of results."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from mmsearch.app import App
from mmsearch.asking import MOST_CHARACTERS
from mmsearch.feedback import Judgement
from mmsearch.schemas import judgement_json
from mmsearch.server.answers import ERRORS, Json
from mmsearch.server.doors import asker
from mmsearch.types import Sight


class Said(BaseModel):
    """A document judged for a query in words, with the result that was looked at."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    query: str = Field(max_length=MOST_CHARACTERS)
    document: str = Field(max_length=MOST_CHARACTERS, description="Its id, uri or absolute path.")
    grade: int = Field(default=1, ge=0, le=1_000, description="0 is not relevant, 1 relevant, more is more relevant.")
    segment: str = Field(default="", max_length=200)
    rank: int | None = Field(default=None, ge=1, le=2**31)
    score: float | None = Field(default=None, ge=0, le=1)
    routes: dict[str, float] = Field(default={}, max_length=100, description="Spaces that were asked -> their weights.")


class Withdrawn(BaseModel):
    """A document that was judged for a query in words."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    query: str = Field(max_length=MOST_CHARACTERS)
    document: str = Field(max_length=MOST_CHARACTERS, description="Its id, uri or absolute path.")


class WithdrawnJson(BaseModel):
    withdrawn: bool = Field(description="Whether it was judged.")


class JudgementsJson(BaseModel):
    judgements: list[Judgement]


def feedback_routes(app: App, check: Callable[..., None]) -> APIRouter:
    """The routes of the judgements."""
    routes = APIRouter(prefix="/v1/feedback", tags=["feedback"], responses=ERRORS, dependencies=[Depends(check)])

    @routes.post("", response_model=Judgement, summary="Say whether a document answers a query", max_body_size=1 << 20)
    def judge(said: Said, request: Request) -> Json:
        return Json(judgement_json(keep(app, said, asker(request).sight)))

    @routes.delete("", response_model=WithdrawnJson, summary="Take back what was said", max_body_size=1 << 20)
    def withdraw(said: Withdrawn, request: Request) -> Json:
        return Json({"withdrawn": app.feedback.withdraw(said.query, said.document, asker(request).sight)})

    @routes.get("", response_model=JudgementsJson, summary="What was said, by query")
    def judgements(request: Request, query: Annotated[str, Query(max_length=MOST_CHARACTERS)] = "") -> Json:
        found = app.feedback.judgements(query, asker(request).sight)
        return Json({"judgements": [judgement_json(judgement) for judgement in found]})

    return routes


def keep(app: App, said: Said, sight: Sight) -> Judgement:
    """Keep what was said by somebody with that sight. Raises InputError, NotFound."""
    seen = said.segment, said.rank, said.score, said.routes
    return app.feedback.keep(said.query, said.document, said.grade, *seen, sight)
