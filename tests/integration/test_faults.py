"""What goes wrong around a library: afterwards it opens, says what is wrong, and loses and doubles nothing."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from milvus_servers import LiteServer
from serving import eventually, light, open_light

from mmsearch.client import Client
from mmsearch.errors import StoreError, StoreUnavailable
from mmsearch.settings import MANIFEST_FILE

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="signals and mounts are POSIX's")]

OFF = {"part": ""}
NOTES = 40
SLOW = {**light("bad_readers:SlowEncoder"), "indexing": {"batch_segments": 4, "workers": 0}}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    return notes(tmp_path / "files", NOTES)


def notes(folder: Path, count: int, words: int = 5) -> Path:
    folder.mkdir(exist_ok=True)
    for number in range(count):
        (folder / f"note-{number:03}.txt").write_text(f"Note of the harbour, word{number}. " + "boat " * words)
    return folder


def start(home: Path, *arguments: str | Path, slow_s: float = 0.05) -> "subprocess.Popen[str]":
    """A command under way, with a slow encoder and small batches."""
    settings = {f"MMSEARCH_{name.upper()}": json.dumps(value) for name, value in SLOW.items()}
    return subprocess.Popen(
        [sys.executable, "-m", "mmsearch.cli", *map(str, arguments)],
        cwd=home,
        env={**os.environ, **settings, "SLOW_S": str(slow_s), "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(home: Path, *arguments: str | Path) -> tuple[int, Any]:
    """(exit code, what it said as JSON)"""
    process = start(home, *arguments, "--json", slow_s=0)
    out, err = process.communicate(timeout=240)
    assert out.count("\n") == 1, (out, err)
    return process.returncode, json.loads(out)


def acknowledged(library: Path) -> set[str]:
    """The documents that the library says it holds, whoever has it open."""
    if not (library / MANIFEST_FILE).is_file():
        return set()
    sql = sqlite3.connect(f"file:{library / MANIFEST_FILE}?mode=ro", uri=True)
    try:
        return {uri for (uri,) in sql.execute("select uri from documents where done")}
    except sqlite3.OperationalError:
        return set()
    finally:
        sql.close()


def check_whole(home: Path, files: Path, held_before: set[str]) -> None:
    """It opens, store and manifest are equal or made so, nothing acknowledged is lost, and an indexing completes it."""
    code, said = run(home, "doctor", "--repair")
    assert code == 0, said
    assert {d["mending"] for d in said["audit"]["mended"]} <= {"remove"}, "the manifest never says more than there is"
    assert acknowledged(home / "library") >= held_before
    code, report = run(home, "index", files)
    assert (code, report["failed"]) == (0, [])
    assert report["indexed"] + report["unchanged"] == len(list(files.iterdir()))
    assert report["unchanged"] >= len(held_before)
    code, said = run(home, "doctor", "--deep")
    audit = said["audit"]
    assert (code, audit["whole"], audit["unread"]) == (0, True, [])
    assert audit["segments"] == audit["rows"]["words"] <= audit["rows"]["text"]
    assert audit["documents"] == report["indexed"] + report["unchanged"], "none is doubled"


def half_done(home: Path, process: "subprocess.Popen[str]") -> set[str]:
    """Wait until some documents are held and others are not."""
    eventually(lambda: len(acknowledged(home / "library")) >= 8 or process.poll() is not None, 120)
    assert process.poll() is None, process.communicate()
    return acknowledged(home / "library")


def test_a_killed_job_loses_nothing(tmp_path: Path, files: Path) -> None:
    process = start(tmp_path, "index", files)
    half_done(tmp_path, process)
    process.kill()
    process.communicate()
    check_whole(tmp_path, files, acknowledged(tmp_path / "library"))


def test_a_server_that_is_killed_with_a_job_in_it_loses_nothing(tmp_path: Path) -> None:
    files = notes(tmp_path / "files", 3)
    run(tmp_path, "index", files)
    notes(files, NOTES)
    server = start(tmp_path, "serve", "--no-page", "--port", "0")
    assert server.stdout
    address = server.stdout.readline().split(" at ")[1].split()[0].rstrip("/")
    job = start(tmp_path, "index", files, "--library", address)
    half_done(tmp_path, server)
    server.kill()
    server.communicate()
    _, err = job.communicate(timeout=120)
    assert job.returncode == 1
    assert "no mmsearch server answers" in err
    check_whole(tmp_path, files, acknowledged(tmp_path / "library"))


def test_a_store_that_is_killed_under_a_job_fails_the_job_and_loses_nothing(tmp_path: Path, files: Path) -> None:
    process = start(tmp_path, "index", files, "--json")
    half_done(tmp_path, process)
    [lite] = [child for child in psutil.Process(process.pid).children(recursive=True) if child.name() == "milvus"]
    lite.kill()
    out, _ = process.communicate(timeout=240)
    assert process.returncode == 1
    assert json.loads(out)["error"]["code"] == "store_unavailable"
    check_whole(tmp_path, files, acknowledged(tmp_path / "library"))


def test_two_jobs_at_once_on_one_library_do_both(tmp_path: Path, files: Path) -> None:
    both = [notes(tmp_path / name, 12) for name in ("one", "other")]
    started = [start(tmp_path, "index", folder, "--wait", "200", "--json") for folder in (*both, both[0])]
    for process in started:
        out, err = process.communicate(timeout=240)
        assert process.returncode == 0, err
        assert json.loads(out)["failed"] == []
    code, said = run(tmp_path, "doctor", "--deep")
    assert (code, said["audit"]["documents"], said["audit"]["rows"]) == (0, 24, {"words": 24, "text": 24})


def test_a_store_that_goes_and_comes_back_is_asked_again(tmp_path: Path, files: Path) -> None:
    server = LiteServer(tmp_path / "server.db")
    with server, open_light(tmp_path / "library", store={"uri": server.uri, "timeout_s": 5}) as client:
        client.index(files)
        before = client.search("harbour").results
        server.kill()
        with pytest.raises(StoreUnavailable):
            client.search("harbour")
        (files / "new.txt").write_text("A heron waits at the weir.")
        with pytest.raises(StoreUnavailable):
            client.index(files)
        server.start()
        assert eventually(lambda: _found(client, "harbour"), 120) == before
        assert client.library.audit().whole
        assert client.index(files).indexed == 1
        assert client.search("heron").results[0].segment.text == "A heron waits at the weir."
        assert client.library.audit().whole


def _found(client: Client, words: str) -> Any:
    try:
        return client.search(words).results
    except StoreError:
        return None


@contextmanager
def disk(folder: Path, size_mib: int) -> Iterator[Callable[..., None]]:
    """A small disk of its own at the folder; what comes gives it other options."""
    folder.mkdir()
    mount: list[str | Path] = ["mount", "-t", "tmpfs", "-o", f"size={size_mib}m", "tmpfs", folder]
    made = subprocess.run(mount, capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"no disk can be mounted here: {made.stderr.strip()}")

    def again(*options: str) -> None:
        subprocess.run(["mount", "-o", ",".join(("remount", *options)), folder], check=True)

    try:
        yield again
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_full_disk_fails_the_job_and_loses_nothing(tmp_path: Path) -> None:
    files = notes(tmp_path / "files", 300, words=900)
    with disk(tmp_path / "disk", 6) as change:
        (tmp_path / "library").symlink_to(tmp_path / "disk", target_is_directory=True)
        code, said = run(tmp_path, "index", files)
        assert code == 1, "300 notes of 4 kB in two spaces take more than that"
        assert said["error"]["code"] == "store", said
        assert "full" in said["error"]["message"]
        held = acknowledged(tmp_path / "library")
        assert len(held) < 300
        change("size=256m")
        check_whole(tmp_path, files, held)


def test_a_library_that_cannot_be_written_says_so(tmp_path: Path, files: Path) -> None:
    with disk(tmp_path / "disk", 64) as change:
        (tmp_path / "library").symlink_to(tmp_path / "disk", target_is_directory=True)
        assert run(tmp_path, "index", files)[0] == 0
        change("ro")
        for command in (("index", files), ("search", "harbour"), ("doctor", "--deep"), ("jobs", "list")):
            code, said = run(tmp_path, *command)
            assert code == 1
            assert said["error"]["code"] == "store", said
            assert "library" in said["error"]["message"]
        change("rw")
        check_whole(tmp_path, files, acknowledged(tmp_path / "library"))
