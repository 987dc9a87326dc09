"""A library on Milvus Lite goes from one real model to another and back, killed in the middle."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoints import save_sentence_encoder

from mmsearch.client import Client
from mmsearch.errors import SpaceMismatch

pytestmark = [pytest.mark.slow, pytest.mark.encoders, pytest.mark.timeout(900)]

OFF = {"part": ""}
DOCUMENTS, WINDOW = 120, 16
SETTINGS = f"""
[spaces.image]
part = ""
[spaces.table]
part = ""
[recognizer]
part = ""
[ocr]
part = ""
[indexing]
batch_segments = {WINDOW}
workers = 0
"""
SUBJECTS = ("harbour", "lamp", "storm", "ferry", "keeper", "whale", "museum")
QUERIES = ("who lit the lamp", "the ferry in the storm", "note 41")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Notes, settings that name no model, and a small model of one's own."""
    (tmp_path / "files").mkdir()
    for number in range(DOCUMENTS):
        one, other = SUBJECTS[number % 7], SUBJECTS[number % 5]
        text = f"Note {number}: the {one} was seen from the {other} on day {number % 31}.\n"
        (tmp_path / "files" / f"note-{number}.txt").write_text(text)
    (tmp_path / "mmsearch.toml").write_text(SETTINGS)
    save_sentence_encoder(tmp_path / "tiny")
    return tmp_path


def start(home: Path, *arguments: str) -> "subprocess.Popen[str]":
    environment = {key: value for key, value in os.environ.items() if key != "MMSEARCH_CONFIG"}
    return subprocess.Popen(
        [sys.executable, "-m", "mmsearch.cli", *arguments, "--json"],
        cwd=home,
        env={**environment, "OMP_NUM_THREADS": "2"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(home: Path, *arguments: str) -> Any:
    """What the command prints as JSON."""
    process = start(home, *arguments)
    out, errors = process.communicate(timeout=400)
    assert out.count("\n") == 1, out + errors
    return json.loads(out)


def library(home: Path, name: str = "library", model: str = "") -> Client:
    """The library in this process, with the same settings, or one by a model that is named."""
    text = {"text": {"part": "mmsearch_encoders.text:TextEncoder", "model": model}} if model else {}
    spaces = {"image": OFF, "table": OFF, "sound": OFF, **text}
    return Client(home / name, spaces=spaces, recognizer=OFF, ocr=OFF, indexing={"workers": 0})


def answers(client: Client) -> list[list[Any]]:
    """Ids and scores, equal to those of a query that another process encoded: numpy and torch round otherwise."""
    rankings = [client.search(query) for query in QUERIES]
    assert all(ranking.closed_spaces == {} for ranking in rankings)
    assert all({route.space for route in ranking.routes} == {"words", "text"} for ranking in rankings)
    return [[(r.segment.id, pytest.approx(r.score, abs=1e-4)) for r in ranking.results] for ranking in rankings]


def vectors(client: Client) -> dict[str, Any]:
    """Every vector of the text space that is searched."""
    opened = client.app.searcher.spaces["text"]
    ids = [entry.id for entry in client.app.manifest.entries()]
    return {segment.id: vector for segment, vector in client.app.store.scan(opened.collection, ids)}


def assert_as_made_by(home: Path, model: str) -> None:
    """The library is as one that was made of the files by the model from the start."""
    with library(home, f"by-{Path(model).name}-{time.monotonic_ns()}", model) as made:
        made.index(home / "files")
        expected, ranked = vectors(made), answers(made)
    with library(home) as client:
        found = vectors(client)
        assert found.keys() == expected.keys()
        for id, vector in expected.items():
            np.testing.assert_allclose(found[id], vector, atol=1e-4)
        assert answers(client) == ranked
        assert client.app.store.count(client.app.searcher.spaces["text"].collection) == len(expected)


def filled(home: Path) -> int:
    """How many documents the collection holds that is being filled."""
    sql = sqlite3.connect(f"file:{home / 'library' / 'manifest.sqlite3'}?mode=ro", uri=True)
    try:
        row = sql.execute("select json_extract(facts, '$.model') from spares where role = 'filling'").fetchone()
        if row is None:
            return 0
        [(active,)] = sql.execute("select count(distinct space) from holdings").fetchall()
        assert active <= 3
        query = "select min(held) from (select count(*) as held from holdings group by space)"
        return int(sql.execute(query).fetchone()[0]) if active == 3 else 0
    finally:
        sql.close()


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is POSIX's")
def test_killed_on_the_way_it_goes_on_and_the_way_back_is_open(home: Path) -> None:
    tiny = str(home / "tiny")
    with library(home) as client:
        assert client.index(home / "files").indexed == DOCUMENTS
        before = answers(client)
        expected = client.estimate_reembed("text", tiny)
        assert (expected.documents, expected.held, expected.closed) == (DOCUMENTS, 0, "")
        assert expected.seconds > 0

    process = start(home, "reembed", "text", "--model", "./tiny")
    deadline = time.monotonic() + 400
    while filled(home) < 2 * WINDOW:
        assert process.poll() is None, "ended before it was killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    there = filled(home)
    assert 2 * WINDOW <= there < DOCUMENTS

    with library(home) as client:
        [job, _] = client.app.jobs.all()
        assert (job.state, job.subject) == ("interrupted", f"text by {tiny}")
        assert client.app.searcher.spaces["text"].space.model.endswith("all-MiniLM-L6-v2")
        assert answers(client) == before
        (home / "files" / "note-7.txt").write_text("Note 7: the whale was seen by nobody.\n")
        (home / "files" / "note-8.txt").unlink()
        (home / "files" / "late.txt").write_text("A late note on the lamp of the museum.\n")
        report = client.index(home / "files")
        assert (report.indexed, report.removed, report.unchanged) == (2, 1, DOCUMENTS - 2)
    done = run(home, "jobs", "resume", job.id)
    assert done["after"] == "tiny"
    assert DOCUMENTS - there - 2 <= done["documents"] <= DOCUMENTS - there + 2, "what was remembered is not done again"
    assert_as_made_by(home, tiny)

    with library(home) as client:
        assert client.index(home / "files").unchanged == DOCUMENTS, "the settings name no model, the library does"
        [kept] = client.app.manifest.succession.spares("text")
        client.app.store.open(kept.collection, kept.space)
        with pytest.raises(SpaceMismatch):
            client.app.store.open(kept.collection, client.app.searcher.spaces["text"].space)
        (home / "files" / "later.txt").write_text("A later note on the ferry.\n")
        assert client.index(home / "files").indexed == 1
        back = client.roll_back("text")
        assert (back.documents, back.rows) == (1, 1), "the note that came since; the others were kept right"
    assert_as_made_by(home, "all-MiniLM-L6-v2")
    with library(home) as client:
        assert client.forget_previous("text") == DOCUMENTS + 1
        assert [job.state for job in client.app.jobs.all()][:2] == ["done", "done"]
