"""What the manifest says of documents, asked for while the store still searches."""

from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")
Found = Mapping[str, T]
"""By document; those that there is nothing of are absent."""

_THREADS = ThreadPoolExecutor(8, thread_name_prefix="ahead")


class Ahead(Generic[T]):
    """Asks `look_up` for documents before they are needed; for one thread."""

    def __init__(self, look_up: Callable[[Iterable[str]], Found[T]]) -> None:
        self._look_up = look_up
        self._asked: set[str] = set()
        self._under_way: list[tuple[set[str], Future[Found[T]]]] = []

    def ask(self, documents: Collection[str]) -> None:
        """Have it looked up what there is of the documents."""
        if new := set(documents) - self._asked:
            self._asked |= new
            self._under_way.append((new, _THREADS.submit(self._look_up, new)))

    def of(self, documents: Collection[str]) -> dict[str, T]:
        """What there is of these documents, asked for before or not; others are not waited for.

        Raises what `look_up` raises.
        """
        wanted, found = set(documents), dict[str, T]()
        if late := wanted - self._asked:
            found |= self._look_up(late)
        for asked, early in self._under_way:
            if not wanted.isdisjoint(asked):
                found |= {document: there for document, there in early.result().items() if document in wanted}
        return found
