"""What every test stands on: no outside network, and no whole kind of test skipped where all must run."""

import os
from collections import Counter

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "false"  # it would tell its makers of each pipeline
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ["COLUMNS"] = "160"  # a console is as wide as this says when it is made, whichever test comes first

pytest.register_assert_rewrite("places", "served_town")

KINDS = ("encoders", "browser", "server", "ray")
"""Marks of which at least one test must have run in CI."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that no process is left with it at the end (--no-loadscope-reorder)."""
    items.sort(key=lambda item: ("ray" not in item.keywords, "slow" not in item.keywords))


_ran: Counter[str] = Counter()
_skipped: Counter[str] = Counter()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Told of every test, in the process that gathers what several did too."""
    for kind in KINDS:
        if kind in report.keywords:
            _skipped[kind] += report.skipped
            _ran[kind] += report.when == "call" and not report.skipped


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workerinput"):
        return  # one of several processes, which did its share
    absent = [kind for kind in KINDS if _skipped[kind] and not _ran[kind]]
    if absent and os.environ.get("CI"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        session.config.get_terminal_writer().line(
            f"\nskipped as a whole, and must run here: {', '.join(absent)}", red=True
        )
