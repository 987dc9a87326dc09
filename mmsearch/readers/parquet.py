"""Parquet."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from mmsearch.errors import CorruptMedia
from mmsearch.limits import USUAL, FileLimits
from mmsearch.readers.decoding import decoding, open_file
from mmsearch.readers.segments import Origin, title_from_name
from mmsearch.readers.tables import cell_text, window_segments
from mmsearch.types import Document, Segment, digest

BATCH_ROWS = 1000


@dataclass(frozen=True, slots=True)
class ParquetReader:
    """Tables with a schema, read batch by batch; the names and types of the columns are the schema's."""

    table_rows: int = 20
    limits: FileLimits = USUAL
    suffixes: ClassVar[frozenset[str]] = frozenset({".parquet", ".pq"})
    sidecar_suffixes: ClassVar[tuple[str, ...]] = ()

    @property
    def fingerprint(self) -> str:
        return digest("parquet 1", self.table_rows)[:16]

    def read(self, document: Document) -> Iterator[Segment]:
        path = document.path
        with decoding(path):
            import pyarrow as pa
            import pyarrow.parquet as pq
        origin = Origin(document, "parquet", title_from_name(path), limits=self.limits)
        with open_file(path) as file, decoding(path, pa.ArrowException, OSError, ValueError):
            table = pq.ParquetFile(file)
            if not table.metadata.num_rows or not table.schema_arrow.names:
                raise CorruptMedia(f"{path} holds no rows")
            self.limits.hold("rows", table.metadata.num_rows, f"{path} has {table.metadata.num_rows:,} rows")
            self.limits.hold("columns", len(table.schema_arrow), f"{path} has {len(table.schema_arrow):,} columns")
            rows = (row for batch in table.iter_batches(BATCH_ROWS) for row in _rows(batch))
            types = [_type(pa.types, field.type) for field in table.schema_arrow]
            yield from window_segments(origin, table.schema_arrow.names, rows, self.table_rows, types=types)


def _rows(batch: Any) -> Iterator[tuple[str, ...]]:
    columns = [[cell_text(value) for value in column.to_pylist()] for column in batch.columns]
    return iter(zip(*columns, strict=True))


def _type(types: Any, arrow_type: Any) -> str:
    if types.is_integer(arrow_type):
        return "integer"
    if types.is_floating(arrow_type) or types.is_decimal(arrow_type):
        return "number"
    if types.is_boolean(arrow_type):
        return "boolean"
    return "date" if types.is_date(arrow_type) or types.is_timestamp(arrow_type) else "text"
