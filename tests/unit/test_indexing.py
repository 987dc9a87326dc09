"""Indexing brings the library to the state of the files, whatever happened before and in between."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import pytest
from hashing import HashingEncoder
from libraries import Library
from PIL import Image

from mmsearch.errors import NotFound
from mmsearch.protocols import Store
from mmsearch.types import Document, Root, Segment
from mmsearch.windows import segment_of

NOBODY = 65534


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Texts of several passages, a table, a picture with a caption, and a sub-folder."""
    folder = tmp_path / "files"
    (folder / "deep").mkdir(parents=True)
    (folder / "harbour.md").write_text("# Harbour\n\nBoats lie here.\n\n# Quay\n\nNets dry on the quay.\n")
    (folder / "deep" / "storm.txt").write_text("The storm broke the mole in January.\n")
    (folder / "tides.csv").write_text("day,height m\n" + "".join(f"{day},{day / 10}\n" for day in range(1, 60)))
    Image.effect_noise((64, 48), 80).save(folder / "gull.png")
    (folder / "gull.txt").write_text("A gull above the pier.")
    return folder


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "library")


def test_everything_is_in_every_space_that_takes_it(library: Library, folder: Path) -> None:
    report = library.indexer().index([folder])
    assert (report.found, report.indexed, report.unchanged, report.removed) == (4, 4, 0, 0)
    assert not report.failed
    held = library.dump()
    assert held["words"].keys() == {segment_of(window) for window in held["text"]}
    assert len(held["text"]) > len(held["words"]), "a long table has several vectors"
    assert len(held["words"]) == report.segments
    assert {segment.modality for segment, _ in held["words"].values()} == {"text", "table", "image"}
    assert "A gull above the pier." in library.words()
    assert len(held["pictures"]) == 1


def test_a_second_run_changes_and_encodes_nothing(library: Library, folder: Path) -> None:
    library.indexer().index([folder])
    before = library.dump()
    encoder = library.encoders["text"]
    assert isinstance(encoder, HashingEncoder)
    encoder.encoded.clear()
    report = library.indexer().index([folder])
    assert (report.indexed, report.unchanged, report.segments) == (0, 4, 0)
    assert encoder.encoded == []
    assert library.dump() == before


def test_touched_files_are_compared_by_their_bytes(library: Library, folder: Path) -> None:
    library.indexer().index([folder])
    for file in folder.rglob("*.*"):
        os.utime(file, (1, 1))
    assert library.indexer().index([folder]).unchanged == 4


def test_a_changed_file_is_replaced(library: Library, folder: Path) -> None:
    library.indexer().index([folder])
    (folder / "harbour.md").write_text("# Harbour\n\nOnly ferries now.\n")
    report = library.indexer().index([folder])
    assert (report.indexed, report.unchanged) == (1, 3)
    assert "ferries" in library.words()
    assert "Nets" not in library.words()


def test_a_changed_side_car_changes_its_picture(library: Library, folder: Path) -> None:
    library.indexer().index([folder])
    (folder / "gull.txt").write_text("A puffin on the cliff.")
    assert library.indexer().index([folder]).indexed == 1
    assert "puffin" in library.words()
    assert "gull" not in library.words()


def test_a_removed_file_is_gone_with_its_picture(library: Library, folder: Path) -> None:
    library.indexer().index([folder])
    (folder / "gull.png").unlink()
    (folder / "gull.txt").unlink()
    (folder / "deep" / "storm.txt").unlink()
    report = library.indexer().index([folder])
    assert (report.removed, report.unchanged) == (2, 2)
    held = library.dump()
    assert "storm" not in library.words()
    assert held["pictures"] == []
    assert len(held["manifest"]) == 2


def test_other_roots_are_left_alone(library: Library, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "files-other"
    other.mkdir()
    (other / "note.txt").write_text("A lighthouse elsewhere.")
    library.indexer().index([folder, other])
    assert library.indexer().index([folder]).removed == 0
    assert "lighthouse" in library.words()


def test_a_folder_below_an_indexed_one_is_the_same_documents(library: Library, folder: Path) -> None:
    library.indexer().index([folder])
    report = library.indexer().index([folder / "deep"])
    assert (report.indexed, report.unchanged, report.removed) == (0, 1, 0)


def test_a_root_that_is_not_there_removes_nothing(library: Library, folder: Path) -> None:
    library.indexer().index([folder])
    before = library.dump()
    with pytest.raises(NotFound, match="does not exist"):
        library.indexer().index([folder / "absent"])
    assert library.dump() == before


def _same_size_and_times(file: Path, text: str) -> None:
    """Other bytes behind the same size and times, as a restored backup or a damaged disk leaves them."""
    before = file.stat()
    assert len(text.encode()) == before.st_size
    file.write_text(text)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_verify_finds_what_size_and_times_do_not_tell(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time of change of the inode tells of this; where a file system keeps none, only the bytes do."""
    real = Path.stat
    monkeypatch.setattr(Path, "stat", lambda path, **how: _without_ctime(real(path, **how)))
    library.indexer().index([folder])
    _same_size_and_times(folder / "deep" / "storm.txt", "The storm spared the mole in March..\n")
    assert library.indexer().index([folder]).unchanged == 4
    assert "broke" in library.words()
    report = library.indexer().index([folder], verify=True)
    assert (report.indexed, report.unchanged) == (1, 3)
    assert "spared" in library.words()
    assert "broke" not in library.words()


def _without_ctime(stat: os.stat_result) -> Any:
    names = ("st_mode", "st_dev", "st_ino", "st_size", "st_atime_ns", "st_mtime_ns")
    return SimpleNamespace(**{name: getattr(stat, name) for name in names}, st_ctime_ns=0)


def test_verify_encodes_nothing_that_is_the_same(library: Library, folder: Path) -> None:
    library.indexer().index([folder])
    before = library.dump()
    report = library.indexer().index([folder], verify=True)
    assert (report.indexed, report.unchanged) == (0, 4)
    assert library.dump() == before


def test_a_root_that_is_suddenly_empty_loses_nothing_unless_it_is_said(library: Library, folder: Path) -> None:
    """As a mount point looks while the share is not there."""
    library.indexer().index([folder])
    before = library.dump()
    folder.rename(folder.parent / "share")
    folder.mkdir()
    (folder / ".unmounted").write_text("")
    report = library.indexer().index([folder])
    assert (report.removed, report.found) == (0, 0)
    [failure] = report.failed
    assert (failure.uri, failure.code) == (folder.as_posix(), "not_found")
    assert "4 documents" in failure.reason
    assert "--prune" in failure.reason
    assert library.dump() == before
    assert library.indexer().index([folder], prune=True).removed == 4
    assert library.dump()["words"] == {}


def test_a_root_that_is_gone_is_an_error_that_says_what_it_held(library: Library, folder: Path) -> None:
    library.indexer().index([folder])
    shutil.rmtree(folder)
    with pytest.raises(NotFound, match=r"4 documents.*--prune"):
        library.indexer().index([folder])
    assert library.indexer().index([folder], prune=True).removed == 4
    with pytest.raises(NotFound, match="does not exist"):
        library.indexer().index([folder], prune=True)


def test_what_is_excluded_leaves_a_root_that_is_not_empty(library: Library, folder: Path) -> None:
    library.indexer().index([folder])
    report = library.indexer().index([Root.at(folder, exclude=("*",))])
    assert (report.removed, report.failed) == (4, ())


def test_bad_documents_are_named_and_the_rest_is_indexed(library: Library, folder: Path) -> None:
    (folder / "half.jpg").write_bytes(_jpeg()[:400])
    (folder / "empty.md").write_bytes(b"")
    report = library.indexer().index([folder])
    assert {Path(failure.uri).name: failure.code for failure in report.failed} == {
        "half.jpg": "corrupt_media",
        "empty.md": "corrupt_media",
    }
    assert report.indexed == 4


def test_a_document_that_went_bad_stays_as_it_was(library: Library, folder: Path) -> None:
    library.indexer().index([folder])
    before = library.dump()
    (folder / "harbour.md").write_bytes(b"")
    report = library.indexer().index([folder])
    assert [Path(failure.uri).name for failure in report.failed] == ["harbour.md"]
    assert library.dump() == before


def test_a_file_over_the_limit_is_named(library: Library, folder: Path) -> None:
    library.max_file_bytes = 300
    report = library.indexer().index([folder])
    assert {failure.code for failure in report.failed} == {"too_large"}
    assert "300" in report.failed[0].reason


def test_formats_without_a_reader_are_counted(library: Library, folder: Path) -> None:
    (folder / "tool.exe").write_bytes(b"MZ")
    (folder / ".hidden.txt").write_text("secret")
    report = library.indexer().index([folder])
    assert report.skipped == {"no_reader": {".exe": 1}, "hidden": {".txt": 1}}
    assert not report.failed


def test_a_file_named_by_the_user_without_a_reader_is_a_failure(library: Library, folder: Path) -> None:
    (folder / "tool.exe").write_bytes(b"MZ")
    report = library.indexer().index([folder / "tool.exe"])
    assert [failure.code for failure in report.failed] == ["unsupported_media"]


@pytest.fixture
def unprivileged(folder: Path) -> Iterator[Path]:
    """A copy of the folder where the process has no more rights than a file gives: root gives its own up."""
    with TemporaryDirectory() as place:
        home = Path(place)
        shutil.copytree(folder, home / "files")
        (home / "library").mkdir()
        if os.geteuid() == 0:
            for path in (home, *home.rglob("*")):
                os.chown(path, NOBODY, NOBODY)
            os.seteuid(NOBODY)
        try:
            yield home
        finally:
            os.seteuid(os.getuid())
            for path in (home / "files" / "harbour.md", home / "files" / "deep"):
                path.chmod(0o755)


@pytest.mark.skipif(os.name == "nt", reason="rights are POSIX's")
def test_files_and_folders_without_rights_are_named_and_lose_nothing(unprivileged: Path) -> None:
    files, library = unprivileged / "files", Library(unprivileged / "library")
    library.indexer().index([files])
    before = library.dump()
    (files / "harbour.md").chmod(0)
    (files / "deep").chmod(0)
    report = library.indexer().index([files])
    assert {Path(failure.uri).name: failure.code for failure in report.failed} == {
        "deep": "forbidden",
        "harbour.md": "forbidden",
    }
    assert library.dump() == before


def test_a_space_that_opens_later_is_filled_and_nothing_else_encoded(library: Library, folder: Path) -> None:
    words, late = library.encoders["words"], HashingEncoder("text", closed="weights are not here")
    library.encoders = {"words": words, "text": late}
    report = library.indexer().index([folder])
    assert report.closed_spaces == {"text": "weights are not here"}
    late.closed = ""
    report = library.indexer().index([folder / "tides.csv"])
    assert report.indexed == 4
    assert {segment_of(window) for window in library.dump()["text"]} == library.dump()["words"].keys()
    assert library.dump() == _undisturbed(library, folder)


def test_another_model_replaces_the_space(library: Library, folder: Path) -> None:
    library.indexer().index([folder])
    library.encoders = {**library.encoders, "text": HashingEncoder(revision="2")}
    report = library.indexer().index([folder])
    assert (report.indexed, report.failed) == (4, ())
    assert sum("_text_" in name for name in library.memory._collections) == 1
    assert library.dump() == _undisturbed(library, folder)


def test_a_space_that_closed_forgets_what_changed_meanwhile(library: Library, folder: Path) -> None:
    library.indexer().index([folder])
    encoder = library.encoders["text"]
    assert isinstance(encoder, HashingEncoder)
    encoder.closed = "weights went away"
    (folder / "harbour.md").write_text("# Harbour\n\nOnly ferries now.\n")
    (folder / "deep" / "storm.txt").unlink()
    library.indexer().index([folder])
    assert not any("Nets" in segment.text for segment, _ in library.dump()["text"].values())
    assert not any("storm" in segment.text for segment, _ in library.dump()["text"].values())
    encoder.closed = ""
    library.indexer().index([folder])
    assert library.dump() == _undisturbed(library, folder)


def test_a_record_with_a_broken_line_keeps_the_others(library: Library, tmp_path: Path) -> None:
    corpus = tmp_path / "set"
    (corpus / "qrels").mkdir(parents=True)
    lines = [json.dumps({"_id": f"d{n}", "title": "T", "text": f"Passage number {n}."}) for n in range(3)]
    (corpus / "corpus.jsonl").write_text("\n".join(lines) + "\n")
    library.indexer().index([corpus])
    before = library.dump()
    (corpus / "corpus.jsonl").write_text("\n".join([lines[0], "{broken", lines[2]]) + "\n")
    report = library.indexer().index([corpus])
    assert "line 2" in report.failed[0].reason
    assert library.dump() == before


WRITES = ("open", "drop", "upsert", "prune")


class _Killed(BaseException):
    """As abrupt as a kill: nothing catches it."""


class _KilledAt:
    """The store of a process that dies at its nth write, before or after the write took place."""

    def __init__(self, store: Store, step: int, after: bool) -> None:
        self._store = store
        self.step = step
        self._after = after

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method: Callable[..., Any] = getattr(self._store, name)
        if name not in WRITES:
            return method

        def write(*args: Any, **named: Any) -> Any:
            self.step -= 1
            if self.step == 0 and not self._after:
                raise _Killed
            result = method(*args, **named)
            if self.step == 0:
                raise _Killed
            return result

        return write


def _change(folder: Path) -> None:
    (folder / "harbour.md").write_text("# Harbour\n\nOnly ferries now.\n")
    (folder / "deep" / "storm.txt").unlink()
    (folder / "tides.csv").write_text("day,height m\n1,0.3\n")
    (folder / "new.txt").write_text("A new lamp was lit.\n")


def _undisturbed(library: Library, folder: Path) -> dict[str, Any]:
    """What a library that never saw trouble holds; it shares the id, from which collections are named."""
    other = Library(library.folder.parent / f"undisturbed-{os.urandom(4).hex()}", encoders=library.encoders)
    other.indexer().index([folder])
    return other.dump()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("first", [True, False], ids=["first run", "later run"])
def test_killed_at_any_write_and_run_again_it_equals_the_undisturbed_library(
    tmp_path: Path, folder: Path, first: bool, after: bool
) -> None:
    pristine = {path: path.read_bytes() for path in folder.rglob("*.*")}
    kills = 0
    for step in range(1, 100):
        _restore(folder, pristine)
        library = Library(tmp_path / f"library-{step}")
        if not first:
            library.indexer().index([folder])
            _change(folder)
        store = _KilledAt(library.memory, step, after)
        try:
            library.indexer(store).index([folder])
        except _Killed:
            kills += 1
        if store.step > 0:
            break
        library.indexer().index([folder])
        assert library.dump() == _undisturbed(library, folder), f"killed at write {step}"
    assert kills >= 8


def _restore(folder: Path, pristine: dict[Path, bytes]) -> None:
    for path in folder.rglob("*.*"):
        if path not in pristine:
            path.unlink()
    for path, content in pristine.items():
        path.write_bytes(content)


def test_killed_and_the_file_gone_before_the_next_run_nothing_is_left(library: Library, folder: Path) -> None:
    with pytest.raises(_Killed):
        library.indexer(_KilledAt(library.memory, 5, True)).index([folder])
    assert library.dump()["words"]
    for file in [*folder.rglob("*.*")]:
        file.unlink()
    library.indexer().index([folder], prune=True)
    held = library.dump()
    assert (held["words"], held["text"], held["manifest"], held["pictures"]) == ({}, {}, [], [])


class _LongReader:
    """Reads `.long` files: a segment a line, so many that the writer streams them."""

    suffixes = frozenset({".long"})
    sidecar_suffixes: tuple[str, ...] = ()
    fingerprint = "long 1"

    def read(self, document: Document) -> Iterator[Segment]:
        from mmsearch.errors import CorruptMedia
        from mmsearch.readers import segment_id
        from mmsearch.types import Span

        for number, line in enumerate(document.path.read_text().splitlines()):
            if line == "broken":
                raise CorruptMedia(f"{document.path}: line {number} is broken")
            span = Span(start_row=number)
            id = segment_id(document, "long", "text", span)
            yield Segment(id, document.id, document.uri, "text", span, text=line)


def test_a_document_too_long_to_hold_is_all_or_nothing(library: Library, folder: Path) -> None:
    long = folder / "huge.long"
    long.write_text("\n".join(f"line {n}" for n in range(2_100)))
    library.readers = [*library.readers, _LongReader()]
    library.batch_segments = 500
    assert library.indexer().index([folder]).segments > 2_100
    before = library.dump()
    long.write_text("\n".join([*(f"other {n}" for n in range(2_050)), "broken"]))
    report = library.indexer().index([folder])
    assert [Path(failure.uri).name for failure in report.failed] == ["huge.long"]
    assert library.dump() == before


def test_progress_counts_every_document(library: Library, folder: Path) -> None:
    steps: list[tuple[int, int | None]] = []
    library.indexer().index([folder], lambda step: steps.append((step.done, step.total)))
    assert steps == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]


def _jpeg() -> bytes:
    from io import BytesIO

    buffer = BytesIO()
    Image.effect_noise((200, 200), 90).convert("RGB").save(buffer, "JPEG")
    return buffer.getvalue()
