"""Jobs are remembered, seen and cancelled by any process, and a killed one does not look alive."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from mmsearch import jobs as jobs_module
from mmsearch.errors import InputError, JobError, NotFound, StoreError
from mmsearch.jobs import JOBS_FILE, Job, Jobs, RunningJob, asked_for
from mmsearch.reports import Failure, Report
from mmsearch.types import Root

ROOT = Root("/photos", include=("*.jpg",))
ASKED = asked_for([ROOT], verify=True)
BAD = Failure("/photos/bad.jpg", "corrupt_media", "it does not decode")
REPORT = Report(3, 2, 0, 0, 2, 1.5, (BAD,), {"no_reader": {".mp4": 1}}, {})


@contextmanager
def _running(jobs: Jobs) -> Iterator[RunningJob]:
    """A new job, for as long as the block runs."""
    job = jobs.begin(ASKED)
    job.start()
    with jobs.ending(job):
        yield job


@pytest.fixture(autouse=True)
def look_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_module, "LOOK_S", 0.0)


def test_a_job_that_ends_by_itself_is_done_and_keeps_its_report(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)
    with _running(jobs) as running:
        assert running.step({"done": 1, "total": 3})
        seen = jobs.get(running.id)
        assert (seen.state, seen.progress, seen.ended) == ("running", {"done": 1, "total": 3}, "")
        running.report = REPORT
    job = Jobs(tmp_path).get(running.id)
    assert (job.state, job.roots, job.how, job.failed) == (
        "done",
        (ROOT,),
        {"verify": True, "prune": False, "engine": "local"},
        (BAD,),
    )
    assert job.started <= job.ended
    assert not list((tmp_path / "jobs").iterdir()), "no lock stays behind"


def test_the_last_step_is_kept_however_soon_it_came(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_module, "LOOK_S", 60.0)
    jobs = Jobs(tmp_path)
    with _running(jobs) as running:
        running.step({"done": 1})
        running.step({"done": 2})
        assert jobs.get("last").progress == {"done": 1}
        running.report = replace(REPORT, stopped=True)
    assert (jobs.get("last").progress, jobs.get("last").state) == ({"done": 2}, "interrupted")


def test_failed_documents_are_tried_again_where_they_lie() -> None:
    uris = (
        "/notes/list #1.md",
        "/sets/sea/corpus.jsonl#7",
        "/sets/sea/corpus.jsonl#8",
        "/photos/bad.jpg",
        "s3://town/a #1.txt",
        "s3://town/deep/",
        "s3://town/list.mmsearch.jsonl#a",
        "https://host/list.jsonl#b",
        "https://host/list.jsonl",
        "/rows#5",
    )
    bucket, rows = Root("s3://town", exclude=("*.md",)), Root("/rows", "dataset", columns=("text=body",))
    listed = Root("https://host/list.jsonl", "manifest")
    asked = json.loads(json.dumps(asked_for([ROOT, bucket, rows, listed])))
    failed = [asdict(Failure(uri, "corrupt_media", "no")) for uri in uris]
    job = Job("1", "done", "2026-01-01", asked, report={"failed": failed})
    assert job.failed_places == (
        "/notes/list #1.md",
        "/sets/sea",
        "/photos/bad.jpg",
        "s3://town/a #1.txt",
        bucket,
        "s3://town/list.mmsearch.jsonl",
        listed,
        rows,
    )


def test_records_that_a_program_gave_cannot_be_asked_for_again() -> None:
    asked = asked_for([ROOT, Root("records:buoys", "records")])
    with pytest.raises(InputError, match=r"records:buoys.*run that program again"):
        Job("1", "interrupted", "2026-01-01", asked).repeatable()
    assert Job("1", "interrupted", "2026-01-01", ASKED).repeatable().roots == (ROOT,)


def test_errors_and_interrupts_say_how_a_job_ended(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)
    with pytest.raises(StoreError), _running(jobs):
        raise StoreError("the store is gone")
    with pytest.raises(KeyboardInterrupt), _running(jobs):
        raise KeyboardInterrupt
    interrupted, failed = jobs.all()
    assert (failed.state, failed.error) == ("failed", "StoreError: the store is gone")
    assert (interrupted.state, interrupted.error) == ("interrupted", "")


def test_a_cancelled_job_is_told_at_its_next_step(tmp_path: Path) -> None:
    jobs, other = Jobs(tmp_path), Jobs(tmp_path)
    with _running(jobs) as running:
        assert running.step({"done": 1})
        other.cancel(running.id)
        assert not running.step({"done": 2})
        running.report = REPORT
    assert (jobs.get("last").state, jobs.get("last").progress) == ("cancelled", {"done": 2})
    with pytest.raises(JobError, match="is not running, it is cancelled"):
        jobs.cancel(running.id)


def test_a_job_that_ends_between_two_looks_is_not_taken_for_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row was read while it ran, and its lock is looked at when it is free."""
    jobs = Jobs(tmp_path)
    job, lives = jobs.begin(ASKED), Jobs._lives
    job.start()

    def ended_meanwhile(of: Jobs, id: str) -> bool:
        with jobs.ending(job):
            job.report = REPORT
        return lives(of, id)

    monkeypatch.setattr(Jobs, "_lives", ended_meanwhile)
    found = jobs.get(job.id)
    assert (found.state, found.report["indexed"]) == ("done", 2)


def test_a_job_whose_process_was_killed_is_interrupted(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from mmsearch.jobs import Jobs\n"
        "job = Jobs(Path(sys.argv[1])).begin({'paths': []}); job.start(); print(job.id, flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        id = process.stdout.readline().strip()
        assert Jobs(tmp_path).get(id).state == "running"
        os.kill(process.pid, signal.SIGKILL)
    assert Jobs(tmp_path).get(id).state == "interrupted"


def test_jobs_are_named_by_the_beginning_of_their_id_or_as_the_last(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)
    ids = []
    for _ in range(20):
        with _running(jobs) as running:
            ids.append(running.id)
        time.sleep(0.002)
    assert [job.id for job in jobs.all()] == ids[::-1]
    assert jobs.get("last").id == ids[-1]
    assert jobs.get(ids[3]).id == ids[3]
    with pytest.raises(NotFound, match='no job is called "xyz"'):
        jobs.get("xyz")
    with pytest.raises(InputError, match="begins the ids of 20 jobs"):
        jobs.get("")


def test_only_so_many_jobs_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_module, "KEPT_JOBS", 2)
    jobs = Jobs(tmp_path)
    for _ in range(4):
        with _running(jobs):
            time.sleep(0.002)
    assert len(jobs.all()) == 2
    assert all(isinstance(job, Job) for job in jobs.all())


def test_a_file_that_is_no_database_is_said_so(tmp_path: Path) -> None:
    (tmp_path / JOBS_FILE).write_text("not a database, but long enough to be taken for a file with a header" * 10)
    with pytest.raises(StoreError, match="jobs cannot be read"):
        Jobs(tmp_path)


def test_a_clock_that_is_set_back_loses_no_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_module, "KEPT_JOBS", 2)
    jobs, begun = Jobs(tmp_path), []
    for year in (2030, 2031, 1999):
        monkeypatch.setattr(jobs_module, "_now", lambda now=f"{year}-01-01T00:00:00.000+00:00": now)
        with _running(jobs) as running:
            begun.append(running.id)
    assert [job.id for job in jobs.all()] == [begun[2], begun[1]]
    assert jobs.get("last").id == begun[2]
    assert jobs.get("last").state == "done"
