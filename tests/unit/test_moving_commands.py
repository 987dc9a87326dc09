"""What the commands that move a library print, and the codes that they leave with."""

import json
from pathlib import Path
from typing import Any

import pytest
from libraries import client
from typer.testing import CliRunner, Result

from mmsearch.cli import app

CONFIG = """
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
[store]
part = "libraries:kept_store"
[indexing]
workers = 0
batch_segments = 4
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library of twenty notes, in the folder where the commands are run."""
    (tmp_path / "mmsearch.toml").write_text(CONFIG)
    (tmp_path / "files").mkdir()
    for number in range(20):
        (tmp_path / "files" / f"note-{number}.txt").write_text(f"Note {number} on the storm.\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MMSEARCH_CONFIG", raising=False)
    with client(tmp_path / "library") as library:
        library.index(tmp_path / "files")
    return tmp_path


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == code, result.output
    return result


def value(*arguments: str, code: int = 0) -> Any:
    """The one JSON value on stdout."""
    lines = run(*arguments, "--json", code=code).stdout.splitlines()
    assert len(lines) == 1
    return json.loads(lines[0])


def test_a_space_goes_to_another_model_and_back() -> None:
    expected = value("reembed", "text", "--model", "other", "--dry-run")
    assert (expected["before"], expected["after"], expected["documents"]) == ("hashing", "other", 20)
    said = run("reembed", "text", "--model", "other")
    assert "text is by other now: 20 documents, 20 rows" in said.stdout
    assert '"mmsearch reembed text --rollback" goes back' in said.stdout
    assert "20 documents with 20 segments to embed" in said.stderr, "what it takes is said first"
    shown = run("jobs", "show").stdout
    assert "text by other" in shown
    assert "20 of 20 documents" in shown
    assert "other" in run("doctor").stdout
    back = value("reembed", "text", "--rollback")
    assert (back["after"], back["documents"], back["previous"]) == ("hashing", 0, "other")
    assert value("reembed", "text", "--forget-previous") == {"space": "text", "forgotten_rows": 20}
    assert "text by its" in run("jobs", "list").stdout


def test_a_cancelled_one_says_how_it_goes_on_and_is_resumed(monkeypatch: pytest.MonkeyPatch) -> None:
    import hashing

    from mmsearch.opening import jobs_of
    from mmsearch.settings import read_settings

    monkeypatch.setattr("mmsearch.jobs.LOOK_S", 0.0)
    encode, asked = hashing.HashingEncoder.encode, []

    def cancelling(self: Any, segments: Any) -> Any:
        if self.model == "other" and any(job.state == "running" for job in jobs_of(read_settings()).all()):
            asked.append(jobs_of(read_settings()).cancel("last"))
        return encode(self, segments)

    monkeypatch.setattr(hashing.HashingEncoder, "encode", cancelling)
    said = run("reembed", "text", "--model", "other", code=130)
    assert asked
    assert "stopped; text is still by hashing" in said.stderr.replace("\n", " ")
    monkeypatch.setattr(hashing.HashingEncoder, "encode", encode)
    assert value("jobs", "show")["state"] == "cancelled"
    done = value("jobs", "resume")
    assert 0 < done["documents"] < 20
    assert done["after"] == "other"


def test_errors_leave_with_one_and_say_the_way_out() -> None:
    assert value("reembed", "smell", "--model", "other", code=1)["error"]["code"] == "not_found"
    assert "no previous model" in value("reembed", "text", "--rollback", code=1)["error"]["message"]
    assert value("import", "nowhere", "--library", "new", code=1)["error"]["code"] == "not_found"


def test_export_and_import_say_what_they_did(home: Path) -> None:
    said = run("export", "moved").stdout
    assert "20 documents, 0 pictures, rows: words 20, text 20" in said
    taken = run("import", "moved", "--library", "new").stdout
    assert "20 documents imported, 0 unchanged, rows: words 20, text 20" in taken
    assert value("import", "moved", "--library", "new")["unchanged"] == 20
    assert "is there already and not empty" in value("export", "moved", code=1)["error"]["message"]
