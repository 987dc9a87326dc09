"""CSV, JSON and Parquet."""

import io
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
from media import write_parquet

from hostile.made import Bombs


def _parquet_rows() -> bytes:
    target = io.BytesIO()
    pq.write_table(pa.table({"nothing": pa.nulls(6_000_000, pa.bool_())}), target, compression="zstd")
    return target.getvalue()


def _parquet_columns() -> bytes:
    target = io.BytesIO()
    pq.write_table(pa.table({f"c{n}": [n] for n in range(20_000)}), target)
    return target.getvalue()


def _nested_parquet() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "nested.parquet"
        value: object = "words"
        for _ in range(40):
            value = [value]
        write_parquet(path, {"a": [value] * 3, "bytes": [b"\xff\0"] * 3, "large": [2**63 - 1] * 3})
        return path.read_bytes()


BOMBS: Bombs = {
    "line.csv": lambda: b"a,b\n" + b"x" * 30_000_000,
    "quote.csv": lambda: b'a,b\n"' + b"x,\n" * 8_000_000,
    "columns.csv": lambda: b"a," * 200_000 + b"\n" + b"1," * 200_000,
    "wide.csv": lambda: b",".join(b"column number %d" % n for n in range(10_000)) + b"\n" + b"1," * 10_000,
    "halves.csv": lambda: "a,b\n1,\ud800\n".encode("utf-8", "surrogatepass"),
    "line.jsonl": lambda: b'{"a": "' + b"x" * 30_000_000 + b'"}',
    "deep.jsonl": lambda: b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "keys.jsonl": lambda: b"\n".join(b'{"k%d": 1}' % n for n in range(20_000)),
    "deep.json": lambda: b"[" * 100_000 + b"]" * 100_000,
    "depth.json": lambda: b'[{"a": ' + b"[" * 900 + b"]" * 900 + b"}]",
    "keys.json": lambda: b"[" + b",".join(b'{"k%d": 1}' % n for n in range(20_000)) + b"]",
    "square.json": lambda: b"[" + b",".join(b'{"k%d": 1}' % n for n in range(2_000)) + b"]",
    "digits.json": lambda: b'[{"a": [' + b"9" * 10_000 + b']}, {"a": 1e999}]',
    "numbers.json": lambda: b'[{"a": NaN, "b": [Infinity, -Infinity]}, {"a": 1e999}]',
    "halves.json": lambda: b'{"title": "\\ud800", "text": "\\udfff words"}',
    "half_cells.json": lambda: b'[{"\\ud800": "\\udfff"}, {"\\ud800": "x\\u0000y"}]',
    "rows.parquet": _parquet_rows,
    "columns.parquet": _parquet_columns,
    "nested.parquet": _nested_parquet,
}
