"""Takes a space of an open library to another model, and back: filled beside the old one, changed over when whole.

Until the change, which is one transaction of the manifest, searches use the old collection by the old model; after it
the new ones. The old collection is kept, free of documents that change or go, until it is forgotten.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import cast

from mmsearch.app import App
from mmsearch.errors import ConfigError, InputError, JobError, ModelUnavailable, NotFound, SpaceMismatch
from mmsearch.jobs import Job, RunningJob
from mmsearch.model_choice import MODEL_OPTIONS, is_place, naming, same_model, with_model
from mmsearch.parts import build, closed_reason, in_force, readers_of
from mmsearch.planning import reading
from mmsearch.progress import Progress
from mmsearch.protocols import Encoder, Hears
from mmsearch.reembedding import Filling, ReembedEstimate
from mmsearch.reports import Reembedded
from mmsearch.settings import Part
from mmsearch.spaces import CATALOGUE, drop_doomed, require_known
from mmsearch.succession import Spare
from mmsearch.types import Space

OnProgress = Callable[[Progress], None]
Stop = Callable[[], bool]


def estimate_reembed(app: App, name: str, model: str = "", pretrained: str = "") -> ReembedEstimate:
    """What `reembed` would cost; changes nothing. Raises as that does."""
    _check(app, name)
    _, encoder = _wanted(app, name, model, pretrained)
    held = app.manifest.spaces()
    app.store.open(*held[CATALOGUE])
    free_bytes = None if app.settings.store.uri else shutil.disk_usage(app.folder).free
    before = held[name][1].model if name in held else ""
    return _filling(app, encoder).estimate(before, _closed_meanwhile(app, name), free_bytes)


def reembed(
    app: App, name: str, model: str, pretrained: str, on_progress: OnProgress, stop: Stop = lambda: False
) -> Reembedded:
    """Fill the space by another model from what the library holds, and change over when it is whole; as a job.

    Without a `model` by the one that the settings name. What is lacking is filled in where the space is by that model
    already, and what was begun by another one is given up. Raises NotFound for an unknown space, InputError for an
    empty library, the space of words or an option that the encoder does not take, ModelUnavailable, ModelError,
    StoreError, JobError where every document failed; the same call goes on from there.
    """
    move = _to_model(app, name, model, pretrained)
    return _run(app, app.jobs.begin(move.asked), move, on_progress, stop)


def submit_reembed(app: App, name: str, model: str = "", pretrained: str = "") -> Job:
    """The same, not waited for: begun after what was submitted before. Raises what shows at once, and Busy."""
    return _submit(app, _to_model(app, name, model, pretrained))


def roll_back(app: App, name: str, on_progress: OnProgress, stop: Stop = lambda: False) -> Reembedded:
    """Go back to the previous collection and its model; documents that came or changed since are filled in first.

    Raises NotFound when there is none, ConfigError, ModelUnavailable, SpaceMismatch when its model changed meanwhile.
    """
    move = _back(app, name)
    return _run(app, app.jobs.begin(move.asked), move, on_progress, stop)


def submit_roll_back(app: App, name: str) -> Job:
    """The same, not waited for: begun after what was submitted before. Raises what shows at once, and Busy."""
    return _submit(app, _back(app, name))


def forget_previous(app: App, name: str) -> int:
    """Drop the previous collection of the space; how many rows it had.

    Raises NotFound when there is none, LibraryLocked while an indexing is under way.
    """
    _check(app, name)
    with app.soon():
        previous = _previous(app, name)
        app.store.open(previous.collection, previous.space)
        rows = app.store.count(previous.collection)
        app.manifest.succession.doom(previous)
        drop_doomed(app.manifest, app.store)
        return rows


@dataclass(frozen=True, slots=True)
class _Move:
    """What a job is asked, and the part with its encoder that are to serve the space, looked up when it begins."""

    asked: Mapping[str, object]
    successor: Callable[[], tuple[Part, Encoder]]


def _to_model(app: App, name: str, model: str, pretrained: str) -> _Move:
    _check(app, name)
    wanted = _wanted(app, name, model, pretrained)
    named = naming(wanted[0]).options if model else {}
    weights = {option: str(named.get(option) or "") for option in MODEL_OPTIONS}
    return _Move({"roots": [], "space": name, **weights, "rollback": False}, lambda: wanted)


def _back(app: App, name: str) -> _Move:
    _check(app, name)
    _former(app, name)
    asked = {"roots": [], "space": name, "model": "", "pretrained": "", "rollback": True}
    return _Move(asked, partial(_former, app, name))


def _former(app: App, name: str) -> tuple[Part, Encoder]:
    """The part with the previous model of the space, and its encoder."""
    previous = _previous(app, name)
    own, made = app.settings.encoders[name], app.manifest.succession.maker(previous.space)
    if made is None or made.part != own.part:
        raise ConfigError(f"the previous space was made by {made and made.part}, the settings name {own.part}")
    part = with_model(own, made)
    encoder = cast(Encoder, build(part))
    if encoder.space.fingerprint != previous.space.fingerprint:
        raise SpaceMismatch(
            f'the previous "{name}" was made by another version of {encoder.space.model}, which is not here any more: '
            f'run "mmsearch reembed {name} --forget-previous"'
        )
    return part, encoder


def _submit(app: App, move: _Move) -> Job:
    return app.queue.submit(move.asked, lambda job, stop: _run(app, job, move, lambda _: None, stop))


def _run(app: App, job: RunningJob, move: _Move, on_progress: OnProgress, stop: Stop) -> Reembedded:
    """The job, now that its turn has come."""

    def tell(step: Progress) -> None:
        job.step(asdict(step))
        on_progress(step)

    with app.jobs.ending(job):
        job.start()
        part, encoder = move.successor()
        done = _move(app, str(move.asked["space"]), part, encoder, tell, lambda: stop() or job.cancelled())
        job.report = done = replace(done, job=job.id)
    return done


def _move(app: App, name: str, part: Part, encoder: Encoder, on_progress: OnProgress, stop: Stop) -> Reembedded:
    """Let the encoder, built from the part, serve the space when its collection is whole."""
    started, filling = time.perf_counter(), _filling(app, encoder)
    with _moving(app, name):
        with app.writing:
            before = app.manifest.spaces().get(name)
            if not (stopped := stop()):
                _begin(app, name, part, encoder.space)

        def whole() -> None:
            if app.manifest.spaces().get(name) != before:
                raise JobError(f'the space "{name}" was made anew meanwhile: run "mmsearch reembed {name}" again')
            if filling.failed and not app.store.count(app.manifest.collection_name(encoder.space)):
                reason = next(iter(filling.failed.values())).reason
                raise JobError(f'nothing could be embedded, the space "{name}" stays as it was: {reason}')
            if before is None or before[1].fingerprint != encoder.space.fingerprint:
                _change_over(app, name, part, encoder)

        stopped = stopped or filling.fill(on_progress, stop, whole)
    previous = app.manifest.succession.spare(name, "previous")
    return Reembedded(
        space=name,
        before=before[1].model if before else "",
        after=encoder.space.model,
        documents=filling.done["documents"],
        rows=filling.done["rows"],
        seconds=time.perf_counter() - started,
        failed=tuple(filling.failed.values()),
        stopped=stopped,
        previous=previous.space.model if previous else "",
    )


@contextmanager
def _moving(app: App, name: str) -> Iterator[None]:
    """The space is served by the model that it has, whatever the settings name. Raises JobError if another one is."""
    with app.opening:
        if app.moving:
            raise JobError(f'the space "{app.moving}" is being taken to another model in this process: wait for that')
        app.moving = name
    try:
        app.renew()
        yield
    finally:
        app.moving = ""
        app.renew()


def _begin(app: App, name: str, part: Part, space: Space) -> None:
    """Note what is to come, and drop what was begun by a third model."""
    succession, collection = app.manifest.succession, app.manifest.collection_name(space)
    app.remember_makers()
    succession.remember_makers({space.fingerprint: naming(part)})
    for spare in succession.spares(name):
        if spare.role == "filling" and spare.collection != collection:
            succession.doom(spare)
    drop_doomed(app.manifest, app.store)
    held = app.manifest.spaces()
    if name in held and held[name][0] == collection:
        succession.choose(name, _instead_of(app, name, part))
    else:
        succession.begin(collection, space)
    with app.manifest.changing:
        app.store.open(*held[CATALOGUE])
        app.store.open(collection, space)


def _change_over(app: App, name: str, part: Part, encoder: Encoder) -> None:
    """From here on the collection that was filled serves the space, and searches find it so."""
    with app.opening:
        collection, instead_of = app.manifest.collection_name(encoder.space), _instead_of(app, name, part)
        app.manifest.succession.switch(name, collection, instead_of, _same_readers(app, name, part))
        app.moving = ""
        app.renew({name: encoder})
    drop_doomed(app.manifest, app.store)


def _instead_of(app: App, name: str, part: Part) -> Part | None:
    """The setting that the part is chosen over, if it names another model."""
    own = app.settings.encoders[name]
    return None if same_model(part, own) else naming(own)


def _closed_meanwhile(app: App, name: str) -> str:
    """Why the space cannot be searched while it is filled by another model; empty where it can."""
    held = app.manifest.spaces().get(name)
    if held is None:
        return "it holds nothing yet"
    serving = cast(Encoder, build(in_force(app.settings, app.manifest, moving=name).encoders[name]))
    if reason := closed_reason(serving):
        return reason
    same = serving.space.fingerprint == held[1].fingerprint
    return "" if same else f"{held[1].model}, which made it, is not here any more as it was"


def _wanted(app: App, name: str, model: str, pretrained: str) -> tuple[Part, Encoder]:
    """The part with the model that is asked for (the settings' own where none is), and its encoder.

    Raises InputError when it does not take the options, ModelUnavailable.
    """
    part = own = app.settings.encoders[name]
    if model:
        weights = {"pretrained": pretrained or None} if pretrained or "pretrained" in own.options else {}
        part = with_model(own, Part.model_validate({"part": own.part, "model": model, **weights}))
    elif pretrained:
        raise InputError("--pretrained names the weights of a model: name that too")
    try:
        encoder = cast(Encoder, build(part))
    except ConfigError as error:
        raise (InputError(str(error)) if model else error) from error
    if model and not is_place(model) and closed_reason(encoder):
        weights_option = f" --pretrained {pretrained}" if pretrained else ""
        raise ModelUnavailable(
            f'{model} is not here: run "mmsearch models pull {name} --model {model}{weights_option}" where there is '
            "a network"
        )
    _ = encoder.space
    if isinstance(encoder, Hears):
        raise InputError(
            f'the library keeps no sounds to make "{name}" of: name the model in the settings and run "mmsearch index"'
        )
    return part, encoder


def _filling(app: App, encoder: Encoder) -> Filling:
    batch_segments = app.settings.indexing.batch_segments
    return Filling(encoder, app.manifest, app.store, app.renditions, batch_segments, app.writing)


def _same_readers(app: App, name: str, part: Part) -> dict[str, str]:
    """What the readers were called, and what they are called by the new model.

    Passages are as long as the text space's model reads. Those that were cut for another model are not cut anew, since
    an encoder looks at what is too long for it in several windows: documents that were read count as read.
    """
    if name != "text":
        return {}
    new = app.in_force.model_copy(update={"spaces": {**app.in_force.spaces, name: part}})
    return {reading(old): reading(now) for old, now in zip(app.readers, readers_of(new), strict=True)}


def _previous(app: App, name: str) -> Spare:
    previous = app.manifest.succession.spare(name, "previous")
    if previous is None:
        raise NotFound(f'the space "{name}" has no previous model: it was not changed, or that was forgotten')
    return previous


def _check(app: App, name: str) -> None:
    """Raises NotFound, InputError when there is nothing to be taken to another model."""
    require_known([name], app.encoders)
    if name == CATALOGUE:
        raise InputError(f'"{name}" has no model; "mmsearch index" makes it anew where the analysis of words changed')
    if CATALOGUE not in app.manifest.spaces():
        raise InputError('the library holds nothing yet: run "mmsearch index" first')
