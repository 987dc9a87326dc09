"""Looks at every part that the settings name and says whether it works here, and if not, what would mend it."""

import platform
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mmsearch.client import Client
from mmsearch.errors import ConfigError, MMSearchError, SpaceMismatch
from mmsearch.fusion import CALIBRATED
from mmsearch.opening import address_of
from mmsearch.parts import answerers_of, build, settings_in_force
from mmsearch.protocols import Answerer
from mmsearch.refinement import REFINEMENT_FILE, read_refinement
from mmsearch.reports import Audit
from mmsearch.schemas import audit_json
from mmsearch.settings import MANIFEST_FILE, Part, Settings, read_settings

SPARE = {
    "filling": '"{}" is on its way to {}: run "mmsearch jobs resume" or "mmsearch reembed" to go on',
    "previous": '"{}" is kept by {} too, to go back to',
    "doomed": '"{}" by {} is to be dropped',
}


def examine(library: str | Path | None = None, deep: bool = False, repair: bool = False) -> dict[str, Any]:
    """`works` (all that is needed) and `findings`: part, works, needed, and what it says.

    Loads no model and makes no library. `deep` compares the manifest with every row of the store, and gives that as
    `audit`; `repair` mends what differs. Raises LibraryLocked while an indexing is under way, NotFound, StoreError.
    """
    settings = read_settings(library=library)
    findings = list(_findings(settings))
    audited: dict[str, Any] = {}
    if deep or repair:
        with Client(settings.library, create=False) as client:
            found = client.library.audit(repair)
        findings.append({"part": "audit", "works": found.whole, "needed": True, "says": _audited(found)})
        audited = {"audit": audit_json(found)}
    return {
        "mmsearch": version("mmsearch"),
        "python": platform.python_version(),
        "works": all(finding["works"] for finding in findings if finding["needed"]),
        "findings": findings,
        **audited,
    }


def _findings(settings: Settings) -> Iterator[dict[str, Any]]:
    for name, part in settings_in_force(settings).encoders.items():
        yield _finding(name, partial(_space, part))
    for name, model in {"recognizer": settings.recognizer, "ocr": settings.ocr}.items():
        if model is not None and model.part:
            yield _finding(name, partial(_fingerprint, model))
    if settings.reranker is not None and settings.reranker.part:
        yield _finding("reranker", partial(_reranker, settings, settings.reranker), settings.search.rerank)
    for answerer in answerers_of(settings, {}):
        by = f" by {model.model}" if (model := getattr(answerer, "source", None)) else ""
        media = " and ".join(sorted(answerer.modalities))
        yield _finding(f"answers from {media}{by}", partial(_answerer, answerer), False)
    yield _finding("library", partial(_library, settings))
    if (settings.library.absolute() / REFINEMENT_FILE).is_file():
        yield _finding("scores", partial(_scores, settings))


def _finding(name: str, look: Callable[[], str], needed: bool = True) -> dict[str, Any]:
    try:
        return {"part": name, "works": True, "needed": needed, "says": look()}
    except MMSearchError as error:
        return {"part": name, "works": False, "needed": needed, "says": str(error), "code": error.code}


def _space(part: Part) -> str:
    encoder: Any = build(part)
    space = encoder.space
    dim = f", {space.dim} dimensions" if space.dim else ""
    return f"{space.model} ({space.revision[:12]}){dim}; holds {', '.join(sorted(space.stores))}"


def _fingerprint(part: Part) -> str:
    model: Any = build(part)
    return str(model.fingerprint)


def _reranker(settings: Settings, part: Part) -> str:
    when = "reads" if settings.search.rerank else "reads, where a search asks for it,"
    return f"{_fingerprint(part)}; {when} the first {settings.search.rerank_depth} results again"


def _answerer(answerer: Answerer) -> str:
    return answerer.fingerprint


def _library(settings: Settings) -> str:
    folder = settings.library.absolute()
    if not address_of(settings) and not (folder / MANIFEST_FILE).is_file():
        return f"{folder} is not there yet"
    with Client(settings.library, create=False) as client:
        held = client.stats()
        rows = ", ".join(f"{name} {count}" for name, count in held.rows.items())
        if client.address:
            spares = f"; served at {client.address}"
        else:
            kept = client.app.manifest.succession.spares()
            spares = "".join(f"; {SPARE[spare.role].format(spare.name, spare.space.model)}" for spare in kept)
    documents = sum(held.documents.values())
    return f"{held.library}: {documents} documents; segments: {rows}; {held.store}{spares}"


def _audited(audit: Audit) -> str:
    """What the comparison found, in one sentence."""
    rows = ", ".join(f"{name} {count:,}" for name, count in audit.rows.items())
    held = f"{audit.documents:,} documents with {audit.segments:,} segments; rows: {rows}; {audit.pictures:,} pictures"
    mended = f"; {len(audit.mended):,} differences mended" if audit.mended else ""
    if audit.whole:
        return f"the store holds what the manifest says{mended}: {held}"
    return (
        f"the store does not hold what the manifest says, {len(audit.differences):,} differences{mended}: {held}; "
        '"mmsearch doctor --repair" mends them'
    )


def _scores(settings: Settings) -> str:
    """What the scores were refined by. Raises SpaceMismatch, ConfigError when that is not used."""
    with Client(settings.library, create=False) as client:
        spaces = {state.name: state.space.fingerprint for state in client.spaces() if state.space and not state.closed}
        fusion = client.stats().search["fusion"]
    stored = read_refinement(settings.library.absolute())
    assert stored is not None  # it was there when this was asked
    facts = stored.facts
    fitted = f"fitted {str(facts.get('date', ''))[:10]} to {facts.get('results', '?')} judged results"
    if not stored.fits(spaces):
        raise SpaceMismatch(
            f"the refinement of scores was {fitted} for the spaces {', '.join(stored.spaces)} as they were; open are "
            f'{", ".join(spaces)}, made otherwise, so it is not used: run "mmsearch calibrate" again, or '
            '"mmsearch calibrate --forget"'
        )
    if fusion != CALIBRATED:
        raise ConfigError(
            f'the refinement of scores ({fitted}) is not used: the settings\' fusion is "{fusion}", not "{CALIBRATED}"'
        )
    return f"refined by judgements: {fitted}"
