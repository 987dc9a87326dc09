"""A segment in the pieces that an encoder takes whole: several vectors may stand for one segment.

Segments are what people read: passages of some 250 tokens, tables of some hundred rows. Sentence encoders are trained
on shorter texts, and a vector of more says less: all-MiniLM-L6-v2 ranks better by windows of 128 tokens
(benchmarks/QUALITY.md). A model of sounds hears ten seconds at once, wherever sentences end: its windows are cut by
the reader, which alone has the recording in its hands.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from mmsearch.passages import PassageSplitter
from mmsearch.protocols import Encoder
from mmsearch.types import Segment, Space, Span, Table

TABLE_WINDOWS = 2
"""Windows of rows for a table: the first rows show what kind of rows there are, and words find the others."""

MARK = "#"
"""Stands between a segment's id and the number of the window in the id of a window; the first has the segment's own."""


def windows_in(encoder: Encoder, segment: Segment) -> Sequence[Segment]:
    """The pieces of the segment that get a row each in the encoder's space.

    Where lettering stands is kept in a space of words alone: what is shown is read there, and a page has hundreds of
    words.
    """
    if segment.lettering and encoder.space.kind != "lexical":
        segment = replace(segment, lettering=())
    return encoder.windows(segment)


def windows(segment: Segment, splitter: PassageSplitter, of_table: int | None = TABLE_WINDOWS) -> list[Segment]:
    """The segment as windows within the splitter's limit, title, headings and table header in each; at least one.

    Of a table they are the first `of_table`, or all where it is None.
    """
    table = segment.table
    parts = list(islice(_rows(segment, table, splitter), of_table) if table else _passages(segment, splitter))
    if len(parts) < 2:
        return [segment]
    return [replace(part, id=f"{segment.id}{MARK}{n}" if n else segment.id) for n, part in enumerate(parts)]


def segment_of(window_id: str) -> str:
    """The id of the segment that the window is a piece of."""
    return window_id.partition(MARK)[0]


def piece_heard(segment: Segment, number: int, span: Span, sound: bytes) -> Segment:
    """What is heard somewhere in a recording, as a piece of the segment that lies there; it has no words of its own."""
    return replace(segment, id=f"{segment.id}{MARK}{number}", span=span, text="", headings=(), sound=sound)


def takes(space: Space, segment: Segment) -> bool:
    """Whether the space is made from such segments: what is heard goes to spaces that sounds can be put to alone."""
    return segment.modality in space.stores and (segment.sound is None or "audio" in space.answers)


def _passages(segment: Segment, splitter: PassageSplitter) -> Iterator[Segment]:
    for passage in splitter.split(segment.text, segment.title, segment.headings):
        yield replace(segment, text=passage.text)


def _rows(segment: Segment, table: Table, splitter: PassageSplitter) -> Iterator[Segment]:
    """Windows of whole rows; a row longer than the limit stands alone, and the encoder cuts it."""
    room = splitter.room(segment.title, (*segment.headings, segment.text, ", ".join(table.header)))
    start, used = 0, 0
    for number, row in enumerate(table.rows):
        size = splitter.tokens(", ".join(row))
        if number > start and used + size > room:
            yield replace(segment, table=Table(table.header, table.rows[start:number]))
            start, used = number, 0
        used += size
    yield replace(segment, table=Table(table.header, table.rows[start:]))
