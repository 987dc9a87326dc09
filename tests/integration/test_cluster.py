"""The engine "ray" on a Ray of two workers on this machine: what it makes is what the local engine makes."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from media import photo, write_pdf
from web import Page, serving

from mmsearch.client import Client
from mmsearch.cluster.connection import QUIET
from mmsearch.errors import ConfigError, InputError, JobError
from mmsearch.manifest import Entry
from mmsearch.reports import Report
from mmsearch.spaces import held_collections

pytestmark = [pytest.mark.slow, pytest.mark.ray, pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")]

OFF = {"part": ""}
WORKERS = 2


@pytest.fixture(scope="module")
def two_workers() -> Iterator[None]:
    """A Ray of two processors, shared by the tests: an indexing takes a Ray that its process is connected to."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**QUIET, "PYTHONPATH": os.pathsep.join(sys.path)}.items():
            patch.setenv(name, value)
        import ray

        quiet: Any = {"include_dashboard": False, "log_to_driver": False}
        ray.init(address="local", num_cpus=WORKERS, object_store_memory=1 << 28, **quiet)
    yield
    ray.shutdown()


def client_of(library: Path, encoder: dict[str, Any] | None = None, **indexing: Any) -> Client:
    return Client(
        library,
        spaces={
            "text": {"part": "worker_encoders:WorkerEncoder", **(encoder or {})},
            "image": OFF,
            "table": OFF,
            "sound": OFF,
        },
        recognizer=OFF,
        ocr=OFF,
        readers=[{"part": "bad_readers:BadReader"}],
        indexing={"shard_documents": 4, "workers": WORKERS, **indexing},
    )


def mixed(folder: Path) -> Path:
    """Documents of many kinds, some of them bad."""
    folder.mkdir()
    for number in range(24):
        (folder / f"note-{number:02}.md").write_text(
            f"# Note {number}\n\n" + f"The harbour at {number} o'clock.\n\n" * 40
        )
    (folder / "copy.md").write_bytes((folder / "note-03.md").read_bytes())
    rows = "\n".join(f"Kittiwake {number},{1900 + number}" for number in range(250))
    (folder / "boats.csv").write_text(f"boat,built\n{rows}\n")
    photo(640, 400).save(folder / "cliff.png")
    (folder / "cliff.txt").write_text("A red cottage on the cliff at sunset.")
    write_pdf(folder / "paper.pdf", ["The lighthouse keeper's paper.", "Its second page."])
    (folder / "broken.png").write_bytes((folder / "cliff.png").read_bytes()[:300])
    (folder / "empty.md").write_text("")
    for what in ("abort", "leave", "trip"):
        (folder / f"{what}.bad").write_text(what)
    return folder


def same(one: Client, other: Client) -> None:
    """Both libraries hold the same: entries, sketches, pictures, segments and their rows."""
    assert _entries(one) == _entries(other)
    assert _pictures(one) == _pictures(other)
    ids = [entry.id for entry in one.app.manifest.entries()]
    assert one.app.manifest.sketches(ids) == other.app.manifest.sketches(ids)
    ours, theirs = (held_collections(client.app.manifest, client.app.store) for client in (one, other))
    assert ours.keys() == theirs.keys() == {"words", "text"}
    for name in ours:
        rows = {segment.id: (segment, row) for segment, row in one.app.store.scan(ours[name], ids)}
        others = {segment.id: (segment, row) for segment, row in other.app.store.scan(theirs[name], ids)}
        assert rows.keys() == others.keys()
        assert len(rows) >= len(ids) > 0
        for id, (segment, row) in rows.items():
            assert segment == others[id][0]
            if isinstance(row, str):
                assert row == others[id][1]
            else:
                np.testing.assert_allclose(row, np.asarray(others[id][1]), atol=1e-4)


def _entries(client: Client) -> list[Entry]:
    return client.app.manifest.entries()


def _pictures(client: Client) -> dict[str, bytes]:
    folder = client.app.folder / "pictures"
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*.*")}


def counts(report: Report) -> tuple[int, ...]:
    return report.found, report.indexed, report.unchanged, report.removed, report.segments


@pytest.mark.usefixtures("two_workers")
def test_two_workers_make_the_library_that_the_local_engine_makes_and_keep_it_so(tmp_path: Path) -> None:
    files = mixed(tmp_path / "files")
    with client_of(tmp_path / "local") as local, client_of(tmp_path / "ray") as ray:
        here, there = local.index(files), ray.index(files, engine="ray")
        assert counts(here) == counts(there)
        assert (there.indexed, len(there.failed)) == (28, 5)
        assert there.failed == here.failed, "the same documents failed, with the same codes and reasons"
        same(local, ray)
        again = ray.index(files, engine="ray")
        assert (again.indexed, again.unchanged, again.segments) == (0, 28, 0)

        (files / "note-00.md").unlink()
        (files / "note-01.md").write_text("# Another note\n\nOf the ferry, and quite short.")
        (files / "note-02.md").rename(files / "moved.md")
        os.utime(files / "note-04.md", (1, 1))
        (files / "trip.bad").unlink()
        here, there = local.index(files), ray.index(files, engine="ray")
        assert counts(here) == counts(there)
        assert (there.indexed, there.removed) == (2, 2)
        same(local, ray)
        assert [job.asked["engine"] for job in ray.app.jobs.all()] == ["ray"] * 3
        assert ray.app.jobs.get("last").progress["done"] == there.found


@pytest.mark.usefixtures("two_workers")
def test_a_worker_that_is_killed_in_mid_run_changes_nothing(tmp_path: Path) -> None:
    files, seen = mixed(tmp_path / "files"), tmp_path / "seen"
    seen.mkdir()
    killed: list[int] = []

    def kill(_: object) -> None:
        """End a worker as soon as the first document is in the library."""
        if not killed:
            killed.append(max(int(file.name) for file in seen.iterdir()))
            os.kill(killed[0], signal.SIGKILL)

    with (
        client_of(tmp_path / "local") as local,
        client_of(tmp_path / "ray", {"seen": str(seen), "slow_s": 0.05}) as ray,
    ):
        here, there = local.index(files), ray.index(files, on_progress=kill, engine="ray")
        assert killed
        assert len(list(seen.iterdir())) > WORKERS, "another process took the place of the killed one"
        assert counts(here) == counts(there)
        assert there.failed == here.failed
        same(local, ray)


@pytest.mark.usefixtures("two_workers")
def test_a_document_that_kills_its_worker_fails_alone_and_is_named(tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    for number in range(12):
        (files / f"note-{number:02}.txt").write_text(f"Note {number} of the harbour.")
    (files / "note-05.txt").write_text("A deadly note.")
    with client_of(tmp_path / "ray") as client:
        report = client.index(files, engine="ray")
        assert (report.found, report.indexed) == (12, 11)
        assert [(Path(f.uri).name, f.code) for f in report.failed] == [("note-05.txt", "reader_failed")]
        assert "died 2 times" in report.failed[0].reason
        (files / "note-05.txt").write_text("A harmless note.")
        again = client.index(files, engine="ray")
        assert (again.indexed, again.unchanged, again.failed) == (1, 11, ())


@pytest.mark.usefixtures("two_workers")
def test_where_every_worker_dies_the_job_ends_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmsearch.cluster.engine.MOST_LOST_ALONE", 0)  # a single document is as many as a thousand
    (tmp_path / "note.txt").write_text("A deadly note.")
    with client_of(tmp_path / "ray") as client:
        with pytest.raises(JobError, match="every worker of Ray died"):
            client.index(tmp_path / "note.txt", engine="ray")
        assert client.app.jobs.get("last").state == "failed"
        assert client.app.manifest.entries() == []


@pytest.mark.usefixtures("two_workers")
def test_workers_with_another_model_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "note.txt").write_text("A note.")
    with client_of(tmp_path / "library") as client:
        client.app.encoders["text"].revision = "2"  # type: ignore[attr-defined]  # here, and not on the workers
        with pytest.raises(ConfigError, match='the space "text" is made by hashing 1 on the worker'):
            client.index(tmp_path / "note.txt", engine="ray")


@pytest.mark.usefixtures("two_workers")
def test_what_is_at_hand_is_kept_when_it_is_stopped(tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    for number in range(60):
        (files / f"note-{number:02}.txt").write_text(f"Note {number} of the harbour.")
    done: list[int] = []
    with client_of(tmp_path / "ray", {"slow_s": 0.1}, batch_segments=2) as client:
        report = client.index(
            files, on_progress=lambda step: done.append(step.done), stop=lambda: bool(done), engine="ray"
        )
        assert report.stopped
        assert 0 < report.indexed < 60
        assert report.indexed == len(client.app.manifest.entries())
        assert client.app.jobs.get("last").state == "interrupted"
    with client_of(tmp_path / "ray") as client:
        again = client.index(files, engine="ray")
        assert (again.indexed, again.unchanged) == (60 - report.indexed, report.indexed)


def test_an_engine_that_there_is_not_is_named(tmp_path: Path) -> None:
    with client_of(tmp_path / "library") as client, pytest.raises(InputError, match="there are local, ray"):
        client.index(tmp_path, engine="spark")  # type: ignore[arg-type]


SETTINGS = """
[spaces.text]
part = "worker_encoders:WorkerEncoder"
slow_s = 0.3
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
shard_documents = 4
batch_segments = 2
"""


def name_of(process: psutil.Process) -> str:
    """Empty for one that ended meanwhile."""
    with suppress(psutil.NoSuchProcess):
        return process.name()
    return ""


def test_the_command_starts_a_ray_of_its_own_says_nothing_of_it_and_ends_it(tmp_path: Path) -> None:
    """Ctrl-C to all processes of the terminal in mid-run: what came back is kept, and the next run does the rest."""
    (tmp_path / "mmsearch.toml").write_text(SETTINGS)
    (tmp_path / "files").mkdir()
    for number in range(60):
        (tmp_path / "files" / f"note-{number:02}.txt").write_text(f"Note {number} of the harbour.")
    process = command(tmp_path)
    deadline = time.monotonic() + 150
    while held(tmp_path) < 4 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    started = psutil.Process(process.pid).children(recursive=True)
    assert "raylet" in map(name_of, started)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    report = json.loads(out)
    assert report["stopped"]
    assert 4 <= report["indexed"] < 60
    assert err.strip() == "stopping: finishing the batch at hand (once more ends at once)"
    _, alive = psutil.wait_procs(started, timeout=20)
    assert not alive, "the Ray that was started is gone"

    again = command(tmp_path)
    out, err = again.communicate(timeout=200)
    assert (again.returncode, err) == (0, "")
    assert json.loads(out)["indexed"] == 60 - report["indexed"]
    show = [sys.executable, "-m", "mmsearch.cli", "jobs", "show"]
    shown = subprocess.run(show, cwd=tmp_path, env=environment(), text=True, capture_output=True)
    assert "by the engine ray" in shown.stdout


@pytest.mark.usefixtures("two_workers")
def test_a_cluster_that_runs_is_used_and_left(tmp_path: Path) -> None:
    import ray

    (tmp_path / "mmsearch.toml").write_text(SETTINGS.replace("slow_s = 0.3", ""))
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "note.txt").write_text("Note of the harbour.")
    process = command(tmp_path, RAY_ADDRESS=ray.get_runtime_context().gcs_address)
    out, err = process.communicate(timeout=200)
    assert (process.returncode, err, json.loads(out)["indexed"]) == (0, "", 1)
    assert ray.get(ray.put("there")) == "there"
    process = command(tmp_path, RAY_ADDRESS="127.0.0.1:1")
    (tmp_path / "files" / "note.txt").write_text("Another note of the harbour.")
    out, err = process.communicate(timeout=200)
    assert process.returncode == 1
    assert json.loads(out)["error"]["code"] == "job"
    assert "the Ray cluster at 127.0.0.1:1 does not answer" in err


@pytest.mark.usefixtures("two_workers")
def test_workers_fetch_what_lies_elsewhere(tmp_path: Path) -> None:
    with serving() as web, client_of(tmp_path / "local") as local, client_of(tmp_path / "ray") as ray:
        lines = []
        for number in range(12):
            web.pages[f"/{number}.txt"] = Page(
                f"Boat {number} lies in the harbour. {'Word ' * 100}".encode(), etag=f'"{number}"'
            )
            lines.append(json.dumps({"id": str(number), "url": f"{web.address}/{number}.txt"}))
        web.pages["/7.txt"].status = 404
        (tmp_path / "boats.jsonl").write_text("\n".join(lines) + "\n")
        here = local.index(tmp_path / "boats.jsonl", kind="manifest")
        there = ray.index(tmp_path / "boats.jsonl", kind="manifest", engine="ray")
        assert counts(here) == counts(there)
        assert (there.indexed, len(there.failed), there.failed) == (11, 1, here.failed)
        same(local, ray)


@pytest.mark.encoders
@pytest.mark.usefixtures("two_workers")
def test_the_usual_encoder_makes_the_same_vectors_on_workers(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    for number in range(16):
        (tmp_path / "files" / f"note-{number:02}.md").write_text(
            f"# Note {number}\n\n"
            + "\n\n".join(f"Boat {n} of {number} came in at {n} o'clock." for n in range(3 * number))
        )
    usual: Any = {
        "spaces": {"image": OFF, "table": OFF, "sound": OFF},
        "recognizer": OFF,
        "ocr": OFF,
        "indexing": {"shard_documents": 4},
    }
    with Client(tmp_path / "local", **usual) as local, Client(tmp_path / "ray", **usual) as ray:
        assert counts(local.index(tmp_path / "files")) == counts(ray.index(tmp_path / "files", engine="ray"))
        same(local, ray)


def command(home: Path, **variables: str) -> "subprocess.Popen[str]":
    """Index in a process group of its own, as a terminal runs it."""
    return subprocess.Popen(
        [sys.executable, "-m", "mmsearch.cli", "index", "files", "--json", "--engine", "ray"],
        cwd=home,
        env=environment() | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )


def environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key not in ("MMSEARCH_CONFIG", "RAY_ADDRESS")}
    return {**kept, "PYTHONPATH": os.pathsep.join(sys.path)}


def held(home: Path) -> int:
    """How many documents the library remembers as done."""
    file = home / "library" / "manifest.sqlite3"
    if not file.is_file():
        return 0
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as sql, suppress(sqlite3.OperationalError):
        return int(sql.execute("select count(*) from documents where done").fetchone()[0])
    return 0
