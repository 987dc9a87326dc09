"""The keys of a library: made, found, revoked, and kept as what proves them alone."""

import json
import stat
import threading
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mmsearch.cli import app
from mmsearch.errors import InputError, NotFound, StoreError
from mmsearch.keys import KEYS_FILE, NOBODY, PREFIX, Key, Keys
from mmsearch.settings import MANIFEST_FILE


def test_a_key_opens_what_its_scope_says_until_it_is_revoked(tmp_path: Path) -> None:
    serving, elsewhere = Keys(tmp_path), Keys(tmp_path)
    assert serving.holder("anything") is None
    key, secret = elsewhere.add("Ines", "write", ["harbour", "pilots", "harbour"])
    assert (key.name, key.scope, key.principals) == ("Ines", "write", ("harbour", "pilots"))
    assert serving.holder(secret) == key, "a server finds the keys that are made while it runs"
    assert [key.may(scope) for scope in ("read", "write", "admin")] == [True, True, False]
    assert elsewhere.revoke("Ines") == key
    assert serving.holder(secret) is None
    assert serving.all() == []


@pytest.mark.parametrize("change", ["", " ", "x", "X"])
def test_nothing_but_the_secret_itself_opens(tmp_path: Path, change: str) -> None:
    keys = Keys(tmp_path)
    _, secret = keys.add("Ines")
    wrong = secret + change if change else secret[:-1]
    assert keys.holder(wrong) is None
    assert keys.holder("") is None
    assert keys.holder(sha256(secret.encode()).hexdigest()) is None, "what is kept of it opens nothing"


def test_what_is_kept_is_a_digest_for_this_user_alone(tmp_path: Path) -> None:
    _, secret = Keys(tmp_path).add("Ines")
    assert secret.startswith(PREFIX)
    assert len(secret) == len(PREFIX) + 43, "32 bytes in base64"
    file = tmp_path / KEYS_FILE
    assert secret not in file.read_text()
    assert list(json.loads(file.read_text())) == [sha256(secret.encode()).hexdigest()]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not [path for path in tmp_path.iterdir() if path.suffix == ".partial"]


def test_a_secret_of_the_settings_is_the_key_of_an_admin(tmp_path: Path) -> None:
    keys = Keys(tmp_path, {"server.token": "ahoy"})
    assert keys.holder("ahoy") == Key("server.token", "admin")
    assert keys.holder("avast") is None
    assert keys.all() == []
    assert not NOBODY.may("write")


def test_names_are_said_once_and_can_be_read(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    keys.add("Ines")
    with pytest.raises(InputError, match='a key "Ines" already'):
        keys.add("Ines", "admin")
    for name in ("", " Ines", "a\nb", "x" * 101):
        with pytest.raises(InputError, match="no name for a key"):
            keys.add(name)
    with pytest.raises(InputError, match="no name of a person or group"):
        keys.add("Jonas", principals=["a\0b"])
    with pytest.raises(NotFound, match='no key "Jonas"'):
        keys.revoke("Jonas")
    assert [key.name for key in keys.all()] == ["Ines"]


GOD = '{"00": {"name": "x", "scope": "god", "principals": [], "made": ""}}'


@pytest.mark.parametrize("said", ["{", "[]", '{"00": {"name": "Ines"}}', GOD])
def test_keys_that_cannot_be_read_open_nothing_and_say_so(tmp_path: Path, said: str) -> None:
    (tmp_path / KEYS_FILE).write_text(said)
    with pytest.raises(StoreError, match="keys cannot be read"):
        Keys(tmp_path).holder("00")


def test_keys_that_are_made_at_once_are_all_kept(tmp_path: Path) -> None:
    made = [threading.Thread(target=Keys(tmp_path).add, args=(f"key {number}",)) for number in range(12)]
    for thread in made:
        thread.start()
    for thread in made:
        thread.join()
    assert len(Keys(tmp_path).all()) == 12


def test_the_commands_make_name_and_revoke_keys(tmp_path: Path) -> None:
    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, ["keys", *arguments, "--library", str(tmp_path)])
        assert done.exit_code == 0, done.output
        return done.stdout

    (tmp_path / MANIFEST_FILE).touch()
    secret = run("add", "Ines", "--scope", "write", "--principal", "harbour").strip()
    assert Keys(tmp_path).holder(secret) == Keys(tmp_path).all()[0]
    told = json.loads(run("add", "Jonas", "--json"))
    assert Keys(tmp_path).holder(told.pop("key")) == Key(**{**told, "principals": ()})
    listed = json.loads(run("list", "--json"))
    assert [(key["name"], key["scope"], key["principals"]) for key in listed] == [
        ("Ines", "write", ["harbour"]),
        ("Jonas", "read", []),
    ]
    assert secret not in run("list")
    run("revoke", "Ines")
    assert Keys(tmp_path).holder(secret) is None


def test_the_commands_say_what_is_wrong(tmp_path: Path) -> None:
    def refused(*arguments: str) -> str:
        done = CliRunner().invoke(app, ["keys", *arguments])
        assert done.exit_code == 1, done.output
        return done.stderr

    assert "not a library yet" in refused("list", "--library", str(tmp_path))
    assert "on the machine of http://localhost:7860" in refused("add", "x", "--library", "http://localhost:7860")
    (tmp_path / MANIFEST_FILE).touch()
    assert "there are read, write, admin" in refused("add", "x", "--scope", "all", "--library", str(tmp_path))
