"""Looks at every part that the settings name and says whether it works here, and if not, what would mend it."""

import platform
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mmsearch.app import build
from mmsearch.client import Client
from mmsearch.errors import MMSearchError
from mmsearch.opening import address_of
from mmsearch.settings import MANIFEST_FILE, Part, Settings, read_settings


def examine(library: str | Path | None = None) -> dict[str, Any]:
    """`works` (all of it) and `findings`: part, works, and what it says. Loads no model and makes no library."""
    settings = read_settings(library=library)
    findings = list(_findings(settings))
    return {
        "mmsearch": version("mmsearch"),
        "python": platform.python_version(),
        "works": all(finding["works"] for finding in findings),
        "findings": findings,
    }


def _findings(settings: Settings) -> Iterator[dict[str, Any]]:
    for name, part in settings.encoders.items():
        yield _finding(name, partial(_space, part))
    for name, model in {"recognizer": settings.recognizer, "ocr": settings.ocr}.items():
        if model is not None and model.part:
            yield _finding(name, partial(_fingerprint, model))
    yield _finding("library", partial(_library, settings))


def _finding(name: str, look: Callable[[], str]) -> dict[str, Any]:
    try:
        return {"part": name, "works": True, "says": look()}
    except MMSearchError as error:
        return {"part": name, "works": False, "says": str(error), "code": error.code}


def _space(part: Part) -> str:
    encoder: Any = build(part)
    space = encoder.space
    dim = f", {space.dim} dimensions" if space.dim else ""
    return f"{space.model} ({space.revision[:12]}){dim}; holds {', '.join(sorted(space.stores))}"


def _fingerprint(part: Part) -> str:
    model: Any = build(part)
    return str(model.fingerprint)


def _library(settings: Settings) -> str:
    folder = settings.library.absolute()
    if not address_of(settings) and not (folder / MANIFEST_FILE).is_file():
        return f"{folder} is not there yet"
    with Client(settings.library, create=False) as client:
        held = client.stats()
        served = f"; served at {client.address}" if client.address else ""
    rows = ", ".join(f"{name} {count}" for name, count in held.rows.items())
    documents = sum(held.documents.values())
    return f"{held.library}: {documents} documents; segments: {rows}; {held.store}{served}"
