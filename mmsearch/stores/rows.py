"""A segment as a row: columns that filters ask about, and a payload that gives the segment back."""

import base64
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mmsearch.errors import StoreError
from mmsearch.filters import kind
from mmsearch.stores.milvus_filters import DOCUMENT_NUMBER, document_number, facet_key
from mmsearch.stores.safe_text import faithful, safe
from mmsearch.types import Lettering, Segment, Span, Table

ID_BYTES = 512
COLUMN_BYTES = 65_000
"""Milvus refuses strings and JSON values of more than 65,535 bytes."""
FILTER_LIMIT_BYTES = 4_096
"""Of a uri or a title as a filter sees it; a longer one is looked at in the payload."""
BATCH_ROWS, BATCH_BYTES = 500, 8 << 20


def row(segment: Segment) -> dict[str, Any]:
    """The columns of the segment but its vector or terms.

    `cut` says that the columns do not hold all that a filter may ask for; the payload always does.
    """
    strings = {
        "document": segment.document_id,
        "modality": segment.modality,
        "uri": segment.uri,
        "title": segment.title,
    }
    for id in (segment.id, segment.document_id):
        if len(safe(id).encode()) > ID_BYTES or not faithful(id):
            raise StoreError(f"{segment.uri}: the id {id!r} cannot be stored; ids are hashes or short names")
    columns = {name: safe(value) for name, value in strings.items()}
    facets = _facets(segment.metadata)
    cut = (
        not all(map(faithful, strings.values()))
        or facets is None
        or any(len(value.encode()) > FILTER_LIMIT_BYTES for value in columns.values())
    )
    clipped = {name: value.encode()[:FILTER_LIMIT_BYTES].decode(errors="ignore") for name, value in columns.items()}
    return {
        "id": safe(segment.id),
        **clipped,
        DOCUMENT_NUMBER: document_number(segment.document_id),
        "facets": facets or {"kinds": {}, "values": {}},
        "cut": cut,
        "payload": payload(segment),
    }


def payload(segment: Segment) -> list[str]:
    """The segment without its picture as JSON in one string, or deflated and in base64 over several."""
    values = {
        "id": segment.id,
        "document_id": segment.document_id,
        "uri": segment.uri,
        "modality": segment.modality,
        "span": segment.span.as_dict(),
        "title": segment.title,
        "headings": segment.headings,
        "text": segment.text,
        "table": segment.table and {"header": segment.table.header, "rows": segment.table.rows},
        "metadata": dict(segment.metadata),
        "lettering": lettering_json(segment.lettering),
    }
    written = json.dumps({name: value for name, value in values.items() if value}, ensure_ascii=not _is_utf8(values))
    if len(written.encode()) <= COLUMN_BYTES:
        return [written]
    packed = base64.b64encode(zlib.compress(written.encode())).decode()
    return [packed[start : start + COLUMN_BYTES] for start in range(0, len(packed), COLUMN_BYTES)]


def segment(chunks: Sequence[str]) -> Segment:
    """The segment that `payload` was given, without its picture."""
    written = "".join(chunks)
    values = json.loads(written if written.startswith("{") else zlib.decompress(base64.b64decode(written)))
    span, table = values.pop("span", {}), values.pop("table", None)
    lettering = lettering_of(values.pop("lettering", ()))
    if "box" in span:
        span["box"] = tuple(span["box"])
    found = Segment(**{"document_id": "", "uri": "", **values, "span": Span(**span)})
    return replace(
        found,
        headings=tuple(found.headings),
        table=table and Table(tuple(table["header"]), tuple(tuple(cells) for cells in table["rows"])),
        lettering=lettering,
    )


def batches(made: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Bounded in rows and in bytes: a server takes 64 MiB at once."""
    batch: list[dict[str, Any]] = []
    size_bytes = 0
    for row in made:
        row_bytes = 8_192 + sum(map(len, row["payload"])) + len(row.get("terms", ""))
        if batch and (len(batch) == BATCH_ROWS or size_bytes + row_bytes > BATCH_BYTES):
            yield batch
            batch, size_bytes = [], 0
        batch.append(row)
        size_bytes += row_bytes
    if batch:
        yield batch


def lettering_json(lettering: Sequence[Lettering]) -> list[list[float]]:
    """Each word as [start, end, left, top, right, bottom, confidence]: pages have hundreds."""
    return [[word.start, word.end, *word.box, word.confidence] for word in lettering]


def lettering_of(said: Sequence[Sequence[float]]) -> tuple[Lettering, ...]:
    """What `lettering_json` wrote."""
    return tuple(Lettering(int(start), int(end), (a, b, c, d), sure) for start, end, a, b, c, d, sure in said)


def _facets(metadata: Mapping[str, Any]) -> dict[str, Any] | None:
    """What filters ask of the metadata; None where Milvus could not hold it or would not compare it exactly."""
    kinds: dict[str, str] = {}
    values: dict[str, Any] = {}
    for name, value in metadata.items():
        same, key = kind(value), facet_key(name)
        words = [name, *(value if same == "list" else [value] if same == "string" else [])]
        if not all(isinstance(word, str) and faithful(word) for word in words):
            return None
        if same == "number" and abs(value) > 2**62:
            return None
        if same is None:
            continue
        kinds[key] = same
        if same == "string":
            values[key] = safe(value)
        elif same == "list":
            values[key] = {facet_key(member): 1 for member in value}
        else:
            values[key] = value
    facets = {"kinds": kinds, "values": values}
    return facets if len(json.dumps(facets, ensure_ascii=False).encode()) <= COLUMN_BYTES else None


def _is_utf8(values: Mapping[str, Any]) -> bool:
    """False for names of files that did not decode: they hold lone surrogates, which JSON can write as escapes."""
    try:
        json.dumps(values, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
