"""Which spaces answer a query, with what weight, and why in words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mmsearch.types import Modality, Query, Route, Space

CUES: Mapping[Modality, str] = {
    "image": r"(?:a |the )?(?:photo(?:graph)?s?|pictures?|images?|drawings?|posters?) (?:of|showing|with)",
    "table": r"(?:a |the )?(?:tables?|spreadsheets?|statistics|figures) (?:of|for|with|about)",
    "audio": r"(?:where |when )?(?:does |did )?(?:some(?:one|body)|anyone|who) (?:sa(?:ys?|id)|talks?|mentions?)"
    r"(?: about| of| that)?|(?:a |the )?(?:recordings?|interviews?|talks?|podcasts?) (?:of|about|where|with)",
    "text": r"(?:an? |the )?(?:articles?|passages?|texts?|notes?|reports?|letters?) (?:of|about|on|where)",
}
"""Words at the start of a query that ask for a medium."""

CUE_TRUST = 0.9
"""How probably a query that names a medium wants that medium."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The words to ask with, the media cue cut off; the routes; how probably each medium is wanted, if it is said."""

    text: str
    routes: tuple[Route, ...]
    media: Mapping[Modality, float]


def route(query: Query, spaces: Mapping[str, Space], depth: int, census: Mapping[Modality, int]) -> Plan:
    """A plan over the open spaces of a library with so many documents of each modality.

    Only what the user asked for (`query.modalities`, `query.spaces`) excludes anything: a medium that the words name
    is looked for in lists of its own, and is more probable than the others.
    """
    cue, text = _cue(query.text) if query.kind == "text" else (None, query.text)
    if cue and not census.get(cue[0]):
        cue = None
    routes = []
    for name, space in spaces.items():
        unwanted = query.spaces and name not in query.spaces
        if unwanted or query.kind not in space.answers or (query.modalities and not query.modalities & space.stores):
            continue
        routes.append(Route(name, 1.0, depth, f"answers a query by {query.kind}"))
        if cue and cue[0] in space.stores:
            routes.append(Route(name, 1.0, depth, f'"{cue[1]}" asks for {cue[0]}', frozenset({cue[0]})))
    return Plan(text, tuple(routes), _media(cue[0], census) if cue else {})


def _media(wanted: Modality, census: Mapping[Modality, int]) -> dict[Modality, float]:
    others = sum(census.values()) - census[wanted]
    share = {modality: (1 - CUE_TRUST) * count / max(others, 1) for modality, count in census.items()}
    return {**share, wanted: CUE_TRUST if others else 1.0}


def _cue(text: str) -> tuple[tuple[Modality, str] | None, str]:
    for modality, pattern in CUES.items():
        if match := re.match(rf"\s*({pattern})\s+(?=\S)", text, re.IGNORECASE):
            return (modality, match.group(1)), text[match.end() :]
    return None, text
