"""A backup is whole or not there, of one moment though the library changes, and a restored library is what it was."""

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from milvus_servers import lite_over_tcp
from PIL import Image
from serving import PASSAGES, closed, eventually, light, on_a_port, open_light, served
from typer.testing import CliRunner

from mmsearch import backups
from mmsearch.backups import CONTENTS, FILES
from mmsearch.cli import app
from mmsearch.client import Client
from mmsearch.errors import InputError, NotFound, StoreError
from mmsearch.library_files import copy_database
from mmsearch.remote_library import RemoteLibrary
from mmsearch.restoring import Restored, restore
from mmsearch.settings import MANIFEST_FILE

pytestmark = pytest.mark.slow

NOTES = 30


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    for number in range(NOTES):
        (folder / f"note-{number:02}.txt").write_text(f"Note of the harbour, word{number}.")
    Image.effect_noise((64, 48), 80).save(folder / "gull.png")
    return folder


@pytest.fixture
def client(tmp_path: Path, files: Path) -> Iterator[Client]:
    with open_light(tmp_path / "library") as client:
        client.index(files)
        yield client


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**light(), "indexing": {"workers": 0}}.items():
        monkeypatch.setenv(f"MMSEARCH_{name.upper()}", json.dumps(value))


def made(client: Client, folder: Path) -> Path:
    client.library.back_up(folder)
    return folder


def held(client: Client) -> dict[str, object]:
    """Rows by space and id, entries by id, pictures by name."""
    library = client.app
    entries = library.manifest.entries()
    ids = [entry.id for entry in entries]
    rows = {
        f"{name} {segment.id}": (segment, content if isinstance(content, str) else content.tolist())
        for name, (collection, _) in library.manifest.spaces().items()
        for segment, content in library.store.scan(collection, ids)
    }
    pictures = {file.name: file.read_bytes() for file in (library.folder / "pictures").glob("*/*/*")}
    return {**rows, **pictures, **{entry.id: entry for entry in entries}}


def held_in(folder: Path) -> dict[str, object]:
    with open_light(folder) as client:
        client.spaces()
        return held(client)


def test_a_restored_library_is_the_library_that_was_backed_up(client: Client, tmp_path: Path) -> None:
    client.judge("harbour", client.documents()[0].id)
    backup = made(client, tmp_path / "backup")
    before = held(client)
    assert len(before) > 3 * NOTES
    client.remove(client.documents()[0].id)
    restored = restore(backup, tmp_path / "again")
    assert (restored.audit.whole, restored.audit.documents) == (True, NOTES + 1)
    assert restored.was_at == str(tmp_path / "library")
    assert held_in(tmp_path / "again") == before
    with open_light(tmp_path / "again") as again:
        assert [judgement.query for judgement in again.judgements()] == ["harbour"]


def test_it_is_of_one_moment_while_a_server_indexes(client: Client, files: Path, tmp_path: Path) -> None:
    for number in range(200):
        (files / f"later-{number:03}.txt").write_text(f"A later note, word{number}. " * 5)
    with on_a_port(served(client)) as address, closing(RemoteLibrary(address, "the town's token")) as remote:
        with closed(PASSAGES):
            job = client.submit(files)
            eventually(lambda: client.app.jobs.get(job.id).state == "running")
            first = remote.back_up(tmp_path / "while-it-encodes")
        second = remote.back_up(tmp_path / "a-moment-later")
        assert client.search("harbour").results
        eventually(lambda: client.app.jobs.get(job.id).over)
        whole = held(client)
    assert first.documents == NOTES + 1
    assert second.documents >= NOTES + 1
    for name in ("while-it-encodes", "a-moment-later"):
        restored = restore(tmp_path / name, tmp_path / f"{name}-again")
        assert restored.audit.whole, restored.audit.differences
        with open_light(tmp_path / f"{name}-again") as again:
            again.index(files)
            assert held(again) == whole


def test_writing_waits_for_the_copy_and_searching_does_not(
    client: Client, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copying, go_on = threading.Event(), threading.Event()

    def slowly(file: Path, copy: Path) -> None:
        copying.set()
        assert go_on.wait(60)
        copy_database(file, copy)

    monkeypatch.setattr(backups, "copy_database", slowly)
    copier = threading.Thread(target=made, args=(client, tmp_path / "backup"))
    copier.start()
    assert copying.wait(60)
    (files / "new.txt").write_text("A heron waits at the weir.")
    job = client.submit(files)
    assert client.search("harbour").results
    eventually(lambda: client.app.jobs.get(job.id).state == "running")
    assert "heron" not in str(client.search("heron").results)
    go_on.set()
    copier.join(60)
    eventually(lambda: client.app.jobs.get(job.id).over)
    assert "heron" in str(client.search("heron").results)
    assert restore(tmp_path / "backup", tmp_path / "again").audit.documents == NOTES + 1


def test_one_that_was_broken_off_is_no_backup_and_in_nobodys_way(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", lambda *_, **__: None)  # a killed process tidies nothing
        for step in ("_copy_changed", "copy_database", "checksum", "_put"):
            with monkeypatch.context() as at:
                at.setattr(backups, step, die)
                with pytest.raises(Killed):
                    client.library.back_up(tmp_path / step)
            assert not (tmp_path / step).exists()
            if step != "_put":
                with pytest.raises(NotFound):
                    restore(tmp_path / f".{step}.partial", tmp_path / "again")
            shutil.copytree(tmp_path / f".{step}.partial", tmp_path / f".{step}2.partial", dirs_exist_ok=True)
    assert restore(made(client, tmp_path / "_put2"), tmp_path / "again").audit.whole


@pytest.mark.parametrize("damage", ["changed", "cut off", "missing", "list"])
def test_a_damaged_backup_is_refused_and_nothing_is_made(client: Client, tmp_path: Path, damage: str) -> None:
    backup = made(client, tmp_path / "backup")
    file = backup / FILES / "milvus.db"
    if damage == "changed":
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    elif damage == "cut off":
        file.write_bytes(file.read_bytes()[:-1])
    elif damage == "missing":
        file.unlink()
    else:
        file = backup / CONTENTS
        file.write_text(file.read_text().replace(MANIFEST_FILE, "../outside"))
    with pytest.raises(InputError, match=file.name.replace(".", r"\.")):
        restore(backup, tmp_path / "again")
    assert not (tmp_path / "again").exists()
    assert not list(tmp_path.glob(".*.partial"))


def test_nothing_is_overwritten(client: Client, tmp_path: Path) -> None:
    backup = made(client, tmp_path / "backup")
    with pytest.raises(InputError, match="not empty"):
        client.library.back_up(backup)
    with pytest.raises(InputError, match="not empty"):
        restore(backup, tmp_path / "library")
    with pytest.raises(InputError, match="lies in the library"):
        client.library.back_up(tmp_path / "library" / "backup")
    with pytest.raises(NotFound, match="is not a backup"):
        restore(tmp_path / "files", tmp_path / "again")
    (tmp_path / "empty").mkdir()
    assert restore(made(client, tmp_path / "empty"), tmp_path / "again").audit.whole


def test_where_it_cannot_be_written_nothing_is_left(client: Client, tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        client.library.back_up(tmp_path / "a file" / "backup")


def test_a_library_on_a_milvus_server_says_what_does_it_instead(tmp_path: Path) -> None:
    with (
        lite_over_tcp(tmp_path / "server.db") as uri,
        open_light(tmp_path / "there", store={"uri": uri}) as client,
        pytest.raises(InputError, match="mmsearch export"),
    ):
        client.library.back_up(tmp_path / "backup")
    assert not (tmp_path / "backup").exists()


def test_the_commands_say_what_they_did(files: Path, tmp_path: Path) -> None:
    with open_light(tmp_path / "library") as client:
        client.index(files)

    def run(*arguments: str | Path) -> tuple[int, str]:
        done = CliRunner().invoke(app, list(map(str, arguments)))
        return done.exit_code, done.stdout

    code, said = run("backup", tmp_path / "backup", "--library", tmp_path / "library", "--json")
    assert (code, json.loads(said)["documents"]) == (0, NOTES + 1)
    code, said = run("restore", tmp_path / "backup", "--library", tmp_path / "again")
    assert code == 0
    assert said.startswith(f"{NOTES + 1} documents as of 20")
    assert "every row and picture is there" in said
    code, said = run("restore", tmp_path / "backup", "--library", tmp_path / "again", "--json")
    assert (code, json.loads(said)["error"]["code"]) == (1, "input")
    code, said = run("restore", tmp_path / "backup", "--library", tmp_path / "third", "--json")
    assert (code, json.loads(said)["audit"]["whole"]) == (0, True)
    assert Restored.__slots__ == tuple(json.loads(said))
