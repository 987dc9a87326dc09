"""Looks at every part that the settings name and says whether it works here, and if not, what would mend it."""

import platform
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mmsearch.app import App, build, closed_reason, parts_in_force
from mmsearch.errors import MMSearchError, SpaceMismatch
from mmsearch.settings import MANIFEST_FILE, Part, Settings, read_settings

SPARE = {
    "filling": '"{}" is being taken to {}: run "mmsearch reembed" again to go on',
    "previous": '"{}" is kept by {} too, to go back',
    "doomed": '"{}" by {} is to be dropped',
}


def examine(library: Path | None = None) -> dict[str, Any]:
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
    for name, part in parts_in_force(settings).items():
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
    if not (folder / MANIFEST_FILE).is_file():
        return f"{folder} is not there yet"
    with App(settings, create=False) as app:
        documents = len(app.manifest.entries())
        counts = {name: app.store.count(space.collection) for name, space in app.searcher.spaces.items()}
        made, closed = app.manifest.spaces(), app.searcher.closed.items()
        if outdated := [why for name, why in closed if name in made and not closed_reason(app.encoders[name])]:
            raise SpaceMismatch(f"{folder}: {'; '.join(outdated)}")
        spares = app.manifest.succession.spares()
    held = ", ".join(f"{name} {count}" for name, count in counts.items())
    held += "".join(f"; {SPARE[spare.role].format(spare.name, spare.space.model)}" for spare in spares)
    return f"{folder}: {documents} documents; segments: {held}; {settings.store.uri or 'Milvus Lite in the folder'}"
