"""A segment as one string: for a sentence encoder, which reads a few hundred tokens, for words, which read all, and
for whoever reads it.

The variants were measured: benchmarks/QUALITY.md.
"""

from collections.abc import Sequence

from mmsearch.types import Segment

REVISION = "2"
"""Changes with every change of the strings: what was encoded before cannot be compared with it."""

TITLE_REPEATS = 2
"""A word of a table's title says more than one of its cells: it counts twice in BM25."""


def for_encoder(segment: Segment) -> str:
    """Title, headings, then what the segment says; empty when it has no words at all.

    A table reads as `title. header, header. cell, cell; cell, cell`. What matters most comes first, since encoders
    cut at the end.
    """
    parts = [*_place(segment), segment.text.strip()]
    if segment.table:
        parts += [", ".join(segment.table.header), "; ".join(_rows(segment, ", "))]
    return ". ".join(part for part in parts if part)


def for_words(segment: Segment) -> str:
    """Everything that words may find the segment by, one part a line."""
    parts = [*_place(segment), segment.text.strip()]
    if segment.table:
        parts = [segment.title] * (TITLE_REPEATS - 1) + parts + [" ".join(segment.table.header), *_rows(segment, " ")]
    return "\n".join(part for part in parts if part)


def for_reading(segment: Segment) -> str:
    """The text, then the table as Markdown: what a person or a language model reads where nothing shows it better."""
    parts = [segment.text.strip()]
    if segment.table:
        header = segment.table.header
        parts.append("\n".join(map(_markdown_row, (header, ("---",) * len(header), *segment.table.rows))))
    return "\n\n".join(part for part in parts if part)


def _markdown_row(cells: Sequence[str]) -> str:
    shown = (" ".join(cell.split()).replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(shown)} |"


def _rows(segment: Segment, separator: str) -> list[str]:
    """The rows, one string each; empty cells are left out, empty rows too."""
    rows = segment.table.rows if segment.table else ()
    lines = (separator.join(cell.strip() for cell in row if cell.strip()) for row in rows)
    return [line for line in lines if line]


def _place(segment: Segment) -> list[str]:
    """The title and the headings in order, each once: a heading path often starts with the title."""
    parts = (part.strip().rstrip(".") for part in (segment.title, *segment.headings))
    return list(dict.fromkeys(filter(None, parts)))
