"""Every limit: what is over it is too large, and the error names the file, the limit and where it is set."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from media import HARBOUR, document, photo, write_audio, write_docx, write_parquet, write_pdf, write_pptx, write_xlsx
from PIL import Image

from mmsearch.errors import TooLarge
from mmsearch.limits import FileLimits
from mmsearch.passages import PassageSplitter
from mmsearch.readers import default_readers
from mmsearch.reading.spool import spool
from mmsearch.sources import reader_of
from mmsearch.types import Segment

ROWS = [["a", "b", "c"], *[["1", "2", "3"]] * 9]


def read(path: Path, **limits: float) -> list[Segment]:
    readers = default_readers(PassageSplitter(64), limits=FileLimits.model_validate(limits))
    found = document(path)
    return list(reader_of(found, readers).read(found))


def png(path: Path) -> Path:
    photo(100, 100).save(path)
    return path


def tiff(path: Path) -> Path:
    photo().save(path, save_all=True, append_images=[photo(), photo()])
    return path


def text(path: Path, words: str) -> Path:
    path.write_text(words)
    return path


def csv(path: Path) -> Path:
    return text(path, "\n".join(",".join(row) for row in ROWS))


OVER: dict[str, tuple[Callable[[Path], Path], str, float, str]] = {
    "a.png": (png, "pixels", 9_999, "100 x 100"),
    "a.tiff": (tiff, "pages", 2, "3 pages"),
    "a.pdf": (lambda path: write_pdf(path, [HARBOUR] * 3), "pages", 2, "3 pages"),
    "a.pptx": (write_pptx, "pages", 2, "3 slides"),
    "chart.pptx": (write_pptx, "rows", 1, "chart of 2 points"),
    "a.csv": (csv, "rows", 8, "9 rows or more"),
    "wide.csv": (csv, "columns", 2, "3 columns"),
    "line.csv": (lambda path: text(path, "a,b\n" + "x" * 50), "line_chars", 40, "more than 40 characters"),
    "quoted.csv": (lambda path: text(path, 'a,b\n"' + "x\n" * 50), "line_chars", 40, "more than 40 characters"),
    "a.xlsx": (lambda path: write_xlsx(path, {"a": ROWS}), "rows", 8, "9 rows or more"),
    "wide.xlsx": (lambda path: write_xlsx(path, {"a": ROWS}), "columns", 2, "3 columns"),
    "a.parquet": (lambda path: write_parquet(path, {"a": range(9)}), "rows", 8, "9 rows"),
    "wide.parquet": (lambda path: write_parquet(path, {n: [1] for n in "abc"}), "columns", 2, "3 columns"),
    "a.json": (lambda path: text(path, json.dumps([dict.fromkeys("abc", 1)] * 3)), "columns", 2, "3 columns"),
    "deep.json": (lambda path: text(path, "[" * 9 + "]" * 9), "nesting", 8, "nested"),
    "a.jsonl": (lambda path: text(path, '{"a": 1}\n{"b": 1}\n{"c": 1}'), "columns", 2, "more than 2 columns"),
    "line.jsonl": (lambda path: text(path, '{"a": "' + "x" * 50 + '"}'), "line_chars", 40, "line 1"),
    "deep.jsonl": (lambda path: text(path, '{"a": [[[]]]}'), "nesting", 3, "line 1 has values nested"),
    "a.html": (lambda path: text(path, "<div>" * 9 + HARBOUR), "nesting", 8, "nested"),
    "wide.html": (lambda path: text(path, "<table><tr><td colspan=3>x<tr><td>y"), "columns", 2, "3 columns"),
    "wide.docx": (write_docx, "columns", 1, "2 columns"),
    "a.docx": (write_docx, "unpacked_bytes", 9_999, "unpacks to"),
    "a.wav": (lambda path: write_audio(path, "pcm_s16le", 2.0), "recording_s", 1.5, "lasts"),
}


@pytest.mark.parametrize("name", OVER)
def test_what_is_over_a_limit_is_too_large_and_says_which(tmp_path: Path, name: str) -> None:
    make, limit, most, said = OVER[name]
    path = make(tmp_path / name)
    assert read(path), "by the usual limits it is read"
    with pytest.raises(TooLarge, match=rf"{name}.*{said}.*limits\.{limit} is {most:,}"):
        read(path, **{limit: most})


def test_what_is_at_a_limit_is_read(tmp_path: Path) -> None:
    assert len(read(csv(tmp_path / "a.csv"), rows=9, columns=3, line_chars=6)) == 1
    assert len(read(tiff(tmp_path / "a.tiff"), pages=3, pixels=320 * 200)) == 3
    deep = text(tmp_path / "a.json", "[" * 9 + "]" * 9)
    assert read(deep, nesting=9)


def test_an_archive_is_measured_by_its_own_size_only_where_it_is_large(tmp_path: Path) -> None:
    path = write_docx(tmp_path / "a.docx")
    assert read(path, unpacked_ratio=1)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/media/zeros.bin", bytes(70 << 20))
    with pytest.raises(TooLarge, match=r"times its size; limits\.unpacked_ratio is 200"):
        read(path)
    assert read(path, unpacked_ratio=5_000)


def test_a_later_page_of_too_many_pixels_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.tiff"
    photo(50, 50).save(path, save_all=True, append_images=[photo(100, 100)])
    with pytest.raises(TooLarge, match=r"a\.tiff has too many pixels, 100 x 100; limits\.pixels is 9,999"):
        read(path, pixels=9_999)


def test_an_embedded_picture_over_the_limit_is_left_out_and_the_text_stays(tmp_path: Path) -> None:
    path = write_docx(tmp_path / "a.docx")
    assert {segment.modality for segment in read(path)} == {"text", "table", "image"}
    assert {segment.modality for segment in read(path, pixels=9_999)} == {"text", "table"}


def test_more_pixels_than_pillow_allows_are_read_where_the_settings_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1_000)
    path = tmp_path / "a.png"
    photo(100, 100).save(path)
    assert read(path, pixels=10_000)


def test_long_rows_make_short_windows(tmp_path: Path) -> None:
    path = text(tmp_path / "a.csv", "a,b\n" + f"1,{'x' * 600_000}\n" * 4)
    assert [(s.span.start_row, s.span.end_row) for s in read(path)] == [(0, 2), (2, 4)]


def test_what_grows_on_the_disk_or_takes_too_long_is_stopped_and_leaves_nothing(tmp_path: Path) -> None:
    segments = read(csv(tmp_path / "a.csv")) * 3_000
    assert spool(segments, tmp_path / "whole", FileLimits()).size_bytes > 1 << 20
    with pytest.raises(TooLarge, match=r"a\.csv grows to 1 MiB when it is read; limits\.spooled_bytes is 1,060,000"):
        spool(segments, tmp_path / "spooled", FileLimits(spooled_bytes=1_060_000))
    with pytest.raises(TooLarge, match=r"a\.csv is still not read to its end; limits\.read_s is 1e-09"):
        spool(segments, tmp_path / "spooled", FileLimits(read_s=1e-9))
    assert not (tmp_path / "spooled").exists()


def test_a_program_or_a_playlist_under_another_name_is_neither_run_nor_followed(tmp_path: Path) -> None:
    from mmsearch.errors import CorruptMedia

    eps = text(tmp_path / "a.png", "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n%%EOF\n")
    with pytest.raises(CorruptMedia, match="not a picture in a format that is known"):
        read(eps)
    sound = write_audio(tmp_path / "real.wav", "pcm_s16le")
    for name, words in (
        ("a.wav", f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{sound}\n#EXT-X-ENDLIST\n"),
        ("b.wav", f"ffconcat version 1.0\nfile {sound}\n"),
    ):
        with pytest.raises(CorruptMedia, match="does not decode"):
            read(text(tmp_path / name, words))


def test_parquet_says_its_rows_before_they_are_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": pa.nulls(6_000_000, pa.bool_())}), path)
    with pytest.raises(TooLarge, match=r"6,000,000 rows; limits\.rows is 5,000,000"):
        read(path)
