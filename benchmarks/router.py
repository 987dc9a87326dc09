"""What the router does for the set `mixed`: python -m benchmarks.router SET_DIR [LIBRARY]

Without a library: how often the intended medium is among the two heaviest, for every query with media cues put before
or behind it in four languages, and without. With the library of the set (as `mmsearch eval --library` made it): also
nDCG@10 with the router and without, and the difference query by query. The cues are written here and not taken from the
router's tests.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from mmsearch import Client
from mmsearch.evaluation import Outcome, evaluate
from mmsearch.retrieval_sets import RetrievalSet, read_set
from mmsearch.router import Media, Plan, media, route
from mmsearch.sources import CORPUS_FILE
from mmsearch.types import MODALITIES, Modality, Query, Route, Space
from mmsearch_encoders.text import TextEncoder

CUES_EACH = 3
"""Cues tried with each query, in turn."""
RESAMPLES = 10_000

CUES: Mapping[Modality, Sequence[str]] = {
    "image": [
        "photo of {}",
        "a picture showing {}",
        "show me images of {}",
        "aerial photograph of {}",
        "{}, photo",
        "{} as a picture",
        "{} pictures",
        "Foto von {}",
        "Bild mit {}",
        "zeig mir Bilder von {}",
        "{} als Foto",
        "photo de {}",
        "images montrant {}",
        "une image avec {}",
        "foto de {}",
        "imágenes de {}",
        "muéstrame una foto con {}",
    ],
    "table": [
        "table of {}",
        "a table about {}",
        "spreadsheet about {}",
        "statistics of {}",
        "find tables listing {}",
        "{} in a table",
        "Tabelle mit {}",
        "Statistik über {}",
        "suche eine Tabelle zu {}",
        "{} als Tabelle",
        "tableau des {}",
        "statistiques sur {}",
        "tabla de {}",
        "tabla con {}",
        "estadísticas sobre {}",
    ],
    "audio": [
        "recording where {}",
        "recording about {}",
        "interview about {}",
        "podcast in which {}",
        "where does someone say that {}",
        "someone talks about {}",
        "who says {}",
        "wo sagt jemand, dass {}",
        "jemand spricht über {}",
        "Aufnahme über {}",
        "Interview mit {}",
        "enregistrement où {}",
        "où quelqu'un dit que {}",
        "entretien sur {}",
        "dónde dice alguien que {}",
        "grabación sobre {}",
        "alguien habla de {}",
    ],
    "text": [
        "article about {}",
        "text on {}",
        "a report about {}",
        "passage describing {}",
        "paper on {}",
        "find articles on {}",
        "Artikel über {}",
        "Text zu {}",
        "Bericht über {}",
        "article sur {}",
        "texte sur {}",
        "rapport sur {}",
        "artículo sobre {}",
        "texto sobre {}",
        "informe sobre {}",
    ],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set_dir", type=Path)
    parser.add_argument("library", type=Path, nargs="?")
    arguments = parser.parse_args()
    retrieval_set = read_set(arguments.set_dir)
    print_heaviest(retrieval_set)
    if arguments.library:
        print_quality(retrieval_set, arguments.library)


def print_heaviest(retrieval_set: RetrievalSet) -> None:
    """The place of the intended medium in the router's probabilities, with media cues and without."""
    encoder, census, everywhere = TextEncoder(), census_of(retrieval_set), list[int]()
    print(f"documents: {dict(census)}")
    print("intended | with a cue: queries, among two heaviest, heaviest | without: the same")
    for medium in MODALITIES:
        texts = [retrieval_set.queries[id] for id, wanted in retrieval_set.intended.items() if wanted == medium]
        cued = [place(encoder, text, census, medium) for text in with_cues(medium, texts)]
        bare = [place(encoder, text, census, medium) for text in texts]
        everywhere += cued
        print(medium, "|", shares(cued), "|", shares(bare))
    print("all |", shares(everywhere))


def with_cues(medium: Modality, texts: Sequence[str]) -> Iterator[str]:
    cues = CUES[medium]
    for number, text in enumerate(texts):
        for turn in range(CUES_EACH):
            yield cues[(CUES_EACH * number + turn) % len(cues)].format(text.rstrip(".?! "))


def place(encoder: TextEncoder, text: str, census: Mapping[Modality, int], medium: Modality) -> int:
    """The place of the medium among all media, the heaviest 1."""
    spaces = {"text": encoder.space}
    plan = route(Query(text), spaces, 100, census)
    found = media(plan, census, spaces, {"text": encoder.encode_query(Query(plan.text))}).shares
    return sorted(found, key=lambda m: -found[m]).index(medium) + 1


def shares(places: Sequence[int]) -> str:
    within = np.array(places)
    return f"{len(within)}, {np.mean(within <= 2):.3f}, {np.mean(within == 1):.3f}"


def census_of(retrieval_set: RetrievalSet) -> Counter[Modality]:
    with (retrieval_set.folder / CORPUS_FILE).open(encoding="utf-8") as lines:
        return Counter(json.loads(line)["modality"] for line in lines)


def print_quality(retrieval_set: RetrievalSet, library: Path) -> None:
    """nDCG@10 with the router and without, and a 95 % interval of the mean difference by the bootstrap."""
    with Client(library, create=False) as client:
        asked = evaluate(retrieval_set, client.app.search)
        with no_router():
            plain = evaluate(retrieval_set, client.app.search)
    print(
        "nDCG@10 | queries | with the router | without | mean difference [95 %] | better, worse, equal | no good match"
    )
    for group in ("", *MODALITIES):
        pairs = [(a, b) for a, b in zip(asked, plain, strict=True) if group in ("", a.intended)]
        if pairs:
            print(group or "all", "|", compared(pairs))


def compared(pairs: Sequence[tuple[Outcome, Outcome]]) -> str:
    values = np.array([[outcome.metrics["ndcg@10"] for outcome in pair] for pair in pairs])
    difference = values[:, 0] - values[:, 1]
    drawn = np.random.default_rng(1).choice(difference, (RESAMPLES, len(difference)))
    low, high = np.quantile(drawn.mean(axis=1), (0.025, 0.975))
    signs = [int(np.sum(difference > 0)), int(np.sum(difference < 0)), int(np.sum(difference == 0))]
    nothing = [float(np.mean([pair[side].no_good_match for pair in pairs])) for side in (0, 1)]
    means = values.mean(axis=0)
    return (
        f"{len(pairs)} | {means[0]:.4f} | {means[1]:.4f} | {difference.mean():+.4f} [{low:+.4f}, {high:+.4f}] | "
        f"{signs} | {nothing[0]:.3f} and {nothing[1]:.3f}"
    )


@contextmanager
def no_router() -> Iterator[None]:
    """Searches that ask every space alike, and expect each medium as often as the library holds it."""

    def plain_route(query: Query, spaces: Mapping[str, Space], depth: int, _: Mapping[Modality, int]) -> Plan:
        names: Iterable[str] = (name for name, space in spaces.items() if query.kind in space.answers)
        return Plan(query.text, tuple(Route(name, 1.0, depth, "no router") for name in names))

    def plain_media(plan: Plan, census: Mapping[Modality, int], *_: Any) -> Media:
        return Media({medium: count / sum(census.values()) for medium, count in census.items()}, "no router")

    with patch.multiple("mmsearch.search", route=plain_route, media=plain_media):
        yield


if __name__ == "__main__":
    main()
