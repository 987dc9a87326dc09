"""`doctor --deep` says of every document what is not as the manifest says, and `--repair` makes it so."""

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from libraries import client as open_client
from libraries import dump_of
from PIL import Image
from typer.testing import CliRunner

from mmsearch.auditing import audit
from mmsearch.cli import app
from mmsearch.client import Client
from mmsearch.doctor import examine
from mmsearch.errors import LibraryLocked, StoreError
from mmsearch.manifest import Manifest
from mmsearch.reports import Audit
from mmsearch.schemas import audit_json, audit_of
from mmsearch.types import Document

CONFIG = """
[spaces.text]
part = "hashing:HashingEncoder"
[spaces.image]
part = ""
[spaces.table]
part = ""
[recognizer]
part = ""
[ocr]
part = ""
[reranker]
part = ""
[store]
part = "libraries:kept_store"
[indexing]
workers = 0
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "harbour.md").write_text("# Harbour\n\nBoats lie here.\n\n# Quay\n\nNets dry on the quay.\n")
    (folder / "tides.csv").write_text("day,height m\n" + "".join(f"{day},{day / 10}\n" for day in range(1, 60)))
    Image.effect_noise((64, 48), 80).save(folder / "gull.png")
    return folder


@pytest.fixture
def client(tmp_path: Path, files: Path) -> Iterator[Client]:
    with open_client(tmp_path / "library", pictures="hashing") as client:
        client.index(files)
        yield client


def document(file: Path) -> str:
    return Document(file.as_posix(), file).id


def collection(client: Client, space: str) -> str:
    return client.app.manifest.spaces()[space][0]


def look(client: Client, repair: bool = False) -> Audit:
    return client.library.audit(repair)


def said(found: Audit) -> list[tuple[str, str, int, int, str]]:
    return [(Path(d.uri).name, d.where, d.expected, d.found, d.mending) for d in found.differences]


def test_a_good_library_has_no_differences_and_is_counted(client: Client) -> None:
    found = look(client)
    held = dump_of(client)
    assert found.whole
    assert (found.documents, found.segments, found.pictures) == (3, len(held["words"]), 1)
    assert found.rows == {name: len(held[name]) for name in ("words", "text", "image")}
    assert found.rows["text"] > found.rows["words"], "a table has several vectors"
    assert (found.unread, found.to_index, found.mended) == ((), (), ())


def test_rows_of_a_document_that_is_not_remembered_are_named_and_removed(client: Client, files: Path) -> None:
    gone = document(files / "harbour.md")
    client.app.manifest.forget([gone])
    found = look(client)
    assert said(found) == [
        ("harbour.md", "text", 0, 2, "remove"),
        ("harbour.md", "words", 0, 2, "remove"),
    ]
    assert {d.document for d in found.differences} == {gone}
    after = look(client, repair=True)
    assert after.whole
    assert len(after.mended) == 2
    assert "Boats" not in " ".join(segment.text for segment, _ in dump_of(client)["words"].values())


def test_a_lost_vector_is_forgotten_and_the_next_indexing_brings_it(client: Client, files: Path) -> None:
    before, tides = dump_of(client), document(files / "tides.csv")
    rows = sorted(id for id, (segment, _) in before["text"].items() if segment.document_id == tides)
    assert len(rows) > 1
    client.app.store.prune(collection(client, "text"), tides, frozenset(rows[1:]))
    assert said(look(client)) == [("tides.csv", "text", len(rows), len(rows) - 1, "fill")]
    after = look(client, repair=True)
    assert (after.whole, after.to_index) == (True, (files.as_posix(),))
    client.index(files)
    assert dump_of(client) == before
    assert look(client).to_index == ()


def test_a_lost_vector_is_also_filled_in_from_the_library_alone(client: Client, files: Path) -> None:
    before = dump_of(client)
    client.app.store.prune(collection(client, "text"), document(files / "tides.csv"))
    assert look(client, repair=True).whole
    shutil.rmtree(files)
    client.reembed("text")
    assert dump_of(client) == before


def test_a_lost_segment_has_its_document_read_again(client: Client, files: Path) -> None:
    before, harbour = dump_of(client), document(files / "harbour.md")
    client.app.store.prune(collection(client, "words"), harbour)
    assert said(look(client)) == [("harbour.md", "words", 2, 0, "read")]
    after = look(client, repair=True)
    assert (after.whole, after.unread) == (True, ((files / "harbour.md").as_posix(),))
    assert client.index(files).indexed == 1
    assert dump_of(client) == before


def test_vectors_of_segments_that_the_document_does_not_have_are_found_though_their_number_is_right(
    client: Client, files: Path
) -> None:
    before, harbour = dump_of(client), document(files / "harbour.md")
    store, text = client.app.store, collection(client, "text")
    first, _ = [segment for segment, _ in before["text"].values() if segment.document_id == harbour]
    [kept] = [pair for pair in store.scan(text, [harbour]) if pair[0].id == first.id]
    store.prune(text, harbour)
    for id in ("one of another version", "another"):
        store.upsert(text, [type(first)(id, harbour, first.uri, "text", first.span)], [kept[1]])  # type: ignore[list-item]
    [found] = look(client).differences
    assert (found.where, found.expected, found.found, found.mending) == ("text", 2, 2, "fill")
    assert found.says == "rows of segments that the document does not have"
    assert look(client, repair=True).whole
    client.index(files)
    assert dump_of(client) == before


def test_a_picture_that_is_gone_is_made_again_and_one_too_many_removed(client: Client, files: Path) -> None:
    before, gull = dump_of(client), document(files / "gull.png")
    [picture] = (client.app.folder / "pictures").glob("*/*/*.*")
    client.app.renditions.put(gull, "stray", picture.read_bytes())
    client.app.renditions.put("ab" * 16, "stray", picture.read_bytes())
    assert said(look(client)) == [("", "pictures", 0, 1, "remove"), ("gull.png", "pictures", 1, 2, "remove")]
    assert look(client, repair=True).whole
    assert dump_of(client) == before
    picture.unlink()
    assert said(look(client)) == [("gull.png", "pictures", 1, 0, "read")]
    assert look(client, repair=True).unread == ((files / "gull.png").as_posix(),)
    client.index(files)
    assert dump_of(client) == before


def test_a_store_that_lost_everything_is_found_and_filled_again(client: Client, files: Path) -> None:
    before = dump_of(client)
    for collection, _ in client.app.manifest.spaces().values():
        client.app.store.drop(collection)
    assert {d.mending for d in look(client).differences} == {"read", "fill"}
    assert look(client, repair=True).whole
    client.index(files)
    assert dump_of(client) == before


def test_what_an_ended_indexing_left_is_unread_and_no_difference(client: Client, files: Path) -> None:
    client.app.manifest.mark([document(files / "harbour.md")])
    found = look(client)
    assert (found.whole, found.documents) == (True, 2)
    assert (found.unread, found.to_index) == (((files / "harbour.md").as_posix(),), (files.as_posix(),))


def test_what_is_kept_to_go_back_to_is_compared_too(client: Client, files: Path) -> None:
    client.reembed("text", "other")
    previous = client.app.manifest.succession.spares()[0]
    assert look(client).rows[previous.collection] == len(dump_of(client)["text"])
    client.app.store.prune(previous.collection, document(files / "harbour.md"))
    assert said(look(client)) == [("harbour.md", previous.collection, 2, 0, "fill")]
    before = dump_of(client)
    assert look(client, repair=True).whole
    client.roll_back("text")
    assert look(client).whole
    assert dump_of(client)["words"] == before["words"]


def test_it_waits_for_no_indexing(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    monkeypatch.setattr("mmsearch.app.PATIENCE_S", 0.1)
    taken, end = threading.Event(), threading.Event()

    def index() -> None:
        with client.app.writing:
            taken.set()
            end.wait(60)

    indexing = threading.Thread(target=index)
    indexing.start()
    assert taken.wait(60)
    with pytest.raises(LibraryLocked, match="indexing"):
        look(client)
    end.set()
    indexing.join()
    assert look(client).whole


def test_a_damaged_manifest_is_an_error_that_names_it(tmp_path: Path) -> None:
    file = tmp_path / "manifest.sqlite3"
    manifest = Manifest(file)
    manifest.forget([])
    manifest.close()
    pages = bytearray(file.read_bytes())
    pages[4096 + 100 :] = b"\xff" * (len(pages) - 4096 - 100)
    file.write_bytes(pages)
    with pytest.raises(StoreError, match=r"manifest\.sqlite3"):
        Manifest(file).check()


def test_an_audit_comes_out_of_another_process_as_it_went_in(client: Client, files: Path) -> None:
    client.app.store.prune(collection(client, "text"), document(files / "tides.csv"))
    found = look(client)
    assert audit_of(json.loads(json.dumps(audit_json(found)))) == found
    manifest, store, renditions = client.app.manifest, client.app.store, client.app.renditions
    assert audit(manifest, store, renditions).differences == found.differences


def test_the_doctor_asks_only_where_it_is_told_to(tmp_path: Path) -> None:
    assert "audit" not in examine(tmp_path / "library")


def test_the_command_leaves_with_1_where_they_differ_and_with_0_when_mended(
    tmp_path: Path, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mmsearch.toml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MMSEARCH_CONFIG", raising=False)

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, [*arguments, "--library", "place"])
        return done.exit_code, done.stdout

    assert run("index", "files")[0] == 0
    code, said = run("doctor", "--deep")
    assert (code, "the store holds what the manifest says: 3 documents" in said) == (0, True)
    with closing(Manifest(tmp_path / "place" / "manifest.sqlite3")) as manifest:
        manifest.forget([document(files / "harbour.md")])
    code, said = run("doctor", "--deep")
    assert code == 1
    assert 'harbour.md: 2 rows in "words", and the manifest says 0; they are removed' in said
    code, said = run("doctor", "--repair", "--json")
    assert code == 0
    assert [d["where"] for d in json.loads(said)["audit"]["mended"]] == ["text", "words"]
    assert run("index", "files")[0] == 0
    assert json.loads(run("doctor", "--deep", "--json")[1])["audit"]["documents"] == 3
