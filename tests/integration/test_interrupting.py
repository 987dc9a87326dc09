"""Real signals to real runs: the first ends in an orderly way, the second at once, and neither loses anything."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from mmsearch.client import Client
from mmsearch.types import Document

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")]

OFF = {"part": ""}
DOCUMENTS = 60
SETTINGS = """
[spaces.text]
part = "bad_readers:SlowEncoder"
[spaces.image]
part = ""
[spaces.table]
part = ""
[recognizer]
part = ""
[ocr]
part = ""
[indexing]
batch_segments = 4
workers = 2
[[readers]]
part = "bad_readers:BadReader"
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with documents that take a second for four, and settings."""
    (tmp_path / "mmsearch.toml").write_text(SETTINGS)
    (tmp_path / "files").mkdir()
    for number in range(DOCUMENTS):
        (tmp_path / "files" / f"note-{number:02}.txt").write_text(f"Note of the harbour, word{number}.")
    return tmp_path


def start(home: Path, *options: str, slow_s: float = 0.25) -> "subprocess.Popen[str]":
    """Index in a process group of its own, as a terminal runs it."""
    environment = {key: value for key, value in os.environ.items() if key != "MMSEARCH_CONFIG"}
    return subprocess.Popen(
        [sys.executable, "-m", "mmsearch.cli", "index", "files", *options],
        cwd=home,
        env={**environment, "SLOW_S": str(slow_s), "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )


@pytest.fixture
def running(home: Path) -> Iterator["subprocess.Popen[str]"]:
    """An indexing that has written something and has more to do."""
    process = start(home, "--json")
    deadline = time.monotonic() + 120
    while held(home) < 4 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert process.poll() is None
    yield process
    process.kill()
    process.communicate()


def held(home: Path) -> int:
    """How many documents the library remembers as done."""
    import sqlite3

    file = home / "library" / "manifest.sqlite3"
    if not file.is_file():
        return 0
    sql = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        return int(sql.execute("select count(*) from documents where done").fetchone()[0])
    except sqlite3.OperationalError:
        return 0
    finally:
        sql.close()


def check_whole(home: Path) -> None:
    """Run it again to the end: every document is there once."""
    before = held(home)
    process = start(home, "--json", slow_s=0)
    out, errors = process.communicate(timeout=200)
    assert process.returncode == 0, errors
    report: dict[str, Any] = json.loads(out)
    assert report["unchanged"] >= before
    assert report["indexed"] + report["unchanged"] == DOCUMENTS
    spaces = {**dict.fromkeys(("image", "table", "sound"), OFF), "text": {"part": "bad_readers:SlowEncoder"}}
    with Client(home / "library", spaces=spaces, recognizer=OFF, ocr=OFF) as client:
        app = client.app
        assert {app.store.count(space.collection) for space in app.searcher.spaces.values()} == {DOCUMENTS}
        [hit] = app.store.search(app.searcher.spaces["words"].collection, "word31", 1)
        assert hit.document_id == Document((home / "files" / "note-31.txt").as_posix(), home).id


def ends(processes: list[psutil.Process]) -> bool:
    return not psutil.wait_procs(processes, timeout=60)[1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_finishes_the_batch_at_hand_and_says_how_to_go_on(
    home: Path, running: "subprocess.Popen[str]", number: signal.Signals
) -> None:
    children = psutil.Process(running.pid).children(recursive=True)
    assert len(children) >= 3, "Milvus Lite and two workers"
    before = held(home)
    if number is signal.SIGINT:
        os.killpg(running.pid, number)  # as a terminal does, workers and all
    else:
        running.send_signal(number)
    out, errors = running.communicate(timeout=60)
    assert running.returncode == 130, errors
    assert "finishing the batch at hand" in errors
    report = json.loads(out)
    assert report["stopped"] is True
    assert report["failed"] == []
    assert before <= report["indexed"] == held(home) < DOCUMENTS
    assert ends(children)
    check_whole(home)


def test_without_json_it_says_that_the_same_command_goes_on(home: Path) -> None:
    process = start(home)
    while held(home) < 4 and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "indexed" in out
    assert "the same command goes on from here" in errors


def test_the_second_ends_at_once_and_the_next_run_completes(home: Path, running: "subprocess.Popen[str]") -> None:
    children = psutil.Process(running.pid).children(recursive=True)
    assert running.stderr
    running.send_signal(signal.SIGINT)
    while "finishing" not in running.stderr.readline():
        pass
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=30)
    assert running.returncode == 130
    assert ends(children)
    check_whole(home)


def test_one_is_not_waited_for_that_hangs_in_its_reader(home: Path) -> None:
    (home / "files" / "a.bad").write_text("sleep 100")
    process = start(home, "--json")
    while held(home) < 4 and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert json.loads(out)["failed"] == []


def test_killed_with_all_its_children_working_none_is_left_and_the_next_run_completes(
    home: Path, running: "subprocess.Popen[str]"
) -> None:
    children = psutil.Process(running.pid).children(recursive=True)
    running.kill()
    running.communicate()
    assert ends(children)
    check_whole(home)
