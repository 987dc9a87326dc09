"""The spaces of a library that can be used now, and why the others cannot."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass

from mmsearch.errors import ModelUnavailable, NotFound
from mmsearch.manifest import Entry, Manifest
from mmsearch.protocols import Encoder, Store
from mmsearch.reports import IndexedDocument, SpaceState
from mmsearch.types import Space

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


def require_known(names: Iterable[str], known: Iterable[str]) -> None:
    """Raises NotFound when there is no space of one of the names."""
    if unknown := set(names).difference(known):
        raise NotFound(f'no space is called "{min(unknown)[:80]}"; there are {", ".join(known)}')


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
                f"{space.revision}; run {_way_out(space)}"
            )
        else:
            store.open(collection, space)
            spaces[name] = OpenSpace(space, encoder, collection)
    return spaces, closed


def _way_out(space: Space) -> str:
    """The commands that make a space anew: an indexing for words, and for sounds, which no library keeps."""
    by_indexing = space.kind == "lexical" or "audio" in space.answers
    return '"mmsearch index"' if by_indexing else f'"mmsearch reembed {space.name}" or "mmsearch index"'


def open_for_indexing(
    encoders: Mapping[str, Encoder], manifest: Manifest, store: Store
) -> tuple[dict[str, OpenSpace], dict[str, str]]:
    """The spaces that can be filled, made where they are new, and the closed ones with the reason.

    A space whose model changed gets a new collection, and the old one is dropped.
    """
    drop_doomed(manifest, store)
    spaces, closed = dict[str, OpenSpace](), dict[str, str]()
    for name, encoder in encoders.items():
        try:
            space = encoder.space
        except ModelUnavailable as error:
            closed[name] = str(error)
            continue
        collection = manifest.collection_name(space)
        with manifest.changing:
            manifest.activate(space)
            store.open(collection, space)
        spaces[name] = OpenSpace(space, encoder, collection)
    drop_doomed(manifest, store)
    return spaces, closed


def retire_unnamed(names: Container[str], manifest: Manifest, store: Store) -> None:
    """Drop the collections of spaces that the settings no longer name."""
    for name in manifest.spaces():
        if name not in names:
            manifest.retire(name)
    for spare in manifest.succession.spares():
        if spare.name not in names:
            manifest.succession.doom(spare)
    drop_doomed(manifest, store)


def drop_doomed(manifest: Manifest, store: Store) -> None:
    """Drop the collections that are to go, also those that a killed process had no time for."""
    for spare in manifest.succession.spares():
        if spare.role == "doomed":
            with manifest.changing:
                store.drop(spare.collection)
                manifest.succession.dropped(spare)


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
    """Every collection of the library: where a removed document must go from.

    Active ones by the name of their space, closed spaces' too; those that come after them or came before by their own.
    """
    places = dict(manifest.spaces())
    places |= {s.collection: (s.collection, s.space) for s in manifest.succession.spares() if s.role != "doomed"}
    for collection, space in places.values():
        store.open(collection, space)
    return {name: collection for name, (collection, _) in places.items()}
