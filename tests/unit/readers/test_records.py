from pathlib import Path
from typing import Any

import pytest
from media import photo, write_audio

from mmsearch.errors import CorruptMedia, UnsupportedMedia
from mmsearch.passages import PassageSplitter
from mmsearch.readers import default_readers
from mmsearch.readers.records import RecordReader
from mmsearch.types import Document, Segment, Table


def read(folder: Path, record: dict[str, Any]) -> list[Segment]:
    reader = default_readers(PassageSplitter(64))[-1]
    assert isinstance(reader, RecordReader)
    corpus = folder / "corpus.jsonl"
    return list(reader.read(Document(f"{corpus.as_posix()}#{record.get('_id')}", corpus, (), record)))


def test_text(tmp_path: Path) -> None:
    (segment,) = read(
        tmp_path, {"_id": "d1", "title": "Light", "text": "It burns.", "dataset": "x", "year": 3, "n": None}
    )
    assert (segment.modality, segment.title, segment.text) == ("text", "Light", "It burns.")
    assert segment.metadata == {"record_id": "d1", "dataset": "x", "year": 3}
    assert segment.uri.endswith("corpus.jsonl#d1")


def test_table_in_windows(tmp_path: Path) -> None:
    rows = [[str(n), n * 0.5, None] for n in range(25)]
    first, second = read(tmp_path, {"_id": "t", "title": "T", "table": {"header": ["a", "b", "c"], "rows": rows}})
    assert second.table == Table(("a", "b", "c"), tuple((str(n), _half(n), "") for n in range(20, 25)))
    assert (first.span.end_row, second.span.end_row) == (20, 25)


def _half(n: int) -> str:
    return str(n // 2) if n % 2 == 0 else f"{n // 2}.5"


def test_files_with_what_lies_beside_them(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    photo().save(folder / "a.jpg")
    (folder / "a.txt").write_text("Boats at the quay")
    write_audio(folder / "b.flac", "flac")
    (folder / "b.vtt").write_text("WEBVTT\n\n00:00.000 --> 00:01.420\nten ships\n")
    (picture,) = read(tmp_path, {"_id": "p", "modality": "image", "path": "files/a.jpg", "title": "", "width": 640})
    assert (picture.modality, picture.text, picture.title) == ("image", "Boats at the quay", "a")
    assert (picture.metadata["width"], picture.metadata["height"]) == (640, 200)
    assert picture.uri.endswith("corpus.jsonl#p")
    (speech,) = read(tmp_path, {"_id": "s", "path": "files/b.flac", "title": "Ships"})
    assert (speech.modality, speech.text, speech.span.end_s, speech.title) == ("audio", "ten ships", 1.42, "Ships")


@pytest.mark.parametrize(
    ("record", "error"),
    [
        ({"_id": "e"}, CorruptMedia),
        ({"_id": "e", "text": " ", "title": ""}, CorruptMedia),
        ({"_id": "e", "table": {"rows": [["a"]]}}, CorruptMedia),
        ({"_id": "e", "table": {"header": ["a"], "rows": []}}, CorruptMedia),
        ({"_id": "e", "path": "x.exe"}, UnsupportedMedia),
    ],
)
def test_records_without_content_are_named(tmp_path: Path, record: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error, match=r"corpus\.jsonl#e"):
        read(tmp_path, record)
