"""Every operation of the OpenAPI with requests made up for it, right and wrong."""

from pathlib import Path

import pytest
from media import photo
from serving import TOKEN, open_light, served

from benchmarks.api_fuzzing import fuzz
from mmsearch.keys import Keys

pytestmark = pytest.mark.slow

EACH = 12
"""Cases of each operation; `make bench-trust` tries more."""


@pytest.mark.timeout(900)
def test_nothing_that_is_asked_is_a_mistake_of_the_server(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "whale.txt").write_text("Old Jonas saw a whale.")
    photo(64, 48).save(tmp_path / "files" / "cliff.png")
    with open_light(tmp_path / "library") as client:
        client.index(tmp_path / "files")
        secret = Keys(client.app.folder).add("writer", "write")[1]
        found = fuzz(served(client, keyless=False), {"admin": TOKEN, "write": secret}, EACH)
    assert len(found.cases) > 20
    assert found.cases.total() > 5 * len(found.cases)
    assert found.statuses[200] > 20, "right ones are among them"
    assert found.mistakes == []
