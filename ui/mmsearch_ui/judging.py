"""The route by which a visitor of the page says that a result fits or does not, or takes it back."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from mmsearch.client import Client
from mmsearch.server.doors import asker
from mmsearch.server.feedback import Said, Withdrawn, keep
from mmsearch_ui.guard import from_here

Number = Annotated[int, Query(ge=0, le=2**53)]


def judging_routes(client: Client) -> APIRouter:
    """`/page/judgement`: POST keeps what is said, DELETE takes it back; `/page/opened` notes that a result was opened.

    Whoever may search here may do that.
    """
    routes = APIRouter(prefix="/page", include_in_schema=False, dependencies=[Depends(from_here)])

    @routes.post("/judgement", status_code=204, max_body_size=1 << 17)
    def judge(said: Said, request: Request, search: Number = 0) -> Response:
        kept = keep(client.app, said, asker(request).sight)
        client.app.searches.note_judged(search, kept.rank or 0, kept.grade)
        return Response(status_code=204)

    @routes.delete("/judgement", status_code=204, max_body_size=1 << 17)
    def withdraw(said: Withdrawn, request: Request, search: Number = 0, rank: Number = 0) -> Response:
        client.app.feedback.withdraw(said.query, said.document, asker(request).sight)
        client.app.searches.note_judged(search, rank, None)
        return Response(status_code=204)

    @routes.post("/opened", status_code=204)
    def opened(search: Number, rank: Number) -> Response:
        client.app.searches.note_opened(search, rank)
        return Response(status_code=204)

    return routes
