"""What is said around a moment of a recording, fetched when somebody opens it."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from mmsearch.client import Client
from mmsearch.errors import NotFound
from mmsearch.local_library import LocalLibrary
from mmsearch.server.documents import checked
from mmsearch.server.doors import asker
from mmsearch.snippets import snippet
from mmsearch.types import Segment
from mmsearch_ui.cards import transcript_html

BEFORE, AFTER = 2, 3
"""Stretches of about 20 seconds that are shown before and after the moment."""


def transcript_routes(client: Client) -> APIRouter:
    """`/page/transcript/DOCUMENT/SEGMENT?q=`: HTML, the words of the query marked."""
    routes = APIRouter(prefix="/page", include_in_schema=False)

    @routes.get("/transcript/{document_id}/{segment_id}")
    def transcript(
        document_id: str, segment_id: str, request: Request, q: Annotated[str, Query(max_length=20_000)] = ""
    ) -> Response:
        library, id = LocalLibrary(client.app, asker(request)), checked(document_id)
        held = library.segments(id, limit=library.document(id).segments)
        said = around([segment for segment in held if segment.text], segment_id)
        words = {text[start:end].casefold() for text, marks in (snippet(s, q) for s in said) for start, end in marks}
        return HTMLResponse(transcript_html(document_id, said, segment_id, words))

    return routes


def around(segments: Sequence[Segment], id: str) -> list[Segment]:
    """The segment of that id and its neighbours, in the order of the recording. Raises NotFound."""
    ordered = sorted(segments, key=lambda segment: (segment.span.start_s or 0.0, segment.id))
    place = next((at for at, segment in enumerate(ordered) if segment.id == id), None)
    if place is None:
        raise NotFound("nothing is said there any longer")
    return ordered[max(0, place - BEFORE) : place + AFTER + 1]
