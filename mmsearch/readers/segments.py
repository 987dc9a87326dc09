"""What every reader makes segments with: ids, titles, passages."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmsearch.limits import USUAL, FileLimits
from mmsearch.passages import PassageSplitter
from mmsearch.types import Document, Lettering, Modality, Segment, Span, Table, digest

TITLE_CHARS = 1_000
"""Of a title or heading: it stands before every passage, and what is longer is none."""
_CAMERA_NAME = re.compile(r"(?i)^(?:img|dsc[nf]?|pxl|p|mvi|vid|scan|image|photo|screenshot|rec|audio|track)?[\W\d_]*$")


def segment_id(document: Document, reader_name: str, modality: Modality, span: Span) -> str:
    """The id of the segment that this reader finds in this place of the document."""
    return digest(document.id, reader_name, modality, json.dumps(span.as_dict(), sort_keys=True))


def telling(title: str) -> str:
    """The title; empty for the names that cameras and scanners give, and write into their files as titles."""
    return "" if _CAMERA_NAME.match(title) else title


def title_from_name(path: Path) -> str:
    """The file's name as words, where it tells anything."""
    return " ".join(re.split(r"[\s_\-]+", telling(path.stem))).strip()


@dataclass(frozen=True, slots=True)
class Origin:
    """The document that segments are made from, the reader that makes them, what they all say of it, and its limits."""

    document: Document
    reader: str
    title: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    limits: FileLimits = USUAL

    def segment(
        self,
        modality: Modality,
        span: Span,
        *,
        headings: Sequence[str] = (),
        text: str = "",
        table: Table | None = None,
        picture: bytes | None = None,
        metadata: Mapping[str, Any] | None = None,
        lettering: tuple[Lettering, ...] = (),
    ) -> Segment:
        """A segment of this document."""
        return Segment(
            id=segment_id(self.document, self.reader, modality, span),
            document_id=self.document.id,
            uri=self.document.uri,
            modality=modality,
            span=span,
            title=self.title[:TITLE_CHARS],
            headings=tuple(heading[:TITLE_CHARS] for heading in headings),
            text=text,
            table=table,
            picture=picture,
            metadata={**self.metadata, **(metadata or {})},
            lettering=lettering,
        )

    def passages(
        self,
        splitter: PassageSplitter,
        text: str,
        *,
        headings: Sequence[str] = (),
        offset: int = 0,
        page: int | None = None,
    ) -> Iterator[Segment]:
        """The text in passages; `offset` is where it starts in the document's text."""
        head = [heading[:TITLE_CHARS] for heading in headings]
        for passage in splitter.split(text, self.title[:TITLE_CHARS], head):
            span = Span(start_char=offset + passage.start, end_char=offset + passage.end, page=page)
            yield self.segment("text", span, headings=headings, text=passage.text)
