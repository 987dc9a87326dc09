"""By what a search can be narrowed: values of what was found, with how many have each."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from mmsearch.languages import in_language
from mmsearch.types import And, Contains, Filter, Or, Prefix, Segment

FacetName = Literal["folder", "type", "year", "language", "tag"]
MOST_VALUES = 8

LANGUAGE_NAMES: Mapping[str, str] = {
    "ar": "Arabic", "de": "German", "en": "English", "es": "Spanish", "fr": "French", "it": "Italian",
    "ja": "Japanese", "nl": "Dutch", "pl": "Polish", "pt": "Portuguese", "ru": "Russian", "zh": "Chinese",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Facet:
    """One way to narrow: what it is called, the filter for a value, the values of a segment."""

    label: str
    filter: Callable[[str], Filter]
    values: Callable[[Segment], Iterable[str]]
    several: bool = False
    """Whether a document may have several values at once."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a facet, what a person reads for it, and how many of what was found have it."""

    value: str
    text: str
    count: int


def _folder(segment: Segment) -> str:
    return str(PurePosixPath(segment.uri.partition("#")[0]).parent)


def _suffix(segment: Segment) -> str:
    return PurePosixPath(segment.uri.partition("#")[0]).suffix.lower()


def _language(segment: Segment) -> str:
    return str(segment.metadata.get("language") or "").partition("-")[0].lower()


def _tags(segment: Segment) -> Iterable[str]:
    tags = segment.metadata.get("tags")
    return [str(tag) for tag in tags] if isinstance(tags, list | tuple) else []


def _type(suffix: str) -> Filter:
    """The ending may be followed by what names a record; where it only stands inside a name, `keeps` says so."""
    return Or((Contains("uri", suffix), Contains("uri", suffix.upper())))


FACETS: Mapping[FacetName, Facet] = {
    "folder": Facet("Folder", lambda folder: Prefix("uri", folder.rstrip("/") + "/"), lambda s: [_folder(s)]),
    "type": Facet("Type", _type, lambda s: [_suffix(s)]),
    "year": Facet("Date", lambda year: Prefix("date", year), lambda s: [str(s.metadata.get("date") or "")[:4]]),
    "language": Facet("Language", in_language, lambda s: [_language(s)]),
    "tag": Facet("Tags", lambda tag: Contains("tags", tag), _tags, several=True),
}


def filter_of(narrowed: Sequence[tuple[FacetName, str]]) -> Filter | None:
    """The filter that all the values together are."""
    parts = tuple(FACETS[name].filter(value) for name, value in narrowed)
    return And(parts) if parts else None


def keeps(narrowed: Sequence[tuple[FacetName, str]], segment: Segment) -> bool:
    """Whether the segment has the values that no filter can ask for exactly."""
    return all(_suffix(segment) == value for name, value in narrowed if name == "type")


def counted(segments: Sequence[Segment], narrowed: Sequence[tuple[FacetName, str]]) -> dict[FacetName, list[Value]]:
    """The values that tell the segments apart and are not chosen yet, the most frequent first."""
    found: dict[FacetName, list[Value]] = {}
    for name, facet in FACETS.items():
        counts = Counter(value for s in segments for value in set(facet.values(s)) if value)
        counts = _below(counts) if name == "folder" else counts
        kept = {v: n for v, n in counts.items() if (name, v) not in narrowed and n < len(segments)}
        if kept:
            order = sorted(kept, key=lambda value: (-kept[value], value))[:MOST_VALUES]
            found[name] = [Value(value, text_of(name, value), kept[value]) for value in order]
    return found


def text_of(name: FacetName, value: str) -> str:
    """What a person reads for a value."""
    match name:
        case "folder":
            return PurePosixPath(value).name or value
        case "type":
            return value.lstrip(".").upper()
        case "language":
            return LANGUAGE_NAMES.get(value, value)
        case _:
            return value


def _below(folders: Counter[str]) -> Counter[str]:
    """How many lie in or below each of the folders that stand directly below the one that holds all."""
    if len(folders) < 2:
        return folders
    paths = [folder for folder in folders if "://" not in folder]
    if len(paths) < len(folders):
        return folders
    common = PurePosixPath(os.path.commonpath(paths))
    below: Counter[str] = Counter()
    for folder, count in folders.items():
        further = PurePosixPath(folder).relative_to(common).parts
        if further:
            below[str(common / further[0])] += count
    return below
