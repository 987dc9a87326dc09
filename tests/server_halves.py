"""A store for a Milvus server that has no BM25 yet: its vectors stand there, the words in memory."""

from typing import Any

from mmsearch.stores.memory import MemoryStore
from mmsearch.stores.milvus import MilvusStore
from mmsearch.types import Space

WORDS: dict[str, MemoryStore] = {}
"""By the address of the server: they outlive the clients as rows on a server do."""


class Halves:
    """Every call goes to the half that the collection was opened in."""

    def __init__(self, uri: str, token: str = "", timeout_s: float = 30.0) -> None:
        self._words, self._vectors = WORDS.setdefault(uri, MemoryStore()), MilvusStore(uri, token, timeout_s)
        self._half: dict[str, Any] = {}

    def open(self, collection: str, space: Space) -> None:
        self._half[collection] = self._words if space.kind == "lexical" else self._vectors
        self._half[collection].open(collection, space)

    def drop(self, collection: str) -> None:
        self._half.get(collection, self._vectors).drop(collection)

    def close(self) -> None:
        self._vectors.close()

    def __getattr__(self, name: str) -> Any:
        def call(collection: str, *args: Any, **named: Any) -> Any:
            return getattr(self._half[collection], name)(collection, *args, **named)

        return call
