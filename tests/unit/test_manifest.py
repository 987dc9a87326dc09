"""The memory of a library: what is written is read, in one piece or not at all."""

import sqlite3
from pathlib import Path

import pytest

from mmsearch.errors import StoreError
from mmsearch.manifest import Entry, Manifest
from mmsearch.types import Root, Space

TEXT = Space("text", "dense", frozenset({"text"}), frozenset({"text"}), "model", "1", 3)
LATER = Space("text", "dense", frozenset({"text"}), frozenset({"text"}), "model", "2", 3)


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return Manifest(tmp_path / "manifest.sqlite3")


def _entry(id: str, uri: str) -> Entry:
    return Entry(id, uri, "stat", "content", "reader", "text", 2, {TEXT.fingerprint: 2, "other": 1}, done=True)


def test_entries_are_read_as_written_after_a_restart(manifest: Manifest, tmp_path: Path) -> None:
    entry = _entry("1", "/a/b.txt")
    manifest.write([entry])
    manifest.close()
    assert Manifest(tmp_path / "manifest.sqlite3").entries() == [entry]


@pytest.mark.parametrize(
    ("root", "ids"),
    [
        ("/a", ["1", "2", "3"]),
        ("/a/b", ["1"]),
        ("/a/c.txt", ["2"]),
        ("/a/corpus.jsonl", ["3"]),
        ("/", ["1", "2", "3", "4"]),
    ],
)
def test_entries_below_a_root_are_those_of_its_files_and_records(manifest: Manifest, root: str, ids: list[str]) -> None:
    places = ["/a/b/x.txt", "/a/c.txt", "/a/corpus.jsonl#d1", "/ab/x.txt"]
    manifest.write(_entry(str(number), place) for number, place in enumerate(places, 1))
    assert [id for id, _ in manifest.places(root)] == ids


def test_a_failed_write_leaves_everything_as_it_was(manifest: Manifest) -> None:
    manifest.write([_entry("1", "/a")])
    broken = Entry("2", None, done=True)  # type: ignore[arg-type]
    with pytest.raises(StoreError, match="cannot be written"):
        manifest.write([_entry("3", "/c"), broken])
    assert [entry.id for entry in manifest.entries()] == ["1"]


def test_a_space_of_another_model_makes_its_documents_count_as_missing(manifest: Manifest) -> None:
    manifest.activate(TEXT)
    manifest.write([_entry("1", "/a")])
    assert not manifest.incomplete(TEXT)
    manifest.activate(LATER)
    assert manifest.spaces()["text"] == (manifest.collection_name(LATER), LATER)
    (entry,) = manifest.entries()
    assert entry.spaces == {"other": 1}
    manifest.activate(TEXT)
    assert manifest.incomplete(TEXT), "the first collection was dropped: coming back starts anew"


def test_libraries_have_collections_of_their_own(tmp_path: Path) -> None:
    names = {Manifest(tmp_path / name).collection_name(TEXT) for name in ("a", "b")}
    assert len(names) == 2


def test_a_file_that_is_no_manifest_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match="manifest"):
        Manifest(tmp_path / "m")


def test_another_format_is_refused(manifest: Manifest, tmp_path: Path) -> None:
    manifest.close()
    with sqlite3.connect(tmp_path / "manifest.sqlite3") as sql:
        sql.execute("update facts set value = '99' where name = 'format'")
    with pytest.raises(StoreError, match="format 99"):
        Manifest(tmp_path / "manifest.sqlite3")


def test_the_census_counts_documents_by_modality_that_are_done(manifest: Manifest) -> None:
    manifest.write([_entry("1", "/a"), _entry("2", "/b"), Entry("3", "/c", modality="image")])
    assert manifest.census() == {"text": 2}
    assert manifest.held(["1", "3", "absent"]) == {"1": {TEXT.fingerprint: 2, "other": 1}}


def test_a_root_is_remembered_as_it_was_looked_at_last(manifest: Manifest) -> None:
    manifest.add_root(Root("/a", exclude=("*.log",)))
    manifest.add_root(Root("/b"))
    manifest.add_root(Root("/a", include=("*.md", "*.txt"), follow_symlinks=True))
    assert manifest.roots() == [Root("/a", include=("*.md", "*.txt"), follow_symlinks=True), Root("/b")]


def test_a_manifest_from_before_roots_had_globs_opens(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "manifest.sqlite3") as sql:
        sql.execute("create table roots (path text primary key)")
        sql.execute("insert into roots values ('/a')")
    assert Manifest(tmp_path / "manifest.sqlite3").roots() == [Root("/a")]


def test_the_census_is_of_what_is_there_now(manifest: Manifest) -> None:
    assert manifest.census() == {}
    manifest.write(
        [Entry(name, f"/{name}", modality=medium, done=True) for name, medium in (("a", "text"), ("b", "image"))]
    )
    assert manifest.census() == {"text": 1, "image": 1}
    manifest.census().clear()
    manifest.mark(["a"])
    assert manifest.census() == {"image": 1}
    manifest.forget(["b"])
    assert manifest.census() == {}
