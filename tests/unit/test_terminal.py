"""What a person sees while a job runs."""

from mmsearch.progress import Progress
from mmsearch.terminal import pace


def test_the_pace_says_bytes_rate_and_time_left_as_far_as_they_are_known() -> None:
    step = Progress(30, 120, "/a", 1_500_000, 340_000_000, rate=0.25, eta_s=360.4)
    assert pace(step) == "1.5/340.0 MB  0.2/s  0:06:00 left"
    assert pace(Progress(0, 120, "/a", 0, 340_000_000)) == "0.0/340.0 MB"
    assert pace(Progress(5, 10, "a query", rate=12.34, eta_s=5 / 12.34)) == "12.3/s  0:00:00 left"
