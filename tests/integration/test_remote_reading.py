"""Files elsewhere read in processes of their own, by the command line: limits, signals, jobs."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner
from web import Page, Web, serving

from mmsearch.cli import app
from mmsearch.client import Client
from mmsearch.reading import Failed, Limits, Order, ProcessPool
from mmsearch.settings import Settings
from mmsearch.sources import Copies
from mmsearch.types import Document, Remote

pytestmark = pytest.mark.slow

SETTINGS = """
[spaces.text]
part = "hashing:HashingEncoder"
[spaces.image]
part = ""
[spaces.table]
part = ""
[recognizer]
part = ""
[ocr]
part = ""
[indexing]
workers = 2
[[readers]]
part = "bad_readers:BadReader"
"""


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as web:
        yield web


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "mmsearch.toml").write_text(SETTINGS)
    monkeypatch.setenv("MMSEARCH_CONFIG", str(tmp_path / "mmsearch.toml"))
    monkeypatch.setenv("MMSEARCH_LIBRARY", str(tmp_path / "library"))
    return tmp_path


def _run(*arguments: object, code: int = 0) -> Any:
    result = CliRunner().invoke(app, [*map(str, arguments), "--json"])
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def _list(home: Path, web: Web, *names: str) -> Path:
    lines = [json.dumps({"id": name, "url": f"{web.address}/{name}"}) for name in names]
    (home / "list.jsonl").write_text("\n".join(lines))
    return home / "list.jsonl"


def test_a_slow_server_is_waited_for_as_long_as_a_fetch_may_take(home: Path, web: Web) -> None:
    """For longer than a reader may be silent."""
    web.pages["/a.txt"] = Page(b"Boats lie in the harbour.", etag='"1"', trickle_s=1.0)
    with Client(indexing={"workers": 1, "read_timeout_s": 10.0}) as client:
        report = client.index(f"{web.address}/a.txt")
    assert (report.indexed, report.failed) == (1, ())
    assert not (home / "library" / "reading").exists()


def test_what_failed_elsewhere_is_tried_again_with_its_list(home: Path, web: Web) -> None:
    for name in "abc":
        web.pages[f"/{name}.txt"] = Page(f"Boat {name}.".encode(), etag='"1"')
    web.pages["/b.txt"].status = 500
    place = _list(home, web, "a.txt", "b.txt", "c.txt")
    report = _run("index", place, "--as", "manifest", code=3)
    assert (report["indexed"], [failure["code"] for failure in report["failed"]]) == (2, ["source_unavailable"])
    web.pages["/b.txt"].status = 200
    report = _run("jobs", "retry-failed")
    assert (report["indexed"], report["unchanged"], report["removed"]) == (1, 2, 0)
    assert _run("jobs", "resume")["unchanged"] == 3
    [asked] = _run("jobs", "show")["asked"]["roots"]
    assert (asked["place"], asked["kind"]) == (place.as_posix(), "manifest")


def test_a_web_address_is_gone_on_with_and_tried_again(home: Path, web: Web) -> None:
    web.pages["/half.csv"] = Page(b"", etag='"1"')
    assert _run("index", f"{web.address}/half.csv", code=3)["failed"][0]["uri"] == f"{web.address}/half.csv"
    web.pages["/half.csv"] = Page(b"boat,year\nHedwig,1904\n", etag='"2"')
    assert _run("jobs", "retry-failed")["indexed"] == 1
    assert _run("jobs", "resume")["unchanged"] == 1


def test_records_of_a_program_are_not_gone_on_with(home: Path) -> None:
    with Client() as client:
        client.index_records([{"id": 1, "text": "A buoy."}], "buoys")
    said = _run("jobs", "resume", code=1)["error"]
    assert (said["code"], "run that program again" in said["message"]) == ("input", True)
    assert _run("jobs", "show")["asked"]["roots"][0]["place"] == "records:buoys"
    assert len(_run("jobs", "list")) == 1, "nothing was started"


def test_what_is_elsewhere_cannot_be_watched(home: Path) -> None:
    said = _run("watch", "s3://bucket/talks", code=1)["error"]
    assert said["message"].startswith("s3://bucket/talks cannot be watched")


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
def test_an_interrupt_does_not_wait_for_a_server_that_never_ends(home: Path, web: Web) -> None:
    web.pages["/a.txt"] = Page(b"Boat a.", etag='"1"')
    web.pages["/endless.txt"] = Page(b"x" * 100_000, etag='"1"', trickle_s=0.5)
    place = _list(home, web, "a.txt", "endless.txt")
    process = subprocess.Popen(
        [sys.executable, "-m", "mmsearch.cli", "index", str(place), "--as", "manifest", "--json"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    deadline = time.monotonic() + 200
    while not list(home.glob("library/reading/fetched/*.coming/endless.txt")) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert process.poll() is None
    interrupted = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    report = json.loads(out)
    assert (report["stopped"], report["failed"]) == (True, [])
    assert time.monotonic() - interrupted < 50, "the server would need 50,000 s"
    assert not (home / "library" / "reading").exists()
    web.pages["/endless.txt"] = Page(b"An end.", etag='"2"')
    report = _run("jobs", "resume")
    assert report["indexed"] + report["unchanged"] == 2


def test_a_reader_that_dies_leaves_no_copy(home: Path, web: Web, tmp_path: Path) -> None:
    web.pages["/a.bad"] = Page(b"abort", etag='"1"')
    url = f"{web.address}/a.bad"
    off = {"part": ""}
    settings = Settings.model_validate(
        {"spaces": {"text": off}, "recognizer": off, "ocr": off, "readers": [{"part": "bad_readers:BadReader"}]}
    )
    copies = Copies(tmp_path / "fetched", 1 << 20, 20.0)
    pool = ProcessPool("mmsearch.parts:readers_of", (settings,), tmp_path, 1, Limits(60.0, 1 << 30), copies)
    try:
        pool.submit(Order(0, Document(url, Path("a.bad"), remote=(Remote(url),))))
        taken = pool.take(120)
    finally:
        pool.close()
    assert taken is not None
    assert isinstance(taken[1], Failed)
    assert "crashed (SIGABRT" in str(taken[1].error)
    assert [*(tmp_path / "fetched").iterdir()] == []
