"""Segments as columns of Parquet that other programs can read, and back, exactly.

`table` and `span` are structs, `metadata` is JSON, and so is `lettering`: of each word on a picture [start, end, left,
top, right, bottom, confidence]. Strings of Parquet are UTF-8: where a segment holds what is not
(half a surrogate pair out of broken JSON), the columns show a question mark, and `exact` holds all of it as JSON.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from mmsearch.errors import InputError
from mmsearch.portable.layout import arrow
from mmsearch.stores.rows import lettering_json, lettering_of
from mmsearch.types import MODALITIES, Segment, Space, Span, Table, Vector

LETTERING = "lettering"
"""The column that exports of before pictures were marked do not have."""
Row = tuple[Segment, Vector | str]
"""A segment, or a piece of one, with its vector or its analysed words."""


def document_schema() -> Any:
    """The columns of documents.parquet; `spaces` says of how many of its segments each space could hold something,
    `access` who may see it, nobody where everybody may."""
    pa, _ = arrow()
    texts = [pa.field(name, pa.string()) for name in ("id", "uri", "stat", "content", "reader", "modality")]
    own = [pa.field("segments", pa.int64()), pa.field("spaces", pa.map_(pa.string(), pa.int64()))]
    return pa.schema([*texts, *own, pa.field("access", pa.list_(pa.string()))])


def picture_schema() -> Any:
    """The columns of pictures.parquet; `bytes` is a JPEG, PNG or WebP file."""
    pa, _ = arrow()
    return pa.schema([("document", pa.string()), ("segment", pa.string()), ("bytes", pa.binary())])


def sketch_schema() -> Any:
    """The columns of sketches.parquet: what near copies of a document are told by."""
    pa, _ = arrow()
    hashes, pictures = pa.list_(pa.uint32()), pa.list_(pa.string())
    return pa.schema(
        [("document", pa.string()), ("modality", pa.string()), ("shingles", hashes), ("pictures", pictures)]
    )


def row_schema(space: Space) -> Any:
    """The columns of a space's rows: those of the segment, then `vector` or `terms`."""
    pa, _ = arrow()
    strings = pa.list_(pa.string())
    span = pa.struct(
        [
            *((name, pa.float64()) for name in ("start_s", "end_s")),
            *((name, pa.int64()) for name in ("start_char", "end_char", "start_row", "end_row", "page")),
            ("box", pa.list_(pa.float64())),
            ("part", pa.string()),
        ]
    )
    columns = {
        **dict.fromkeys(("id", "document", "uri", "modality", "title"), pa.string()),
        "headings": strings,
        "text": pa.string(),
        "table": pa.struct([("header", strings), ("rows", pa.list_(strings))]),
        "span": span,
        "metadata": pa.string(),
        LETTERING: pa.string(),
        "exact": pa.string(),
    }
    own = ("terms", pa.string()) if space.kind == "lexical" else ("vector", pa.list_(pa.float32(), space.dim))
    return pa.schema([*columns.items(), own])


def to_table(space: Space, rows: Sequence[Row]) -> Any:
    """The rows as an Arrow table of `row_schema`."""
    pa, _ = arrow()
    schema = row_schema(space)
    columns = [_columns(segment) for segment, _ in rows]
    arrays = [pa.array([row[field.name] for row in columns], field.type) for field in list(schema)[:-1]]
    if space.kind == "lexical":
        own = pa.array([_utf8(str(terms)) for _, terms in rows], pa.string())
    else:
        vectors = np.array([vector for _, vector in rows], dtype=np.float32)
        own = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), space.dim)
    return pa.Table.from_arrays([*arrays, own], schema=schema)


def from_batch(space: Space, batch: Any) -> Iterable[Row]:
    """The rows of an Arrow record batch of `row_schema`. Raises InputError for what no export holds."""
    *columns, own = batch.columns
    if space.kind == "lexical":
        contents: Sequence[Vector | str] = own.to_pylist()
    else:
        contents = own.flatten().to_numpy(zero_copy_only=False).reshape(-1, space.dim)
    names = batch.schema.names[:-1]
    for values, content in zip(zip(*(column.to_pylist() for column in columns), strict=True), contents, strict=True):
        yield _segment(dict(zip(names, values, strict=True))), content


def _columns(segment: Segment) -> dict[str, Any]:
    table = segment.table and {"header": list(segment.table.header), "rows": [list(row) for row in segment.table.rows]}
    values = {
        "id": segment.id,
        "document": segment.document_id,
        "uri": segment.uri,
        "modality": segment.modality,
        "title": segment.title,
        "headings": list(segment.headings),
        "text": segment.text,
        "table": table,
        "span": segment.span.as_dict(),
        "metadata": json.dumps(dict(segment.metadata), ensure_ascii=False),
        LETTERING: json.dumps(lettering_json(segment.lettering)) if segment.lettering else None,
        "exact": None,
    }
    whole = json.dumps(values, ensure_ascii=False)
    if whole == _utf8(whole):
        return values
    readable: dict[str, Any] = json.loads(_utf8(whole))
    return readable | {"exact": json.dumps(values)}


def _segment(values: dict[str, Any]) -> Segment:
    if values["exact"] is not None:
        values = json.loads(values["exact"])
    table, span = values["table"], {name: value for name, value in values["span"].items() if value is not None}
    if "box" in span:
        span["box"] = tuple(span["box"])
    if values["modality"] not in MODALITIES:
        raise InputError(f"a segment of the export has the modality {values['modality']!r}, which there is not")
    return Segment(
        id=values["id"],
        document_id=values["document"],
        uri=values["uri"],
        modality=values["modality"],
        span=Span(**span),
        title=values["title"],
        headings=tuple(values["headings"]),
        text=values["text"],
        table=table and Table(tuple(table["header"]), tuple(tuple(row) for row in table["rows"])),
        metadata=json.loads(values["metadata"]),
        lettering=lettering_of(json.loads(values.get(LETTERING) or "[]")),
    )


def _utf8(text: str) -> str:
    """The text with a question mark for what UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
