"""Recordings as streams of samples: cut where it is quiet, in windows that overlap, never whole in memory."""

import tracemalloc
from collections.abc import Iterator
from io import BytesIO

import numpy as np
import pytest

from mmsearch.sounds import Samples, cut_at_silence, flac, overlapping, samples

RATE = 1_000


def noise(seconds: float, *pauses: tuple[float, float]) -> Samples:
    made = np.random.default_rng(0).normal(0, 0.1, round(seconds * RATE)).astype(np.float32)
    for start_s, end_s in pauses:
        made[round(start_s * RATE) : round(end_s * RATE)] = 0
    return made


def blocks(whole: Samples, size: int = 137) -> Iterator[Samples]:
    return (whole[start : start + size] for start in range(0, len(whole), size))


def test_windows_are_cut_in_pauses_and_are_the_recording_together() -> None:
    whole = noise(70, (17, 18), (26, 27), (33, 34.4), (50, 51))
    windows = list(cut_at_silence(blocks(whole), RATE, 20, 8))
    assert [start_s for start_s, _ in windows] == pytest.approx([0, 17.7, 34.1, 50.7], abs=0.31)
    assert all(len(window) <= 20 * RATE for _, window in windows)
    np.testing.assert_array_equal(np.concatenate([window for _, window in windows]), whole)
    assert [round(start_s * RATE) for start_s, _ in windows[1:]] == list(
        np.cumsum([len(window) for _, window in windows])[:-1]
    )


def test_a_recording_that_fits_is_one_window_and_nothing_is_none() -> None:
    ((start_s, window),) = cut_at_silence(blocks(noise(20)), RATE, 20, 8)
    assert (start_s, len(window)) == (0, 20 * RATE)
    assert list(cut_at_silence(iter(()), RATE, 20, 8)) == []


@pytest.mark.parametrize(
    ("seconds", "starts"),
    [(3, [0]), (10, [0]), (12, [0, 5]), (15, [0, 5]), (15.001, [0, 5, 10]), (20, [0, 5, 10])],
)
def test_windows_overlap_until_each_second_was_heard(seconds: float, starts: list[float]) -> None:
    whole = noise(seconds)
    found = list(overlapping(blocks(whole), RATE, 10, 5))
    assert [start_s for start_s, _ in found] == starts
    for start_s, window in found:
        np.testing.assert_array_equal(window, whole[round(start_s * RATE) : round(start_s * RATE) + 10 * RATE])


def test_flac_gives_the_samples_back() -> None:
    whole = noise(3.3)
    read = np.concatenate(list(samples(BytesIO(flac(whole, 48_000)), 48_000)))
    assert len(read) == len(whole)
    np.testing.assert_allclose(read, whole, atol=2 / 32_768)


def test_three_hours_need_no_more_memory_than_a_window() -> None:
    """Three hours are 691 MB of samples at 16 kHz; a window of five minutes is 19 MB."""

    def hours() -> Iterator[Samples]:
        quiet, loud = np.zeros(16_000, np.float32), np.full(16_000, 0.1, np.float32)
        for second in range(3 * 3600):
            yield quiet if second % 20 == 19 else loud

    tracemalloc.start()
    try:
        heard_s = sum(len(window) for _, window in cut_at_silence(hours(), 16_000)) / 16_000
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert heard_s == 3 * 3600
    assert most < 100e6
