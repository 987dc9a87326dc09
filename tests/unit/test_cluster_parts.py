"""How documents are dealt out to workers, and what each worker of a cluster has. Nothing of Ray runs here."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hashing import HashingEncoder

from mmsearch.cluster.connection import STARTS, Connection, Shares, shares
from mmsearch.cluster.encoded import Encoded, Received, Row
from mmsearch.cluster.folders import Folder
from mmsearch.cluster.shards import SHARD_BYTES, shards
from mmsearch.cluster.worker import Setup, ShardWorker
from mmsearch.errors import ConfigError, JobError, MMSearchError
from mmsearch.lexical import LexicalEncoder
from mmsearch.reading import Order, Outcome, Read
from mmsearch.settings import Settings
from mmsearch.types import Document, Segment, Span

OFF = {"part": ""}
SETTINGS = Settings.model_validate(
    {
        "spaces": {"text": {"part": "worker_encoders:WorkerEncoder"}, "image": OFF, "table": OFF, "sound": OFF},
        "recognizer": OFF,
        "ocr": OFF,
        "readers": [{"part": "bad_readers:BadReader"}],
    }
)
TEXT = HashingEncoder()
SETUP = Setup(SETTINGS, {"words": LexicalEncoder().space.fingerprint, "text": TEXT.space.fingerprint})


def orders(*sizes: int) -> list[Order]:
    documents = [Document(f"/files/{n}.txt", Path(f"/files/{n}.txt")) for n in range(len(sizes))]
    return [Order(n, document, size_bytes=sizes[n]) for n, document in enumerate(documents)]


def lengths(*sizes: int, workers: int, most: int) -> list[int]:
    dealt = list(shards(orders(*sizes), workers, most))
    assert [order.number for shard in dealt for order in shard] == list(range(len(sizes)))
    return [len(shard) for shard in dealt]


def test_every_worker_gets_several_shards_and_none_is_too_large() -> None:
    assert lengths(*[1] * 1000, workers=2, most=256) == [125] * 8
    assert lengths(*[1] * 1000, workers=2, most=100) == [100] * 10
    assert lengths(*[1] * 3, workers=2, most=100) == [1, 1, 1]
    assert lengths(workers=2, most=100) == []
    big = SHARD_BYTES
    assert lengths(1, 1, big, 1, 2 * big, 1, 1, *[1] * 41, workers=1, most=100)[:5] == [2, 1, 1, 1, 12]


def node(**resources: float) -> dict[str, Any]:
    return {"Alive": True, "Resources": resources}


def test_a_worker_is_a_gpu_or_a_processor() -> None:
    assert shares([node(CPU=4), node(CPU=2)], None) == Shares(6, 1, 0.0)
    assert shares([node(CPU=4), node(CPU=2)], 3) == Shares(3, 1, 0.0)
    assert shares([node(CPU=4)], 9) == Shares(4, 1, 0.0)
    assert shares([node(CPU=16, GPU=2), node(CPU=64), node(CPU=8, GPU=2)], None) == Shares(4, 4, 1.0)
    assert shares([node(CPU=16, GPU=2)], 4) == Shares(4, 4, 0.5)
    assert shares([node(CPU=64, GPU=2)], 1) == Shares(1, 8, 1.0)
    assert Shares(4, 4, 1.0).readers == 2
    dead = {"Alive": False, "Resources": {"CPU": 8.0}}
    assert shares([dead, node(CPU=1)], None) == Shares(1, 1, 0.0)
    with pytest.raises(JobError, match="no processors"):
        shares([dead, node(memory=1.0)], None)


class Reluctant:
    """Stands for Ray, which gets up at the given start."""

    def __init__(self, at: int) -> None:
        self.at, self.asked, self.ended = at, 0, 0

    def is_initialized(self) -> bool:
        return False

    def init(self, **_: Any) -> None:
        self.asked += 1
        if self.asked < self.at:
            raise RuntimeError("no node was found")

    def shutdown(self) -> None:
        self.ended += 1

    def nodes(self) -> list[dict[str, Any]]:
        return [{"Alive": True, "Resources": {"CPU": 2}}]


def test_a_ray_that_does_not_get_up_is_started_anew_and_one_of_others_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    for at, ended in ((1, 0), (STARTS, STARTS - 1)):
        ray = Reluctant(at)
        monkeypatch.setattr("mmsearch.cluster.connection._quiet_ray", lambda ray=ray: ray)
        assert Connection(Settings()).shares == Shares(2, 1, 0.0)
        assert (ray.asked, ray.ended) == (at, ended)
    ray = Reluctant(STARTS + 1)
    monkeypatch.setattr("mmsearch.cluster.connection._quiet_ray", lambda: ray)
    with pytest.raises(JobError, match="Ray does not start here: RuntimeError: no node was found"):
        Connection(Settings())
    assert ray.asked == STARTS
    ray = Reluctant(2)
    monkeypatch.setenv("RAY_ADDRESS", "auto")
    with pytest.raises(JobError, match="the Ray cluster at auto does not answer"):
        Connection(Settings())
    assert ray.asked == 1


def test_an_address_of_ray_client_is_refused() -> None:
    settings = SETTINGS.model_copy(
        update={"indexing": SETTINGS.indexing.model_copy(update={"ray_address": "ray://a:1"})}
    )
    with pytest.raises(ConfigError, match="Ray Client"):
        Connection(settings)


@pytest.fixture
def worker() -> Any:
    worker = ShardWorker(SETUP)
    yield worker
    worker.close()


def asked(folder: Path, **texts: str) -> list[Order]:
    from mmsearch.parts import readers_of
    from mmsearch.planning import reading
    from mmsearch.sources import reader_of

    made = []
    for number, (name, text) in enumerate(texts.items()):
        file = folder / name.replace("_", ".")
        file.write_text(text)
        document = Document(file.as_posix(), file)
        made.append(Order(number, document, reader=reading(reader_of(document, readers_of(SETTINGS)))))
    return made


def outcomes(answer: Any) -> dict[int, Outcome]:
    assert not isinstance(answer, MMSearchError), answer
    return dict(answer)


def test_a_shard_comes_back_with_the_rows_that_the_encoders_give(worker: ShardWorker, tmp_path: Path) -> None:
    wanted = asked(tmp_path, a_txt="Kittiwakes nest here.", b_bad="trip", c_txt="The ferry is late.")
    found = outcomes(worker.answer(wanted))
    assert [type(found[number]).__name__ for number in range(3)] == ["Read", "Failed", "Read"]
    read = found[2]
    assert isinstance(read, Read)
    (segment,) = read.spooled.segments()
    assert isinstance(segment, Encoded)
    assert (segment.text, sorted(segment.rows)) == ("The ferry is late.", ["text", "words"])
    handed = Received(TEXT)
    (row,) = handed.windows(segment)
    assert handed.encode([row]).tolist() == TEXT.encode([row]).tolist()  # type: ignore[union-attr]
    words = Received(LexicalEncoder())
    assert words.encode(words.windows(segment)) == LexicalEncoder().encode([segment])


def test_only_what_a_held_document_lacks_is_encoded_and_what_is_known_not_read(
    worker: ShardWorker, tmp_path: Path
) -> None:
    (order,) = asked(tmp_path, a_txt="Kittiwakes nest here.")
    first = outcomes(worker.answer([order]))[0]
    assert isinstance(first, Read)
    held = replace(order, held=first.content, missing=("text",))
    lacking = outcomes(worker.answer([held]))[0]
    assert isinstance(lacking, Read)
    assert [sorted(segment.rows) for segment in lacking.spooled.segments()] == [["text"]]  # type: ignore[attr-defined]
    changed = outcomes(worker.answer([replace(held, held="something else")]))[0]
    assert isinstance(changed, Read)
    assert [len(segment.rows) for segment in changed.spooled.segments()] == [2]  # type: ignore[attr-defined]
    known = outcomes(worker.answer([replace(held, known=first.content)]))[0]
    assert type(known).__name__ == "Unchanged"


def test_a_worker_with_other_readers_or_models_does_nothing(worker: ShardWorker, tmp_path: Path) -> None:
    (order,) = asked(tmp_path, a_txt="Kittiwakes nest here.")
    answer = worker.answer([replace(order, reader="another reader")])
    assert isinstance(answer, ConfigError)
    assert "install the same mmsearch" in str(answer)
    other = ShardWorker(replace(SETUP, spaces={"text": "another model"})).answer([order])
    assert isinstance(other, ConfigError)
    assert outcomes(worker.answer([order])), "the next shard is done"


def test_rows_are_segments_that_carry_what_was_made_of_them() -> None:
    segment = Segment("a", "b", "/c", "text", Span(start_char=0), text="words")
    row = Row.of(segment, "word")
    assert (row.id, row.text, row.row) == ("a", "words", "word")


def test_a_workers_folder_is_removed_by_the_next_one_once_its_process_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mmsearch.cluster.folders.gettempdir", lambda: str(tmp_path))
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    dies = "import os; from mmsearch.cluster.folders import Folder; print(Folder().path, flush=True); os._exit(0)"
    left = Path(subprocess.check_output([sys.executable, "-c", dies], env=environment, text=True).strip())
    assert left.is_dir()
    first = Folder()
    assert not left.exists()
    second = Folder()
    assert first.path.is_dir(), "its process lives"
    first.close()
    second.close()
    assert [place for place in tmp_path.glob("*/*") if place.is_dir()] == []
