"""What happens around a Milvus store: opening, locking, killing, closing, and servers that do not answer."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from milvus_servers import free_port, lite_over_tcp
from store_contract import DENSE, WORDS, segment

from mmsearch.errors import ConfigError, LibraryLocked, SpaceMismatch, StoreError, StoreUnavailable
from mmsearch.filters import parse
from mmsearch.stores.lite import HAND_OVER_S
from mmsearch.stores.milvus import MilvusStore
from mmsearch.stores.milvus_connection import MISCOUNTED, steadily
from mmsearch.types import Segment, Span

WRITER = """
import sys
import numpy as np
from mmsearch.stores.milvus import MilvusStore
from store_contract import DENSE, WORDS, segment
store = MilvusStore(sys.argv[1])
store.open("words", WORDS)
store.open("text", DENSE)
for number in range(100_000):
    store.upsert("text", [segment(number)], np.ones((1, 4), np.float32))
    store.upsert("words", [segment(number)], [f"sea w{number}"])
    print(number, flush=True)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "library.db"


def children(pid: int) -> list[int]:
    task = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in task.read_text().split()] if task.exists() else []


def is_running(pid: int) -> bool:
    """Neither gone nor a zombie that nobody has asked after."""
    command = Path(f"/proc/{pid}/cmdline")
    return command.exists() and command.read_bytes() != b""


def start_writer(file: Path) -> subprocess.Popen[str]:
    path = os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )


@pytest.fixture
def writer(file: Path) -> Iterator[subprocess.Popen[str]]:
    child = start_writer(file)
    yield child
    child.kill()
    child.communicate()


def test_acknowledged_rows_survive_kill_9(file: Path, writer: subprocess.Popen[str]) -> None:
    assert writer.stdout is not None
    acknowledged = [int(writer.stdout.readline()) for _ in range(40)]
    lite = children(writer.pid)
    writer.send_signal(signal.SIGKILL)
    rest, errors = writer.communicate()
    acknowledged += map(int, rest.split())
    store = MilvusStore(str(file))
    store.open("words", WORDS)
    store.open("text", DENSE)
    ids = [f"s{number}" for number in acknowledged]
    assert set(store.segments("words", ids)) == set(store.vectors("text", ids)) == set(ids)
    assert store.count("words") <= store.count("text") <= len(ids) + 1
    [hit] = store.search("words", f"w{acknowledged[-1]}", 1)
    assert hit.segment_id == ids[-1]
    store.close()
    assert errors == ""
    assert not any(map(is_running, lite)), "the killed process left its Milvus Lite behind"


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks into /proc, which this system does not have")
def test_a_child_that_does_not_notice_is_ended_before_the_file_is_opened(
    file: Path, writer: subprocess.Popen[str]
) -> None:
    assert writer.stdout is not None
    acknowledged = writer.stdout.readline()
    [lite] = children(writer.pid)
    os.kill(lite, signal.SIGSTOP)
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    assert is_running(lite)
    store = MilvusStore(str(file))
    deadline = time.monotonic() + 10  # what was killed is gone a moment later
    while is_running(lite) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_running(lite)
    store.open("words", WORDS)
    assert f"s{int(acknowledged)}" in store.segments("words", [f"s{int(acknowledged)}"])
    store.close()


def test_a_file_in_use_by_another_process_is_locked(file: Path, writer: subprocess.Popen[str]) -> None:
    assert writer.stdout is not None
    assert writer.stdout.readline()
    started = time.monotonic()
    with pytest.raises(LibraryLocked, match=f"{file} is held by another process"):
        MilvusStore(str(file))
    assert time.monotonic() - started < HAND_OVER_S + 10


def test_a_file_in_use_by_this_process_is_locked(file: Path) -> None:
    store = MilvusStore(str(file))
    with pytest.raises(LibraryLocked, match="already open in this process"):
        MilvusStore(str(file))
    store.close()
    MilvusStore(str(file)).close()


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks into /proc, which this system does not have")
def test_closing_ends_the_child_and_leaves_nothing(file: Path) -> None:
    before, threads = set(children(os.getpid())), set(threading.enumerate())
    store = MilvusStore(str(file))
    assert len(set(children(os.getpid())) - before) == 1
    store.close()
    store.close()
    assert set(children(os.getpid())) <= before
    assert not [thread for thread in set(threading.enumerate()) - threads if not thread.daemon]
    assert {path.name for path in file.parent.iterdir()} <= {"library.db", ".library.db.lock"}


def test_everything_is_there_after_reopening(file: Path) -> None:
    texts = [f"sea w{number} w{number % 7}" for number in range(300)]
    rows = [segment(number, f"d{number}") for number in range(300)]
    answers = []
    for first in (True, False):
        store = MilvusStore(str(file))
        store.open("words", WORDS)
        if first:
            store.upsert("words", rows, texts)
            store.prune("words", "d0")
        answers.append([store.search("words", "sea w3 w299", 20), store.count("words"), store.sample("words", 5)])
        store.close()
    assert answers[0] == answers[1]


def test_a_space_of_another_model_is_refused_after_reopening(file: Path) -> None:
    store = MilvusStore(str(file))
    store.open("words", WORDS)
    store.close()
    store = MilvusStore(str(file))
    with pytest.raises(SpaceMismatch):
        store.open("words", DENSE)
    store.close()


def test_a_collection_that_was_stopped_while_it_was_made_is_finished(file: Path) -> None:
    from pymilvus import DataType, MilvusClient

    from mmsearch.stores.milvus_schema import schema

    with lite_over_tcp(file) as uri:
        client: Any = MilvusClient(uri)
        client.create_collection("words", schema=schema(WORDS))
        earlier = MilvusClient.create_schema(description=schema(DENSE).description)
        earlier.add_field("id", DataType.VARCHAR, is_primary=True, max_length=64)
        earlier.add_field("vector", DataType.FLOAT_VECTOR, dim=DENSE.dim)
        client.create_collection("earlier", schema=earlier)
        client.create_collection("foreign", dimension=4)
        client.close()
        store = MilvusStore(uri)
        store.open("words", WORDS)
        store.upsert("words", [segment(1)], ["sea"])
        assert [hit.segment_id for hit in store.search("words", "sea", 5)] == ["s1"]
        with pytest.raises(SpaceMismatch, match="was not made by mmsearch"):
            store.open("foreign", DENSE)
        with pytest.raises(SpaceMismatch, match="by an earlier mmsearch"):
            store.open("earlier", DENSE)
        store.close()


@pytest.mark.parametrize("listens", [False, True])
def test_a_server_that_does_not_answer(listens: bool) -> None:
    with socket.socket() as deaf:
        port = free_port()
        if listens:
            deaf.bind(("127.0.0.1", port))
            deaf.listen()
        started = time.monotonic()
        with pytest.raises(StoreUnavailable, match=rf"no Milvus answers at http://127.0.0.1:{port}; check"):
            MilvusStore(f"http://127.0.0.1:{port}")
        assert time.monotonic() - started < 15


def test_a_server_that_goes_away(file: Path) -> None:
    with lite_over_tcp(file) as uri:
        store = MilvusStore(uri, timeout_s=4)
        store.open("text", DENSE)
        store.upsert("text", [segment(1)], np.ones((1, 4), np.float32))
    for call in (
        lambda: store.search("text", np.ones(4, np.float32), 3),
        lambda: store.upsert("text", [segment(2)], np.ones((1, 4), np.float32)),
        lambda: store.count("text"),
        lambda: store.prune("text", "d"),
    ):
        started = time.monotonic()
        with pytest.raises(StoreUnavailable, match="no Milvus answers at"):
            call()
        assert time.monotonic() - started < 15
    store.close()


def test_a_place_that_is_none() -> None:
    with pytest.raises(ConfigError, match=r"'library' is neither a file that ends in \.db nor http"):
        MilvusStore("library")


def test_a_file_that_is_no_library(file: Path) -> None:
    file.write_bytes(b"no database " * 1000)
    with pytest.raises(StoreUnavailable, match=str(file)):
        MilvusStore(str(file))


def test_long_names_and_folders(tmp_path: Path) -> None:
    folder = tmp_path / ("ordner mit leerzeichen ü " + "x" * 100) / ("y" * 100)
    store = MilvusStore(str(folder / f"{'z' * 60}.db"))
    store.open("text", DENSE)
    store.close()


def test_a_filter_that_nearly_nothing_passes(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More rows are nearer than Milvus gives at once, and Lite cannot be asked for `not uri contains`."""
    monkeypatch.setattr("mmsearch.stores.milvus.MOST_HITS", 50)
    store = MilvusStore(str(file))
    for name, space in (("text", DENSE), ("words", WORDS)):
        store.open(name, space)
        rows = [segment(number, uri="/far/x" if number in (150, 7) else "/near/x") for number in range(200)]
        vectors = np.array([[1, number / 100, 0, 0] for number in range(200)], np.float32)
        terms = [" ".join(["sea"] * 2 + ["w"] * number) for number in range(200)]
        store.upsert(name, rows, vectors if space is DENSE else terms)
    few = parse('not uri contains "near"')
    for hits in (
        store.search("text", np.array([1, 0, 0, 0], np.float32), 3, few),
        store.search("words", "sea", 3, few),
    ):
        assert [hit.segment_id for hit in hits] == ["s7", "s150"]
    store.close()


@contextmanager
def searching(store: MilvusStore, words: str) -> Iterator[list[int]]:
    """Inside, two threads search all the time; how many rows each search found at most one of."""
    over, found = threading.Event(), list[int]()

    def search() -> None:
        while not over.is_set():
            found.append(len(store.search("words", words, 1)))

    with ThreadPoolExecutor() as threads:
        under_way = [threads.submit(search) for _ in range(2)]
        try:
            yield found
        finally:
            over.set()
        for each in under_way:
            each.result()


def test_a_word_of_every_row_is_found_while_rows_are_written(file: Path) -> None:
    """Milvus Lite counts rows and their words at two moments, and refuses the weight of a word of more than all."""
    store = MilvusStore(str(file))
    store.open("words", WORDS)
    store.upsert("words", [segment(number, f"d{number}") for number in range(400)], ["common", "common rare"] * 200)
    with searching(store, "common rare") as found:
        for number in range(200):
            written = [segment(number + at, f"d{number + at}") for at in range(6)]
            store.upsert("words", written, ["common", "common rare"] * 3)
            store.prune("words", f"d{number}")
    assert found == [1] * len(found) != []
    store.close()


def test_what_was_replaced_does_not_stay_in_memory_and_searches_go_on(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Milvus Lite keeps replaced rows until it loads their collection anew: after 3 * 100 replaced, and again."""
    monkeypatch.setattr("mmsearch.stores.milvus.LEAST_GARBAGE", 300)
    store = MilvusStore(str(file))
    store.open("words", WORDS)
    store.upsert("words", [segment(number) for number in range(150)], ["sea"] * 100 + ["sea boat"] * 50)
    released, release = list[str](), store._client.release_collection

    def noted(name: str, **how: Any) -> None:
        released.append(name)
        release(name, **how)

    monkeypatch.setattr(store._client, "release_collection", noted)
    with searching(store, "boat") as found:
        for _ in range(7):
            store.upsert("words", [segment(number) for number in range(100)], ["sea"] * 100)
    assert released == ["words"] * 2
    assert found == [1] * len(found) != []
    assert store.count("words") == 150
    assert len(store.search("words", "boat", 100)) == 50
    store.close()


def test_a_search_is_asked_again_while_rows_are_counted_wrongly_and_for_no_other_reason() -> None:
    answers: Iterator[Exception | str] = iter([Exception(f"Assert: {MISCOUNTED} at Utils.h:271"), "hits"])

    def search() -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert steadily(search) == "hits"
    answers = iter([ValueError("another"), "hits"])
    with pytest.raises(ValueError, match="another"):
        steadily(search)


def test_an_id_that_cannot_be_stored_is_named(file: Path) -> None:
    store = MilvusStore(str(file))
    store.open("text", DENSE)
    with pytest.raises(StoreError, match="/u: the id 'xxx"):
        store.upsert("text", [Segment("x" * 600, "d", "/u", "text", Span())], np.ones((1, 4), np.float32))
    store.close()


def test_nothing_is_printed_and_pymilvus_is_not_imported_early(file: Path) -> None:
    script = (
        "import sys, json; from mmsearch.stores.milvus import MilvusStore; early = 'pymilvus' in sys.modules;"
        f"store = MilvusStore({str(file)!r}); from store_contract import DENSE, segment; store.open('text', DENSE)\n"
        "try: store.upsert('text', [segment(1)], [[1.0]])\n"
        "except Exception as error: print(json.dumps([early, type(error).__name__]))\n"
    )
    path = os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])
    run = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        check=True,
    )
    assert json.loads(run.stdout) == [False, "StoreError"]
    assert run.stderr == ""
