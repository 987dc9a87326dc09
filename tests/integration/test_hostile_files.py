"""Files that are broken or mean harm, indexed among good ones: each ends by name, and nothing else takes harm."""

from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hostile import bombs, damaged
from hostile.among_good import MIB, Ended, index_among_good

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

OFF = {"part": ""}
MEMORY_BYTES = 1 << 30
OVER_BYTES = 512 * MIB
"""A process may fill so much between two looks at its memory."""
SETTINGS: dict[str, Any] = {
    "spaces": {"text": {"part": "hashing:HashingEncoder"}, "image": OFF, "table": OFF},
    "recognizer": OFF,
    "ocr": OFF,
    "indexing": {"workers": 1, "read_timeout_s": 20.0, "worker_memory_bytes": MEMORY_BYTES},
}


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    return index_among_good(chain(bombs(), damaged(0)), tmp_path_factory.mktemp("hostile"), SETTINGS)


def test_every_file_is_indexed_or_named_with_its_reason(ended: Ended) -> None:
    assert len(ended.failures) >= 300
    for name, (code, reason) in ended.failures.items():
        assert not code or Path(name).stem in reason, (name, code, reason)
        assert "\n" not in reason


def test_no_reader_trips_over_what_it_does_not_expect(ended: Ended) -> None:
    assert [(name, why) for name, (code, why) in ended.failures.items() if code == "reader_failed"] == []


def test_the_good_files_between_them_are_all_found(ended: Ended) -> None:
    assert ended.good >= 15
    assert ended.found == ended.good


def test_what_reads_keeps_to_its_memory(ended: Ended) -> None:
    assert ended.worker_bytes < MEMORY_BYTES + OVER_BYTES


def test_the_disk_is_not_filled(ended: Ended) -> None:
    assert ended.disk_bytes < 2 * ended.files_bytes + 512 * MIB


def test_damage_that_leaves_a_file_readable_leaves_it_found(ended: Ended) -> None:
    assert ended.codes[""] > 50
