"""A dry run says what the indexing then does, and writes nothing."""

import json
import os
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from hashing import DIM
from PIL import Image
from typer.testing import CliRunner

from mmsearch.cli import app
from mmsearch.client import Client
from mmsearch.preview import Preview, preview_of
from mmsearch.roots import root_at
from mmsearch.settings import read_settings

pytestmark = pytest.mark.slow

OFF = {"part": ""}
PARTS: dict[str, Any] = {
    "spaces": {"text": {"part": "hashing:HashingEncoder"}, "image": OFF, "table": OFF, "sound": OFF},
    "recognizer": OFF,
    "ocr": OFF,
}


@pytest.fixture(autouse=True)
def _time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sample holds everything, however busy the machine is."""
    monkeypatch.setattr("mmsearch.estimating.SAMPLE_S", 600.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    (folder / "drafts").mkdir(parents=True)
    for number in range(8):
        (folder / f"note{number}.txt").write_text(f"Note {number} tells of the harbour. " * 20)
    (folder / "tides.csv").write_text("day,height m\n1,0.3\n2,0.4\n")
    Image.effect_noise((64, 48), 80).save(folder / "gull.png")
    (folder / "tool.exe").write_bytes(b"MZ")
    (folder / "drafts" / "draft.txt").write_text("A draft.")
    (folder / "empty.md").write_bytes(b"")
    return folder


def _preview(library: Path, *paths: str | Path, **how: Any) -> Preview:
    settings = read_settings(library=library, **PARTS)
    flags = {name: how.pop(name) for name in ("prune", "verify") if name in how}
    return preview_of(settings, [root_at(settings, path, **how) for path in paths], **flags)


def _state(folder: Path) -> dict[str, tuple[str, int]]:
    """Every file with the digest of its bytes and its time of change."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {str(f): (sha256(f.read_bytes()).hexdigest(), f.stat().st_mtime_ns) for f in files}


def _verbs(found: Preview) -> tuple[int, int, int, int, int]:
    return found.new, found.changed, found.incomplete, found.unchanged, found.removed


def test_it_says_what_is_done_then_and_writes_nothing(folder: Path, tmp_path: Path) -> None:
    how: dict[str, Any] = {"exclude": ["drafts/"]}
    found = _preview(tmp_path / "library", folder, **how)
    assert not (tmp_path / "library").exists()
    assert _verbs(found) == (11, 0, 0, 0, 0)
    notes_bytes = sum(file.stat().st_size for file in folder.glob("*.txt"))
    assert (found.by_ending[".txt"].documents, found.by_ending[".txt"].size_bytes) == (8, notes_bytes)
    assert {name: amount.documents for name, amount in found.by_modality.items()} == {
        "text": 8,
        "table": 1,
        "image": 1,
        "unknown": 1,
    }, "what an empty file would have held nobody knows"
    assert found.skipped == {"no_reader": {".exe": 1}, "excluded": {"/": 1}}
    assert found.estimate.seconds > 0
    assert found.estimate.unsampled == (".md",)
    assert found.estimate.sampled == 10
    with Client(tmp_path / "library", **PARTS) as client:
        report = client.index(folder, **how)
        assert (report.indexed, [Path(f.uri).name for f in report.failed]) == (10, ["empty.md"])
        (folder / "note0.txt").unlink()
        (folder / "note1.txt").write_text("Only ferries now.")
        (folder / "new.txt").write_text("A new lamp.")
        os.utime(folder / "note2.txt", (1, 1))
        before = _state(tmp_path / "library")
        found = client.preview(folder, **how)
        assert _state(tmp_path / "library") == before, "also while the library is open"
        assert _verbs(found) == (2, 1, 0, 8, 1), "new.txt and the empty file; touched is unchanged"
    closed = _state(tmp_path / "library")
    assert _verbs(_preview(tmp_path / "library", folder, **how)) == (2, 1, 0, 8, 1)
    assert _verbs(_preview(tmp_path / "library", folder)) == (3, 1, 0, 8, 1), "the draft is no longer excluded"
    assert _state(tmp_path / "library") == closed


def test_a_path_that_is_empty_is_named_and_pruned_when_said(folder: Path, tmp_path: Path) -> None:
    with Client(tmp_path / "library", **PARTS) as client:
        client.index(folder)
    folder.rename(tmp_path / "elsewhere")
    folder.mkdir()
    found = _preview(tmp_path / "library", folder)
    assert (found.removed, [failure.uri for failure in found.failed]) == (0, [folder.as_posix()])
    assert _verbs(_preview(tmp_path / "library", folder, prune=True)) == (0, 0, 0, 0, 11)


def test_a_space_that_opens_makes_documents_incomplete(folder: Path, tmp_path: Path) -> None:
    words = {**PARTS, "spaces": {**PARTS["spaces"], "text": OFF}}
    with Client(tmp_path / "library", **words) as client:
        client.index(folder)
    found = _preview(tmp_path / "library", folder)
    assert _verbs(found) == (1, 0, 11, 0, 0)


def test_what_was_sampled_is_scaled_by_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmsearch.estimating.SAMPLE_S", 0.0)
    for folder, names in {"f1": "b", "f4": "bcde"}.items():
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / f"{name}.txt").write_text("Nets dry on the quay. " * 30)
    one, four = (_preview(tmp_path / "library", tmp_path / folder) for folder in ("f1", "f4"))
    assert (one.estimate.sampled, four.estimate.sampled) == (1, 1)
    assert four.estimate.disk_bytes == pytest.approx(4 * one.estimate.disk_bytes, abs=4)
    assert one.estimate.disk_bytes > 4 * DIM, "a vector of float32 at the least"


def test_files_elsewhere_are_counted_without_fetching_more_than_the_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mmsearch.estimating.SAMPLE_S", 0.0)
    fs = MemoryFileSystem()
    fs.pipe({f"/preview/{name}.txt": b"Nets dry on the quay." for name in "abcdef"})
    fetched = []
    real = MemoryFileSystem.get_file

    def noting(fs: Any, path: str, *arguments: Any, **named: Any) -> None:
        fetched.append(path)
        real(fs, path, *arguments, **named)

    monkeypatch.setattr(MemoryFileSystem, "get_file", noting)
    found = _preview(tmp_path / "library", "memory://preview")
    assert (found.new, found.by_ending[".txt"].size_bytes, found.estimate.sampled) == (6, 6 * 21, 1)
    assert len(fetched) == 1


def test_the_command_prints_the_plan(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "test.toml"
    light = ['[spaces.text]\npart = "hashing:HashingEncoder"', '[spaces.image]\npart = ""', '[spaces.table]\npart = ""']
    config.write_text("\n".join([*light, '[recognizer]\npart = ""', '[ocr]\npart = ""']))
    monkeypatch.setenv("MMSEARCH_CONFIG", str(config))
    (folder / "empty.md").unlink()
    arguments = ["index", str(folder), "--library", str(tmp_path / "library"), "--dry-run", "--include", "*.txt"]
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert (said["new"], said["removed"], said["failed"]) == (9, 0, [])
    assert said["by_ending"] == {".txt": {"documents": 9, "size_bytes": said["by_modality"]["text"]["size_bytes"]}}
    assert said["skipped"]["not_included"] == {".csv": 1, ".exe": 1, ".png": 1}
    assert said["estimate"]["sampled"] == 9
    readable = CliRunner().invoke(app, arguments)
    assert "would index 9 new and 0 changed, 0 unchanged, 0 to be removed" in readable.output
    assert "going by 9 documents" in readable.output
    assert not (tmp_path / "library").exists()
    absent = CliRunner().invoke(app, ["index", str(tmp_path / "absent"), "--dry-run", "--json"])
    assert (absent.exit_code, json.loads(absent.stdout)["error"]["code"]) == (1, "not_found")
