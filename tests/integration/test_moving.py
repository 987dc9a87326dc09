"""A library goes elsewhere: from Milvus Lite in a folder to one behind an address, killed or not."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from milvus_servers import lite_over_tcp

from mmsearch.client import Client

pytestmark = [pytest.mark.slow, pytest.mark.encoders]

SETTINGS = '[spaces.image]\npart = ""\n[spaces.table]\npart = ""\n[recognizer]\npart = ""\n[ocr]\npart = ""\n'
SUBJECTS = ("harbour", "lamp", "storm", "ferry", "keeper", "whale", "museum")
QUERIES = ("who lit the lamp", "the ferry in the storm", "note 41")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """300 notes and a picture, and the settings of words and the shipped sentence encoder."""
    (tmp_path / "files").mkdir()
    for number in range(300):
        one, other = SUBJECTS[number % 7], SUBJECTS[number % 5]
        text = f"Note {number}: the {one} was seen from the {other} on day {number % 31}.\n"
        (tmp_path / "files" / f"note-{number}.txt").write_text(text)
    return tmp_path


def environment(home: Path, settings: str = SETTINGS) -> dict[str, str]:
    config = home / "test.toml"
    config.write_text(settings)
    return {**os.environ, "MMSEARCH_CONFIG": str(config), "OMP_NUM_THREADS": "2"}


def run(home: Path, *arguments: str, settings: str = SETTINGS) -> Any:
    """What the command prints as JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "mmsearch.cli", *arguments, "--json"],
        cwd=home,
        env=environment(home, settings),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.stdout.count("\n") == 1, done.stdout + done.stderr
    return json.loads(done.stdout)


def library(home: Path, name: str, uri: str = "") -> Client:
    """The library in this process, with the same settings."""
    off = {"part": ""}
    return Client(
        home / name, spaces={"image": off, "table": off, "sound": off}, recognizer=off, ocr=off, store={"uri": uri}
    )


def answers(client: Client) -> list[list[tuple[str, float]]]:
    rankings = [client.search(query) for query in QUERIES]
    assert all(ranking.closed_spaces == {} for ranking in rankings)
    assert all({route.space for route in ranking.routes} == {"words", "text"} for ranking in rankings)
    return [[(result.segment.id, result.score) for result in ranking.results] for ranking in rankings]


def assert_equal(found: list[list[tuple[str, float]]], expected: list[list[tuple[str, float]]]) -> None:
    """The same segments in the same order, scores within 1e-5."""
    assert [[id for id, _ in ranking] for ranking in found] == [[id for id, _ in ranking] for ranking in expected]
    for ranking, wanted in zip(found, expected, strict=True):
        assert [score for _, score in ranking] == pytest.approx([score for _, score in wanted], abs=1e-5)


def test_a_library_moves_from_its_folder_to_a_server(home: Path) -> None:
    assert run(home, "index", "files")["indexed"] == 300
    exported = run(home, "export", "moved")
    assert (exported["documents"], exported["rows"]) == (300, {"words": 300, "text": 300})
    assert run(home, "export", "moved")["error"]["code"] == "input"
    with library(home, "library") as client:
        expected = answers(client)
    with lite_over_tcp(home / "server.db") as uri:
        imported = run(home, "import", "moved", "--library", "cluster", settings=f'{SETTINGS}[store]\nuri = "{uri}"\n')
        assert (imported["documents"], imported["missing"]) == (300, {})
        assert not (home / "cluster" / "milvus.db").exists()
        with library(home, "cluster", uri) as client:
            assert_equal(answers(client), expected)
            report = client.index(home / "files")
            assert (report.indexed, report.unchanged, report.segments) == (0, 300, 0)
            again = client.import_(home / "moved")
            assert (again.documents, again.unchanged) == (0, 300)


IMPORT = """
from mmsearch.client import Client
from mmsearch.portable import exporting
exporting.BATCH_SEGMENTS = 10
Client("new").import_("moved", lambda step: print(step.done, flush=True))
"""


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is POSIX's")
def test_an_import_killed_at_any_time_is_completed_by_the_next(home: Path) -> None:
    with library(home, "library") as client:
        client.index(home / "files")
        client.export(home / "moved")
        expected = answers(client)
    done, killed = 0, 0
    for batches in (1, 2, 4):
        child = subprocess.Popen(
            [sys.executable, "-c", IMPORT], cwd=home, env=environment(home), stdout=subprocess.PIPE, text=True
        )
        assert child.stdout
        for _ in range(batches):
            done = int(child.stdout.readline())
        time.sleep(0.01)
        child.send_signal(signal.SIGKILL)
        child.communicate()
        killed += child.returncode == -signal.SIGKILL
    assert killed == 3
    assert 0 < done < 300
    with library(home, "new") as client:
        report = client.import_(home / "moved")
        assert 0 < report.documents < 300, "what was complete is not written again"
        assert report.documents + report.unchanged == 300
        assert_equal(answers(client), expected)
        assert client.index(home / "files").unchanged == 300
