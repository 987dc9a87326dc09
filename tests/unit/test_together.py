"""Queries encoded together: the same rows as alone, in few batches, and a bad one fails alone."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from serving import eventually

from mmsearch.errors import CorruptMedia
from mmsearch.types import Embeddings
from mmsearch_encoders.together import MOST, Together


def test_those_that_come_meanwhile_are_one_batch_and_each_gets_its_own() -> None:
    batches: list[list[int]] = []
    first = threading.Event()

    def encode(asked: Sequence[int]) -> Embeddings:
        batches.append(list(asked))
        if len(batches) == 1:
            assert first.wait(30)
        return np.array([[number, number * 2] for number in asked], np.float32)

    together = Together(encode)
    with ThreadPoolExecutor(41) as pool:
        rows = [pool.submit(together, number) for number in range(41)]
        eventually(lambda: len(together._waiting) == 40)
        first.set()
        assert [row.result(30).tolist() for row in rows] == [[number, number * 2] for number in range(41)]
    assert [len(batch) for batch in batches] == [1, MOST, 40 - MOST]


def test_a_bad_query_fails_alone() -> None:
    first = threading.Event()

    def encode(asked: Sequence[int]) -> Embeddings:
        if asked == [0]:
            assert first.wait(30)
        if 13 in asked:
            raise CorruptMedia("thirteen")
        return np.array([[number] for number in asked], np.float32)

    together = Together(encode)
    with ThreadPoolExecutor(20) as pool:
        rows = [pool.submit(together, number) for number in range(20)]
        eventually(lambda: len(together._waiting) == 19)
        first.set()
        for number, row in enumerate(rows):
            if number == 13:
                with pytest.raises(CorruptMedia, match="thirteen"):
                    row.result(30)
            else:
                assert row.result(30).tolist() == [number]


def test_what_was_asked_lately_is_not_encoded_again() -> None:
    batches: list[list[int]] = []

    def encode(asked: Sequence[int]) -> Embeddings:
        batches.append(list(asked))
        return np.array([[number] for number in asked], np.float32)

    together = Together(encode, keeps=2)
    assert [together(number).tolist() for number in (1, 2, 1, 3, 2, 1)] == [[1], [2], [1], [3], [2], [1]]
    assert batches == [[1], [2], [3], [1]]
    with pytest.raises(ValueError, match="read-only"):
        together(1)[0] = 7
