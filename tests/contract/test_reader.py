"""The promises of a Reader, inherited by the test of each one."""

import io
import json
from abc import ABC, abstractmethod
from itertools import pairwise
from pathlib import Path

import pytest
from media import (
    HARBOUR,
    document,
    photo,
    write_audio,
    write_docx,
    write_parquet,
    write_pptx,
    write_rich_pdf,
    write_xlsx,
)
from PIL import Image

from mmsearch.errors import CorruptMedia, NotFound
from mmsearch.passages import PassageSplitter
from mmsearch.protocols import Reader
from mmsearch.readers.audio import AudioReader
from mmsearch.readers.delimited import DelimitedReader
from mmsearch.readers.html import HtmlReader
from mmsearch.readers.jsons import JsonLinesReader, JsonReader
from mmsearch.readers.markdown import MarkdownReader
from mmsearch.readers.parquet import ParquetReader
from mmsearch.readers.pdf import PdfReader
from mmsearch.readers.picture import PictureReader
from mmsearch.readers.records import RecordReader
from mmsearch.readers.slides import SlideReader
from mmsearch.readers.spreadsheet import SpreadsheetReader
from mmsearch.readers.text import TextReader
from mmsearch.readers.word import WordReader
from mmsearch.types import Document

SPLITTER = PassageSplitter(32)


class ReaderContract(ABC):
    """Inherit it, say how to make the reader, a good document of many segments, and bytes that do not decode."""

    broken: bytes = b"\x00\x01 this is something else"

    @abstractmethod
    def reader(self) -> Reader: ...

    @abstractmethod
    def good(self, folder: Path) -> Document: ...

    def bad(self, folder: Path) -> Document:
        path = folder / f"bad{min(self.reader().suffixes)}"
        path.write_bytes(self.broken)
        return document(path)

    def test_segments_belong_to_the_document_and_have_their_own_ids(self, tmp_path: Path) -> None:
        found = self.good(tmp_path)
        segments = list(self.reader().read(found))
        assert segments
        assert {segment.document_id for segment in segments} == {found.id}
        assert {segment.uri for segment in segments} == {found.uri}
        assert len({segment.id for segment in segments}) == len(segments)

    def test_segments_come_in_document_order(self, tmp_path: Path) -> None:
        spans = [segment.span for segment in self.reader().read(self.good(tmp_path))]
        for before, after in pairwise(spans):
            assert (before.page or 0) <= (after.page or 0)
            if before.start_char is not None and after.start_char is not None:
                assert before.start_char <= after.start_char
            if before.start_row is not None and after.start_row is not None:
                same_table = (before.page, before.box, before.part) == (after.page, after.box, after.part)
                assert before.start_row < after.start_row or not same_table
            assert (before.start_s or 0) <= (after.start_s or 0)

    def test_same_bytes_give_the_same_segments(self, tmp_path: Path) -> None:
        found = self.good(tmp_path)
        assert list(self.reader().read(found)) == list(self.reader().read(found))
        assert self.reader().fingerprint == self.reader().fingerprint

    def test_every_segment_has_what_its_modality_needs(self, tmp_path: Path) -> None:
        for segment in self.reader().read(self.good(tmp_path)):
            match segment.modality:
                case "text":
                    assert segment.text.strip()
                case "table":
                    assert segment.table is not None
                    assert segment.table.rows
                    assert {len(row) for row in segment.table.rows} == {len(segment.table.header)}
                case "image":
                    assert segment.picture is not None
                    with Image.open(io.BytesIO(segment.picture)) as picture:
                        assert picture.format in ("JPEG", "PNG", "WEBP")
                        assert max(picture.size) <= 768
                case "audio":
                    assert segment.span.start_s is not None
                    assert segment.span.end_s is not None
                    assert segment.span.start_s < segment.span.end_s

    def test_metadata_is_of_plain_values(self, tmp_path: Path) -> None:
        for segment in self.reader().read(self.good(tmp_path)):
            for value in segment.metadata.values():
                assert isinstance(value, (str, int, float, bool, list))
                assert not isinstance(value, list) or all(isinstance(item, str) for item in value)

    def test_what_does_not_decode_is_corrupt_media_that_names_it(self, tmp_path: Path) -> None:
        bad = self.bad(tmp_path)
        with pytest.raises(CorruptMedia, match="bad"):
            list(self.reader().read(bad))

    def test_an_empty_file_is_corrupt_media(self, tmp_path: Path) -> None:
        path = tmp_path / f"empty{min(self.reader().suffixes)}"
        path.touch()
        with pytest.raises(CorruptMedia, match="empty"):
            list(self.reader().read(document(path)))

    def test_a_file_that_is_gone_is_not_found(self, tmp_path: Path) -> None:
        with pytest.raises(NotFound, match="gone"):
            list(self.reader().read(document(tmp_path / f"gone{min(self.reader().suffixes)}")))


class TestTextReader(ReaderContract):
    def reader(self) -> Reader:
        return TextReader(SPLITTER)

    def good(self, folder: Path) -> Document:
        path = folder / "a.txt"
        path.write_text(f"{HARBOUR}\n\n" * 5)
        return document(path)


class TestMarkdownReader(ReaderContract):
    def reader(self) -> Reader:
        return MarkdownReader(SPLITTER, 1)

    def good(self, folder: Path) -> Document:
        path = folder / "a.md"
        path.write_text(f"# A\n{HARBOUR}\n\n## B\n\n| x | y |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n\n{HARBOUR * 3}\n")
        return document(path)


class TestHtmlReader(ReaderContract):
    def reader(self) -> Reader:
        return HtmlReader(SPLITTER, 1)

    def good(self, folder: Path) -> Document:
        path = folder / "a.html"
        table = "<table><tr><th>x</th><th>y</th></tr><tr><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr></table>"
        path.write_text(f"<h1>A</h1><p>{HARBOUR}</p>{table}{table}<h2>B</h2><p>{HARBOUR}</p>")
        return document(path)


class TestPdfReader(ReaderContract):
    def reader(self) -> Reader:
        return PdfReader(SPLITTER, 1)

    def good(self, folder: Path) -> Document:
        return document(write_rich_pdf(folder / "a.pdf"))


class TestWordReader(ReaderContract):
    def reader(self) -> Reader:
        return WordReader(SPLITTER, 1)

    def good(self, folder: Path) -> Document:
        return document(write_docx(folder / "a.docx"))


class TestSlideReader(ReaderContract):
    def reader(self) -> Reader:
        return SlideReader(SPLITTER, 1)

    def good(self, folder: Path) -> Document:
        return document(write_pptx(folder / "a.pptx"))


class TestDelimitedReader(ReaderContract):
    def reader(self) -> Reader:
        return DelimitedReader(2)

    def good(self, folder: Path) -> Document:
        path = folder / "a.csv"
        path.write_text("a,b\n" + "".join(f"{n},x{n}\n" for n in range(7)))
        return document(path)


class TestSpreadsheetReader(ReaderContract):
    def reader(self) -> Reader:
        return SpreadsheetReader(2)

    def good(self, folder: Path) -> Document:
        rows: list[list[object]] = [["a", "b"], *([n, f"x{n}"] for n in range(7))]
        return document(write_xlsx(folder / "a.xlsx", {"one": rows, "two": rows}))


class TestParquetReader(ReaderContract):
    def reader(self) -> Reader:
        return ParquetReader(2)

    def good(self, folder: Path) -> Document:
        return document(write_parquet(folder / "a.parquet", {"a": range(7), "b": "abcdefg"}))


class TestJsonReader(ReaderContract):
    def reader(self) -> Reader:
        return JsonReader(SPLITTER, 2)

    def good(self, folder: Path) -> Document:
        path = folder / "a.json"
        path.write_text(json.dumps([{"a": n, "b": f"x{n}"} for n in range(7)]))
        return document(path)


class TestJsonLinesReader(ReaderContract):
    def reader(self) -> Reader:
        return JsonLinesReader(2)

    def good(self, folder: Path) -> Document:
        path = folder / "a.jsonl"
        path.write_text("".join(json.dumps({"a": n, "b": f"x{n}"}) + "\n" for n in range(7)))
        return document(path)


class TestPictureReader(ReaderContract):
    def reader(self) -> Reader:
        return PictureReader()

    def good(self, folder: Path) -> Document:
        path = folder / "a.tiff"
        photo(1000, 800).save(path, save_all=True, append_images=[photo(80, 900)])
        return document(path)


class TestAudioReader(ReaderContract):
    def reader(self) -> Reader:
        return AudioReader(SPLITTER)

    def good(self, folder: Path) -> Document:
        transcript = folder / "a.vtt"
        cues = "".join(f"00:{n:02}.000 --> 00:{n + 15:02}.000\nWords number {n}.\n\n" for n in (0, 15, 30))
        transcript.write_text(f"WEBVTT\n\n{cues}")
        return document(write_audio(folder / "a.flac", "flac", 45.0), transcript)


class TestRecordReader(ReaderContract):
    def reader(self) -> Reader:
        return RecordReader(SPLITTER, (PictureReader(),), 2)

    def good(self, folder: Path) -> Document:
        rows = [[str(n), "x"] for n in range(5)]
        return self._record(folder, {"_id": "good", "title": "T", "table": {"header": ["a", "b"], "rows": rows}})

    def bad(self, folder: Path) -> Document:
        return self._record(folder, {"_id": "bad", "table": {"header": ["a"], "rows": ["no row"]}})

    def test_an_empty_file_is_corrupt_media(self, tmp_path: Path) -> None:
        (tmp_path / "empty.png").touch()
        with pytest.raises(CorruptMedia, match="empty"):
            list(self.reader().read(self._record(tmp_path, {"_id": "1", "path": "empty.png"})))

    def test_a_file_that_is_gone_is_not_found(self, tmp_path: Path) -> None:
        with pytest.raises(NotFound, match="gone"):
            list(self.reader().read(self._record(tmp_path, {"_id": "1", "path": "gone.png"})))

    @staticmethod
    def _record(folder: Path, record: dict[str, object]) -> Document:
        corpus = folder / "corpus.jsonl"
        return Document(f"{corpus.as_posix()}#{record['_id']}", corpus, (), record)
