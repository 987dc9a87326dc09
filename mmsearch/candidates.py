"""What the spaces found, by document: the common ground of all fusion methods."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from mmsearch.calibration import ANSWERED, Floats, best_of, less_chances, posterior
from mmsearch.types import Hit, Modality, Route
from mmsearch.windows import segment_of

NOT_FOUND = -1.0
"""Below all that a space says for a segment that it found."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """(spaces, documents) arrays. `scores` are the spaces' own, nan where a space did not find the document.

    `evidence` is calibrated (see `calibration`): nan where a space cannot hold the document, 0 where it holds it and
    did not find it. `weights` is one a space, `log_prior` one a document. `best` is each document's segment to show,
    `media` that segment's medium, `found_by` the space that says most for it. `probabilities` are those of hits by
    (space, segment or piece): see Hit. `nearness`, one a document, is the mean of what spaces say that could hold it,
    not cut at none: it tells apart what is all no evidence.
    """

    spaces: tuple[str, ...]
    documents: tuple[str, ...]
    scores: Floats
    evidence: Floats
    weights: Floats
    log_prior: Floats
    best: tuple[str, ...]
    media: tuple[Modality, ...]
    probabilities: Mapping[tuple[str, str], float] = field(default_factory=dict)
    found_by: tuple[str, ...] = ()
    nearness: Floats | None = None


def gather(
    lists: Sequence[tuple[Route, Sequence[Hit]]],
    evidence: Callable[[str, Floats], Floats | None],
    held: Mapping[str, Mapping[str, int]],
    log_prior: Mapping[Modality, float],
) -> Candidates:
    """The candidates among the hits.

    `evidence` calibrates scores of a space, or is None where nothing does; `held` says how many rows a document has in
    each space, by name; `log_prior` is the prior log odds of a document of each modality. Lists of one space count as
    one.
    """
    hits = list({(hit.space, hit.segment_id): hit for _, found in lists for hit in found}.values())
    spaces = tuple(dict.fromkeys(route.space for route, _ in lists))
    modality = {hit.document_id: hit.modality for hit in hits}
    documents = tuple(sorted(modality))
    column = {id: place for place, id in enumerate(documents)}
    prior = np.array([log_prior.get(modality[id], -math.inf) for id in documents], dtype=np.float64)
    weights = np.array([max(route.weight for route, _ in lists if route.space == space) for space in spaces])
    shown_by = [segment_of(hit.segment_id) for hit in hits]
    medium_of = {segment: hit.modality for segment, hit in zip(shown_by, hits, strict=True)}
    number = {segment: place for place, segment in enumerate(medium_of)}
    scores = np.full((len(spaces), len(documents)), np.nan)
    surprisal = np.full_like(scores, np.nan)
    worth = np.full((len(spaces), len(number)), NOT_FOUND)
    probabilities: dict[tuple[str, str], float] = {}
    for row, space in enumerate(spaces):
        counts = np.array([held.get(id, {}).get(space, 0) for id in documents], dtype=np.float64)
        surprisal[row, counts > 0] = 0.0
        found = [(hit, segment) for hit, segment in zip(hits, shown_by, strict=True) if hit.space == space]
        places = np.array([column[hit.document_id] for hit, _ in found], dtype=np.intp)
        own = np.array([hit.score for hit, _ in found], dtype=np.float64)
        known = evidence(space, own)
        if known is not None:
            alone = posterior(best_of(known, counts[places]), prior[places])
            probabilities |= {(space, hit.segment_id): p for (hit, _), p in zip(found, alone.tolist(), strict=True)}
        told = np.zeros(len(found)) if known is None else known
        np.fmax.at(scores[row], places, own)
        np.fmax.at(surprisal[row], places, told)
        np.fmax.at(worth[row], [number[segment] for _, segment in found], np.maximum(weights[row] * told, 0.0))
        surprisal[row] = less_chances(surprisal[row], counts)
    document_of = {segment: hit.document_id for segment, hit in zip(shown_by, hits, strict=True)}
    best = _best(document_of, worth)
    found_by = worth.argmax(axis=0).tolist() if number else []
    return Candidates(
        spaces,
        documents,
        scores,
        np.maximum(surprisal, 0.0),
        weights,
        prior,
        tuple(best[id] for id in documents),
        tuple(medium_of[best[id]] for id in documents),
        probabilities,
        tuple(spaces[found_by[number[best[id]]]] for id in documents),
        np.nan_to_num(surprisal).sum(axis=0) / np.maximum((~np.isnan(surprisal)).sum(axis=0), 1),
    )


def _best(document_of: Mapping[str, str], worth: Floats) -> dict[str, str]:
    """By document the segment that the spaces together say most for, the lowest id of equals; `worth` is (spaces,
    segments) in the order of `document_of`, which names each segment's document."""
    total = np.maximum(worth, 0.0).sum(axis=0).tolist()
    best: dict[str, tuple[float, str]] = {}
    for (segment, document), nats in zip(document_of.items(), total, strict=True):
        before = best.get(document)
        if before is None or nats > before[0] or (nats == before[0] and segment < before[1]):
            best[document] = (nats, segment)
    return {document: segment for document, (_, segment) in best.items()}


def log_priors(census: Mapping[Modality, int], media: Mapping[Modality, float]) -> dict[Modality, float]:
    """The prior log odds of a document of each modality.

    That one document of the library answers is as probable as that none does; `media` is how probably it is of each
    modality, and without it every document is as probable as the next.
    """
    everything = sum(census.values())
    shares: dict[Modality, float] = dict(media) or {m: n / everything for m, n in census.items()}
    return {m: math.log(ANSWERED * max(p, 1e-9) / census[m]) for m, p in shares.items() if census.get(m)}
