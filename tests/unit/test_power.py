"""Power that goes at any write of the manifest leaves a library that opens, says nothing wrong, and is completed."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from libraries import Library
from PIL import Image
from power import Moment, PowerCut

from mmsearch.auditing import audit
from mmsearch.manifest import Manifest
from mmsearch.settings import MANIFEST_FILE
from mmsearch.stores.memory import MemoryStore


def draw(folder: Path) -> Path:
    folder.mkdir()
    (folder / "harbour.md").write_text("# Harbour\n\nBoats lie here.\n\n# Quay\n\nNets dry on the quay.\n")
    (folder / "storm.txt").write_text("The storm broke the mole in January.\n")
    (folder / "tides.csv").write_text("day,height m\n" + "".join(f"{day},{day / 10}\n" for day in range(1, 60)))
    Image.effect_noise((64, 48), 80).save(folder / "gull.png")
    return folder


def change(folder: Path) -> None:
    """One is new, one has another text and fewer segments, one is gone."""
    (folder / "new.txt").write_text("A heron waits at the weir.\n")
    (folder / "harbour.md").write_text("# Harbour\n\nOnly one boat is left here.\n")
    (folder / "storm.txt").unlink()


def opened(moment: Moment) -> Library:
    assert isinstance(moment.store, MemoryStore)
    return Library(moment.folder, moment.store)


def documents(file: Path) -> list[Any]:
    with closing(sqlite3.connect(file)) as sql:
        return [sql.execute(f"select * from {table} order by 1, 2").fetchall() for table in ("documents", "holdings")]


def acknowledged(library: Library) -> set[tuple[str, str]]:
    return {(entry.uri, entry.content) for entry in library.manifest.entries() if entry.done}


@pytest.mark.parametrize("steps", [[draw], [draw, change]], ids=["a new library", "a library that changes"])
def test_at_every_write_of_the_manifest_the_library_opens_and_is_completed(
    tmp_path: Path, steps: list[Callable[[Path], Any]]
) -> None:
    files = tmp_path / "files"
    library = Library(tmp_path / "library")
    for step in steps[:-1]:
        step(files)
        library.indexer().index([files])
    before = acknowledged(library)
    steps[-1](files)
    cut = PowerCut(library, tmp_path / "moments")
    with cut.watching():
        library.indexer().index([files])
    expected = library.dump()
    whole = [moment for moment in cut.moments if not moment.torn]
    assert len(whole) > 8
    assert len(cut.moments) > 3 * len(whole)
    said = {moment.commits: documents(moment.folder / MANIFEST_FILE) for moment in whole}
    assert said[0] != said[max(said)]
    for moment in cut.moments:
        name = f"{moment.folder.name}, {moment.torn or 'whole'}"
        survivor = opened(moment)
        survivor.manifest.check()
        assert documents(moment.folder / MANIFEST_FILE) == said[moment.commits], f"{name}: a commit in part"
        found = audit(survivor.manifest, survivor.memory, survivor.renditions)
        assert {d.mending for d in found.differences} <= {"remove"}, f"{name}: says more than there is"
        assert acknowledged(survivor) <= before | acknowledged(library), name
        survivor.indexer().index([files])
        assert survivor.dump() == expected, name
        after = audit(survivor.manifest, survivor.memory, survivor.renditions, repair=True)
        assert (after.whole, after.unread) == (True, ()), name
        survivor.manifest.close()


def test_what_the_manifest_says_is_on_the_disk_when_it_returns(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path / MANIFEST_FILE)
    with manifest._writing() as sql:
        assert sql.execute("pragma journal_mode").fetchone() == ("wal",)
        assert sql.execute("pragma synchronous").fetchone() == (2,)


def test_rows_that_the_store_lost_are_named_and_come_back(tmp_path: Path) -> None:
    """A manifest that is newer than the store: what a disk that lies about writing leaves behind."""
    files = draw(tmp_path / "files")
    library = Library(tmp_path / "library")
    cut = PowerCut(library, tmp_path / "moments")
    with cut.watching():
        library.indexer().index([files])
    expected = library.dump()
    stores = [moment.store for moment in cut.moments if not moment.torn]
    newest = [moment for moment in cut.moments if not moment.torn][-1]
    for number, store in enumerate(stores[:-1]):
        moment = replace(newest, store=store, folder=newest.folder.with_name(f"older-{number}"))
        newest_files = sorted(newest.folder.rglob("*"))
        for file in newest_files:
            copy = moment.folder / file.relative_to(newest.folder)
            if file.is_file() and not file.name.endswith("-shm"):
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(file.read_bytes())
        survivor = opened(moment)
        found = audit(survivor.manifest, survivor.memory, survivor.renditions, repair=True)
        assert found.whole
        survivor.indexer().index([files])
        assert survivor.dump() == expected
        assert audit(survivor.manifest, survivor.memory, survivor.renditions).whole
        survivor.manifest.close()
