"""How a reranker's probabilities meet the fused scores."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from mmsearch.candidates import Candidates
from mmsearch.errors import ConfigError, InputError, ModelError, ModelUnavailable
from mmsearch.reranking import Reranking, Standing, has_words, pooled, rerank
from mmsearch.settings import read_settings
from mmsearch.types import Modality, Query, Segment, Span, Table


@dataclass
class Told:
    """A reranker that says what the test tells it: a probability by the segment's words."""

    by_words: dict[str, float]
    closed: str = ""
    asked: list[str] = field(default_factory=list)

    @property
    def fingerprint(self) -> str:
        if self.closed:
            raise ModelUnavailable(self.closed)
        return "told"

    def rerank(self, query: str, segments: Sequence[Segment]) -> list[float]:
        self.asked += [segment.text for segment in segments]
        return [self.by_words[segment.text] for segment in segments]


def segment(words: str, modality: Modality = "text", **fields: object) -> Segment:
    return Segment(f"s-{words}", f"d-{words}", "/d", modality, Span(), text=words, **fields)  # type: ignore[arg-type]


def standing(fused: dict[str, float]) -> tuple[Candidates, Standing]:
    """Documents with one segment each, which says the document's name."""
    names, scores = tuple(fused), np.array(list(fused.values()))
    nothing = np.zeros((0, len(names)))
    documents = tuple(f"d-{name}" for name in names)
    best = tuple(f"s-{name}" for name in names)
    media: list[Modality] = ["text" for _ in names]
    return Candidates((), documents, nothing, nothing, np.zeros(0), scores, best, tuple(media)), Standing.of(scores)


def reranked(
    fused: dict[str, float], told: dict[str, float], depth: int = 30, **segments: Segment
) -> tuple[dict[str, float], Standing]:
    """(score by name, best first; the whole standing)."""
    candidates, before = standing(fused)
    held = {f"s-{name}": segments.get(name, segment(name)) for name in fused}
    after = rerank(Told(told), "query", candidates, before, depth, lambda ids: {id: held[id] for id in ids})
    return {list(fused)[place]: float(after.scores[place]) for place in after.order}, after


def test_the_score_is_the_mean_of_the_log_odds() -> None:
    found, _ = reranked({"a": 0.8, "b": 0.9, "c": 0.5}, {"a": 0.8, "b": 0.1, "c": 0.9})
    assert list(found) == ["a", "c", "b"]
    assert found == pytest.approx({"a": 0.8, "c": 3 / 4, "b": 0.5})  # odds: sqrt(4 * 4), sqrt(1 * 9), sqrt(9 / 9)


def test_certainty_is_no_veto() -> None:
    assert pooled(np.array([1.0, 0.0, 1.0]), np.array([0.0, 1.0, 1.0])) == pytest.approx([0.5, 0.5, 1.0])
    sure = pooled(np.array([1.0]), np.array([1e-3]))[0]
    assert 0 < sure < 1
    assert sure > pooled(np.array([0.99]), np.array([1e-3]))[0]


def test_what_has_no_words_keeps_its_fused_score() -> None:
    picture = segment("", "image", title="sunset")
    found, after = reranked({"a": 0.6, "picture": 0.5, "b": 0.4}, {"a": 0.1, "b": 0.9}, picture=picture)
    assert list(found) == ["b", "picture", "a"]
    assert found["picture"] == 0.5
    assert found["b"] == pytest.approx((6**0.5) / (1 + 6**0.5))  # odds: 2/3 * 9 = 6
    assert [hit.document_id for hit in after.hits] == ["d-b", "d-a"]


def test_a_title_alone_is_not_enough_to_judge_by() -> None:
    assert has_words(segment("caption", "image"))
    assert has_words(segment("", "table", table=Table(("a",), (("1",),))))
    assert not has_words(segment("  ", "image", title="harbour"))
    assert not has_words(None)


def test_beyond_the_depth_the_order_stays_and_no_score_rises_down_the_list() -> None:
    fused = {"a": 0.9, "b": 0.8, "c": 0.7, "d": 0.6, "e": 0.05}
    found, after = reranked(fused, {"a": 0.1, "b": 0.2}, depth=2)
    assert list(found) == ["a", "b", "c", "d", "e"] == [list(fused)[place] for place in after.order]
    assert found["a"] == pytest.approx(0.5)  # odds 9 * 1/9
    assert found["b"] == pytest.approx(0.5)  # odds 4 * 1/4
    assert found["c"] == found["d"] == min(found["a"], found["b"]), "at most what stands above"
    assert found["e"] == 0.05
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_the_reranker_reads_the_first_and_no_others() -> None:
    candidates, before = standing({"low": 0.1, "high": 0.9, "middle": 0.5})
    told = Told({"high": 0.5, "middle": 0.5})
    rerank(told, "query", candidates, before, 2, lambda ids: {id: segment(id[2:]) for id in ids})
    assert told.asked == ["high", "middle"]


def test_what_it_said_is_a_hit_of_its_own() -> None:
    _, after = reranked({"a": 0.8, "b": 0.9}, {"a": 0.7, "b": 0.2})
    assert [(hit.space, hit.segment_id, hit.rank, hit.score) for hit in after.hits] == [
        ("reranker", "s-a", 1, 0.7),
        ("reranker", "s-b", 2, 0.2),
    ]


def test_nothing_to_read_changes_nothing() -> None:
    picture = segment("", "image")
    found, after = reranked({"picture": 0.5}, {}, picture=picture)
    assert (found, after.hits) == ({"picture": 0.5}, ())
    assert reranked({}, {})[0] == {}


@pytest.mark.parametrize("said", [[0.5], [0.5, float("nan")], [0.5, 1.5], [0.5, -0.1]])
def test_what_is_no_probability_for_each_is_an_error(said: list[float]) -> None:
    class Broken:
        fingerprint = "broken"

        def rerank(self, query: str, segments: Sequence[Segment]) -> list[float]:
            return said

    candidates, before = standing({"a": 0.8, "b": 0.9})
    with pytest.raises(ModelError, match="given 2 segments and returned no probability for each"):
        rerank(Broken(), "query", candidates, before, 30, lambda ids: {id: segment(id[2:]) for id in ids})


def test_the_query_decides_and_without_its_word_the_settings() -> None:
    told = Told({})
    for usual in (False, True):
        reranking = Reranking(told, usual=usual)
        assert reranking.asked(Query("x")) is (told if usual else None)
        assert reranking.asked(Query("x", rerank=True)) is told
        assert reranking.asked(Query("x", rerank=False)) is None


def test_a_picture_is_not_reranked_by_and_says_so_where_it_insists() -> None:
    reranking = Reranking(Told({}), usual=True)
    assert reranking.asked(Query(image=b"...")) is None
    assert reranking.asked(Query("words beside it", audio=b"...")) is None
    with pytest.raises(InputError, match="a reranker reads words"):
        reranking.asked(Query(image=b"...", rerank=True))


def test_what_is_not_here_is_never_passed_over() -> None:
    with pytest.raises(ModelUnavailable, match="models pull reranker"):
        Reranking(Told({}, closed='run "mmsearch models pull reranker"')).asked(Query("x", rerank=True))
    with pytest.raises(ConfigError, match="no reranker is set"):
        Reranking().asked(Query("x", rerank=True))
    assert Reranking(Told({}, closed="gone")).asked(Query("x")) is None


def test_the_settings_name_one_and_leave_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read_settings()
    assert settings.reranker is not None
    assert settings.reranker.options == {"model": "cross-encoder/ms-marco-MiniLM-L6-v2"}
    assert (settings.search.rerank, settings.search.rerank_depth) == (False, 30)
    monkeypatch.setenv("MMSEARCH_SEARCH__RERANK", "true")
    assert read_settings().search.rerank
    with pytest.raises(ConfigError, match=r"search\.rerank is on and no reranker is set"):
        read_settings(reranker={"part": ""})
    with pytest.raises(ConfigError, match=r"search\.rerank_depth"):
        read_settings(search={"rerank_depth": 0})
