"""The library follows what happens to files, on the command line and in Milvus Lite."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mmsearch.cli import app
from mmsearch.client import Client

pytestmark = pytest.mark.slow

LIGHT = '[spaces.text]\npart = "hashing:HashingEncoder"\n' + "".join(
    f'[{name}]\npart = ""\n' for name in ("spaces.image", "spaces.table", "recognizer", "ocr")
)


def _run(*arguments: str | Path, code: int = 0) -> Any:
    done = CliRunner().invoke(app, [*map(str, arguments), "--json"])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def test_moved_emptied_and_pruned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "test.toml").write_text(LIGHT)
    monkeypatch.setenv("MMSEARCH_CONFIG", str(tmp_path / "test.toml"))
    monkeypatch.setenv("MMSEARCH_LIBRARY", str(tmp_path / "library"))
    files = tmp_path / "files"
    files.mkdir()
    lines = "\n\n".join(f"## Part {n}\n\nHere stands lamp {n}." for n in range(130))
    (files / "lamps.md").write_text(f"# Lamps\n\n{lines}\n")
    assert _run("index", files)["reused"] == 0
    found = _run("search", "lamp 77")["results"][0]
    (files / "deep").mkdir()
    (files / "lamps.md").rename(files / "deep" / "lights.md")
    moved = _run("index", files)
    assert (moved["indexed"], moved["removed"], moved["reused"]) == (1, 1, 130)
    again = _run("search", "lamp 77")["results"][0]
    assert again["document"]["uri"].endswith("deep/lights.md")
    assert (again["score"], again["snippet"]) == (found["score"], found["snippet"])
    assert _run("index", files, "--verify")["unchanged"] == 1
    shutil.rmtree(files / "deep")
    refused = _run("index", files, code=3)
    assert refused["removed"] == 0
    assert "--prune" in refused["failed"][0]["reason"]
    assert _run("index", files, "--prune", "--dry-run")["removed"] == 1
    assert _run("index", files, "--prune")["removed"] == 1
    assert _run("search", "lamp 77")["results"] == []


def test_records_on_the_command_line_and_from_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "test.toml").write_text(LIGHT)
    monkeypatch.setenv("MMSEARCH_CONFIG", str(tmp_path / "test.toml"))
    monkeypatch.setenv("MMSEARCH_LIBRARY", str(tmp_path / "library"))
    lines = [json.dumps({"key": n, "body": f"Lamp {n} was lit.", "floor": n % 3}) for n in range(9)]
    (tmp_path / "lamps.jsonl").write_text("\n".join(lines))
    place = tmp_path / "lamps.jsonl"
    how = ("--as", "manifest", "--column", "text=body", "--column", "id=key")
    said = _run("index", place, *how, "--dry-run")
    assert (said["new"], said["by_ending"]["record"]["documents"]) == (9, 9)
    assert _run("index", place, *how)["indexed"] == 9
    found = _run("search", "lamp", "--filter", 'floor = 2 and record_id = "5"')["results"]
    assert [result["document"]["uri"] for result in found] == [f"{place.as_posix()}#5"]
    wrong = _run("index", place, "--as", "list", code=1)
    assert "manifest, dataset" in wrong["error"]["message"]
    assert "ROLE=NAME" in _run("index", place, "--column", "body", code=1)["error"]["message"]
    with Client() as client:
        report = client.index_records(({"id": n, "text": f"Buoy {n}.", "floor": n} for n in range(3)), "buoys")
        assert (report.indexed, report.removed) == (3, 0)
        assert client.index_records([{"id": 1, "text": "Buoy 1.", "floor": 1}], "buoys").unchanged == 1
        buoys = 'uri prefix "records:buoys#"'
        assert len(client.search("buoy", filter=f"floor >= 1 and {buoys}").results) == 2
        assert client.index_records([], "buoys", complete=True).removed == 3
        assert client.search("buoy", filter=buoys).results == ()
        assert len(client.search("lamp", top_k=20).results) == 9, "what has another name stays"
