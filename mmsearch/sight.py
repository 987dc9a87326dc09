"""Who may see a document: its access list, and what that makes of a search.

A list names principals, persons or groups; without one everybody who may search sees the document. Every row of a
document with a list holds the name of that list, made of its members, so that a search asks for rows without one and
for those of the lists that name the asker: as a filter, on every search path there is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from mmsearch.errors import InputError
from mmsearch.types import Filter, In, Not, Or, Prefix, Segment, digest

FIELD = "_access"
"""The metadata of a segment that names its document's list; what a file says there itself is dropped."""
EVERYBODY = "everybody"
"""Alone in a list it stands for no list: what lies in a folder with one may be opened again."""
ENDING = ".access"
"""Of a file beside a document, by the document's whole name, that holds its list: a principal a line."""
MOST_NAME, MOST_NAMES = 100, 1_000


def list_name(access: Iterable[str]) -> str:
    """The name of the list, the same for the same members; "" for no list."""
    members = sorted(set(access))
    return digest("access", *members) if members else ""


def checked_principal(name: str) -> str:
    """The name of a person or group, if it can be one. Raises InputError."""
    said = name.strip()
    if not said or len(said) > MOST_NAME or not said.isprintable():
        raise InputError(f"{name[:80]!r} is no name of a person or group: up to {MOST_NAME} visible characters")
    return said


def read_access(said: object, where: str) -> tuple[str, ...]:
    """The principals that a list, or words with commas or lines between them, name. Raises InputError for anything
    else, and for nobody: a list that was meant and is lost must not open a document."""
    names = said.replace("\n", ",").split(",") if isinstance(said, str) else said
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise InputError(f"{where}: an access list is a list of names of persons and groups")
    found = tuple(dict.fromkeys(checked_principal(name) for name in names if name.strip()))
    if not found or len(found) > MOST_NAMES:
        raise InputError(f"{where}: an access list names {len(found):,} principals; write 1 to {MOST_NAMES:,}")
    return found


def marked(segment: Segment, access: Iterable[str]) -> Segment:
    """The segment as a row of a document with that list."""
    name = list_name(access)
    if not name and FIELD not in segment.metadata:
        return segment
    said = {key: value for key, value in segment.metadata.items() if key != FIELD}
    return replace(segment, metadata={**said, FIELD: name} if name else said)


def seen_by(lists: Sequence[str]) -> Filter:
    """Rows without a list, or with one of those of that name."""
    return Or((Not(Prefix(FIELD, "")), In(FIELD, tuple(lists))))
