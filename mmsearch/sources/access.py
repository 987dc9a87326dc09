"""The access list of a document: its own, else that of the nearest folder that has one."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from mmsearch.sight import EVERYBODY
from mmsearch.types import Document

Lists = Mapping[str, Sequence[str]]
"""Places -> the principals who may see what is at or below them."""


def with_access(document: Document, lists: Lists) -> Document:
    """The document with the list that holds for it: empty where everybody may see it."""
    return replace(document, access=access_of(document.uri, lists, document.access))


def access_of(uri: str, lists: Lists, own: Sequence[str] = ()) -> tuple[str, ...]:
    """The list of what is at the place."""
    said = tuple(own) or next((tuple(lists[place]) for place in _places_of(uri) if lists.get(place)), ())
    return () if said == (EVERYBODY,) else said


def _places_of(uri: str) -> list[str]:
    """The place itself and all that it may lie in or be a record of, the nearest first."""
    ends = [mark.start() for mark in re.finditer("[/#]", uri)]
    return [uri, *(uri[:end] or "/" for end in reversed(ends))]
