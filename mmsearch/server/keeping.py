"""`/v1/audit` and `/v1/backups`: whether the library is whole, and a copy of it, while it is served."""

from collections.abc import Callable
from pathlib import Path

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from mmsearch.errors import InputError
from mmsearch.local_library import LocalLibrary
from mmsearch.reports import Audit, BackedUp
from mmsearch.schemas import audit_json, backed_up_json
from mmsearch.server.answers import ERRORS, Json
from mmsearch.server.doors import neighbour


class AuditRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    repair: bool = Field(default=False, description="Mend what differs, as each difference says.")


class BackupRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: str = Field(max_length=4_096, description="A new folder on the server's machine, as an absolute path.")


def keeping_routes(library: LocalLibrary, owner: Callable[..., None]) -> APIRouter:
    """The routes that keep a library whole."""
    routes = APIRouter(prefix="/v1", tags=["keeping"], responses=ERRORS, dependencies=[Depends(owner)])

    @routes.post(
        "/audit",
        response_model=Audit,
        summary="Compare the manifest with every row of the store; 409 while an indexing is under way",
        max_body_size=1 << 12,
    )
    def audit(asked: AuditRequest) -> Json:
        return Json(audit_json(library.audit(asked.repair)))

    @routes.post(
        "/backups",
        response_model=BackedUp,
        dependencies=[Depends(neighbour)],
        summary="Copy the library into a new folder, also while something is indexed",
        max_body_size=1 << 14,
    )
    def back_up(asked: BackupRequest) -> Json:
        folder = Path(asked.folder)
        if "\0" in asked.folder or not folder.is_absolute():
            raise InputError(f"{asked.folder[:200]!r} is not an absolute path")
        return Json(backed_up_json(library.back_up(folder)))

    return routes
