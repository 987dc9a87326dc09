"""Words in other inflections than the documents', in German, French and Spanish: what benchmarks/QUALITY.md says."""

from statistics import fmean

import pytest

from benchmarks.analysis import ndcg, sentences
from benchmarks.inflections import INFLECTED

FLOORS = {"de": 0.80, "fr": 0.89, "es": 0.87}


@pytest.fixture(scope="module")
def measured() -> dict[str, dict[str, float]]:
    """nDCG@10 by way, and by language."""
    by_way = ndcg(sentences())
    return {
        way: {code: fmean(found[f"{code} {n}"] for n in range(len(pairs))) for code, pairs in INFLECTED.items()}
        for way, found in by_way.items()
    }


@pytest.mark.parametrize("code", FLOORS)
def test_inflections_are_found(measured: dict[str, dict[str, float]], code: str) -> None:
    english, *_, default = measured.values()
    assert len(INFLECTED[code]) >= 40
    assert default[code] >= FLOORS[code]
    assert default[code] > english[code]
