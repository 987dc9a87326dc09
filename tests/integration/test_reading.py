"""Readers in processes of their own: what a bad one does to its process fails its document alone."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image

from mmsearch.client import Client
from mmsearch.errors import ConfigError, JobError
from mmsearch.reading import Limits, Order, Outcome, ProcessPool, Read
from mmsearch.reading.pool import LOOK_AHEAD, READY_BYTES
from mmsearch.reports import Report
from mmsearch.settings import Part, Settings
from mmsearch.sources import Copies
from mmsearch.types import Document

pytestmark = pytest.mark.slow

OFF = {"part": ""}
MIB = 1 << 20
TIMEOUT_S = 2.0
LIMITS = Limits(TIMEOUT_S, 600 * MIB)
FACTORY = "mmsearch.parts:readers_of"
SETTINGS = Settings.model_validate(
    {"spaces": {"text": OFF}, "recognizer": OFF, "ocr": OFF, "readers": [{"part": "bad_readers:BadReader"}]}
)


def _copies(folder: Path) -> Copies:
    return Copies(folder / "fetched", 64 * MIB, 20.0)


def make_files(folder: Path, says: dict[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in says.items():
        (folder / name).write_text(text)
    return folder


def index(folder: Path, **limits: Any) -> Report:
    """Index by the command line's own way, with the bad reader beside ours, two workers and narrow limits."""
    narrow = {"workers": 2, "read_timeout_s": TIMEOUT_S, "worker_memory_bytes": LIMITS.memory_bytes, **limits}
    with Client(
        folder.parent / "library",
        spaces={"text": {"part": "hashing:HashingEncoder"}, "image": OFF, "table": OFF, "sound": OFF},
        recognizer=OFF,
        ocr=OFF,
        readers=[{"part": "bad_readers:BadReader"}],
        indexing=narrow,
    ) as client:
        report = client.index(folder)
        assert not (folder.parent / "library" / "reading").exists()
    return report


def test_each_bad_reader_fails_its_document_alone_and_says_how(tmp_path: Path) -> None:
    good = {f"note-{n:02}.txt": f"Note {n} of the harbour." for n in range(20)}
    bad = {
        "abort.bad": "abort",
        "allocate.bad": "allocate 1500",
        "fault.bad": "fault",
        "hold.bad": "hold",
        "leave.bad": "leave",
        "sleep.bad": "sleep 60",
        "trip.bad": "trip",
    }
    folder = make_files(tmp_path / "files", good | bad | {"fine.bad": "fine", "slow.bad": f"slow {3 * TIMEOUT_S}"})
    report = index(folder)
    assert (report.found, report.indexed) == (29, 22)
    assert [(Path(failure.uri).name, failure.code) for failure in report.failed] == [
        ("abort.bad", "reader_failed"),
        ("allocate.bad", "reader_out_of_memory"),
        ("fault.bad", "reader_failed"),
        ("hold.bad", "reader_timed_out"),
        ("leave.bad", "reader_failed"),
        ("sleep.bad", "reader_timed_out"),
        ("trip.bad", "reader_failed"),
    ]
    said = {Path(failure.uri).name: failure.reason for failure in report.failed}
    assert all(name in reason for name, reason in said.items())
    assert "SIGABRT), in abort, bad_readers.py:" in said["abort.bad"]
    assert "SIGSEGV" in said["fault.bad"]
    assert "exit code 7" in said["leave.bad"]
    assert "LookupError: no such table" in said["trip.bad"]
    assert "no sign of life for 2 s (indexing.read_timeout_s), in sleep, bad_readers.py:" in said["sleep.bad"]
    assert "indexing.worker_memory_bytes is 629,145,600" in said["allocate.bad"]
    again = index(make_files(folder, dict.fromkeys(bad, "fine")))
    assert (again.indexed, again.unchanged, again.failed) == (7, 22, ())


def test_a_document_that_breaks_its_reader_stays_as_it_was(tmp_path: Path) -> None:
    folder = make_files(tmp_path / "files", {"tide.bad": "fine 0 tide"})
    index(folder)
    make_files(folder, {"tide.bad": "abort 0 tide"})
    assert [failure.code for failure in index(folder).failed] == ["reader_failed"]
    with Client(folder.parent / "library", spaces=dict.fromkeys(("text", "image", "table", "sound"), OFF)) as client:
        [result] = client.search("tide").results
    assert result.segment.text.startswith("fine 0 tide")


def test_truncated_files_are_bad_documents_in_workers_too(tmp_path: Path) -> None:
    folder = make_files(tmp_path / "files", {"note.txt": "A note."})
    buffer = BytesIO()
    Image.effect_noise((300, 300), 90).convert("RGB").save(buffer, "JPEG")
    (folder / "half.jpg").write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])
    (folder / "whole.jpg").write_bytes(buffer.getvalue())
    report = index(folder)
    assert [(Path(failure.uri).name, failure.code) for failure in report.failed] == [("half.jpg", "corrupt_media")]
    assert report.indexed == 2


def test_what_readers_print_and_ask_reaches_nobody(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    report = index(make_files(tmp_path / "files", {"loud.bad": "chatter"}))
    assert (report.indexed, report.failed) == (1, ())
    assert "chatter" not in "".join(capfd.readouterr())


def test_workers_and_this_process_make_the_same_library(tmp_path: Path) -> None:
    says = {f"note-{n}.md": f"# Note {n}\n\nThe tide of day {n}.\n" for n in range(30)} | {"bad.md": ""}
    found = []
    for workers in (0, 2):
        place = tmp_path / str(workers)
        place.mkdir()
        folder = make_files(tmp_path / "files", says)
        library = place / "library"
        spaces = {"text": {"part": "hashing:HashingEncoder"}, "image": OFF, "table": OFF, "sound": OFF}
        with Client(library, spaces=spaces, recognizer=OFF, ocr=OFF, indexing={"workers": workers}) as client:
            report = client.index(folder)
            store, spaces_held = client.app.store, client.app.searcher.spaces
            held = sorted(
                (e.id, e.content, e.segments, e.modality, dict(e.spaces)) for e in client.app.manifest.entries()
            )
            counts = {name: store.count(space.collection) for name, space in spaces_held.items()}
            top = [result.segment.id for result in client.search("tide of day 17", top_k=5).results]
        found.append((report.indexed, report.failed, held, counts, top))
    assert found[0] == found[1]
    assert found[0][0] == 30


def test_readers_that_cannot_be_made_end_the_run_with_the_reason(tmp_path: Path) -> None:
    order = _order(tmp_path, 0, "fine")
    absent = SETTINGS.model_copy(update={"readers": (Part(part="nowhere:Reader"),)})
    with pytest.raises(ConfigError, match='"nowhere:Reader" needs the module nowhere'):
        _outcomes(ProcessPool(FACTORY, (absent,), tmp_path, 1, LIMITS, _copies(tmp_path)), [order])
    with pytest.raises(JobError, match=r"TypeError(.|\n)*set indexing.workers to 0"):
        _outcomes(ProcessPool("bad_readers:kept", (), tmp_path, 1, LIMITS, _copies(tmp_path)), [order])


def _order(folder: Path, number: int, text: str) -> Order:
    file = folder / f"{number}.bad"
    file.write_text(text)
    return Order(number, Document(file.as_posix(), file))


def _outcomes(pool: ProcessPool, orders: list[Order]) -> dict[int, Outcome]:
    """All outcomes by the orders' numbers; the pool is closed."""
    found: dict[int, Outcome] = {}
    try:
        for order in orders:
            pool.submit(order)
        deadline = time.monotonic() + 120
        while len(found) < len(orders) and time.monotonic() < deadline:
            if taken := pool.take(0.2):
                found[taken[0].number] = taken[1]
    finally:
        pool.close()
    return found


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[ProcessPool]:
    pool = ProcessPool(FACTORY, (SETTINGS,), tmp_path, 1, LIMITS, _copies(tmp_path))
    yield pool
    pool.close()


def _text(outcome: Outcome) -> str:
    assert isinstance(outcome, Read), outcome
    return next(outcome.spooled.segments()).text


def test_what_a_reader_left_behind_is_no_fault_of_the_next_document(tmp_path: Path, pool: ProcessPool) -> None:
    """Two documents that leave 300 MiB each: the second does not fit beside the first, and does in a fresh process."""
    found = _outcomes(pool, [_order(tmp_path, n, "leak 300") for n in range(2)])
    first, second = (_text(found[n]).rpartition(" ")[2] for n in range(2))
    assert first != second


def test_a_huge_document_goes_through_a_file_that_is_removed(tmp_path: Path, pool: ProcessPool) -> None:
    found = _outcomes(pool, [_order(tmp_path, 0, "many 5000")])[0]
    assert isinstance(found, Read)
    assert found.spooled.content == b""
    assert found.spooled.size_bytes > 5_000_000
    assert sum(1 for _ in found.spooled.segments()) == 5_000
    found.spooled.discard()
    assert not list(tmp_path.glob("*.segments"))


def test_nobody_reads_further_ahead_than_there_is_room_for(tmp_path: Path, pool: ProcessPool) -> None:
    """Each document is more than a third of the room: three fill it, and the others wait until one is taken."""
    for number in range(6):
        pool.submit(_order(tmp_path, number, f"many {READY_BYTES // 3 // 1000}"))
    deadline = time.monotonic() + 60
    while not pool.full and time.monotonic() < deadline:
        time.sleep(0.05)
    assert pool.full
    time.sleep(1.0)
    waiting = len(pool._done)
    assert waiting <= 4
    assert len(list(tmp_path.glob("*.segments"))) == waiting
    for _ in range(6):
        taken = pool.take(60)
        assert taken is not None
        assert isinstance(taken[1], Read)
        taken[1].spooled.discard()
    assert not pool.full


def test_orders_given_ahead_are_bounded(tmp_path: Path, pool: ProcessPool) -> None:
    order = _order(tmp_path, 0, "fine")
    for _ in range(LOOK_AHEAD):
        assert not pool.full
        pool.submit(order)
    assert pool.full


def test_files_for_one_process_alone_are_read_by_the_same(tmp_path: Path) -> None:
    alone = ProcessPool(FACTORY, (SETTINGS,), tmp_path, 3, LIMITS, _copies(tmp_path), frozenset({".bad"}))
    text = [_text(outcome) for outcome in _outcomes(alone, [_order(tmp_path, n, "fine") for n in range(12)]).values()]
    assert len({said.rpartition(" ")[2] for said in text}) == 1


PARENT = """
import sys, time
from pathlib import Path
from mmsearch.reading import Limits, Order, ProcessPool
from mmsearch.settings import Part, Settings
from mmsearch.sources import Copies
from mmsearch.types import Document
folder = Path(sys.argv[1])
settings = Settings.model_validate_json(sys.argv[2])
copies = Copies(folder, 1 << 20, 20.0)
pool = ProcessPool("mmsearch.parts:readers_of", (settings,), folder, 2, Limits(4.0, 1 << 30), copies)
for number, text in enumerate(("sleep 60", "hold")):
    file = folder / f"{number}.bad"
    file.write_text(text)
    pool.submit(Order(number, Document(file.as_posix(), file)))
print("submitted", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is POSIX's")
@pytest.mark.parametrize("killed", [True, False], ids=["killed", "ended with the pool open"])
def test_no_worker_outlives_its_parent_even_when_it_hangs_in_foreign_code(tmp_path: Path, killed: bool) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path), SETTINGS.model_dump_json()]
    path = os.pathsep.join(sys.path)
    environment, pipe = {**os.environ, "PYTHONPATH": path}, subprocess.PIPE
    parent = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)
    assert parent.stdout
    assert parent.stdout.readline() == "submitted\n"
    deadline = time.monotonic() + 60
    workers: list[psutil.Process] = []
    while len(workers) < 2 and time.monotonic() < deadline:
        workers = psutil.Process(parent.pid).children()
        time.sleep(0.1)
    time.sleep(2.0)
    if killed:
        parent.kill()
    parent.communicate(timeout=60)
    _, left = psutil.wait_procs(workers, timeout=60)
    assert len(workers) == 2
    assert not left


def test_a_plain_script_that_indexes_is_not_run_again_by_its_workers(tmp_path: Path) -> None:
    make_files(tmp_path / "files", {"a.txt": "A note."})
    script = tmp_path / "script.py"
    script.write_text(
        "from mmsearch import Client\n"
        "print('once')\n"
        "off = {'part': ''}\n"
        "with Client('library', spaces=dict.fromkeys(('text', 'image', 'table'), off), recognizer=off, ocr=off) as c:\n"
        "    print(c.index('files').indexed)\n"
    )
    path = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, script.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        timeout=120,
        check=False,
    )
    assert done.stdout.split() == ["once", "1"], done.stderr
