"""Records as documents: manifests in JSON Lines, datasets in Parquet, and what a program gives."""

import json
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from libraries import Library
from media import write_audio
from PIL import Image
from web import Page, serving

from mmsearch.errors import InputError
from mmsearch.progress import Progress
from mmsearch.reading import Here, Order, Outcome
from mmsearch.reports import Report
from mmsearch.sources import Copies, find_documents, given, original
from mmsearch.types import Document, Root, Segment

VTT = "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nThe bell rang.\n\n00:00:03.000 --> 00:00:05.000\nThe ferry sank.\n"


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "library")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    files = tmp_path / "files"
    files.mkdir()
    Image.effect_noise((64, 48), 80).save(files / "gull.png")
    write_audio(files / "talk.wav", "pcm_s16le", seconds=6.0)
    return files


def _png() -> bytes:
    buffer = BytesIO()
    Image.effect_noise((64, 48), 80).save(buffer, "PNG")
    return buffer.getvalue()


def _list(file: Path, *records: object) -> Path:
    lines = (record if isinstance(record, str) else json.dumps(record) for record in records)
    file.write_text("\n".join(lines) + "\n")
    return file


def _index(library: Library, place: Path | str, kind: Any = "manifest", *columns: str, **how: Any) -> Report:
    return library.indexer().index([Root.at(place, kind=kind, columns=columns)], **how)


def _by_id(library: Library) -> dict[str, Segment]:
    """The segments by the name of their record."""
    return {segment.uri.partition("#")[2]: segment for segment, _ in library.dump()["words"].values()}


FOUR: list[dict[str, Any]] = [
    {"path": "gull.png", "title": "A gull", "caption": "Above the pier.", "tags": "sea, bird", "date": "2024-05-01"},
    {"path": "talk.wav", "transcript": VTT, "id": "talk"},
    {"text": "The lamp was lit.", "id": "lamp", "keeper": "Jonas", "height_m": 38},
    {"text": "Nets dry on the quay."},
]


def test_a_manifest_is_its_records_with_all_that_they_say(library: Library, files: Path) -> None:
    report = _index(library, _list(files / "town.jsonl", *FOUR))
    assert (report.found, report.indexed, report.failed) == (4, 4, ())
    held = _by_id(library)
    gull, talk, lamp = held["gull.png"], held["talk"], held["lamp"]
    assert (gull.modality, gull.title, gull.text) == ("image", "A gull", "Above the pier.")
    assert (gull.metadata["tags"], gull.metadata["date"]) == (["sea", "bird"], "2024-05-01")
    assert "caption" not in gull.metadata
    assert (talk.modality, talk.text, talk.span.end_s) == ("audio", "The bell rang. The ferry sank.", 5.0)
    assert (lamp.modality, lamp.text) == ("text", "The lamp was lit.")
    assert (lamp.metadata["keeper"], lamp.metadata["height_m"], lamp.metadata["record_id"]) == ("Jonas", 38, "lamp")
    assert len(library.dump()["pictures"]) == 1
    assert [*library.folder.glob("**/fetched/*")] == []
    before = library.dump()
    assert _index(library, files / "town.jsonl").unchanged == 4
    assert library.dump() == before


def test_records_keep_their_ids_wherever_they_stand_and_go_when_they_are_gone(library: Library, files: Path) -> None:
    place = _list(files / "town.jsonl", *FOUR)
    _index(library, place)
    _list(place, *reversed(FOUR))
    assert _index(library, place).unchanged == 4
    _list(place, FOUR[0] | {"caption": "Above the mole."}, FOUR[3])
    report = _index(library, place)
    assert (report.indexed, report.unchanged, report.removed) == (1, 1, 2)
    assert _by_id(library)["gull.png"].text == "Above the mole."
    assert "lamp" not in library.words()


def test_a_file_that_a_record_names_is_looked_at_for_change(library: Library, files: Path) -> None:
    place = _list(files / "town.jsonl", *FOUR)
    _index(library, place)
    Image.effect_noise((32, 32), 80).save(files / "gull.png")
    assert _index(library, place).indexed == 1
    assert _by_id(library)["gull.png"].metadata["width"] == 32


def test_a_bad_line_is_named_and_nothing_of_the_manifest_is_lost(library: Library, files: Path) -> None:
    place = _list(files / "town.jsonl", *FOUR)
    _index(library, place)
    before = library.dump()
    _list(place, FOUR[0], "{broken", [1], {"title": 7, "text": "x"}, {"tags": "a"}, FOUR[2], FOUR[2])
    report = _index(library, place)
    assert (report.unchanged, report.removed) == (2, 0)
    said = [failure.reason.removeprefix(f"{place}, ") for failure in report.failed]
    assert [line.partition(" ")[2].partition(" ")[0].rstrip(":") for line in said] == ["2", "3", "4", "5", "7"]
    assert {failure.code for failure in report.failed} == {"corrupt_media", "input"}
    assert library.dump() == before


def test_records_that_say_the_same_are_told_apart(library: Library, files: Path) -> None:
    place = _list(files / "town.jsonl", {"text": "ok"}, {"text": "ok"}, {"path": "gull.png"}, {"path": "gull.png"})
    report = _index(library, place)
    assert (report.indexed, report.failed) == (4, ())
    names = _by_id(library).keys()
    assert {"gull.png", "gull.png~2"} < names
    (made,) = (name for name in names if len(name) == 16)
    assert f"{made}~2" in names
    assert library.indexer().index([Root.at(place, kind="manifest")]).unchanged == 4


def test_keys_may_have_other_names(library: Library, files: Path) -> None:
    place = _list(files / "town.jsonl", {"key": "k1", "body": "The lamp was lit.", "text": "unused"})
    _index(library, place, "manifest", "text=body", "id=key")
    assert _by_id(library)["k1"].text == "The lamp was lit."
    with pytest.raises(InputError, match="taste=body"):
        _index(library, place, "manifest", "taste=body")
    assert library.manifest.roots() == [Root.at(place, kind="manifest", columns=("text=body", "id=key"))]


def test_a_manifest_is_known_by_its_ending_and_a_folder_leaves_one_that_was_called_so(
    library: Library, files: Path
) -> None:
    _list(files / "named.mmsearch.jsonl", {"id": "a", "text": "By its ending."})
    _list(files / "called.jsonl", {"id": "b", "text": "By its call."})
    _index(library, files / "called.jsonl")
    library.indexer().index([files])
    assert {"a", "b"} <= _by_id(library).keys()
    (files / "named.mmsearch.jsonl").unlink()
    report = library.indexer().index([files])
    assert report.removed == 1
    assert "b" in _by_id(library)


def test_the_media_of_a_record_can_be_had(library: Library, files: Path) -> None:
    place = _list(files / "town.jsonl", *FOUR)
    root = Root.at(place, kind="manifest")
    assert original(f"{place.as_posix()}#gull.png", [root]) == files / "gull.png"
    assert original(f"{place.as_posix()}#lamp", [root]) is None
    named = _list(files / "n.mmsearch.jsonl", *FOUR)
    assert original(f"{named.as_posix()}#talk") == files / "talk.wav"


def test_a_record_may_name_a_file_elsewhere(library: Library, files: Path) -> None:
    with serving() as web:
        web.pages["/a/gull.png"] = Page(_png(), etag='"1"')
        place = _list(files / "town.jsonl", {"url": f"{web.address}/a/gull.png", "caption": "A gull.", "title": "Gull"})
        assert _index(library, place).indexed == 1
        assert _index(library, place).unchanged == 1
        assert web.asked["GET /a/gull.png"] == 1
        web.pages["/a/gull.png"] = Page(_png(), etag='"2"')
        assert _index(library, place).indexed == 1
        web.pages["/a/gull.png"].status = 500
        before = library.dump()
        report = _index(library, place)
        assert ([failure.code for failure in report.failed], report.removed) == (["source_unavailable"], 0)
        assert library.dump() == before
    (segment,) = _by_id(library).values()
    assert (segment.modality, segment.title, segment.text) == ("image", "Gull", "A gull.")


@pytest.fixture
def memory() -> Iterator[Any]:
    fs = MemoryFileSystem()
    fs.store.clear()
    yield fs
    fs.store.clear()


def test_a_manifest_elsewhere_names_what_lies_beside_it_and_no_file_of_this_machine(
    library: Library, files: Path, memory: Any
) -> None:
    records = [
        {"path": "deep/a.txt", "id": "beside"},
        {"path": "/etc/passwd", "id": "absolute"},
        {"url": "file:///etc/passwd", "id": "local"},
        {"url": f"local://{files}/talk.wav", "id": "chained"},
    ]
    memory.pipe({"/m/list.jsonl": _list(files / "l", *records).read_bytes(), "/m/deep/a.txt": b"Beside the list."})
    report = _index(library, "memory://m/list.jsonl")
    assert library.words() == "Beside the list."
    assert [failure.uri.partition("#")[2] for failure in report.failed] == ["absolute", "local", "chained"]


def test_an_emptied_manifest_loses_nothing_unless_it_is_said(library: Library, files: Path) -> None:
    place = _list(files / "town.jsonl", *FOUR)
    _index(library, place)
    place.write_text("")
    report = _index(library, place)
    assert (report.removed, len(report.failed)) == (0, 1)
    assert _index(library, place, prune=True).removed == 4


def _table(file: Path, **columns: list[Any]) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), file, row_group_size=50)
    return file


def test_a_dataset_is_a_document_a_row(library: Library, tmp_path: Path) -> None:
    place = _table(
        tmp_path / "set.parquet", id=[1, 2], body=["Lamp one.", "Lamp two."], year=[1900, None], kind=["a", "b"]
    )
    report = _index(library, place, "dataset", "text=body")
    assert (report.indexed, report.failed) == (2, ())
    held = _by_id(library)
    assert (held["1"].text, held["1"].metadata["year"], held["2"].metadata["kind"]) == ("Lamp one.", 1900, "b")
    assert "year" not in held["2"].metadata
    _table(place, id=[2, 3], body=["Lamp two.", "Lamp three."], year=[None, 1], kind=["b", "c"])
    report = _index(library, place, "dataset", "text=body")
    assert (report.indexed, report.unchanged, report.removed) == (1, 1, 1)


def test_a_folder_of_parquet_with_pictures_as_datasets_have_them(library: Library, tmp_path: Path) -> None:
    pictures = [{"bytes": _png(), "path": None}, {"bytes": _png(), "path": "b.png"}]
    _table(tmp_path / "set" / "train" / "0.parquet", image=pictures, caption=["A gull.", "A puffin."])
    _table(tmp_path / "set" / "train" / "1.parquet", image=[{"bytes": b"junk", "path": None}], caption=["Nothing."])
    report = _index(library, tmp_path / "set", "dataset", "bytes=image")
    assert report.indexed == 2
    assert [failure.code for failure in report.failed] == ["unsupported_media"]
    assert {segment.text for segment in _by_id(library).values()} == {"A gull.", "A puffin."}
    assert len(library.dump()["pictures"]) == 2
    assert _index(library, tmp_path / "set", "dataset", "bytes=image").unchanged == 2


def test_a_dataset_with_paths_is_read_where_its_files_are(library: Library, files: Path) -> None:
    place = _table(files / "set.parquet", path=["gull.png", "absent.png"], title=["Gull", "None"])
    report = _index(library, place, "dataset")
    assert (report.indexed, [failure.code for failure in report.failed]) == (1, ["not_found"])
    assert _by_id(library)["gull.png"].title == "Gull"


def test_a_dataset_that_does_not_decode_loses_nothing_and_one_without_text_says_what_it_has(
    library: Library, tmp_path: Path
) -> None:
    place = tmp_path / "set"
    _table(place / "0.parquet", text=["a lamp", "b lamp"])
    _table(place / "1.parquet", text=["c lamp"])
    _index(library, place, "dataset")
    (place / "0.parquet").write_bytes(b"PAR1 and then nothing")
    report = _index(library, place, "dataset")
    assert (report.removed, report.unchanged) == (0, 1)
    assert str(place / "0.parquet") in report.failed[0].reason
    _table(place / "0.parquet", words=["a"], lines=["b"])
    report = _index(library, place, "dataset")
    assert "words, lines" in report.failed[0].reason
    assert "--column text=" in report.failed[0].reason


def test_a_dataset_is_never_whole_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = _table(tmp_path / "set.parquet", text=[f"Lamp {n}." for n in range(5_000)])
    batches = 0
    real = pq.ParquetFile.iter_batches

    def counting(*arguments: Any, **named: Any) -> Iterator[Any]:
        nonlocal batches
        for batch in real(*arguments, **named):
            batches += 1
            yield batch

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", counting)
    documents = find_documents(Root.at(place, kind="dataset"), ())
    assert isinstance(next(documents), Document)
    assert batches == 1
    assert sum(isinstance(place, Document) for place in documents) == 4_999


def test_large_rows_are_taken_from_a_file_a_few_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty rows of a MiB in groups of thirty and ten: sixteen MiB are unpacked at once at most."""
    drawn = np.random.default_rng(1)
    rows = pa.table({"bytes": [drawn.bytes(1 << 20) for _ in range(40)], "format": ["png"] * 40})
    pq.write_table(rows, tmp_path / "set.parquet", row_group_size=30)
    sizes: list[int] = []
    real = pq.ParquetFile.iter_batches

    def watched(*arguments: Any, **named: Any) -> Iterator[Any]:
        for batch in real(*arguments, **named):
            sizes.append(batch.num_rows)
            yield batch

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", watched)
    documents = find_documents(Root.at(tmp_path / "set.parquet", kind="dataset"), ())
    assert sum(isinstance(document, Document) for document in documents) == 40
    assert sum(sizes) == 40
    assert max(sizes) in (15, 16), "a group says what it takes unpacked, a few bytes a row beside the content"


def test_what_a_program_gives_is_taken_one_at_a_time_and_stays_until_it_is_said_to_be_all(library: Library) -> None:
    taken: list[int] = []

    def records() -> Iterator[dict[str, Any]]:
        for number in range(30):
            taken.append(number)
            yield {"id": number, "text": f"Lamp {number}.", "floor": number}
            ahead = number - len(library.manifest.entries())
            assert ahead <= 3 * library.batch_segments + 2, "a batch is collected, one is encoded, one written"

    root = Root("records:lamps", "records")
    report = library.indexer().index([], records={root.place: given(root, records())}, keep=True)
    assert (report.indexed, taken) == (30, list(range(30)))
    some = [{"id": 2, "text": "Lamp 2."}, {"bytes": _png(), "id": "gull", "caption": "A gull."}]
    report = library.indexer().index([], records={root.place: given(root, iter(some))}, keep=True)
    assert (report.indexed, report.removed) == (2, 0)
    assert _by_id(library)["gull"].text == "A gull."
    assert len(_by_id(library)) == 31
    report = library.indexer().index([], records={root.place: given(root, iter(some))})
    assert (report.unchanged, report.removed) == (2, 29)
    assert original(f"{root.place}#gull") is None


class Late(Here):
    """Reads on, and gives what it read only when it is asked for it: as far ahead as the indexing goes."""

    ahead_bytes = most_bytes = 0

    @property
    def full(self) -> bool:
        return False

    def submit(self, order: Order) -> None:
        super().submit(order)
        assert order.document.record
        type(self).ahead_bytes += len(order.document.record["bytes"])
        type(self).most_bytes = max(self.most_bytes, self.ahead_bytes)

    def take(self, timeout_s: float) -> tuple[Order, Outcome] | None:
        taken = super().take(timeout_s)
        if taken is not None:
            assert taken[0].document.record
            type(self).ahead_bytes -= len(taken[0].document.record["bytes"])
        return taken


def test_records_that_hold_their_bytes_do_not_fill_memory(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmsearch.indexing.CARRIED_BYTES", 50_000)
    records = ({"id": n, "bytes": f"Lamp {n}.".encode().ljust(9_000), "name": "a.txt"} for n in range(40))
    huge = {"id": "huge", "bytes": b"Storm. " * 10_000, "name": "a.txt"}
    root = Root("records:lamps", "records")
    indexer = replace(
        library.indexer(),
        reading=lambda folder: Late(library.readers, folder, Copies(folder / "fetched", 1 << 20, 20.0)),
    )
    report = indexer.index([], records={root.place: given(root, records)}, keep=True)
    assert (report.indexed, report.failed) == (40, ())
    assert Late.most_bytes == 45_000
    report = indexer.index([], records={root.place: given(root, iter([huge]))}, keep=True)
    assert (report.indexed, report.failed) == (1, ()), "one that is larger goes alone"


def test_how_much_there_is_to_do_is_said_where_it_was_counted(library: Library, files: Path, tmp_path: Path) -> None:
    place, steps = _list(files / "town.jsonl", *FOUR), list[Progress]()
    _index(library, place, on_progress=steps.append)
    assert {step.total for step in steps} == {4}
    steps.clear()
    rows = _table(tmp_path / "set.parquet", id=[1, 2, 3], text=["One.", "Two.", "Three."])
    _index(library, rows, "dataset", on_progress=steps.append)
    assert [(step.done, step.total, step.eta_s) for step in steps] == [
        (1, None, None),
        (2, None, None),
        (3, None, None),
    ]


def test_bytes_are_known_by_name_format_or_themselves(library: Library) -> None:
    page = b"<html><title>Rules</title><body><p>No nets on the quay.</p></body></html>"
    some = [
        {"id": "n", "bytes": page, "name": "rules.html"},
        {"id": "f", "bytes": b"# Lamp\n\nIt was lit.", "format": "md"},
        {"id": "m", "bytes": page, "format": "text/html"},
        {"id": "s", "bytes": _png()},
        {"id": "x", "bytes": b"\x00\x01\x02"},
        {"id": "e", "bytes": b""},
    ]
    root = Root("records:r", "records")
    report = library.indexer().index([], records={root.place: given(root, iter(some))})
    assert _by_id(library).keys() == {"n", "f", "m", "s"}
    assert {failure.uri: failure.code for failure in report.failed} == {
        "records:r#x": "unsupported_media",
        "records:r": "corrupt_media",
    }
    assert _by_id(library)["s"].title == "", "a made name is no title"
