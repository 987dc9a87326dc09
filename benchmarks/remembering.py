"""A searcher that does nothing twice: ways to fuse are compared on the same hits, which are then asked for once."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, cast

from mmsearch.protocols import Encoder, Store
from mmsearch.search import Searcher
from mmsearch.types import Filter, Hit, Query, Vector


def remembering(searcher: Searcher) -> Searcher:
    """The searcher, with the vectors of its queries and the hits of its store kept. Times mean nothing then."""
    spaces = {
        name: replace(opened, encoder=cast(Encoder, _Encoder(opened.encoder)))
        for name, opened in searcher.spaces.items()
    }
    return replace(searcher, spaces=spaces, store=cast(Store, _Store(searcher.store)))


@dataclass(frozen=True, slots=True)
class _Memory:
    kept: dict[Any, Any] = field(default_factory=dict)

    def __call__(self, key: object, make: Callable[[], Any]) -> Any:
        if key not in self.kept:
            self.kept[key] = make()
        return self.kept[key]


class _Encoder:
    def __init__(self, encoder: Encoder) -> None:
        self._encoder, self._memory = encoder, _Memory()

    def encode_query(self, query: Query) -> Vector | str:
        encoded: Vector | str = self._memory(query, lambda: self._encoder.encode_query(query))
        return encoded

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)


class _Store:
    def __init__(self, store: Store) -> None:
        self._store, self._memory = store, _Memory()

    def search(self, collection: str, query: Vector | str, top_k: int, filter: Filter | None = None) -> list[Hit]:
        asked = query if isinstance(query, str) else query.tobytes()
        hits: list[Hit] = self._memory(
            (collection, asked, top_k, filter), lambda: self._store.search(collection, query, top_k, filter)
        )
        return hits

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)
