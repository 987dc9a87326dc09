"""Files elsewhere: fsspec's file system in memory, and a web server that is real and does not always behave."""

import importlib.util
import pickle
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from libraries import Library
from PIL import Image
from web import Page, Web, serving

from mmsearch.errors import ConfigError, Forbidden, InputError, NotFound, SourceUnavailable, TooLarge
from mmsearch.passages import PassageSplitter
from mmsearch.readers import default_readers
from mmsearch.sources import IGNORE_FILE, Copies, find_documents, original
from mmsearch.types import Document, Remote, Root

ROOT = "memory://town"


def _png() -> bytes:
    buffer = BytesIO()
    Image.effect_noise((64, 48), 80).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "library")


@pytest.fixture
def memory() -> Iterator[Any]:
    """A town in fsspec's memory."""
    fs = MemoryFileSystem()
    fs.store.clear()
    fs.pseudo_dirs[:] = [""]
    fs.pipe(
        {
            "/town/harbour.md": b"# Harbour\n\nBoats lie here.\n",
            "/town/gull.png": _png(),
            "/town/gull.txt": b"A gull above the pier.",
            "/town/deep/storm.txt": b"The storm broke the mole.",
            "/town/deep/tool.exe": b"MZ",
            "/elsewhere/a.txt": b"Nobody asked.",
        }
    )
    yield fs
    fs.store.clear()
    fs.pseudo_dirs[:] = [""]


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each file was downloaded from memory."""
    counts: Counter[str] = Counter()
    real = MemoryFileSystem.get_file

    def counting(fs: Any, rpath: str, lpath: str, **named: Any) -> None:
        counts[rpath] += 1
        real(fs, rpath, lpath, **named)

    monkeypatch.setattr(MemoryFileSystem, "get_file", counting)
    return counts


def _copies_left(library: Library) -> list[Path]:
    return [*library.folder.glob("**/fetched/*")]


def test_a_folder_elsewhere_is_indexed_with_what_describes_its_files(library: Library, memory: Any) -> None:
    report = library.indexer().index([Root.at(ROOT)])
    assert (report.indexed, report.failed) == (3, ())
    assert report.skipped == {"no_reader": {".exe": 1}}
    held = library.dump()
    assert {segment.uri for segment, _ in held["words"].values()} == {
        f"{ROOT}/harbour.md",
        f"{ROOT}/gull.png",
        f"{ROOT}/deep/storm.txt",
    }
    assert "A gull above the pier." in library.words()
    assert len(held["pictures"]) == 1
    assert _copies_left(library) == []
    assert original(f"{ROOT}/gull.png") is None


def test_what_did_not_change_is_not_fetched(library: Library, memory: Any, fetched: Counter[str]) -> None:
    library.indexer().index([Root.at(ROOT)])
    assert fetched == {
        "/town/harbour.md": 1,
        "/town/gull.png": 1,
        "/town/gull.txt": 1,
        "/town/deep/storm.txt": 1,
    }, "once, for the signature and the reading together"
    fetched.clear()
    before = library.dump()
    assert library.indexer().index([Root.at(ROOT)]).unchanged == 3
    assert fetched == {}
    assert library.dump() == before
    memory.pipe("/town/gull.txt", b"A puffin on the cliff.")
    memory.rm("/town/deep/storm.txt")
    report = library.indexer().index([Root.at(ROOT)])
    assert (report.indexed, report.unchanged, report.removed) == (1, 1, 1)
    assert fetched == {"/town/gull.png": 1, "/town/gull.txt": 1}
    assert "puffin" in library.words()
    assert "storm" not in library.words()
    fetched.clear()
    assert library.indexer().index([Root.at(ROOT)], verify=True).unchanged == 2
    assert fetched.total() == 3


def test_globs_and_ignore_files_hold_there_too(library: Library, memory: Any) -> None:
    memory.pipe(f"/town/deep/{IGNORE_FILE}", b"*.txt\n")
    report = library.indexer().index([Root.at(ROOT, exclude=("*.md",))])
    assert report.indexed == 1
    assert report.skipped == {"excluded": {".md": 1}, "no_reader": {".exe": 1}, "ignored": {".txt": 1}}


def test_a_listing_that_breaks_off_removes_nothing(
    library: Library, memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.indexer().index([Root.at(ROOT)])
    before = library.dump()
    real = MemoryFileSystem.ls

    def broken(fs: Any, path: str, **named: Any) -> Any:
        if path.endswith("deep"):
            raise ConnectionResetError("connection reset by peer")
        return real(fs, path, **named)

    monkeypatch.setattr(MemoryFileSystem, "ls", broken)
    memory.rm("/town/deep/storm.txt")
    report = library.indexer().index([Root.at(ROOT)])
    [failure] = report.failed
    assert (failure.uri, failure.code) == (f"{ROOT}/deep/", "source_unavailable")
    assert report.removed == 0
    assert library.dump() == before
    monkeypatch.setattr(MemoryFileSystem, "ls", lambda fs, path, **named: broken(fs, "deep"))
    report = library.indexer().index([Root.at(ROOT)])
    assert ([failure.code for failure in report.failed], report.removed) == (["source_unavailable"], 0)
    assert library.dump() == before


def test_a_listing_that_breaks_off_stops_no_other_root(
    library: Library, memory: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It answers when it is asked whether it is there, and no longer when it is looked at."""
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "a.txt").write_text("A note.")
    library.indexer().index([Root.at(ROOT)])
    before = len(library.manifest.entries())
    asked = 0
    real = MemoryFileSystem.info

    def once(fs: Any, path: str, **named: Any) -> Any:
        nonlocal asked
        asked += 1
        if asked > 1:
            raise ConnectionResetError("connection reset by peer")
        return real(fs, path, **named)

    monkeypatch.setattr(MemoryFileSystem, "info", once)
    report = library.indexer().index([Root.at(ROOT), Root.at(tmp_path / "here")])
    assert [(failure.uri, failure.code) for failure in report.failed] == [(ROOT, "source_unavailable")]
    assert (report.indexed, report.removed) == (1, 0)
    assert len(library.manifest.entries()) == before + 1


def test_a_manifest_that_cannot_be_fetched_is_named_and_keeps_its_documents(
    library: Library, memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.pipe("/town/list.mmsearch.jsonl", b'{"id": "lamp", "text": "The lamp was lit."}')
    library.indexer().index([Root.at(ROOT)])
    assert "lamp" in library.words()
    real = MemoryFileSystem.get_file

    def broken(fs: Any, rpath: str, lpath: str, **named: Any) -> None:
        if rpath.endswith(".jsonl"):
            raise ConnectionResetError("connection reset by peer")
        real(fs, rpath, lpath, **named)

    monkeypatch.setattr(MemoryFileSystem, "get_file", broken)
    memory.rm("/town/harbour.md")
    report = library.indexer().index([Root.at(ROOT)])
    assert [(failure.uri, failure.code) for failure in report.failed] == [
        (f"{ROOT}/list.mmsearch.jsonl", "source_unavailable")
    ]
    assert report.removed == 1, "the file that is gone, and nothing of the manifest"
    assert "lamp" in library.words()


def test_a_folder_elsewhere_that_is_gone_stays_in_the_library_until_it_is_pruned(library: Library, memory: Any) -> None:
    library.indexer().index([Root.at(ROOT)])
    memory.rm("/town", recursive=True)
    with pytest.raises(NotFound, match="--prune"):
        library.indexer().index([Root.at(ROOT)])
    assert library.indexer().index([Root.at(ROOT)], prune=True).removed == 3


def test_bad_bytes_are_named_by_their_address(library: Library, memory: Any) -> None:
    memory.pipe("/town/half.png", _png()[:300])
    [failure] = library.indexer().index([Root.at(ROOT)]).failed
    assert failure.uri == f"{ROOT}/half.png"
    assert failure.reason.startswith(f"{ROOT}/half.png does not decode")
    assert str(library.folder) not in failure.reason


def test_a_copy_here_of_a_file_elsewhere_is_not_encoded_again(library: Library, memory: Any, tmp_path: Path) -> None:
    library.indexer().index([Root.at(ROOT)])
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "harbour.md").write_bytes(memory.cat("/town/harbour.md"))
    assert library.indexer().index([tmp_path / "copy"]).reused == 1


def test_what_a_killed_run_fetched_is_cleared_away(library: Library, memory: Any) -> None:
    (library.folder / "reading" / "fetched" / "0123").mkdir(parents=True)
    library.indexer().index([Root.at(ROOT)])
    assert _copies_left(library) == []


def test_what_is_over_the_limit_is_not_fetched(library: Library, memory: Any, fetched: Counter[str]) -> None:
    library.max_file_bytes = 100
    report = library.indexer().index([Root.at(ROOT)])
    assert [(Path(failure.uri).name, failure.code) for failure in report.failed] == [("gull.png", "too_large")]
    assert fetched["/town/gull.png"] == 0


@pytest.mark.parametrize(("url", "package"), [("s3://b/x", "s3fs"), ("gs://b/x", "gcsfs"), ("az://b/x", "adlfs")])
def test_a_package_that_is_not_installed_is_named(library: Library, url: str, package: str) -> None:
    if importlib.util.find_spec(package):
        pytest.skip(f"{package} is installed")
    with pytest.raises(ConfigError, match=f"pip install {package}"):
        library.indexer().index([Root.at(url)])


@pytest.mark.parametrize("url", ["nonsense://x/y", "https://127.0.0.1/folder/"])
def test_an_address_that_cannot_work_is_an_error(library: Library, url: str) -> None:
    with pytest.raises(InputError, match=url.partition(":")[0]):
        library.indexer().index([Root(url)])


def test_a_file_address_is_a_path(tmp_path: Path) -> None:
    assert Root.at(f"file://{tmp_path}") == Root.at(tmp_path)


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as web:
        yield web


def test_a_file_of_a_web_server_is_asked_for_and_fetched_when_it_changed(library: Library, web: Web) -> None:
    web.pages["/a%20walk.txt"] = Page(b"Along the quay.", etag='"1"')
    root = Root.at(f"{web.address}/a%20walk.txt?token=x")
    assert library.indexer().index([root]).indexed == 1
    assert library.words() == "Along the quay."
    assert {segment.title for segment, _ in library.dump()["words"].values()} == {"a walk"}
    assert web.asked["GET /a%20walk.txt"] == 1
    assert library.indexer().index([root]).unchanged == 1
    assert web.asked["GET /a%20walk.txt"] == 1
    web.pages["/a%20walk.txt"] = Page(b"Along the river.", etag='"2"')
    assert library.indexer().index([root]).indexed == 1
    assert library.words() == "Along the river."


def test_a_server_that_says_nothing_of_its_files_is_asked_for_the_bytes(library: Library, web: Web) -> None:
    web.pages["/a.txt"] = Page(b"Along the quay.")
    root = Root.at(f"{web.address}/a.txt")
    library.indexer().index([root])
    assert library.indexer().index([root]).unchanged == 1
    assert web.asked["GET /a.txt"] == 2
    web.pages["/a.txt"] = Page(b"Along the cove.")
    assert library.indexer().index([root]).indexed == 1


def test_a_server_in_trouble_is_asked_again_and_loses_nothing(library: Library, web: Web) -> None:
    web.pages["/a.txt"] = Page(b"Along the quay.", etag='"1"', failures=[503, 500])
    root = Root.at(f"{web.address}/a.txt")
    assert library.indexer().index([root]).indexed == 1
    assert web.asked["GET /a.txt"] == 3
    before = library.dump()
    web.pages["/a.txt"].status = 500
    with pytest.raises(SourceUnavailable, match=r"a\.txt"):
        library.indexer().index([root], prune=True)
    web.pages["/a.txt"].status = 403
    with pytest.raises(Forbidden):
        library.indexer().index([root], prune=True)
    assert library.dump() == before
    web.pages["/a.txt"].status = 404
    with pytest.raises(NotFound, match="--prune"):
        library.indexer().index([root])
    assert library.indexer().index([root], prune=True).removed == 1


def test_nobody_listening_is_no_empty_place(library: Library, web: Web) -> None:
    with pytest.raises(SourceUnavailable):
        library.indexer().index([Root.at("http://127.0.0.1:9/a.txt")], prune=True)


def test_bytes_that_end_too_early_are_a_failure(library: Library, web: Web) -> None:
    web.pages["/a.txt"] = Page(b"Along the quay and back.", etag='"1"', cut_bytes=5)
    report = library.indexer().index([Root.at(f"{web.address}/a.txt")])
    assert [failure.code for failure in report.failed] == ["source_unavailable"]
    assert web.asked["GET /a.txt"] == 3
    assert library.dump()["words"] == {}


def test_a_server_that_never_ends_is_left(web: Web, tmp_path: Path) -> None:
    web.pages["/a.txt"] = Page(b"x" * 2000, etag='"1"', trickle_s=0.05)
    copies = Copies(tmp_path / "fetched", 1 << 20, timeout_s=1.0)
    document = Document(f"{web.address}/a.txt", Path("a.txt"), remote=(Remote(f"{web.address}/a.txt"),))
    with pytest.raises(SourceUnavailable, match=r"time|after"), copies.at_hand(document):
        pass


def test_a_server_that_sends_more_than_the_limit_is_left(library: Library, web: Web) -> None:
    """It says nothing of the size beforehand."""
    web.pages["/a.txt"] = Page(b"x" * 20_000_000, etag='"1"')
    copies = Copies(library.folder / "fetched", 1000, timeout_s=60.0)
    document = Document(f"{web.address}/a.txt", Path("a.txt"), remote=(Remote(f"{web.address}/a.txt"),))
    with pytest.raises(TooLarge, match=r"a\.txt"), copies.at_hand(document):
        pass
    assert _copies_left(library) == []


def test_a_document_elsewhere_can_go_to_another_process(memory: Any, tmp_path: Path) -> None:
    readers = default_readers(PassageSplitter(256))
    copies = Copies(tmp_path / "fetched", 1 << 20, 20.0)
    found = [pickle.loads(pickle.dumps(place)) for place in find_documents(Root.at(ROOT), readers)]
    gull = next(place for place in found if place.uri.endswith("gull.png"))
    with pickle.loads(pickle.dumps(copies)).at_hand(gull) as here:
        assert [path.name for path in (here.path, *here.sidecars)] == ["gull.png", "gull.txt"]
        assert here.sidecars[0].read_text() == "A gull above the pier."
    assert not here.path.exists()
