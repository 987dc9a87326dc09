"""A watch in a process of its own: it follows a folder, lets others search, and ends on an interrupt."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from mmsearch.client import Client
from mmsearch.errors import InputError, LibraryLocked, MMSearchError, NotFound
from mmsearch.reports import Report
from mmsearch.watching import follow

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")]

OFF = {"part": ""}
WORDS: dict[str, Any] = {
    "spaces": {"text": OFF, "image": OFF, "table": OFF, "sound": OFF},
    "recognizer": OFF,
    "ocr": OFF,
}
SETTINGS = "".join(
    f'[{name}]\npart = ""\n' for name in ("spaces.text", "spaces.image", "spaces.table", "recognizer", "ocr")
)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    files = tmp_path / "files"
    files.mkdir()
    (files / "a.txt").write_text("The lamp was lit.")
    return files


@contextmanager
def _watching(folder: Path, *options: str) -> Iterator["subprocess.Popen[str]"]:
    config = folder / "test.toml"
    config.write_text(SETTINGS)
    process = subprocess.Popen(
        [sys.executable, "-m", "mmsearch.cli", "watch", "files", "--library", "files/library", *options],
        cwd=folder,
        env={**os.environ, "MMSEARCH_CONFIG": str(config)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def _next(process: "subprocess.Popen[str]") -> Any:
    assert process.stdout
    line = process.stdout.readline()
    assert line, process.stderr and process.stderr.read()
    return json.loads(line)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_what_changes_is_indexed_and_an_interrupt_ends_it_well(files: Path, tmp_path: Path, ending: int) -> None:
    with _watching(tmp_path, "--json", "--exclude", "*.log") as process:
        assert _next(process)["indexed"] == 1
        burst = ["b.txt", "c.txt", "d.txt", "e.log"]
        for name in burst:
            (files / name).write_text(f"{name} tells of the ferry.")
        seen = _next(process)
        while seen["found"] < 4:  # a busy machine may cut the burst
            seen = _next(process)
        assert seen["skipped"]["excluded"] == {".log": 1}
        (files / "b.txt").unlink()
        assert _next(process)["removed"] == 1
        with Client(files / "library", create=False, **WORDS) as client:
            assert len(client.search("ferry").results) == 2
        process.send_signal(ending)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out == ""
    assert "stopped watching" in err
    assert "Traceback" not in err


def test_a_person_reads_what_was_done(files: Path, tmp_path: Path) -> None:
    with _watching(tmp_path) as process:
        assert process.stdout
        assert "1 indexed (1 segments)" in process.stdout.readline()
        (files / "a.txt").write_text("The lamp went out.")
        assert "1 indexed (1 segments), 0 unchanged, 0 removed" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert "watching files; Ctrl-C ends it" in err


def test_a_library_that_is_held_is_waited_for(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmsearch.watching.RETRY_S", 0.0)
    stop = Event()
    outcomes: list[Report | MMSearchError] = []
    holder = Client(tmp_path / "library", **WORDS)

    def index() -> Report:
        with Client(tmp_path / "library", **WORDS) as client:
            return client.index(files)

    def hear(outcome: Report | MMSearchError) -> None:
        outcomes.append(outcome)
        holder.close() if isinstance(outcome, MMSearchError) else stop.set()

    follow([files], tmp_path / "library", index, hear, stop)
    waited, done = outcomes
    assert isinstance(waited, LibraryLocked)
    assert isinstance(done, Report)
    assert done.indexed == 1


def test_only_folders_that_are_there_can_be_watched(files: Path, tmp_path: Path) -> None:
    def never() -> Report:
        raise AssertionError

    for place, error in ((files / "a.txt", InputError), (tmp_path / "absent", NotFound), ("s3://bucket/x", InputError)):
        with pytest.raises(error):
            follow([place], tmp_path / "library", never, lambda _: None)
