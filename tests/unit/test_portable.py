"""An export holds the whole library, and an import gives it back, whatever happens in between."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hashing
import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from libraries import STORES, client, dump_of
from PIL import Image

from mmsearch.client import Client
from mmsearch.errors import InputError, NotFound, StoreError
from mmsearch.portable import exporting
from mmsearch.portable.columns import from_batch, to_table
from mmsearch.portable.layout import checksum
from mmsearch.stores.memory import MemoryStore
from mmsearch.types import Lettering, Segment, Space, Span, Table

PICTURES = "eyes"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Texts, a table with several windows, two pictures."""
    files = tmp_path / "files"
    (files / "deep").mkdir(parents=True)
    (files / "harbour.md").write_text("# Harbour\n\nBoats lie here.\n\n# Quay\n\nNets dry on the quay.\n")
    (files / "deep" / "storm.txt").write_text("The storm broke the mole in January.\n")
    (files / "tides.csv").write_text("day,height m\n" + "".join(f"{day},{day / 10}\n" for day in range(1, 60)))
    Image.effect_noise((64, 48), 80).save(files / "gull.png")
    (files / "gull.txt").write_text("A gull above the pier.")
    Image.effect_noise((900, 700), 80).convert("RGB").save(files / "pier.jpg")
    return files


@pytest.fixture
def exported(tmp_path: Path, files: Path) -> Path:
    """An export of the files' library."""
    with client(tmp_path / "library", pictures=PICTURES) as library:
        library.index(files, exclude=["drafts/"])
        library.export(tmp_path / "export")
    return tmp_path / "export"


def found(library: Client, text: str) -> list[tuple[str, float]]:
    return [(result.segment.id, result.score) for result in library.search(text).results]


def manifest_of(folder: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((folder / "export.json").read_text())
    return value


def rewrite(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change export.json, with the sums of the files as they are now."""
    value = manifest_of(folder)
    change(value)
    for name, facts in value["files"].items():
        if (file := folder / name).is_file():
            facts |= {"size_bytes": file.stat().st_size, "sha256": checksum(file)}
    (folder / "export.json").write_text(json.dumps(value))


def test_an_import_gives_the_library_back(tmp_path: Path, files: Path, exported: Path) -> None:
    with client(tmp_path / "library", pictures=PICTURES) as old, client(tmp_path / "new", pictures=PICTURES) as new:
        report = new.import_(exported)
        assert (report.documents, report.unchanged, report.kept, report.missing) == (5, 0, 0, {})
        assert dump_of(new) == dump_of(old)
        assert report.rows == {name: len(rows) for name, rows in dump_of(old).items() if name in report.rows}
        assert report.rows["text"] > report.rows["words"] == 6, "a long table has several vectors"
        assert report.rows["image"] == 2
        for words in ("boats on the quay", "january storm", "height 3.5"):
            assert found(new, words) == found(old, words) != []
        picture = (files / "gull.png").read_bytes()
        assert [r.segment.uri for r in new.search(image=picture).results] == [
            r.segment.uri for r in old.search(image=picture).results
        ]
        assert len(dump_of(new)["sketches"]) == 4, "one document has too few words to be told from others"
        [root] = new.app.manifest.roots()
        assert (root.place, root.exclude) == (files.as_posix(), ("drafts/",))


def test_after_an_import_indexing_finds_everything_unchanged(tmp_path: Path, files: Path, exported: Path) -> None:
    with client(tmp_path / "new", pictures=PICTURES) as library:
        library.import_(exported)
        encoder: Any = library.app.encoders["text"]
        report = library.index(files)
        assert (report.indexed, report.unchanged, report.removed) == (0, 5, 0)
        assert encoder.encoded == []


def test_an_export_of_before_pictures_were_marked_is_taken_in(tmp_path: Path, exported: Path) -> None:
    for file in (exported / "segments.parquet", *(exported / "spaces").iterdir()):
        pq.write_table(pq.read_table(file).drop_columns(["lettering"]), file)
    rewrite(exported, lambda _: None)
    with client(tmp_path / "library", pictures=PICTURES) as old, client(tmp_path / "new", pictures=PICTURES) as new:
        assert new.import_(exported).documents == 5
        assert dump_of(new) == dump_of(old)


def test_importing_again_changes_nothing(tmp_path: Path, exported: Path) -> None:
    with client(tmp_path / "new", pictures=PICTURES) as library:
        library.import_(exported)
        before = dump_of(library)
        report = library.import_(exported)
        assert (report.documents, report.unchanged) == (0, 5)
        assert dump_of(library) == before


def test_other_programs_read_the_files(tmp_path: Path, exported: Path) -> None:
    documents = pq.read_table(exported / "documents.parquet").to_pylist()
    assert sorted(Path(row["uri"]).name for row in documents) == [
        "gull.png", "harbour.md", "pier.jpg", "storm.txt", "tides.csv",
    ]  # fmt: skip
    segments = {row["id"]: row for row in pq.read_table(exported / "segments.parquet").to_pylist()}
    [table] = [row for row in segments.values() if row["modality"] == "table"]
    assert table["table"]["header"] == ["day", "height m"]
    assert table["table"]["rows"][2] == ["3", "0.3"]
    [gull] = [row for row in segments.values() if row["text"].startswith("A gull")]
    assert json.loads(gull["metadata"])["width"] == 64
    rows = pq.read_table(exported / "spaces" / "text.parquet")
    vectors = np.array(rows["vector"].to_pylist(), dtype=np.float32)
    with client(tmp_path / "library") as library:
        held = library.app.store.vectors(library.app.searcher.spaces["text"].collection, rows["id"].to_pylist())
    np.testing.assert_array_equal(vectors, [held[id] for id in rows["id"].to_pylist()])
    pictures = pq.read_table(exported / "pictures.parquet").to_pylist()
    kept = [path.read_bytes() for path in (tmp_path / "library").glob("pictures/*/*/*")]
    assert sorted(row["bytes"] for row in pictures) == sorted(kept)
    assert all(row["segment"] in segments for row in pictures)


def test_every_file_is_vouched_for(exported: Path) -> None:
    value = manifest_of(exported)
    present = {path.relative_to(exported).as_posix() for path in exported.rglob("*") if path.is_file()}
    assert present == {"export.json", *value["files"]}
    assert value["documents"] == 5
    assert {name: space["rows"] for name, space in value["spaces"].items()}.keys() == {"words", "text", "image"}


def test_long_documents_and_many_groups_come_through(
    tmp_path: Path, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "BATCH_SEGMENTS", 3)
    monkeypatch.setattr("mmsearch.portable.sheets.GROUP_ROWS", 2)
    monkeypatch.setattr("mmsearch.portable.sheets.READ_ROWS", 3)
    (files / "long.md").write_text("".join(f"# Part {n}\n\nThe lamp of part {n}.\n\n" for n in range(40)))
    with client(tmp_path / "library", pictures=PICTURES) as old, client(tmp_path / "new", pictures=PICTURES) as new:
        old.index(files)
        steps: list[tuple[int, int | None]] = []
        old.export(tmp_path / "export", lambda step: steps.append((step.done, step.total)))
        assert steps[-1] == (6, 6)
        assert len(steps) > 2
        assert pq.ParquetFile(tmp_path / "export" / "segments.parquet").num_row_groups > 20
        new.import_(tmp_path / "export")
        assert dump_of(new) == dump_of(old)


def _truncated(export: Path) -> None:
    file = export / "segments.parquet"
    file.write_bytes(file.read_bytes()[:-100])


def _changed(export: Path) -> None:
    file = export / "spaces" / "text.parquet"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def _missing(export: Path) -> None:
    (export / "pictures.parquet").unlink()


def _broken_json(export: Path) -> None:
    (export / "export.json").write_text((export / "export.json").read_text()[:-20])


def _foreign_json(export: Path) -> None:
    (export / "export.json").write_text('{"name": "package", "version": "1.0.0"}')


def _later_version(export: Path) -> None:
    rewrite(export, lambda value: value.update(version=99))


def _foreign_parquet(export: Path) -> None:
    pq.write_table(pq.read_table(export / "documents.parquet").select(["id", "uri"]), export / "documents.parquet")
    rewrite(export, lambda value: None)


def _no_parquet(export: Path) -> None:
    (export / "segments.parquet").write_bytes(b"PAR1 or so")
    rewrite(export, lambda value: None)


def _other_facts(export: Path) -> None:
    rewrite(export, lambda value: value["spaces"]["text"]["facts"].update(dim=3))


def _outside(export: Path) -> None:
    rewrite(export, lambda value: value["files"].update({"files/../../x": {"size_bytes": 0, "sha256": ""}}))


def _no_catalogue(export: Path) -> None:
    rewrite(export, lambda value: value["spaces"].pop("words"))


def _unsaid(export: Path) -> None:
    rewrite(export, lambda value: value["files"].pop("spaces/text.parquet"))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_truncated, r"segments\.parquet has [\d,]+ bytes and should have"),
        (_changed, r"text\.parquet was changed"),
        (_missing, r"pictures\.parquet is missing"),
        (_broken_json, r"export\.json cannot be read"),
        (_foreign_json, "was not written by mmsearch export"),
        (_later_version, "has version 99 of the export format, this mmsearch reads version 1"),
        (_foreign_parquet, r"documents\.parquet has other columns .* id, uri"),
        (_no_parquet, r"segments\.parquet is no Parquet file"),
        (_other_facts, "do not give the fingerprint"),
        (_outside, "is no name of a file in an export"),
        (_no_catalogue, 'lacks the space "words"'),
        (_unsaid, r"says nothing of spaces/text\.parquet"),
    ],
)
def test_what_is_not_whole_is_refused_and_nothing_written(
    tmp_path: Path, exported: Path, spoil: Callable[[Path], None], says: str
) -> None:
    spoil(exported)
    with client(tmp_path / "new", pictures=PICTURES) as library:
        with pytest.raises(InputError, match=says):
            library.import_(exported)
        assert library.app.manifest.entries() == []
        assert library.app.manifest.spaces() == {}
        assert library.app.manifest.roots() == []


def test_ids_that_are_paths_are_refused(tmp_path: Path, exported: Path) -> None:
    table = pq.read_table(exported / "pictures.parquet")
    names = ["../../../outside"] * len(table)
    pq.write_table(table.set_column(1, "segment", [names]), exported / "pictures.parquet")
    rewrite(exported, lambda value: None)
    with (
        client(tmp_path / "new", pictures=PICTURES) as library,
        pytest.raises(InputError, match="was not written by mmsearch export"),
    ):
        library.import_(exported)
    assert not list(tmp_path.rglob("outside*"))


def test_a_folder_that_is_no_export_says_what_makes_one(tmp_path: Path) -> None:
    with client(tmp_path / "new") as library, pytest.raises(NotFound, match="mmsearch export"):
        library.import_(tmp_path)


def test_an_export_overwrites_nothing(tmp_path: Path, files: Path, exported: Path) -> None:
    before = manifest_of(exported)
    with client(tmp_path / "library") as library:
        with pytest.raises(InputError, match="is there already and not empty: name a new folder"):
            library.export(exported)
        with pytest.raises(InputError, match="lies in the library"):
            library.export(tmp_path / "library" / "export")
        (tmp_path / "empty").mkdir()
        library.export(tmp_path / "empty")
    assert manifest_of(exported) == before
    assert manifest_of(tmp_path / "empty")["documents"] == 5


def test_an_empty_library_is_said_to_be_empty(tmp_path: Path) -> None:
    with client(tmp_path / "library") as library, pytest.raises(InputError, match="holds nothing yet"):
        library.export(tmp_path / "export")


class _Killed(BaseException):
    """As abrupt as a kill: nothing catches it."""


def test_a_stopped_export_leaves_nothing_that_looks_whole(tmp_path: Path, files: Path) -> None:
    def stop(_: object) -> None:
        raise _Killed

    with client(tmp_path / "library", pictures=PICTURES) as library:
        library.index(files)
        with pytest.raises(_Killed):
            library.export(tmp_path / "export", stop)
        assert not (tmp_path / "export").exists()
        library.export(tmp_path / "export")
    with client(tmp_path / "new", pictures=PICTURES) as new:
        assert new.import_(tmp_path / "export").documents == 5


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path, files: Path) -> None:
    with client(tmp_path / "library") as library:
        library.index(files)
        with pytest.raises(StoreError, match="cannot be written"):
            library.export(files / "harbour.md" / "export")


def test_half_written_documents_are_left_out(tmp_path: Path, files: Path) -> None:
    with client(tmp_path / "library") as library:
        library.index(files)
        [storm] = [entry for entry in library.app.manifest.entries() if entry.uri.endswith("storm.txt")]
        library.app.manifest.mark([storm.id])
        report = library.export(tmp_path / "export")
        assert (report.documents, report.left_out) == (4, 1)
    with client(tmp_path / "new") as new:
        new.import_(tmp_path / "export")
        assert not any("storm" in result.segment.text for result in new.search("storm").results)
        assert new.index(files).indexed == 1, "indexing brings it in"


class _KilledAt(MemoryStore):
    """A store whose process dies at its nth write, before or after the write took place."""

    step, after = 0, False

    def __getattribute__(self, name: str) -> Any:
        method = super().__getattribute__(name)
        if name not in ("open", "upsert", "prune", "drop"):
            return method

        def write(*args: Any, **named: Any) -> Any:
            self.step -= 1
            if self.step == 0 and not self.after:
                raise _Killed
            result = method(*args, **named)
            if self.step == 0:
                raise _Killed
            return result

        return write

    def close(self) -> None:
        """Nothing is lost."""


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_write_the_next_import_completes_it(
    tmp_path: Path, exported: Path, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    monkeypatch.setattr("mmsearch.portable.exporting.BATCH_SEGMENTS", 2)
    with client(tmp_path / "library", pictures=PICTURES) as library:
        whole = dump_of(library)
    kills = 0
    for step in range(1, 100):
        folder = tmp_path / f"new-{step}"
        store = _KilledAt()
        STORES[str(folder / "milvus.db")] = store
        store.step, store.after = step, after
        try:
            with client(folder, pictures=PICTURES) as library:
                library.import_(exported)
        except _Killed:
            kills += 1
        survived, store.step = store.step > 0, 0
        with client(folder, pictures=PICTURES) as library:
            library.import_(exported)
            assert dump_of(library) == whole, f"killed at write {step}"
        if survived:
            break
    assert kills >= 10


def test_a_killed_import_can_also_be_completed_by_indexing(tmp_path: Path, files: Path, exported: Path) -> None:
    store = STORES[str(tmp_path / "new" / "milvus.db")] = _KilledAt()
    store.step = 5
    with pytest.raises(_Killed), client(tmp_path / "new", pictures=PICTURES) as library:
        library.import_(exported)
    store.step = 0
    with client(tmp_path / "library", pictures=PICTURES) as old, client(tmp_path / "new", pictures=PICTURES) as new:
        assert new.index(files).found == 5
        assert dump_of(new) == dump_of(old)


def test_what_is_there_in_another_version_stays(tmp_path: Path, files: Path, exported: Path) -> None:
    (files / "harbour.md").write_text("# Harbour\n\nOnly ferries now.\n")
    (files / "own.txt").write_text("A note of this library alone.\n")
    with client(tmp_path / "new", pictures=PICTURES) as library:
        library.index(files)
        before = dump_of(library)
        report = library.import_(exported)
        assert (report.documents, report.unchanged, report.kept) == (0, 4, 1)
        assert dump_of(library) == before


def test_an_export_fills_what_the_library_lacks(tmp_path: Path, files: Path, exported: Path) -> None:
    shutil.copytree(files / "deep", tmp_path / "kept")
    with client(tmp_path / "new", pictures=PICTURES) as library:
        library.index(files / "deep")
        assert library.import_(exported).documents == 4
        with client(tmp_path / "library", pictures=PICTURES) as old:
            assert dump_of(library)["words"] == dump_of(old)["words"]


def test_vectors_of_another_model_stay_out_and_the_way_out_is_said(tmp_path: Path, exported: Path) -> None:
    with client(tmp_path / "new", model="other", pictures=PICTURES) as library:
        report = library.import_(exported)
        assert report.documents == 5
        assert report.missing.keys() == {"text"}
        assert "by hashing, the settings name another model" in report.missing["text"]
        assert 'run "mmsearch reembed text"' in report.missing["text"]
        held = dump_of(library)
        assert "text" not in held
        assert len(held["image"]) == 2
        assert found(library, "storm"), "words find it"
        library.index()
        assert len(dump_of(library)["text"]) == pq.read_metadata(exported / "spaces" / "text.parquet").num_rows


def test_a_space_that_the_library_has_by_another_model_is_left_alone(
    tmp_path: Path, files: Path, exported: Path
) -> None:
    (files / "own.txt").write_text("A note of this library alone.\n")
    with client(tmp_path / "new", model="other", pictures=PICTURES) as library:
        library.index(files / "own.txt")
        before = dump_of(library)["text"]
        report = library.import_(exported)
        assert "by hashing, the library by other" in report.missing["text"]
        assert dump_of(library)["text"] == before


def test_without_a_model_in_the_settings_the_export_brings_it(tmp_path: Path, files: Path) -> None:
    with client(tmp_path / "library", model="other") as library:
        library.index(files)
        library.export(tmp_path / "export")
        expected = found(library, "boats on the quay")
    with client(tmp_path / "new") as library:
        assert library.import_(tmp_path / "export").missing == {}
        assert found(library, "boats on the quay") == expected
        assert library.search("quay").closed_spaces == {}
        assert library.index(files).unchanged == 5
    with client(tmp_path / "new") as library:
        assert found(library, "boats on the quay") == expected, "also in the next process"


def test_vectors_whose_weights_are_not_here_wait_for_them(
    tmp_path: Path, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashing, "ABSENT", {hashing.USUAL})
    with client(tmp_path / "new", pictures=PICTURES) as library:
        assert library.import_(exported).missing == {}
        assert library.search("storm").closed_spaces == {"text": "hashing is not here"}
    monkeypatch.setattr(hashing, "ABSENT", set())
    with client(tmp_path / "library", pictures=PICTURES) as old, client(tmp_path / "new", pictures=PICTURES) as new:
        assert found(new, "storm") == found(old, "storm")
        assert new.search("storm").closed_spaces == {}


def test_a_space_that_the_settings_leave_out_is_missing(tmp_path: Path, exported: Path) -> None:
    with client(tmp_path / "new") as library:
        report = library.import_(exported)
        assert report.missing == {"image": 'the settings name no space "image"; it was left out'}
    with client(tmp_path / "new", pictures=PICTURES) as library:
        report = library.import_(exported)
        assert (report.documents, report.missing, report.rows["image"]) == (5, {}, 2), "and comes with the next import"
        with client(tmp_path / "library", pictures=PICTURES) as old:
            assert dump_of(library) == dump_of(old)


def test_a_part_that_an_export_names_is_not_run(tmp_path: Path, exported: Path) -> None:
    def change(value: dict[str, Any]) -> None:
        value["spaces"]["text"]["maker"] = {"part": "os:mkdir", "model": str(tmp_path / "ran")}

    rewrite(exported, change)
    with client(tmp_path / "new", pictures=PICTURES) as library:
        assert "text" in library.import_(exported).missing
        library.search("storm")
    assert not (tmp_path / "ran").exists()


def test_words_analysed_by_another_version_are_analysed_again(tmp_path: Path, exported: Path) -> None:
    facts = manifest_of(exported)["spaces"]["words"]["facts"]
    facts.pop("fingerprint")
    old_words = Space(**{**facts, "stores": frozenset(facts["stores"]), "answers": frozenset(), "revision": "0.0"})

    def age(value: dict[str, Any]) -> None:
        value["spaces"]["words"]["facts"] |= {"revision": "0.0", "fingerprint": old_words.fingerprint}

    rewrite(exported, age)
    with client(tmp_path / "library", pictures=PICTURES) as old, client(tmp_path / "new", pictures=PICTURES) as new:
        new.import_(exported)
        assert dump_of(new) == dump_of(old)


def test_other_files_of_the_library_come_along(tmp_path: Path, files: Path) -> None:
    import sqlite3

    with client(tmp_path / "library") as library:
        library.index(files)
        (tmp_path / "library" / "learned").mkdir()
        (tmp_path / "library" / "learned" / "calibration.json").write_text('{"text": 1}')
        with sqlite3.connect(tmp_path / "library" / "feedback.sqlite3") as sql:
            sql.execute("create table judgements (query text)")
            sql.execute("insert into judgements values ('boats')")
        sql.close()
        library.export(tmp_path / "export")
    for _ in range(2):
        with client(tmp_path / "new") as new:
            assert new.import_(tmp_path / "export").kept_files == ()
    assert (tmp_path / "new" / "learned" / "calibration.json").read_text() == '{"text": 1}'
    with sqlite3.connect(tmp_path / "new" / "feedback.sqlite3") as sql:
        assert sql.execute("select query from judgements").fetchall() == [("boats",)]
    sql.close()
    (tmp_path / "new" / "learned" / "calibration.json").write_text('{"text": 2}')
    with client(tmp_path / "new") as new:
        assert new.import_(tmp_path / "export").kept_files == ("learned/calibration.json",)
    assert (tmp_path / "new" / "learned" / "calibration.json").read_text() == '{"text": 2}'


TEXTS = st.text(st.characters(codec=None), max_size=20)
SPANS = st.builds(
    Span,
    start_s=st.none() | st.floats(0, 1e6),
    end_char=st.none() | st.integers(0, 2**40),
    page=st.none() | st.integers(1, 9),
    box=st.none() | st.tuples(*[st.floats(0, 1)] * 4),
    part=st.none() | TEXTS,
)
LETTERING = st.lists(
    st.builds(Lettering, st.integers(0, 99), st.integers(0, 99), st.tuples(*[st.floats(0, 1)] * 4), st.floats(0, 1)),
    max_size=3,
).map(tuple)
METADATA = st.dictionaries(TEXTS, TEXTS | st.integers() | st.floats(allow_nan=False) | st.booleans() | st.lists(TEXTS))


@st.composite
def segments(draw: st.DrawFn) -> Segment:
    width = draw(st.integers(0, 3))
    row = st.tuples(*[TEXTS] * width)
    table = draw(st.none() | st.builds(Table, row, st.lists(row, max_size=3).map(tuple)))
    modality: Any = draw(st.sampled_from(["text", "table", "image", "audio"]))
    headings = tuple(draw(st.lists(TEXTS, max_size=2)))
    title, text = draw(TEXTS), draw(TEXTS)
    facts, lettering = draw(METADATA), draw(LETTERING)
    uri, span = draw(TEXTS), draw(SPANS)
    return Segment("s", "d", uri, modality, span, title, headings, text, table, None, facts, lettering)


@given(st.lists(segments(), min_size=1, max_size=4))
def test_any_segment_comes_back_exactly(drawn: list[Segment]) -> None:
    space = Space("text", "dense", frozenset(), frozenset(), "m", "1", 2)
    rows = [(segment, np.array([number, 0.1], np.float32)) for number, segment in enumerate(drawn)]
    [batch] = to_table(space, rows).to_batches()
    back = list(from_batch(space, batch))
    assert [segment for segment, _ in back] == drawn
    np.testing.assert_array_equal([vector for _, vector in back], [vector for _, vector in rows])
