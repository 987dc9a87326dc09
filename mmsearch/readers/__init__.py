"""Readers: a file or record into segments. Their libraries are imported when the first file of a kind is read."""

from collections.abc import Sequence

from mmsearch.limits import USUAL, FileLimits
from mmsearch.passages import PassageSplitter
from mmsearch.protocols import Hearing, OcrEngine, Reader, SpeechRecognizer
from mmsearch.readers.audio import AudioReader
from mmsearch.readers.delimited import DelimitedReader
from mmsearch.readers.html import HtmlReader
from mmsearch.readers.jsons import JsonLinesReader, JsonReader
from mmsearch.readers.markdown import MarkdownReader
from mmsearch.readers.parquet import ParquetReader
from mmsearch.readers.pdf import PdfReader
from mmsearch.readers.picture import PictureReader
from mmsearch.readers.records import RecordReader
from mmsearch.readers.segments import segment_id
from mmsearch.readers.slides import SlideReader
from mmsearch.readers.spreadsheet import SpreadsheetReader
from mmsearch.readers.text import TextReader
from mmsearch.readers.word import WordReader

__all__ = ["default_readers", "segment_id"]


def default_readers(
    splitter: PassageSplitter,
    table_rows: int = 20,
    recognizer: SpeechRecognizer | None = None,
    ocr: OcrEngine | None = None,
    others: Sequence[Reader] = (),
    limits: FileLimits = USUAL,
    hearing: Hearing | None = None,
) -> tuple[Reader, ...]:
    """One reader for each family of formats; no two of them take the same ending. Records (the ending "") come last.

    `others` come first: what they take, ours do not.
    """
    files: tuple[Reader, ...] = (
        *others,
        TextReader(splitter),
        MarkdownReader(splitter, table_rows, limits),
        HtmlReader(splitter, table_rows, limits),
        PdfReader(splitter, table_rows, ocr, limits),
        WordReader(splitter, table_rows, ocr, limits),
        SlideReader(splitter, table_rows, ocr, limits),
        DelimitedReader(table_rows, limits),
        SpreadsheetReader(table_rows, limits),
        ParquetReader(table_rows, limits),
        JsonReader(splitter, table_rows, limits),
        JsonLinesReader(table_rows, limits),
        PictureReader(ocr, limits),
        AudioReader(splitter, recognizer, limits, hearing),
    )
    return (*files, RecordReader(splitter, files, table_rows, limits))
