"""A segment as one string: for a sentence encoder, which reads a few hundred tokens, and for words, which read all."""

from mmsearch.types import Segment, Table


def for_encoder(segment: Segment) -> str:
    """Title, headings, then what the segment says; empty when it has no words at all.

    A table reads as `title. header | ... ; row ; row`. What matters most comes first, since encoders cut at the end.
    """
    body = "; ".join(table_lines(segment.table, " | ")) if segment.table else segment.text.strip()
    said = " ".join(filter(None, (segment.text.strip() if segment.table else "", body)))
    return ". ".join(filter(None, (*_place(segment), said)))


def for_words(segment: Segment) -> str:
    """Everything that words may find the segment by, one part a line."""
    rows = table_lines(segment.table, " ") if segment.table else []
    return "\n".join(filter(None, (*_place(segment), segment.text.strip(), *rows)))


def table_lines(table: Table, separator: str) -> list[str]:
    """The header and the rows, one string each; empty cells are left out, empty rows too."""
    lines = (separator.join(filter(None, map(str.strip, row))) for row in (table.header, *table.rows))
    return [line for line in lines if line]


def _place(segment: Segment) -> list[str]:
    """The title and the headings in order, each once: a heading path often starts with the title."""
    parts = (part.strip().rstrip(".") for part in (segment.title, *segment.headings))
    return list(dict.fromkeys(filter(None, parts)))
