"""A search as the page shows it: one ranked list, how much of each medium there is, and by what it can be narrowed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mmsearch.client import Client
from mmsearch.types import MODALITIES, Modality, Ranking, Result
from mmsearch_ui.asked import Asked
from mmsearch_ui.facets import FacetName, Value, counted, filter_of, keeps

NEAREST = 50
"""Among so many of the best the page counts, or among as many as it shows."""


@dataclass(frozen=True, slots=True)
class Media:
    """A picture or a sound that is the query."""

    image: bytes | None = None
    audio: bytes | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What is shown: the ranking cut and ordered as asked, and facets of the nearest results.

    `lanes` says how many of each medium there are among the nearest; of media that are looked at alone, among theirs.
    `nearest` is how many there are of all media.
    """

    ranking: Ranking
    lanes: Mapping[Modality, int]
    nearest: int
    facets: Mapping[FacetName, Sequence[Value]]


def find(client: Client, asked: Asked, media: Media = Media()) -> Finding:
    """Search as asked. Media are counted in a search of all of them. Raises what Client.search raises, NotFound."""
    found = _nearest(client, asked, media)
    everywhere = _nearest(client, replace(asked, modalities=()), media) if asked.modalities else found
    lanes = Counter(result.segment.modality for result in everywhere.results)
    alone = Counter(result.segment.modality for result in found.results)
    lanes.update({modality: alone[modality] - lanes[modality] for modality in asked.modalities})
    facets = counted([result.segment for result in found.results], asked.narrowed)
    shown = found.results[: asked.count]
    return Finding(
        replace(found, results=_newest_first(found.results)[: asked.count] if asked.by_date else shown),
        {modality: lanes[modality] for modality in MODALITIES if lanes[modality]},
        len(everywhere.results),
        facets,
    )


def _nearest(client: Client, asked: Asked, media: Media) -> Ranking:
    found = client.search(
        asked.words,
        image=media.image,
        audio=media.audio,
        like=asked.like,
        modalities=asked.modalities,
        filter=filter_of(asked.narrowed),
        top_k=max(NEAREST, asked.count),
        spaces=asked.spaces,
        all_copies=asked.all_copies,
    )
    return replace(found, results=tuple(r for r in found.results if keeps(asked.narrowed, r.segment)))


def _newest_first(results: Sequence[Result]) -> tuple[Result, ...]:
    """By date, those without one last; within a day the nearest first. Ranks are places in the list."""
    ordered = sorted(results, key=lambda result: str(result.segment.metadata.get("date") or ""), reverse=True)
    return tuple(replace(result, rank=place) for place, result in enumerate(ordered, 1))
