"""What the workers of a Ray on this machine do beside the local engine, and how fast one process writes what they made.

`python -m benchmarks.cluster DATA` prints the figures of docs/cluster.md; nothing is written. The store is Milvus Lite,
or the server that `--store` names.
"""

import argparse
import tempfile
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Self

import numpy as np
import psutil

from benchmarks.indexing_sides import TEXT, PictureSides, draw_pictures, write_corpus
from mmsearch.client import Client
from mmsearch.cluster.encoded import Received
from mmsearch.cluster.engine import fingerprints
from mmsearch.cluster.worker import Bench, Setup
from mmsearch.indexing import Indexer
from mmsearch.progress import Progress
from mmsearch.reading import Order, Outcome, Read, Reading
from mmsearch.types import MODALITIES, Embeddings, Engine, Query, Segment, Space, Vector

DIM = 384
SHARD = 256


class Drawn:
    """An encoder that costs nothing: vectors of MiniLM's length, drawn."""

    space = Space("text", "dense", frozenset(MODALITIES), frozenset({"text"}), "drawn", "1", DIM)

    def __init__(self) -> None:
        self._draw = np.random.default_rng(0)

    def windows(self, segment: Segment) -> Sequence[Segment]:
        return [segment]

    def encode(self, segments: Sequence[Segment]) -> Embeddings:
        rows: Embeddings = self._draw.standard_normal((len(segments), DIM), dtype=np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return rows

    def encode_query(self, query: Query) -> Vector:
        return np.zeros(DIM, np.float32)


@dataclass(frozen=True)
class Course:
    """Seconds from the call to the first document in the library, to the end, and documents a second in between."""

    first_s: float
    total_s: float
    rate: float


def engine(corpus: Path, folder: Path, name: Engine, workers: int, store: Mapping[str, Any]) -> Course:
    """One indexing into a new library: models are loaded, and a Ray started, within the time."""
    steps: list[tuple[float, int]] = []
    indexing = {"workers": workers, "batch_segments": 64}
    with (
        tempfile.TemporaryDirectory(dir=folder) as library,
        Client(library, **TEXT, indexing=indexing, store=store) as at,
    ):
        started_s = time.perf_counter()

        def tell(step: Progress) -> None:
            steps.append((time.perf_counter() - started_s, step.done))

        report = at.index(corpus, engine=name, on_progress=tell)
        assert report.indexed == report.found
        total_s = time.perf_counter() - started_s
    first_s = steps[0][0]
    begun = max(done for at_s, done in steps if at_s < first_s + 0.1)
    last_s, done = steps[-1]
    return Course(first_s, total_s, (done - begun) / (last_s - first_s))


class Replayed:
    """Gives what a worker made before."""

    def __init__(self, made: Mapping[str, Outcome], _folder: Path) -> None:
        self._made, self._orders = made, deque[Order]()

    @property
    def full(self) -> bool:
        return len(self._orders) >= SHARD

    def submit(self, order: Order) -> None:
        self._orders.append(order)

    def take(self, timeout_s: float) -> tuple[Order, Outcome] | None:
        if not self._orders:
            return None
        order = self._orders.popleft()
        return order, self._made[order.document.uri]

    def close(self) -> None:
        """Nothing was started."""


@dataclass(frozen=True)
class Cost:
    """Documents and segments that were done, in seconds by the clock and of processors."""

    documents: int
    segments: int
    wall_s: float
    cpu_s: float

    @classmethod
    def of(cls, documents: int, segments: int, started: tuple[float, float]) -> Self:
        """Since then."""
        wall_s, cpu_s = now()
        return cls(documents, segments, wall_s - started[0], cpu_s - started[1])


def now() -> tuple[float, float]:
    """The clock, and the processor time of this process, those that read for it, and Milvus Lite."""
    used_s = time.process_time()
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            times = child.cpu_times()
            used_s += times.user + times.system
    return time.perf_counter(), used_s


def worked(root: Path, folder: Path, settings: Mapping[str, Any] = TEXT) -> Cost:
    """What a worker does for documents, by one with its models in memory: reading and encoding."""
    with tempfile.TemporaryDirectory(dir=folder) as library, Client(library, **settings) as client:
        return worker(client, root, warm=True)[1]


def written(corpus: Path, folder: Path, store: Mapping[str, Any]) -> Cost:
    """What the process of the library does for documents that come back, with nothing to wait for."""
    drawn = {**TEXT, "spaces": {**TEXT["spaces"], "text": {"part": "benchmarks.cluster:Drawn"}}}
    with tempfile.TemporaryDirectory(dir=folder) as library, Client(library, **drawn, store=store) as client:
        made, _ = worker(client, corpus)
        started = now()
        report = indexer(client, partial(Replayed, made)).index([corpus])
        assert report.indexed == len(made)
        return Cost.of(report.indexed, report.segments, started)


def worker(client: Client, corpus: Path, warm: bool = False) -> tuple[dict[str, Outcome], Cost]:
    """The outcomes of a corpus by uri, made by a worker in this process, and what that cost."""
    seen: list[Order] = []

    class Noted(Replayed):
        def submit(self, order: Order) -> None:
            seen.append(order)

    lines = corpus / "corpus.jsonl"
    total = sum(1 for _ in (lines.open() if lines.exists() else corpus.iterdir()))
    indexer(client, partial(Noted, {})).index([corpus], stop=lambda: len(seen) >= total)
    bench = Bench(Setup(client.app.settings, fingerprints(client.app.encoders)))
    if warm:
        bench.work(seen[:2])
    made: dict[str, Outcome] = {}
    started = now()
    for start in range(0, len(seen), SHARD):
        shard = seen[start : start + SHARD]
        places = {order.number: order.document.uri for order in shard}
        made |= {places[number]: outcome for number, outcome in bench.work(shard)}
    segments = sum(1 for outcome in made.values() if isinstance(outcome, Read) for _ in outcome.spooled.segments())
    cost = Cost.of(len(made), segments, started)
    bench.close()
    return made, cost


def indexer(client: Client, reading: Callable[[Path], Reading]) -> Indexer:
    """As the engine "ray" makes it."""
    app = client.app
    return Indexer(
        {name: Received(encoder) for name, encoder in app.encoders.items()},
        app.readers,
        reading,
        app.store,
        app.manifest,
        app.renditions,
        app.folder / "reading",
        app.settings.indexing.batch_segments,
        app.settings.indexing.max_file_bytes,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder of the judged sets, for the texts of scifact")
    parser.add_argument("--documents", type=int, default=300)
    parser.add_argument("--pictures", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3, help="of the engines; 0 leaves them out")
    parser.add_argument("--store", default="", help="URI of a Milvus server")
    options = parser.parse_args()
    store = {"uri": options.store}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = options.data / "scifact" / "corpus.jsonl"
        corpus = write_corpus(source, folder / "set", options.documents)
        sides: dict[tuple[Engine, int], list[Course]] = {("local", 1): [], ("ray", 1): [], ("ray", 2): []}
        for _ in range(options.rounds):
            for (side, workers), courses in sides.items():
                courses.append(engine(corpus, folder, side, workers, store))
                print(side, workers, courses[-1], flush=True)
        print("\n| engine, workers | first document after | all after | documents/s in between |\n|---|---|---|---|")
        for (side, workers), courses in sides.items() if options.rounds else ():
            first_s, total_s, rate = (
                median(getattr(c, fact) for c in courses) for fact in ("first_s", "total_s", "rate")
            )
            print(f"| {side}, {workers} | {first_s:.1f} s | {total_s:.1f} s | {rate:.1f} |")
        print(
            "\n| | documents | segments | processor ms a document | documents/s by the clock |\n|---|---|---|---|---|"
        )
        more = write_corpus(source, folder / "more", 10 * options.documents)
        pictures = PictureSides(draw_pictures(folder / "pictures", options.pictures), folder)
        costs: Mapping[str, Callable[[], Cost]] = {
            "a worker, texts": lambda: worked(corpus, folder),
            "a worker, pictures": lambda: worked(folder / "pictures", folder, pictures.settings),
            "the library's process and Milvus Lite, texts": lambda: written(more, folder, store),
        }
        for what, measure in costs.items():
            cost = measure()
            each_ms, rate = 1000 * cost.cpu_s / cost.documents, cost.documents / cost.wall_s
            print(f"| {what} | {cost.documents} | {cost.segments} | {each_ms:.1f} | {rate:.0f} |", flush=True)


if __name__ == "__main__":
    main()
