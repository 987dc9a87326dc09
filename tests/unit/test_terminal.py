"""What a person sees while a job runs, and of what failed."""

import pytest
from rich.console import Console

from mmsearch import terminal
from mmsearch.progress import Progress
from mmsearch.reports import Failure
from mmsearch.terminal import pace


def test_the_pace_says_bytes_rate_and_time_left_as_far_as_they_are_known() -> None:
    step = Progress(30, 120, "/a", 1_500_000, 340_000_000, rate=0.25, eta_s=360.4)
    assert pace(step) == "1.5/340.0 MB  0.2/s  0:06:00 left"
    assert pace(Progress(0, 120, "/a", 0, 340_000_000)) == "0.0/340.0 MB"
    assert pace(Progress(5, 10, "a query", rate=12.34, eta_s=5 / 12.34)) == "12.3/s  0:00:00 left"


def test_a_path_that_failed_is_never_broken_in_two(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal, "err", Console(stderr=True, width=40, highlight=False))
    reason = f"/archive/{'deep/' * 20}broken.png is not a picture in a format that is known"
    terminal.show_failed([Failure("/archive", "corrupt_media", reason)])
    assert capsys.readouterr().err == f"failed corrupt_media {reason}\n"
