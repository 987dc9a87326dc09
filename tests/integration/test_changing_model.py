"""A space goes to another model through a running server, is stopped on the way, goes on, and comes back."""

import json
import os
import signal
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from places import Place
from serving import eventually

from mmsearch.client import Client
from mmsearch.jobs import LOOK_S, Job, Jobs

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")]

NOTES = 60
WAITING = """
[spaces.text]
part = "waiting_encoder:WaitingEncoder"
gate = "gate"
[spaces.sound]
part = ""
[spaces.image]
part = ""
[spaces.table]
part = ""
[indexing]
batch_segments = 4
workers = 0
"""


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Notes in words and in a space whose filling by another model waits in the middle while there is a gate."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    place = Place(tmp_path, WAITING)
    (tmp_path / "notes").mkdir()
    for number in range(NOTES):
        (tmp_path / "notes" / f"{number}.txt").write_text(f"Note number{number} of the harbour and the storm.")
    assert place.json("index", "notes")["indexed"] == NOTES
    return place


def _by_text(client: Client) -> list[tuple[str, float]]:
    found = client.search("a storm in the harbour, number7", spaces=["text"])
    assert found.closed_spaces == {}
    return [(hit.segment_id, round(hit.score, 5)) for result in found.results for hit in result.hits]


def _held(jobs: Jobs) -> Job:
    """The newest job, once it waits at the gate."""

    def held() -> Any:
        job = jobs.get("last")
        return job.state == "running" and job.progress.get("done") and job

    return eventually(held, 200)  # type: ignore[no-any-return]


def _let_go_when_cancelled(place: Place, jobs: Jobs) -> None:
    """Opens the gate for the batch at hand, after which the job looks whether it was cancelled."""
    eventually(lambda: jobs.is_cancelled(jobs.get("last").id), 200)
    time.sleep(LOOK_S)
    (place.folder / "gate").unlink()


@pytest.mark.timeout(900)
def test_a_space_goes_to_another_model_while_the_server_answers(notes: Place) -> None:
    gate, move = notes.folder / "gate", ("reembed", "text", "--model", "other")
    with notes.served() as (address, _), Client(address) as client, closing(Jobs(notes.home)) as jobs:
        before = _by_text(client)
        expected = notes.json(*move, "--dry-run")
        assert (expected["before"], expected["after"], expected["documents"]) == ("hashing", "other", NOTES)

        gate.touch()
        moving = notes.start(*move)
        job = _held(jobs)
        assert job.subject == "text by other"
        assert _by_text(client) == before, "by the old model, in the middle of it"
        moving.send_signal(signal.SIGINT)
        _let_go_when_cancelled(notes, jobs)
        _, said = moving.communicate(timeout=100)
        assert moving.returncode == 130, said
        assert "stopped; text is still by hashing; " in said
        assert jobs.get(job.id).state == "cancelled"

        gate.touch()
        moving = notes.start("jobs", "resume", job.id, "--json")
        eventually(lambda: jobs.get("last").id != job.id, 200)
        _held(jobs)
        assert "stops after the batch at hand" in notes.run("jobs", "cancel")[1]
        _let_go_when_cancelled(notes, jobs)
        half = json.loads(moving.communicate(timeout=100)[0])
        assert (half["stopped"], half["before"], moving.returncode) == (True, "hashing", 130)
        assert _by_text(client) == before

        done = notes.json("jobs", "resume")
        assert (done["after"], done["previous"], done["stopped"]) == ("other", "hashing", False)
        assert 0 < half["documents"] < NOTES
        assert 0 < done["documents"] < NOTES - half["documents"], "what was filled before is not done again"
        after = _by_text(client)
        assert after
        assert after != before
        assert client.index(notes.folder / "notes").unchanged == NOTES

        back = notes.json("reembed", "text", "--rollback")
        assert (back["after"], back["documents"], back["previous"]) == ("hashing", 0, "other")
        assert _by_text(client) == before
        assert [job.state for job in client.jobs()] == ["done", "done", "done", "cancelled", "cancelled", "done"]
    assert notes.json("reembed", "text", "--rollback")["after"] == "other", "without the server too"


@pytest.mark.timeout(900)
def test_what_cannot_be_is_said_the_same_through_a_server(notes: Place) -> None:
    wrong = [
        ("not_found", ("reembed", "smell", "--model", "other")),
        ("input", ("reembed", "words")),
        ("input", ("reembed", "text", "--model", "other", "--pretrained", "weights")),
        ("model_unavailable", ("reembed", "text", "--model", "absent")),
        ("not_found", ("reembed", "text", "--rollback")),
        ("not_found", ("reembed", "text", "--forget-previous")),
    ]
    alone = [notes.json(*command)["error"] for _, command in wrong]
    assert [error["code"] for error in alone] == [code for code, _ in wrong]
    with notes.served():
        assert [notes.json(*command)["error"] for _, command in wrong] == alone
        with closing(Jobs(notes.home)) as jobs:
            assert [job.space for job in jobs.all()] == [""], "none was begun"
