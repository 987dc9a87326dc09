"""The part of a segment that shows why it was found."""

from collections.abc import Sequence
from functools import lru_cache

from mmsearch.languages import language_of
from mmsearch.lexical import Wanted, analyze
from mmsearch.types import Segment, Table

SNIPPET_CHARS = 240


def snippet(segment: Segment, query: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """(text, highlights): about 240 characters around the query's words, and where they stand in it.

    A table gives its best row as "header: cell"; a segment without words gives its title.
    """
    language = language_of(segment)
    wanted = _wanted(query, language)
    text = _best_row(segment.table, wanted, language) if segment.table else " ".join(segment.text.split())
    text = text or segment.title
    found = wanted.places(text)
    start, end = _window(text, found)
    head, tail = ("… " if start else ""), (" …" if end < len(text) else "")
    shift = len(head) - start
    shown = tuple((a + shift, b + shift) for a, b in found if start <= a and b <= end)
    return head + text[start:end] + tail, shown


@lru_cache(maxsize=64)
def _wanted(query: str, language: str) -> Wanted:
    return Wanted(analyze(query, language), language)


def _window(text: str, matches: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The window of whole words with the most matches; the first of equals."""
    if len(text) <= SNIPPET_CHARS:
        return 0, len(text)
    starts = [max(0, a - SNIPPET_CHARS // 6) for a, _ in matches] or [0]
    best = max(starts, key=lambda s: sum(s <= a and b <= s + SNIPPET_CHARS for a, b in matches))
    start = 0 if best == 0 else text.find(" ", best) + 1
    end = min(len(text), start + SNIPPET_CHARS)
    if end < len(text) and (space := text.rfind(" ", start, end)) > start:
        end = space
    return start, end


def _best_row(table: Table, wanted: Wanted, language: str) -> str:
    def matched(row: Sequence[str]) -> int:
        return len(wanted.terms.intersection(analyze(" ".join(row), language)))

    row = max(table.rows, key=matched, default=())
    return " · ".join(f"{name}: {cell}" for name, cell in zip(table.header, row, strict=True) if cell)
