"""What was done to a library, and what it holds: values that are told to whoever asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mmsearch.types import Modality, Space


@dataclass(frozen=True, slots=True)
class Failure:
    """A document that could not be indexed, with the stable code and the reason in words, for those of its `access`
    list where it has one."""

    uri: str
    code: str
    reason: str
    access: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What an indexing did. `failed` names every document that is not in the library as it lies on disk now.

    `skipped` counts what was passed over: the reason -> an ending ("/" for a whole folder) -> how many. `stopped` says
    that it was asked to stop before the end; the next indexing goes on from there.
    `reused` counts vectors that were not encoded, since the library held the same bytes elsewhere. `job` is its id
    among the library's jobs.
    """

    found: int
    indexed: int
    unchanged: int
    removed: int
    segments: int
    seconds: float
    failed: tuple[Failure, ...]
    skipped: Mapping[str, Mapping[str, int]]
    closed_spaces: Mapping[str, str]
    stopped: bool = False
    reused: int = 0
    job: str = ""


@dataclass(frozen=True, slots=True)
class IndexedDocument:
    """A document as the library holds it: where it came from and how many segments each space has of it, by name.

    `modality` is its first segment's.
    """

    id: str
    uri: str
    modality: str
    segments: int
    spaces: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SpaceState:
    """A space of the settings as it is now: its facts unless its weights are missing, and how many rows it holds.

    `closed` says why it cannot be asked, with the command that opens it; empty for an open space.
    """

    name: str
    space: Space | None
    closed: str
    rows: int


@dataclass(frozen=True, slots=True)
class Stats:
    """What a library holds: documents by modality, the paths that were indexed, rows of each open space by name.

    `search` are the settings that rank, `store` says where the vectors stand.
    """

    library: str
    documents: Mapping[Modality, int]
    roots: tuple[str, ...]
    rows: Mapping[str, int]
    store: str
    search: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reembedded:
    """A space after it was taken from the model `before` to `after`, or on the way there when it was `stopped`.

    `documents` were looked at and `rows` written in `seconds`. `failed` documents are not in the space: the next
    indexing reads them again. `previous` is the model of the collection that is kept to go back to, if there is one.
    """

    space: str
    before: str
    after: str
    documents: int
    rows: int
    seconds: float
    failed: tuple[Failure, ...]
    stopped: bool = False
    previous: str = ""
    job: str = ""


Mending = Literal["remove", "fill", "read"]
"""What is done about a difference: what nobody knows of is removed; a space forgets the document, and the next indexing
or re-embedding fills it in; the document counts as unread, and the next indexing reads it again."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A document that is not in the library as the manifest says.

    `where` is a space, a collection that does not serve its space, or "pictures"; there `found` rows or pictures stand
    instead of `expected`. `says` is the same in words.
    """

    document: str
    uri: str
    where: str
    expected: int
    found: int
    says: str
    mending: Mending


@dataclass(frozen=True, slots=True)
class Audit:
    """How the manifest compares with what the store and the folder of pictures really hold.

    `rows` are those found by space, or by the name of a collection that does not serve one. `unread` are the places of
    documents that an indexing was at when it was ended, or that are to be read again: the next one completes them.
    `to_index` are the roots that have them, and those of documents that a space lacks. `mended` differences there were
    and are no more.
    """

    documents: int
    segments: int
    rows: Mapping[str, int]
    pictures: int
    differences: tuple[Difference, ...]
    mended: tuple[Difference, ...]
    unread: tuple[str, ...]
    to_index: tuple[str, ...]
    seconds: float

    @property
    def whole(self) -> bool:
        """Whether the manifest says what there is."""
        return not self.differences


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What a backup wrote, and where; changes of the library waited for `paused_s` of its `seconds`."""

    folder: str
    documents: int
    files: int
    size_bytes: int
    seconds: float
    paused_s: float
