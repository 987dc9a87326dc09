"""Takes the spaces of an open library to other models, and back."""

import time
from collections.abc import Callable, Iterable
from itertools import islice
from typing import cast

from mmsearch.app import App, build, closed_reason
from mmsearch.errors import ConfigError, InputError, LibraryLocked, ModelUnavailable, NotFound, SpaceMismatch
from mmsearch.indexing import Progress
from mmsearch.model_choice import naming, same_model, with_model
from mmsearch.protocols import Encoder
from mmsearch.reembedding import Estimate, Filling, Reembedded, estimate, stored_bytes, usual_row_bytes
from mmsearch.settings import Part
from mmsearch.spaces import CATALOGUE, drop_doomed
from mmsearch.succession import Spare
from mmsearch.types import Space

SAMPLED_DOCUMENTS = 32
"""By which the size of stored rows is told."""


def estimate_reembed(app: App, name: str, model: str = "", pretrained: str = "") -> Estimate:
    """What `reembed` would cost; changes nothing. Raises as that does."""
    part = _named(app, name, model, pretrained)
    encoder = _candidate(app, part, model, pretrained)
    _check_filled(app)
    filling = _filling(app, encoder)
    held = app.manifest.spaces().get(name)
    app.store.open(*app.manifest.spaces()[CATALOGUE])
    library = None if app.settings.store.uri else app.settings.library
    return estimate(filling, held[1].model if held else "", _closed_meanwhile(app, name), library)


def reembed(
    app: App,
    name: str,
    model: str = "",
    pretrained: str = "",
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Reembedded:
    """Fill the space by another model from what the library holds, and change over when it is whole.

    Without a `model` by the one that the settings name. Raises ConfigError, InputError for an empty library,
    ModelUnavailable, ModelError, StoreError; the same call goes on from there.
    """
    part = _named(app, name, model, pretrained)
    return _move(app, name, part, _candidate(app, part, model, pretrained), on_progress)


def roll_back(app: App, name: str, on_progress: Callable[[Progress], None] = lambda _: None) -> Reembedded:
    """Go back to the previous collection and its model; what changed since is filled in first.

    Raises NotFound when there is none, ConfigError, ModelUnavailable, SpaceMismatch when its model changed meanwhile.
    """
    previous = _previous(app, name)
    made = app.manifest.succession.maker(previous.space)
    own = app.settings.encoders[name]
    if made is None or made.part != own.part:
        raise ConfigError(f"the previous space was made by {made and made.part}, the settings name {own.part}")
    part = with_model(own, made)
    encoder = cast(Encoder, build(part))
    if encoder.space.fingerprint != previous.space.fingerprint:
        raise SpaceMismatch(
            f'the previous "{name}" was made by another version of {encoder.space.model}, which is not here any more: '
            f'run "mmsearch reembed {name} --forget-previous"'
        )
    return _move(app, name, part, encoder, on_progress)


def forget_previous(app: App, name: str) -> int:
    """Drop the previous collection of the space; how many rows it had. Raises NotFound when there is none."""
    with app.writing:
        previous = _previous(app, name)
        app.store.open(previous.collection, previous.space)
        rows = app.store.count(previous.collection)
        app.manifest.succession.doom(previous)
        drop_doomed(app.manifest, app.store)
        return rows


def follow_settings(app: App, names: Iterable[str], on_progress: Callable[[Progress], None]) -> None:
    """Take those of the spaces that another model made to the model that the settings name, and keep no other."""
    for name in names:
        held, encoder = app.manifest.spaces().get(name), app.encoders[name]
        if held and not closed_reason(encoder) and held[1].model != encoder.space.model:
            _move(app, name, app.parts[name], encoder, on_progress)
            forget_previous(app, name)


def _move(app: App, name: str, part: Part, encoder: Encoder, on_progress: Callable[[Progress], None]) -> Reembedded:
    """Let the encoder, built from the part, serve the space, when its collection is whole."""
    if not app.moving.acquire(blocking=False):
        raise LibraryLocked("another space is being taken to another model in this process: wait for that")
    started = time.perf_counter()
    try:
        filling = _filling(app, encoder)
        with app.writing:
            before = app.manifest.spaces().get(name)
            _begin(app, name, part, encoder.space)

        def whole() -> None:
            if app.manifest.spaces().get(name, before) == before:
                with app.opening:
                    same_readers = _same_readers(app, name, encoder)
                    app.manifest.succession.switch(name, _instead_of(app, name, part), same_readers)
                    app.serve_by(name, part, encoder)
                drop_doomed(app.manifest, app.store)

        if before is None or before[1].fingerprint != encoder.space.fingerprint:
            filling.fill(on_progress, whole)
        return _report(app, filling, before and before[1], time.perf_counter() - started)
    finally:
        app.moving.release()


def _begin(app: App, name: str, part: Part, space: Space) -> None:
    """Note what is to come, and drop what was begun by a third model."""
    _check_filled(app)
    succession, collection = app.manifest.succession, app.manifest.collection_name(space)
    app.remember_makers()
    succession.remember_makers({space.fingerprint: naming(part)})
    for spare in succession.spares(name):
        if spare.role == "filling" and spare.collection != collection:
            succession.doom(spare)
    drop_doomed(app.manifest, app.store)
    held = app.manifest.spaces().get(name)
    if held and held[1].fingerprint == space.fingerprint:
        succession.choose(name, _instead_of(app, name, part))
    else:
        app.store.open(*app.manifest.spaces()[CATALOGUE])
        succession.begin(collection, space)
        app.store.open(collection, space)
    app.reopen()


def _instead_of(app: App, name: str, part: Part) -> Part | None:
    """The setting that the part is chosen over, if it names another model."""
    own = app.settings.encoders[name]
    return None if same_model(part, own) else naming(own)


def _closed_meanwhile(app: App, name: str) -> str:
    """Why the space cannot be searched while it is filled by another model; empty where it can."""
    held = app.manifest.spaces().get(name)
    if held is None:
        return "it holds nothing yet"
    serving = cast(Encoder, build(app.part(name, moving=True)))
    if reason := closed_reason(serving):
        return reason
    same = serving.space.fingerprint == held[1].fingerprint
    return "" if same else f"{held[1].model}, which made it, is not here any more as it was"


def _report(app: App, filling: Filling, before: Space | None, seconds: float) -> Reembedded:
    previous = app.manifest.succession.spare(filling.space.name, "previous")
    rows = size_bytes = 0
    if previous:
        app.store.open(previous.collection, previous.space)
        rows = app.store.count(previous.collection)
        size_bytes = stored_bytes(rows, previous.space, _row_bytes(app))
    return Reembedded(
        space=filling.space.name,
        before=before.model if before else "",
        after=filling.space.model,
        documents=filling.done["documents"],
        segments=filling.done["segments"],
        rows=filling.done["rows"],
        seconds=seconds,
        failed=tuple(filling.failed.values()),
        previous_rows=rows,
        previous_bytes=size_bytes,
    )


def _row_bytes(app: App) -> float:
    documents = [entry.id for entry in islice(app.manifest.entries_by_id(), SAMPLED_DOCUMENTS)]
    return usual_row_bytes(app.store, app.manifest.spaces()[CATALOGUE][0], documents)


def _named(app: App, name: str, model: str, pretrained: str) -> Part:
    """The part with the model that is asked for; the settings' own where none is."""
    app.require_named([name])
    own = app.settings.encoders[name]
    if not model:
        if pretrained:
            raise InputError("--pretrained names the weights of a model: name that too")
        return own
    options = {"model": model} | (
        {"pretrained": pretrained or None} if pretrained or "pretrained" in own.options else {}
    )
    return with_model(own, Part(part=own.part, **options))


def _candidate(app: App, part: Part, model: str, pretrained: str) -> Encoder:
    """The encoder of the part. Raises ConfigError when it does not take the options, ModelUnavailable."""
    encoder = app.candidate(part)
    if model and not model.startswith((".", "/", "~")) and closed_reason(encoder):
        name = next(name for name, own in app.settings.encoders.items() if own.part == part.part)
        weights = f" --pretrained {pretrained}" if pretrained else ""
        raise ModelUnavailable(
            f'{model} is not here: run "mmsearch models pull {name} --model {model}{weights}" where there is a network'
        )
    _ = encoder.space
    return encoder


def _filling(app: App, encoder: Encoder) -> Filling:
    batch_segments = app.settings.indexing.batch_segments
    return Filling(encoder, app.manifest, app.store, app.renditions, batch_segments, app.writing)


def _same_readers(app: App, name: str, encoder: Encoder) -> dict[str, str]:
    """What the readers' fingerprints are, and what they are by the new model.

    Passages are as long as the text space's model reads. Those that were cut for another model are not cut anew, since
    an encoder looks at what is too long for it in several windows: documents that were read count as read.
    """
    if name != "text":
        return {}
    pairs = zip(app.readers, app.readers_for(encoder), strict=True)
    return {old.fingerprint: new.fingerprint for old, new in pairs}


def _previous(app: App, name: str) -> Spare:
    app.require_named([name])
    previous = app.manifest.succession.spare(name, "previous")
    if previous is None:
        raise NotFound(f'the space "{name}" has no previous model: it was not changed, or that was forgotten')
    return previous


def _check_filled(app: App) -> None:
    if CATALOGUE not in app.manifest.spaces():
        raise InputError('the library holds nothing yet: run "mmsearch index" first')
