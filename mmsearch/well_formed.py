"""Text that everything can be told: without half characters, which broken files and JSON's escapes bring in."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from mmsearch.types import Segment, Table

REVISION = "1"
"""Changes when the same segments would be told otherwise."""
_HALF = re.compile("[\ud800-\udfff]")


def well_formed(text: str) -> str:
    """The text, character for character as long, with U+FFFD for each lone half of a surrogate pair.

    No encoding holds those, and tokenizers and stores refuse them.
    """
    return text if text.isascii() else _HALF.sub("\ufffd", text)


def all_well_formed(segments: Iterable[Segment]) -> Iterator[Segment]:
    """The segments with all that they say well-formed. Their places keep the names that they have in the system."""
    for segment in segments:
        told: dict[str, Any] = {
            "text": well_formed(segment.text),
            "title": well_formed(segment.title),
            "headings": tuple(map(well_formed, segment.headings)),
            "table": segment.table and _table(segment.table),
            "metadata": {well_formed(key): _value(value) for key, value in segment.metadata.items()},
        }
        same = all(getattr(segment, name) == value for name, value in told.items())
        yield segment if same else replace(segment, **told)


def _table(table: Table) -> Table:
    return Table(tuple(map(well_formed, table.header)), tuple(tuple(map(well_formed, row)) for row in table.rows))


def _value(value: Any) -> Any:
    if isinstance(value, str):
        return well_formed(value)
    return list(map(_value, value)) if isinstance(value, list) else value
