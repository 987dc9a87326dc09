"""Makes a library of a backup, and looks whether it is whole."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mmsearch.backups import put_back
from mmsearch.client import Client
from mmsearch.errors import InputError
from mmsearch.masking import without_secrets
from mmsearch.opening import address_of
from mmsearch.progress import Progress
from mmsearch.reports import Audit
from mmsearch.schemas import audit_json
from mmsearch.settings import read_settings


@dataclass(frozen=True, slots=True)
class Restored:
    """A library that was made of a backup of the time `made`; `was_at` is where it was then."""

    library: str
    was_at: str
    made: str
    files: int
    audit: Audit


def restore(
    folder: str | Path, library: str | Path | None = None, on_progress: Callable[[Progress], None] = lambda _: None
) -> Restored:
    """Put the backup where the library is to be, which is a new or empty folder, and compare every row of it.

    Raises NotFound, InputError, StoreError as `mmsearch.backups.put_back`; then nothing is there.
    """
    settings = read_settings(library=library)
    if address := address_of(settings):
        raise InputError(f"{address} serves a library: restore into a new folder, and serve that")
    if uri := settings.store.uri:
        raise InputError(
            f'the settings name a store at {without_secrets(uri)}: a backup has its own; unset "store.uri"'
        )
    place = settings.library.absolute()
    contents = put_back(Path(folder).expanduser(), place, on_progress)
    with Client(place, create=False) as client:
        found = client.library.audit()
    return Restored(str(place), contents.library, contents.made, len(contents.files), found)


def restored_json(restored: Restored) -> dict[str, Any]:
    """`mmsearch restore --json`."""
    return asdict(restored) | {"audit": audit_json(restored.audit)}
