"""What searches need is made anew as the library changes: not in their time, and not oftener than it tells anything."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from serving import open_light

from mmsearch.client import Client
from mmsearch.errors import StoreError

pytestmark = pytest.mark.slow


@pytest.fixture
def notes(tmp_path: Path) -> Iterator[Client]:
    """A library of sixteen notes that was searched."""
    _write(tmp_path / "notes", range(16))
    with open_light(tmp_path / "library", indexing={"batch_segments": 1}) as client:
        assert client.index(tmp_path / "notes").indexed == 16
        assert client.search("the whale").results
        yield client


def _write(folder: Path, numbers: range) -> None:
    folder.mkdir(exist_ok=True)
    for number in numbers:
        (folder / f"{number}.txt").write_text(f"Old Jonas saw whale {number}.")


def test_a_search_does_not_wait_for_a_new_calibration(notes: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on, sample = threading.Event(), threading.Event(), notes.app.store.sample

    def held_up(collection: str, size: int) -> Any:
        begun.set()
        assert go_on.wait(60)
        return sample(collection, size)

    monkeypatch.setattr(notes.app.store, "sample", held_up)
    with ThreadPoolExecutor(1) as thread:
        renewing = thread.submit(notes.app.renew)
        assert begun.wait(60)
        before = notes.search("the whale")
        assert not renewing.done()
        go_on.set()
        renewing.result(60)
    begun.clear()
    assert notes.search("the whale").results == before.results
    assert not begun.is_set(), "it was calibrated before the search came"


def test_a_store_that_fails_meanwhile_is_the_next_searchs_to_say(
    notes: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise StoreError("Milvus says no")

    with monkeypatch.context() as patched:
        patched.setattr(notes.app.store, "sample", fails)
        notes.app.renew()
        with pytest.raises(StoreError, match="Milvus says no"):
            notes.search("the whale")
    assert notes.search("the whale").results


def test_a_job_calibrates_anew_when_the_library_may_have_doubled(
    notes: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times, renew = list[int](), notes.app.renew

    def counted() -> None:
        times.append(len(notes.documents()))
        renew()

    monkeypatch.setattr(notes.app, "renew", counted)
    _write(tmp_path / "more", range(16, 28))
    assert notes.index(tmp_path / "more").indexed == 12
    assert times == [17, 28], "with the first document, where spaces may be new, and at the end"
    times.clear()
    _write(tmp_path / "most", range(28, 100))
    assert notes.index(tmp_path / "most").indexed == 72
    assert [times[0], times[-1]] == [29, 100]
    assert len(times) == 3, "and when there may be twice as many"
