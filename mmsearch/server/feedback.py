"""`/v1/feedback`: what people say of results."""

from collections.abc import Callable

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from mmsearch.app import App
from mmsearch.asking import MOST_CHARACTERS
from mmsearch.feedback import Judgement
from mmsearch.schemas import judgement_json
from mmsearch.server.answers import ERRORS, Json


class Said(BaseModel):
    """A document judged for a query in words, with the result that was looked at."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    query: str = Field(max_length=MOST_CHARACTERS)
    document: str = Field(max_length=MOST_CHARACTERS, description="Its id, uri or absolute path.")
    grade: int = Field(default=1, ge=0, le=1_000, description="0 is not relevant, 1 relevant, more is more relevant.")
    segment: str = Field(default="", max_length=200)
    rank: int | None = Field(default=None, ge=1, le=2**31)
    score: float | None = Field(default=None, ge=0, le=1)


class JudgementsJson(BaseModel):
    judgements: list[Judgement]


def feedback_routes(app: App, owner: Callable[..., None]) -> APIRouter:
    """The routes of the judgements."""
    routes = APIRouter(prefix="/v1/feedback", tags=["feedback"], responses=ERRORS, dependencies=[Depends(owner)])

    @routes.post("", response_model=Judgement, summary="Say whether a document answers a query", max_body_size=1 << 20)
    def judge(said: Said) -> Json:
        kept = app.feedback.keep(said.query, said.document, said.grade, said.segment, said.rank, said.score)
        return Json(judgement_json(kept))

    @routes.get("", response_model=JudgementsJson, summary="What was said, by query")
    def judgements() -> Json:
        return Json({"judgements": [judgement_json(judgement) for judgement in app.feedback.judgements()]})

    return routes
