"""The promises of the Reranker protocol, to be inherited by the tests of every implementation."""

from collections.abc import Sequence
from itertools import pairwise

import pytest

from mmsearch.protocols import Reranker
from mmsearch.types import Segment

QUERY = "who keeps the lamp of the lighthouse at night?"


class RerankerContract:
    """A subclass gives `reranker` and `segments`, at least 6 that it judges differently."""

    @pytest.fixture
    def reranker(self) -> Reranker:
        raise NotImplementedError

    @pytest.fixture
    def segments(self) -> Sequence[Segment]:
        raise NotImplementedError

    def test_one_probability_for_each_segment(self, reranker: Reranker, segments: Sequence[Segment]) -> None:
        said = reranker.rerank(QUERY, segments)
        assert len(said) == len(segments)
        assert all(isinstance(probability, float) and 0 <= probability <= 1 for probability in said)

    def test_they_come_in_the_order_of_the_segments(self, reranker: Reranker, segments: Sequence[Segment]) -> None:
        said = reranker.rerank(QUERY, segments)
        assert all(two - one > 1e-3 for one, two in pairwise(sorted(said))), "some are alike: order would not show"
        assert reranker.rerank(QUERY, segments[::-1]) == pytest.approx(said[::-1], abs=1e-4)

    def test_batch_size_does_not_change_the_numbers(self, reranker: Reranker, segments: Sequence[Segment]) -> None:
        alone = [probability for segment in segments for probability in reranker.rerank(QUERY, [segment])]
        assert reranker.rerank(QUERY, segments) == pytest.approx(alone, abs=1e-4)

    def test_no_segments_give_nothing(self, reranker: Reranker) -> None:
        assert reranker.rerank(QUERY, []) == []

    def test_query_and_segment_are_read_together(self, reranker: Reranker, segments: Sequence[Segment]) -> None:
        other = reranker.rerank("where is the old museum of the town", segments)
        assert other != pytest.approx(reranker.rerank(QUERY, segments), abs=1e-3)

    def test_any_length_is_read(self, reranker: Reranker, segments: Sequence[Segment]) -> None:
        assert len(reranker.rerank("lighthouse " * 400, segments)) == len(segments)
        assert len(reranker.rerank("", segments)) == len(segments)

    def test_the_fingerprint_does_not_change_by_use(self, reranker: Reranker, segments: Sequence[Segment]) -> None:
        before = reranker.fingerprint
        reranker.rerank(QUERY, segments[:1])
        assert reranker.fingerprint == before
        assert before
