"""What is to be done for a document: decided from what the library holds of it and what lies on disk now."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mmsearch import identification, well_formed
from mmsearch.errors import TooLarge
from mmsearch.manifest import Entry, Manifest
from mmsearch.protocols import Reader
from mmsearch.reading import Order
from mmsearch.sight import list_name
from mmsearch.sources import Copies, content_signature, reader_of, size_bytes, stat_signature
from mmsearch.spaces import OpenSpace
from mmsearch.types import Document
from mmsearch.writing import Task


@dataclass(frozen=True, slots=True)
class Plan:
    """A document with what the library holds of it (`entry`), and what it is to be: by `reader`, in `spaces`.

    With `verify`, size and times do not tell that it is unchanged: its bytes have to.
    """

    document: Document
    size_bytes: int
    stat: str
    reader: str
    spaces: tuple[OpenSpace, ...]
    entry: Entry | None
    verify: bool = False

    @property
    def held(self) -> Entry | None:
        """The entry, if it was made whole by this reader."""
        entry = self.entry
        return entry if entry and entry.done and entry.reader == self.reader else None

    @property
    def unchanged(self) -> bool:
        """Whether nothing is to be done, by size and times alone."""
        return self._complete and self.held is not None and self.held.stat == self.stat and not self.verify

    @property
    def relisted(self) -> bool:
        """Whether others may see it than its rows say."""
        return self.held is not None and list_name(self.held.access) != list_name(self.document.access)

    @property
    def known(self) -> str:
        """The content that need not be read again; "" where it must be read whatever it is."""
        return self.held.content if self.held and self._complete else ""

    def order(self, number: int) -> Order:
        """What a reader, or a worker that encodes too, is asked."""
        held = self.held
        spaces = held.spaces if held else {}
        missing = tuple(space.space.name for space in self.spaces if space.space.fingerprint not in spaces)
        content = held.content if held else ""
        return Order(number, self.document, self.known, self.size_bytes, self.reader, content, missing)

    def touched(self) -> Entry:
        """The entry of a document whose bytes are those it was made from, with its new times and access list."""
        assert self.held is not None
        return replace(self.held, stat=self.stat, access=self.document.access)

    def task(self, content: str) -> Task:
        """What is to be written of a document with this content."""
        held = self.held if self.held and self.held.content == content else None
        spaces = held.spaces if held else {}
        missing = tuple(space for space in self.spaces if space.space.fingerprint not in spaces)
        document = self.document
        new = Entry(document.id, document.uri, self.stat, content, self.reader, spaces=spaces, access=document.access)
        return Task(new, missing, known=self.entry is not None, whole=held is None)

    def decided(self, copies: Copies) -> Task | None:
        """What is to be done, its bytes looked at where they must be; None for nothing. Raises NotFound, Forbidden.

        What is new is not opened, and what is elsewhere not fetched: it is what its listing says that it is.
        """
        if self.unchanged or self.held is None:
            return None if self.unchanged else self.task("")
        if self.document.remote:
            content = self.held.content if self.held.stat == self.stat else ""
        else:
            with copies.at_hand(self.document) as here:
                content = content_signature(here)
        return None if content and content == self.known else self.task(content)

    @property
    def _complete(self) -> bool:
        wanted = {space.space.fingerprint for space in self.spaces}
        return self.held is not None and wanted <= self.held.spaces.keys()


class Planner:
    """Plans documents of one indexing; what readers are called is asked once, as saying it costs milliseconds."""

    def __init__(
        self,
        readers: Sequence[Reader],
        spaces: tuple[OpenSpace, ...],
        manifest: Manifest,
        max_file_bytes: int,
        verify: bool = False,
    ) -> None:
        self._readers, self._spaces, self._manifest = readers, spaces, manifest
        self._max_file_bytes, self._verify = max_file_bytes, verify
        self._fingerprints: dict[int, str] = {}

    def plan(self, document: Document) -> Plan:
        """The plan for a document. Raises UnsupportedMedia, TooLarge, NotFound, Forbidden, SourceUnavailable."""
        reader = reader_of(document, self._readers)
        if id(reader) not in self._fingerprints:
            self._fingerprints[id(reader)] = reading(reader)
        found = Plan(
            document,
            size_bytes(document),
            stat_signature(document),
            self._fingerprints[id(reader)],
            self._spaces,
            self._manifest.entry(document.id),
            self._verify,
        )
        if not found.unchanged and found.size_bytes > self._max_file_bytes:
            limit = f"indexing.max_file_bytes is {self._max_file_bytes:,}"
            raise TooLarge(f"{document.uri} has {found.size_bytes:,} bytes; {limit}")
        return found


def reading(reader: Reader) -> str:
    """Changes when the same bytes would give other segments, or the same told otherwise."""
    return f"{reader.fingerprint} {identification.REVISION} {well_formed.REVISION}"
