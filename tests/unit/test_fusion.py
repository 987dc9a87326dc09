"""Fusion, with the arithmetic of the papers."""

import pytest

from mmsearch.errors import ConfigError
from mmsearch.fusion import method
from mmsearch.types import Hit, Route


def _hits(space: str, *ids: str) -> list[Hit]:
    return [Hit(id, space, rank, 1 / rank) for rank, id in enumerate(ids, 1)]


def test_reciprocal_rank_is_the_share_of_first_place_everywhere() -> None:
    lists = [
        (Route("words", 1.0, 10, ""), _hits("words", "a", "b")),
        (Route("text", 2.0, 10, ""), _hits("text", "b", "c")),
    ]
    scores = method("reciprocal_rank")(lists)
    best = 3 / 61
    assert scores["a"] == pytest.approx(1 / 61 / best)
    assert scores["b"] == pytest.approx((1 / 62 + 2 / 61) / best)
    assert scores["c"] == pytest.approx(2 / 62 / best)


def test_no_hits_give_no_scores() -> None:
    assert method("reciprocal_rank")([(Route("words", 1.0, 10, ""), [])]) == {}


def test_an_unknown_fusion_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="reciprocal_rank"):
        method("mean")
