"""The roots of an indexing: which are looked at, what was seen there, and what is gone since."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from mmsearch.errors import ConfigError, Forbidden, InputError, NotFound, SourceUnavailable
from mmsearch.manifest import Manifest
from mmsearch.settings import Settings
from mmsearch.sight import checked_principal
from mmsearch.sources import Unread, check, is_there, lies_at
from mmsearch.sources.seen import Seen
from mmsearch.spaces import OpenSpace
from mmsearch.types import Document, Root, RootKind


def root_at(
    settings: Settings,
    place: str | Path | Root,
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
    kind: RootKind = "files",
    columns: Mapping[str, str] | None = None,
    access: Iterable[str] = (),
) -> Root:
    """The place as a root, with the globs of the settings and these on top; a root is as it is.

    Raises InputError for names in `access` that no person or group has.
    """
    said = settings.indexing
    return Root.at(
        place,
        kind=kind,
        columns=tuple(f"{role}={name}" for role, name in (columns or {}).items()),
        include=(*said.include, *include),
        exclude=(*said.exclude, *exclude),
        follow_symlinks=said.follow_symlinks,
        access=tuple(map(checked_principal, access)),
    )


def roots_to_index(manifest: Manifest, given: Sequence[Root], spaces: Iterable[OpenSpace], prune: bool) -> list[Root]:
    """The given roots and, while an open space lacks documents, every earlier root that is still there.

    Raises NotFound when a given one is not, unless it held documents that are to be removed by `prune`;
    SourceUnavailable when nobody can say; InputError for one that cannot be looked at as it says.
    """
    for root in given:
        if root.kind == "records":
            raise InputError(f"{root.place} are records that a program gave: have it give them again")
        check(root)
        if not is_there(root):
            held = sum(1 for _ in manifest.places(root.place))
            if not (held and prune):
                raise missing(root, held) if held else NotFound(f"{root.place} does not exist")
    lacking = any(manifest.incomplete(space.space) for space in spaces)
    said = {root.place: root.access for root in manifest.roots()}
    given = [replace(root, access=root.access or said.get(root.place, ())) for root in given]
    for root in given:
        manifest.add_root(root)
    earlier = [root for root in manifest.roots() if _answers(root)] if lacking else []
    return list({root.place: root for root in [*given, *earlier]}.values())


def _answers(root: Root) -> bool:
    """Whether an earlier root is there now; one elsewhere that cannot be asked is filled another time."""
    try:
        return is_there(root)
    except (SourceUnavailable, ConfigError, Forbidden):
        return False


def missing(root: Root, held: int) -> NotFound:
    """Why nothing is removed of a root that held so many documents and where there is nothing now."""
    documents = f"{held:,} documents" if held > 1 else "a document"
    return NotFound(
        f"{root.place} is empty or gone, and the library holds {documents} from there, which stay: "
        'if it is not just a share that is not mounted, remove them with "mmsearch index --prune"'
    )


@dataclass(slots=True)
class _Look:
    unreadable: list[str] = field(default_factory=list)
    empty: bool = True


class Looks:
    """What was seen at the roots of one indexing: what is gone is known once all were looked at."""

    def __init__(self) -> None:
        self._looks: dict[str, _Look] = {}
        self._seen = Seen()

    def begin(self, root: Root) -> None:
        """Look at a root, which may hold nothing."""
        self._looks.setdefault(root.place, _Look())

    def take(self, root: Root, place: Document | Unread) -> bool:
        """Note one more place of the root; False for a document that was seen already.

        Hidden files make no folder less empty.
        """
        look, new = self._looks[root.place], True
        if isinstance(place, Document):
            new = self._seen.take(place.id) == 1
        elif place.error is not None:
            look.unreadable.append(place.uri)
        look.empty = look.empty and isinstance(place, Unread) and place.error is None and place.reason == "hidden"
        return new

    def empty(self, root: Root) -> bool:
        """Whether there was nothing at all at the root."""
        return self._looks[root.place].empty

    def gone(self, manifest: Manifest, root: Root) -> list[str]:
        """The ids of documents of the library below the root that were not seen, as far as all could be looked at.

        Roots below this one have their own say, and so have lists of records that were indexed as such.
        """
        unreadable = tuple(self._looks[root.place].unreadable)
        lists = {other.place for other in manifest.roots() if other.kind != "files"}
        others = [place for place in {*self._looks, *lists} if place != root.place and lies_at(place, root.place)]
        return [
            id
            for id, uri in manifest.places(root.place)
            if id not in self._seen
            and not uri.startswith(unreadable)
            and not any(lies_at(uri, other) for other in others)
        ]

    def close(self) -> None:
        """Forget it."""
        self._seen.close()
