"""CSV and TSV."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TextIO

from mmsearch.errors import CorruptMedia
from mmsearch.limits import USUAL, FileLimits
from mmsearch.readers.charsets import encoding_fact, encoding_of
from mmsearch.readers.decoding import decoding
from mmsearch.readers.segments import Origin, title_from_name
from mmsearch.readers.tables import sheet_segments
from mmsearch.types import Document, Segment, digest

SAMPLED_CHARS = 16_384
DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class DelimitedReader:
    """Tables with a delimiter, told by the first lines, read row by row however many there are."""

    table_rows: int = 20
    limits: FileLimits = USUAL
    suffixes: ClassVar[frozenset[str]] = frozenset({".csv", ".tsv", ".tab"})
    sidecar_suffixes: ClassVar[tuple[str, ...]] = ()

    @property
    def fingerprint(self) -> str:
        return digest("delimited 1", self.table_rows)[:16]

    def read(self, document: Document) -> Iterator[Segment]:
        path = document.path
        encoding = encoding_of(path)
        origin = Origin(document, "delimited", title_from_name(path), encoding_fact(encoding), limits=self.limits)
        with decoding(path, csv.Error, UnicodeError), path.open(encoding=encoding, newline="") as lines:
            dialect = _dialect(lines.read(SAMPLED_CHARS), "\t" if path.suffix.lower() != ".csv" else ",")
            lines.seek(0)
            segments = sheet_segments(origin, _rows(path, lines, dialect, self.limits), self.table_rows)
            first = next(segments, None)
            if first is None:
                raise CorruptMedia(f"{path} holds no rows")
            yield first
            yield from segments


def _rows(path: Path, lines: TextIO, dialect: type[csv.Dialect], limits: FileLimits) -> Iterator[list[str]]:
    """The rows. Raises csv.Error, and TooLarge before a row that is too long is in memory."""
    taken = 0

    def whole_lines() -> Iterator[str]:
        nonlocal taken
        while line := lines.readline(limits.line_chars + 1):
            taken += len(line)
            if taken > limits.line_chars:
                limits.hold("line_chars", taken, f"{path} has a row of more than {limits.line_chars:,} characters")
            yield line

    csv.field_size_limit(max(csv.field_size_limit(), limits.line_chars))  # of the process; ours comes first
    for row in csv.reader(whole_lines(), dialect):
        taken = 0
        yield row


def _dialect(sample: str, usual: str) -> type[csv.Dialect]:
    """The delimiter that the standard library's sniffer finds, else the usual one of the file's ending."""
    whole_lines = sample[: sample.rfind("\n") + 1] if len(sample) == SAMPLED_CHARS else sample

    class Told(csv.excel):
        delimiter = usual

    if usual == "\t" and "\t" in whole_lines:
        return Told
    try:
        sniffed = csv.Sniffer().sniff(whole_lines or sample, DELIMITERS)
    except csv.Error:
        return Told
    Told.delimiter = sniffed.delimiter
    Told.skipinitialspace = sniffed.skipinitialspace
    return Told
