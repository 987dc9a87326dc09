"""Another project's way to index passages, run by `benchmarks.indexing_peers` in the environment of the peers.

`python peers.py NAME MODEL PASSAGES` loads the model, says "ready", and for each line on its input indexes all of the
passages anew and says how many seconds that took. It imports nothing of mmsearch.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Passages = Sequence[tuple[str, str]]


def txtai(model: str) -> Callable[[Passages], None]:
    """Embeddings with their texts, as txtai's introduction makes them; its defaults are batches of 1024 and 32."""
    from txtai import Embeddings

    embeddings: Any = Embeddings(path=model, content=True)

    def index(passages: Passages) -> None:
        embeddings.index(passages)
        assert embeddings.count() == len(passages)

    return index


def haystack(model: str) -> Callable[[Passages], None]:
    """The pipeline of Haystack's tutorials: embedder, writer, documents in memory; its default is batches of 32."""
    from haystack import Document, Pipeline
    from haystack.components.writers import DocumentWriter
    from haystack.document_stores.in_memory import InMemoryDocumentStore
    from haystack_integrations.components.embedders.sentence_transformers import SentenceTransformersDocumentEmbedder

    embedder: Any = SentenceTransformersDocumentEmbedder(model=model, normalize_embeddings=True, progress_bar=False)
    embedder.warm_up()

    def index(passages: Passages) -> None:
        embedder.__dict__.pop("__haystack_added_to_pipeline__", None)
        store: Any = InMemoryDocumentStore()
        pipeline: Any = Pipeline()
        pipeline.add_component("embedder", embedder)
        pipeline.add_component("writer", DocumentWriter(store))
        pipeline.connect("embedder", "writer")
        pipeline.run({"embedder": {"documents": [Document(id=id, content=text) for id, text in passages]}})
        assert store.count_documents() == len(passages)

    return index


def main() -> None:
    """Index whenever asked."""
    name, model, file = sys.argv[1:]
    passages = [(str(id), str(text)) for id, text in json.loads(Path(file).read_text())]
    index = {"txtai": txtai, "haystack": haystack}[name](model)
    index(passages[:32])
    print("ready", flush=True)
    for _ in sys.stdin:
        started = time.perf_counter()
        index(passages)
        print(time.perf_counter() - started, flush=True)


if __name__ == "__main__":
    main()
