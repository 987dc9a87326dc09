"""What is found below a path, and how change is noticed."""

import json
from pathlib import Path

import pytest

from mmsearch.errors import CorruptMedia, NotFound, UnsupportedMedia
from mmsearch.passages import PassageSplitter
from mmsearch.readers import default_readers
from mmsearch.settings import MANIFEST_FILE
from mmsearch.sources import Unread, content_signature, find_documents, is_set, reader_of, stat_signature
from mmsearch.types import Document, Root

READERS = default_readers(PassageSplitter(256))


def _found(root: Path) -> list[Document]:
    return [place for place in find_documents(Root.at(root), READERS) if isinstance(place, Document)]


def _make(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def test_documents_come_in_order_and_side_cars_with_their_document(tmp_path: Path) -> None:
    _make(
        tmp_path,
        "b.md",
        "talk.mp3",
        "talk.vtt",
        "talk.txt",
        "a/photo.jpg",
        "a/photo.jpg.xmp",
        "a/photo.txt",
        "note.txt",
    )
    found = {document.path.relative_to(tmp_path).as_posix(): document for document in _found(tmp_path)}
    assert list(found) == ["b.md", "note.txt", "talk.mp3", "a/photo.jpg"]
    assert [path.name for path in found["talk.mp3"].sidecars] == ["talk.vtt", "talk.txt"]
    assert {path.name for path in found["a/photo.jpg"].sidecars} == {"photo.jpg.xmp", "photo.txt"}
    assert found["note.txt"].sidecars == ()


def test_hidden_files_libraries_and_folder_links_are_passed_over(tmp_path: Path) -> None:
    _make(tmp_path, "a.txt", ".git/b.txt", ".c.txt", f"lib/{MANIFEST_FILE}", "lib/pictures/x.txt")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert [document.path.name for document in _found(tmp_path)] == ["a.txt"]


def test_one_file_is_a_root_with_its_side_cars(tmp_path: Path) -> None:
    _make(tmp_path, "photo.jpg", "photo.txt")
    (document,) = _found(tmp_path / "photo.jpg")
    assert [path.name for path in document.sidecars] == ["photo.txt"]


def test_a_file_without_reader_is_unread_and_as_root_an_error(tmp_path: Path) -> None:
    _make(tmp_path, "tool.exe", "Makefile")
    places = [Unread((tmp_path / name).as_posix()) for name in ("Makefile", "tool.exe")]
    assert list(find_documents(Root.at(tmp_path), READERS)) == places
    assert [place.kind for place in places] == ["", ".exe"]
    (place,) = find_documents(Root.at(tmp_path / "tool.exe"), READERS)
    assert isinstance(place, Unread)
    assert isinstance(place.error, UnsupportedMedia)


def test_a_root_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="absent"):
        list(find_documents(Root.at(tmp_path / "absent"), READERS))


def _set(folder: Path, *lines: str) -> Path:
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "notes.txt").write_text("not a document of the set")
    return folder


def test_a_retrieval_set_is_its_records(tmp_path: Path) -> None:
    record = {"_id": "d1", "title": "T", "text": "Words."}
    folder = _set(tmp_path / "set", json.dumps(record))
    assert is_set(folder)
    (document,) = _found(tmp_path)
    assert document.record == record
    assert document.uri == f"{(folder / 'corpus.jsonl').as_posix()}#d1"
    assert reader_of(document, READERS).suffixes == frozenset({""})


def test_a_line_that_is_no_record_is_named_and_the_others_are_found(tmp_path: Path) -> None:
    folder = _set(tmp_path / "set", '{"_id": "d1", "text": "a"}', '{"text": "no id"}', '{"_id": "d3", "text": "c"}')
    places = list(find_documents(Root.at(folder), READERS))
    assert [place.record["_id"] for place in places if isinstance(place, Document) and place.record] == ["d1", "d3"]
    (bad,) = [place for place in places if isinstance(place, Unread)]
    assert isinstance(bad.error, CorruptMedia)
    assert "line 2" in str(bad.error)


def test_identity_is_the_place(tmp_path: Path) -> None:
    _make(tmp_path, "a.txt")
    (before,) = _found(tmp_path)
    (tmp_path / "a.txt").write_text("other words")
    (after,) = _found(tmp_path)
    assert before.id == after.id


def test_signatures_change_with_the_document_and_its_side_cars(tmp_path: Path) -> None:
    _make(tmp_path, "photo.jpg", "photo.txt")
    (document,) = _found(tmp_path)
    stat, content = stat_signature(document), content_signature(document)
    assert (stat_signature(document), content_signature(document)) == (stat, content)
    (tmp_path / "photo.txt").write_text("another caption")
    assert stat_signature(document) != stat
    assert content_signature(document) != content


def test_a_file_gone_meanwhile_is_not_found(tmp_path: Path) -> None:
    _make(tmp_path, "a.txt")
    (document,) = _found(tmp_path)
    (tmp_path / "a.txt").unlink()
    with pytest.raises(NotFound, match="no longer there"):
        stat_signature(document)
