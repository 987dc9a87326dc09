"""Plain text."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from mmsearch.passages import PassageSplitter
from mmsearch.readers.charsets import decode, encoding_fact
from mmsearch.readers.segments import Origin, title_from_name
from mmsearch.types import Document, Segment, digest


@dataclass(frozen=True, slots=True)
class TextReader:
    """Plain text in any encoding, as passages."""

    splitter: PassageSplitter
    suffixes: ClassVar[frozenset[str]] = frozenset({".txt", ".text", ".log", ".rst"})
    sidecar_suffixes: ClassVar[tuple[str, ...]] = ()

    @property
    def fingerprint(self) -> str:
        return digest("text 1", self.splitter.fingerprint)[:16]

    def read(self, document: Document) -> Iterator[Segment]:
        text, encoding = decode(document.path)
        origin = Origin(document, "text", title_from_name(document.path), encoding_fact(encoding))
        return origin.passages(self.splitter, text)
