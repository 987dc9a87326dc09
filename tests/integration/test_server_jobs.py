"""Jobs over HTTP: submitted, followed, cancelled."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import TypeAdapter
from served_town import error_of, events_of, finished, ids_of
from serving import PASSAGES, closed, eventually

from mmsearch import jobs
from mmsearch.client import Client
from mmsearch.jobs import Job

pytest_plugins = ["served_town"]
pytestmark = pytest.mark.slow


def test_paths_are_indexed_followed_and_searched_meanwhile(owner: TestClient, tmp_path: Path) -> None:
    """The gate holds the indexing: searches go on, and what would change the library waits or says so."""
    for number in range(8):
        (tmp_path / "files" / f"{number}.txt").write_text(f"Otter number{number}.")
    with closed(PASSAGES):
        submitted = owner.post("/v1/jobs", json={"roots": [{"place": str(tmp_path / "files")}]})
        place = submitted.headers["location"]
        running = eventually(lambda: (job := owner.get(place).json())["state"] == "running" and job)
        assert (running["report"], running["ended"]) == ({}, "")
        assert running["asked"]["roots"][0]["place"] == str(tmp_path / "files")
        assert owner.get("/v1/jobs/last").json()["id"] == running["id"]
        assert owner.get("/v1/search", params={"q": "otter"}).status_code == 200
        assert error_of(owner.delete("/v1/documents/" + "0" * 32)) == (409, "library_locked")
    *_, (name, told) = events_of(owner.get(f"{place}/events").text)
    assert (name, told["state"], told["progress"]["done"]) == ("over", "done", 8)
    assert told == owner.get(place).json()
    assert told["report"]["indexed"] == 8
    assert len(ids_of(owner.get("/v1/search", params={"q": "otter", "top_k": 20}))) == 8


def test_a_job_is_as_the_document_of_the_routes_says(owner: TestClient, shelf: Client, tmp_path: Path) -> None:
    (tmp_path / "files" / "broken.png").write_bytes(b"no picture")
    done = finished(owner, owner.post("/v1/jobs", json={"roots": [{"place": str(tmp_path / "files")}]}))
    read = TypeAdapter(Job).validate_python(done)
    assert [failure.code for failure in read.failed] == ["corrupt_media"]
    assert (read.progress["done"], read.progress["total"]) == (1, 1)
    assert shelf.app.jobs.get(read.id) == read


def test_events_tell_every_stage_that_is_seen(owner: TestClient, tmp_path: Path) -> None:
    (tmp_path / "files" / "a.txt").write_text("Otter.")
    with closed(PASSAGES):
        place = owner.post("/v1/jobs", json={"roots": [{"place": str(tmp_path / "files")}]}).headers["location"]
        eventually(lambda: owner.get(place).json()["state"] == "running")
        with ThreadPoolExecutor() as pool:
            following = pool.submit(owner.get, f"{place}/events")
            threading.Timer(2.5, PASSAGES.set).start()
            events = events_of(following.result(60).text)
    assert [(name, job["state"]) for name, job in events][:2] == [("job", "running")] * 2, (
        "nothing changes, and it says so"
    )
    assert (events[-1][0], events[-1][1]["state"]) == ("over", "done")
    assert events[-1][1]["progress"]["uri"].endswith("a.txt")


def test_a_job_is_cancelled_between_documents_and_the_next_goes_on(
    owner: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "LOOK_S", 0.0)
    for number in range(6):
        (tmp_path / "files" / f"{number}.txt").write_text(f"Otter number{number}.")
    with closed(PASSAGES):
        place = owner.post("/v1/jobs", json={"roots": [{"place": str(tmp_path / "files")}]}).headers["location"]
        second = owner.post("/v1/jobs", json={"roots": [{"place": str(tmp_path / "files")}]}).headers["location"]
        eventually(lambda: owner.get(place).json()["state"] == "running")
        assert owner.delete(second).json()["state"] == "waiting"
        owner.delete(place)
    eventually(lambda: owner.get(place).json()["state"] == owner.get(second).json()["state"] == "cancelled")
    assert error_of(owner.delete(place)) == (409, "job_over")
    assert owner.get("/v1/documents").json()["total"] < 6
    again = finished(owner, owner.post("/v1/jobs", json={"roots": [{"place": str(tmp_path / "files")}]}))
    assert again["report"]["indexed"] + again["report"]["unchanged"] == 6
    assert owner.get("/v1/documents").json()["total"] == 6
    assert [job["state"] for job in owner.get("/v1/jobs").json()["jobs"]] == ["done", "cancelled", "cancelled", "done"]


def test_a_job_that_fails_says_why(owner: TestClient, tmp_path: Path) -> None:
    job = finished(owner, owner.post("/v1/jobs", json={"roots": [{"place": str(tmp_path / "nowhere")}]}))
    assert job["state"] == "failed"
    assert job["error"].startswith("NotFound: ")
    assert "nowhere" in job["error"]
