"""How fast the spine is: `make bench` prints these tables.

Indexing and searching the demo library with the shipped weights, and the store alone on drawn vectors and words. The
sides of each comparison take turns; figures are medians of single operations.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from mmsearch.client import Client
from mmsearch.demo import demo_library, example_searches
from mmsearch.protocols import Store
from mmsearch.stores.memory import MemoryStore
from mmsearch.stores.milvus import MilvusStore
from mmsearch.types import MODALITIES, Segment, Space, Span

SHIPPED = {name: {"part": ""} for name in ("image", "table")}
ROWS, DIM, ROUNDS = 10_000, 384, 30
EVERYTHING = frozenset(MODALITIES)
DENSE = Space("text", "dense", EVERYTHING, frozenset({"text"}), "drawn", "1", DIM)
WORDS = Space("words", "lexical", EVERYTHING, frozenset({"text"}), "bm25", "1")

out = Console()


def main() -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory() as folder:
        demo(Path(folder) / "demo")
        stores(Path(folder))


def demo(library: Path) -> None:
    """The whole way: files to library, and words to ranking."""
    with Client(library, spaces=SHIPPED, recognizer={"part": ""}) as client:
        first = client.index(demo_library())
        again = client.index(demo_library())
        queries = [example["query"] for example in example_searches()]
        client.search(queries[0])
        took_ms = [client.search(query).took_ms["total"] for _ in range(5) for query in queries]
    table = Table("demo library", "value", title="end to end", title_justify="left")
    table.add_row("documents / segments", f"{first.found} / {first.segments}")
    table.add_row("indexing", f"{first.seconds:.1f} s, {first.found / first.seconds:.1f} documents/s")
    table.add_row("indexing again, nothing changed", f"{again.seconds:.2f} s")
    table.add_row("search, p50 / max", f"{statistics.median(took_ms):.1f} / {max(took_ms):.1f} ms")
    out.print(table)


def stores(folder: Path) -> None:
    """Milvus Lite beside the exact memory store on the same rows."""
    generator = np.random.default_rng(7)
    vectors = generator.standard_normal((ROWS, DIM)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    zipf = generator.zipf(1.3, (ROWS, 30)) % 5_000
    texts = [" ".join(f"w{word}" for word in row) for row in zipf]
    segments = [Segment(f"{n:032x}", f"{n // 4:032x}", f"/{n // 4}", "text", Span()) for n in range(ROWS)]
    table = Table("operation", "memory", "Milvus Lite", title=f"store, {ROWS:,} rows", title_justify="left")
    sides: dict[str, Store] = {"memory": MemoryStore(), "lite": MilvusStore(str(folder / "bench.db"))}
    inserted = {name: _seconds(partial(_fill, store, segments, vectors, texts)) for name, store in sides.items()}
    table.add_row("upsert, rows/s", *(f"{2 * ROWS / seconds:,.0f}" for seconds in inserted.values()))
    for label, collection, queries in (
        (f"cosine, {DIM} dimensions, top 100", "dense", vectors[:ROUNDS]),
        ("BM25, 3 words, top 100", "words", [" ".join(text.split()[:3]) for text in texts[:ROUNDS]]),
    ):
        took = {name: list[float]() for name in sides}
        for query in queries:
            for name, store in sides.items():
                took[name].append(_seconds(partial(store.search, collection, query, 100)))
        table.add_row(label, *(f"{1000 * statistics.median(seconds):.1f} ms" for seconds in took.values()))
    out.print(table)
    for store in sides.values():
        store.close()


def _fill(store: Store, segments: list[Segment], vectors: np.ndarray, texts: list[str]) -> None:
    store.open("dense", DENSE)
    store.open("words", WORDS)
    for start in range(0, ROWS, 500):
        part = slice(start, start + 500)
        store.upsert("dense", segments[part], vectors[part])
        store.upsert("words", segments[part], texts[part])


def _seconds(operation: Callable[[], object]) -> float:
    started = time.perf_counter()
    operation()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
