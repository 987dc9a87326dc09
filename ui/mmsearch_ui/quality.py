"""The page that says how searching goes: by day, what found nothing, what people opened and judged."""

import io
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from mmsearch.client import Client
from mmsearch.feedback import export
from mmsearch.searches import Day
from mmsearch_ui.keeping import asks_for_key, keeper
from mmsearch_ui.sheets import page_html

DAYS = 30
MISSED = 20


def quality_routes(client: Client) -> APIRouter:
    """`/quality`, and the judgements as a retrieval set, for an admin."""
    routes, check = APIRouter(include_in_schema=False), keeper("admin")

    @routes.get("/quality")
    def quality(request: Request) -> Response:
        if refused := asks_for_key(check, request):
            return refused
        searches = client.app.searches
        days = searches.days(DAYS)
        page = page_html(
            "quality.html",
            days=days,
            total=_total(days),
            most=max((day.searches for day in days), default=1),
            empty=searches.missed(MISSED, empty=True),
            weak=searches.missed(MISSED, empty=False),
            keeps_words=client.app.settings.server.keep_words,
            judgements=client.judgements(),
            share=_share,
        )
        return HTMLResponse(page)

    @routes.get("/quality/judgements.zip")
    def judgements(request: Request) -> Response:
        if refused := asks_for_key(check, request):
            return refused
        name = f"judgements-{datetime.now(UTC):%Y-%m-%d}.zip"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return Response(_zipped(client), media_type="application/zip", headers=headers)

    return routes


def _zipped(client: Client) -> bytes:
    """queries.jsonl, qrels/test.tsv and documents.jsonl. Raises InputError when nothing is judged."""
    packed = io.BytesIO()
    with TemporaryDirectory() as made, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        folder = Path(made) / "judgements"
        export(client.judgements(), folder)
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder).as_posix())
    return packed.getvalue()


def _total(days: Sequence[Day]) -> dict[str, int]:
    names = ("searches", "empty", "weak", "opened", "judged")
    return {name: sum(getattr(day, name) for day in days) for name in names}


def _share(part: int, whole: int) -> str:
    """A share in per cent, "–" of nothing."""
    return f"{100 * part / whole:.0f} %" if whole else "–"
