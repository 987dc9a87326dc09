"""What every test stands on: no outside network, and no whole kind of test skipped where all must run."""

import os
from collections import Counter

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

KINDS = ("encoders", "browser", "server", "ray")
"""Marks of which at least one test must have run in CI."""

_ran: Counter[str] = Counter()
_skipped: Counter[str] = Counter()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> object:
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    for kind in KINDS:
        if item.get_closest_marker(kind):
            _skipped[kind] += report.skipped
            _ran[kind] += report.when == "call" and not report.skipped


def pytest_sessionfinish(session: pytest.Session) -> None:
    absent = [kind for kind in KINDS if _skipped[kind] and not _ran[kind]]
    if absent and os.environ.get("CI"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        session.config.get_terminal_writer().line(
            f"\nskipped as a whole, and must run here: {', '.join(absent)}", red=True
        )
