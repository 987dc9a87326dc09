"""A document of the library as the query: by its picture where a space answers pictures, else by its words."""

import re
from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from mmsearch.errors import InputError, NotFound
from mmsearch.manifest import Manifest
from mmsearch.protocols import Store
from mmsearch.renditions import Renditions
from mmsearch.serialisation import for_words
from mmsearch.types import And, Compare, Not, Query, QueryKind, Result, Segment

MOST_WORDS = 64
"""Of a document: what it begins with says what it is about, and each word more makes the search slower."""
_IDS = re.compile(r"([0-9a-f]{32})(?:/([0-9a-f]{32}))?")
_WORD = re.compile(r"\w+")
"""What is no word could be taken for an operator of the query language."""


def alike(
    query: Query,
    manifest: Manifest,
    store: Store,
    catalogue: str,
    renditions: Renditions,
    answered: Collection[QueryKind],
) -> Query:
    """What `query.like` names as a query that finds others: with its picture if `answered` has that, or its words.

    Words of the query are added to its words. Raises NotFound, and InputError for a query that has a picture or a
    sound besides, or a document without words.
    """
    if query.image is not None or query.audio is not None:
        raise InputError("the query is a document of the library and a file: give one of them")
    named = _IDS.fullmatch(query.like)
    entry = manifest.entry_of(named[1] if named else query.like, query.sight)
    if entry is None or not entry.done:
        raise NotFound(
            f'the library has no document "{query.like}": give its path, or "document" "id" or "uri" of search --json'
        )
    others = Not(Compare("document", "=", entry.id))
    filter = And((query.filter, others)) if query.filter else others
    segment_id = (named[2] or "") if named else ""
    picture = renditions.path(entry.id, segment_id) if segment_id or entry.modality == "image" else None
    if picture is not None and "image" in answered:
        return replace(query, like="", image=picture.read_bytes(), filter=filter, answer=False)
    words = f"{query.text} {_words(entry.id, segment_id, store, catalogue)}".strip()
    if not words:
        raise InputError(f"{entry.uri} has no words, and no space answers pictures: nothing to search by")
    return replace(query, like="", text=words, filter=filter, answer=False)


def name_of(document: str | Path | Result) -> str:
    """What names a document in any process: a result by its ids, a path that is there in full, all else as it is."""
    if isinstance(document, Result):
        return f"{document.segment.document_id}/{document.segment.id}"
    if not str(document):
        return ""
    path = Path(document)
    with suppress(RuntimeError):  # a ~ of nobody
        path = path.expanduser()
    return path.resolve().as_posix() if path.exists() else str(document)


def _words(document_id: str, segment_id: str, store: Store, catalogue: str) -> str:
    """The first words of the segment, or of the document."""
    if segment_id:
        held = store.segments(catalogue, [segment_id]).get(segment_id)
        segments = [held] if held and held.document_id == document_id else []
        if not segments:
            raise NotFound(f'the document {document_id} has no segment "{segment_id}"')
    else:
        segments = sorted((segment for segment, _ in store.scan(catalogue, [document_id])), key=_position)
    found: list[str] = []
    for segment in segments:
        if len(found) >= MOST_WORDS:
            break
        found += _WORD.findall(for_words(segment))
    return " ".join(found[:MOST_WORDS])


def _position(segment: Segment) -> tuple[float, int, int, int]:
    span = segment.span
    return span.start_s or 0.0, span.page or 0, span.start_char or 0, span.start_row or 0
