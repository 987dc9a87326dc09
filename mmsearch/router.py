"""Which spaces answer a query, with what weight, and why in words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mmsearch.types import Modality, Query, Route, Space

CUES: Mapping[Modality, str] = {
    "image": r"(?:a |the )?(?:photo(?:graph)?s?|pictures?|images?|drawings?|posters?) (?:of|showing|with)",
    "table": r"(?:a |the )?(?:tables?|spreadsheets?|statistics|figures) (?:of|for|with|about)",
    "audio": r"(?:where |when )?(?:does |did )?(?:some(?:one|body)|anyone|who) (?:sa(?:ys?|id)|talks?|speaks?|mentions?)"
    r"(?: about| of| that)?|(?:a |the )?(?:recordings?|interviews?|talks?|podcasts?) (?:of|about|where|with)",
    "text": r"(?:an? |the )?(?:articles?|passages?|texts?|notes?|reports?|letters?) (?:of|about|on|where)",
}
"""Words at the start of a query that ask for a medium."""

CUE_WEIGHT = 1.0
"""A cue adds, in each space, a list of that medium alone with this share of the space's weight."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The words to ask with, the media cue cut off, and the routes, the heaviest first."""

    text: str
    routes: tuple[Route, ...]


def route(query: Query, spaces: Mapping[str, Space], depth: int) -> Plan:
    """A plan over the open spaces. Only what the user asked for (`query.modalities`) excludes anything."""
    cue, text = _cue(query.text) if query.kind == "text" else (None, query.text)
    routes = []
    for name, space in spaces.items():
        unwanted = query.spaces and name not in query.spaces
        if unwanted or query.kind not in space.answers or (query.modalities and not query.modalities & space.stores):
            continue
        routes.append(Route(name, 1.0, depth, f"answers a query by {query.kind}"))
        if cue and cue[0] in space.stores and not query.modalities:
            reason = f'"{cue[1]}" asks for {cue[0]}'
            routes.append(Route(name, CUE_WEIGHT, depth, reason, frozenset({cue[0]})))
    return Plan(text, tuple(sorted(routes, key=lambda route: -route.weight)))


def _cue(text: str) -> tuple[tuple[Modality, str] | None, str]:
    for modality, pattern in CUES.items():
        if match := re.match(rf"\s*({pattern})\s+(?=\S)", text, re.IGNORECASE):
            return (modality, match.group(1)), text[match.end() :]
    return None, text
