"""Records in Parquet: a file or a folder of them, read a batch at a time."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmsearch.errors import ConfigError, CorruptMedia, InputError, MMSearchError
from mmsearch.sources.found import Unread, reachable
from mmsearch.sources.records import MEDIA, Records, columns_of
from mmsearch.types import Document, Root

BATCH_BYTES, BATCH_ROWS = 16 << 20, 1024
"""Of rows that are taken from a file at once: they may hold pictures and recordings."""


def rows(root: Root) -> Iterator[Document | Unread]:
    """The documents of a dataset, a row each; paths in it are relative to its folder.

    A file that does not decode is an Unread, and while there is one nothing of the dataset counts as gone.
    """
    place = Path(root.place)
    files = sorted(place.rglob("*.parquet")) if place.is_dir() else [place]
    records = Records(root, (place / "rows" if place.is_dir() else place).as_posix())
    for file in files:
        try:
            for number, item in enumerate(_items(root, file), start=1):
                yield records.document(item, f"{file}, row {number}")
        except MMSearchError as error:
            yield Unread(root.place, error=error)


def _items(root: Root, file: Path) -> Iterator[dict[str, Any]]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ModuleNotFoundError as error:
        raise ConfigError(f'{file} needs pyarrow: pip install "mmsearch[readers]"') from error
    with reachable(file), file.open("rb") as stream:
        try:
            table = pq.ParquetFile(stream)
            _check(root, file, table.schema_arrow.names)
            for number in range(table.num_row_groups):
                for batch in table.iter_batches(_batch_rows(table.metadata.row_group(number)), [number]):
                    yield from batch.to_pylist()
        except (pa.ArrowException, ValueError) as error:
            raise CorruptMedia(f"{file} does not decode: {' '.join(str(error).split())[:200]}") from error


def _batch_rows(group: Any) -> int:
    """How many rows of a row group take about BATCH_BYTES when they are unpacked."""
    return max(1, min(BATCH_ROWS, BATCH_BYTES * int(group.num_rows) // max(int(group.total_byte_size), 1)))


def _check(root: Root, file: Path, names: list[str]) -> None:
    """Raises InputError where no column is what a record is, or one that is named is not there."""
    columns = columns_of(root)
    absent = [column for column in columns.values() if column not in names]
    wanted = {*MEDIA, "text", "table", "title"}
    if absent or not wanted & {*names, *columns}:
        missing = f'no column "{absent[0]}"' if absent else "no column text, bytes, path or url"
        raise InputError(f"{file} has {missing}; it has {', '.join(names)}: name one with --column text=NAME")
