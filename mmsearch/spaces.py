"""The spaces of a library that can be used now, and why the others cannot."""

from collections.abc import Container, Mapping
from dataclasses import dataclass

from mmsearch.errors import ModelUnavailable
from mmsearch.manifest import Manifest
from mmsearch.protocols import Encoder, Store
from mmsearch.succession import Spare
from mmsearch.types import Space

CATALOGUE = "words"
"""The space that holds every segment with its payload."""


@dataclass(frozen=True, slots=True)
class OpenSpace:
    """A space with the encoder that fills and asks it, and the collection that holds it."""

    space: Space
    encoder: Encoder
    collection: str


def open_for_search(
    encoders: Mapping[str, Encoder], manifest: Manifest, store: Store
) -> tuple[dict[str, OpenSpace], dict[str, str]]:
    """The spaces that can be asked, by name, and the closed ones with the reason and the way out. Nothing is made."""
    active, spaces, closed = manifest.spaces(), dict[str, OpenSpace](), dict[str, str]()
    for name, encoder in encoders.items():
        try:
            space = encoder.space
        except ModelUnavailable as error:
            closed[name] = str(error)
            continue
        collection, held = active.get(name, ("", space))
        if not collection:
            closed[name] = f'nothing is indexed in the space "{name}" yet; run "mmsearch index"'
        elif held.fingerprint != space.fingerprint:
            closed[name] = _outdated(held, space)
        else:
            store.open(collection, space)
            spaces[name] = OpenSpace(space, encoder, collection)
    return spaces, closed


def open_for_indexing(
    encoders: Mapping[str, Encoder], manifest: Manifest, store: Store
) -> tuple[dict[str, OpenSpace], dict[str, str]]:
    """The spaces that can be filled, made where they are new, and the closed ones with the reason.

    A space that another model made is closed: `reembed` takes it to the new one. Where it is the same model with other
    weights or another preparation, nobody can ask the old collection any more: it is dropped, and a new one made.
    """
    drop_doomed(manifest, store)
    active, spaces, closed = manifest.spaces(), dict[str, OpenSpace](), dict[str, str]()
    for name, encoder in encoders.items():
        try:
            space = encoder.space
        except ModelUnavailable as error:
            closed[name] = str(error)
            continue
        collection = manifest.collection_name(space)
        if name in active and active[name][0] != collection:
            if active[name][1].model != space.model:
                closed[name] = _outdated(active[name][1], space)
                continue
            store.drop(active[name][0])
        manifest.activate(space)
        store.open(collection, space)
        spaces[name] = OpenSpace(space, encoder, collection)
    return spaces, closed


def _outdated(held: Space, space: Space) -> str:
    """Why a space is closed that was made for another fingerprint, with the way out."""
    if held.model == space.model:
        return (
            f'the space "{space.name}" was made by another version of {space.model}; '
            f'run "mmsearch reembed {space.name}" or "mmsearch index"'
        )
    return (
        f'the space "{space.name}" was made by {held.model}, the settings name {space.model}: take that out of the '
        f'settings, or run "mmsearch reembed {space.name}" to change over'
    )


def retire_unnamed(names: Container[str], manifest: Manifest, store: Store) -> None:
    """Drop the collections of spaces that the settings no longer name."""
    for name, (collection, _) in manifest.spaces().items():
        if name not in names:
            store.drop(collection)
            manifest.retire(name)
    for spare in manifest.succession.spares():
        if spare.name not in names:
            manifest.succession.doom(spare)
    drop_doomed(manifest, store)


def drop_doomed(manifest: Manifest, store: Store) -> list[Spare]:
    """Drop the collections that are to go, also those that a killed process had no time for; which these were."""
    doomed = [spare for spare in manifest.succession.spares() if spare.role == "doomed"]
    for spare in doomed:
        store.drop(spare.collection)
        manifest.succession.dropped(spare)
    return doomed


def held_collections(manifest: Manifest, store: Store) -> dict[str, str]:
    """Every collection of the library: where a removed document must go from.

    Active ones by the name of their space, closed spaces' too; those that come after them or came before by their own.
    """
    places = dict(manifest.spaces())
    places |= {s.collection: (s.collection, s.space) for s in manifest.succession.spares() if s.role != "doomed"}
    for collection, space in places.values():
        store.open(collection, space)
    return {name: collection for name, (collection, _) in places.items()}
