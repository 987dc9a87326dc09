"""The promises of the Encoder protocol for dense spaces, to be inherited by the tests of every implementation."""

from collections.abc import Sequence

import numpy as np
import pytest

from mmsearch.protocols import Encoder
from mmsearch.types import Embeddings, Query, Segment, Span


class EncoderContract:
    """A subclass gives `encoder`, `segments` (at least 6, no two alike) and `queries` (at least one of each kind)."""

    @pytest.fixture
    def encoder(self) -> Encoder:
        raise NotImplementedError

    @pytest.fixture
    def segments(self) -> Sequence[Segment]:
        raise NotImplementedError

    @pytest.fixture
    def queries(self) -> Sequence[Query]:
        raise NotImplementedError

    def test_one_row_of_unit_length_for_each_segment(self, encoder: Encoder, segments: Sequence[Segment]) -> None:
        rows = rows_of(encoder, segments)
        assert rows.dtype == np.float32
        assert rows.shape == (len(segments), encoder.space.dim)
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-4)

    def test_rows_come_in_the_order_of_the_segments(self, encoder: Encoder, segments: Sequence[Segment]) -> None:
        rows = rows_of(encoder, segments)
        assert len(np.unique(rows.round(5), axis=0)) == len(segments), "some rows are alike: order would not show"
        np.testing.assert_allclose(rows_of(encoder, segments[::-1]), rows[::-1], atol=1e-4)

    def test_batch_size_does_not_change_the_numbers(self, encoder: Encoder, segments: Sequence[Segment]) -> None:
        alone = np.concatenate([rows_of(encoder, [segment]) for segment in segments])
        np.testing.assert_allclose(rows_of(encoder, segments), alone, atol=1e-4)

    def test_no_segments_give_no_rows(self, encoder: Encoder) -> None:
        assert rows_of(encoder, []).shape == (0, encoder.space.dim)

    def test_a_query_is_one_vector_of_unit_length(self, encoder: Encoder, queries: Sequence[Query]) -> None:
        assert {query.kind for query in queries} == encoder.space.answers
        for query in queries:
            vector = np.asarray(encoder.encode_query(query))
            assert vector.dtype == np.float32
            assert vector.shape == (encoder.space.dim,)
            assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-4)

    def test_it_windows_what_it_is_made_from(self, encoder: Encoder, segments: Sequence[Segment]) -> None:
        for segment in segments:
            windows = encoder.windows(segment)
            assert windows, f"{segment.id} is left out"
            assert windows[0].id == segment.id
            assert {window.modality for window in windows} <= encoder.space.stores
            rows_of(encoder, windows)
        bare = (Segment("1", "d", "/d", modality, Span()) for modality in encoder.space.stores)
        assert not any(encoder.windows(segment) for segment in bare)

    def test_the_space_is_a_value_that_does_not_change_by_use(
        self, encoder: Encoder, segments: Sequence[Segment]
    ) -> None:
        before = encoder.space
        encoder.encode(segments[:1])
        assert encoder.space == before
        assert encoder.space.kind == "dense"


def rows_of(encoder: Encoder, segments: Sequence[Segment]) -> Embeddings:
    """The encoder's rows, as an array."""
    return np.asarray(encoder.encode(segments))
