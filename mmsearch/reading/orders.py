"""What is asked of a reader and what comes back, whatever process it runs in."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mmsearch.errors import MMSearchError
from mmsearch.identification import with_languages
from mmsearch.limits import FileLimits
from mmsearch.protocols import Reader
from mmsearch.reading.spool import Spooled, spool
from mmsearch.sight import marked
from mmsearch.sources import Copies, content_signature, reader_of
from mmsearch.types import Document
from mmsearch.well_formed import all_well_formed


@dataclass(frozen=True, slots=True)
class Order:
    """A document to be read, unless its content is the `known` one; `number` tells orders of one indexing apart.

    The rest says what is to be made of it, for a worker that encodes too: the library holds it as it was read by the
    `reader` from the content `held`, in all spaces but those `missing`.
    """

    number: int
    document: Document
    known: str = ""
    size_bytes: int = 0
    reader: str = ""
    held: str = ""
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Read:
    """All of the document was read: its segments, and the signature of its content."""

    content: str
    spooled: Spooled


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The content is the one that the order knew."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The document was not read, and why."""

    error: MMSearchError


Outcome = Read | Unchanged | Failed


class Reading(Protocol):
    """Takes orders and gives outcomes, each order's once, in any order."""

    @property
    def full(self) -> bool:
        """Whether an outcome is to be taken before the next order."""

    def submit(self, order: Order) -> None:
        """Have the document read."""

    def take(self, timeout_s: float) -> tuple[Order, Outcome] | None:
        """An outcome; None when none comes in that time. Raises what is no fault of a document."""

    def close(self) -> None:
        """Give up what is still being read, and end what was started."""


def fulfil(
    order: Order, readers: Sequence[Reader], folder: Path, copies: Copies, limits: FileLimits
) -> Read | Unchanged:
    """Read the order's document, spooled into the folder where it is large; what is elsewhere is fetched for it.

    Raises what fetching it and its reader raise.
    """
    with copies.at_hand(order.document) as document:
        content = content_signature(document)
        if content == order.known:
            return Unchanged()
        read = with_languages(all_well_formed(reader_of(document, readers).read(document)))
        segments = (marked(segment, document.access) for segment in read)
        return Read(content, spool(segments, folder / f"{order.number}.segments", limits))
