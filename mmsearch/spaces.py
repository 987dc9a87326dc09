"""The spaces of a library that can be used now, and why the others cannot."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass

from mmsearch.errors import ModelUnavailable
from mmsearch.manifest import Entry, Manifest
from mmsearch.protocols import Encoder, Store
from mmsearch.types import IndexedDocument, Space, SpaceState

CATALOGUE = "words"
"""The space that holds every segment with its payload."""


@dataclass(frozen=True, slots=True)
class OpenSpace:
    """A space with the encoder that fills and asks it, and the collection that holds it."""

    space: Space
    encoder: Encoder
    collection: str


def fingerprints(spaces: Mapping[str, OpenSpace]) -> dict[str, str]:
    """The spaces' fingerprints by name: equal where scores are made alike."""
    return {name: opened.space.fingerprint for name, opened in sorted(spaces.items())}


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
            closed[name] = (
                f'the space "{name}" was made by {held.model} {held.revision}, now it is {space.model} '
                f'{space.revision}; run "mmsearch index" to make it anew'
            )
        else:
            store.open(collection, space)
            spaces[name] = OpenSpace(space, encoder, collection)
    return spaces, closed


def open_for_indexing(
    encoders: Mapping[str, Encoder], manifest: Manifest, store: Store
) -> tuple[dict[str, OpenSpace], dict[str, str]]:
    """The spaces that can be filled, made where they are new, and the closed ones with the reason.

    A space whose model changed gets a new collection, and the old one is dropped.
    """
    active, spaces, closed = manifest.spaces(), dict[str, OpenSpace](), dict[str, str]()
    for name, encoder in encoders.items():
        try:
            space = encoder.space
        except ModelUnavailable as error:
            closed[name] = str(error)
            continue
        collection = manifest.collection_name(space)
        if name in active and active[name][0] != collection:
            store.drop(active[name][0])
        manifest.activate(space)
        store.open(collection, space)
        spaces[name] = OpenSpace(space, encoder, collection)
    return spaces, closed


def retire_unnamed(names: Container[str], manifest: Manifest, store: Store) -> None:
    """Drop the collections of spaces that the settings no longer name."""
    for name, (collection, _) in manifest.spaces().items():
        if name not in names:
            store.drop(collection)
            manifest.retire(name)


def states(
    encoders: Mapping[str, Encoder], opened: Mapping[str, OpenSpace], closed: Mapping[str, str], store: Store
) -> list[SpaceState]:
    """All spaces of the settings with what they hold, the open ones and the closed."""
    found = []
    for name, encoder in encoders.items():
        try:
            space = encoder.space
        except ModelUnavailable:
            space = None
        rows = store.count(opened[name].collection) if name in opened else 0
        found.append(SpaceState(name, space, closed.get(name, ""), rows))
    return found


def indexed(manifest: Manifest, entries: Iterable[Entry]) -> list[IndexedDocument]:
    """The entries as documents that know the spaces by name."""
    names = {space.fingerprint: name for name, (_, space) in manifest.spaces().items()}
    return [
        IndexedDocument(e.id, e.uri, e.modality, e.segments, {names[s]: n for s, n in e.spaces.items() if s in names})
        for e in entries
    ]


def held_collections(manifest: Manifest, store: Store) -> dict[str, str]:
    """Every collection of the library by space name, closed spaces' too: where a removed document must go from."""
    collections = {}
    for name, (collection, space) in manifest.spaces().items():
        store.open(collection, space)
        collections[name] = collection
    return collections
