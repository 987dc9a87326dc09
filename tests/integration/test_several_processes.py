"""One library, several processes: a running server is found and does the work; without one they wait for each other."""

import json
import os
import signal
import socket
import stat
import subprocess
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from places import Place, end
from serving import eventually
from town import command

from mmsearch.client import Client
from mmsearch.holding import HOLDER_FILE, Holder, holder_of
from mmsearch.manifest import Manifest

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path)
    assert place.json("index", "town")["indexed"] == 9
    return place


def _comparable(ranking: dict[str, Any]) -> dict[str, Any]:
    return {**ranking, "took_ms": {}}


def test_commands_say_the_same_through_a_server_as_without(place: Place) -> None:
    search = ("search", "the whale and the lanterns", "--top-k", "3")
    alone, alone_as_text = place.json(*search), place.run(*search)[1].splitlines()[:-1]
    wrong = place.run("search", "whale", "--filter", "date >")
    absent = place.run("index", "nowhere")
    with place.served() as (home, server):
        address = home.rstrip("/")
        assert _comparable(place.json(*search)) == _comparable(alone)
        assert place.run(*search)[1].splitlines()[:-1] == alone_as_text, "all but the line with the time"
        assert place.run("search", "whale", "--filter", "date >") == wrong
        assert place.run("index", "nowhere") == absent

        (place.town / "heron.txt").write_text("The heron waits at the weir.")
        (place.town / "broken.png").write_bytes(b"no picture")
        code, out, err = place.run("index", "town")
        assert code == 3
        assert out.startswith("1 indexed (1 segments), 9 unchanged, 0 removed, 1 failed, in ")
        assert "broken.png" in err
        report = place.json("index", "town")
        assert (report["unchanged"], len(report["failed"])) == (10, 1)
        assert place.json("search", "heron")["results"][0]["document"]["uri"] == str(place.town / "heron.txt")

        finding = {f["part"]: f["says"] for f in place.json("doctor")["findings"]}["library"]
        assert finding.endswith(f"10 documents; segments: words 12; Milvus Lite in the folder; served at {address}")
        assert place.run("serve")[0] == 1
        assert f"served already, at {address}" in place.run("serve")[2]
        assert server.poll() is None
    assert not (place.home / HOLDER_FILE).exists()
    assert place.json("search", "heron")["results"][0]["document"]["title"] == "heron"


def test_the_doctor_compares_store_and_manifest_through_a_server_as_without(place: Place) -> None:
    def audited(*options: str) -> Any:
        return {**place.json("doctor", *options)["audit"], "seconds": 0}

    alone = audited("--deep")
    assert (alone["whole"], alone["documents"], alone["pictures"]) == (True, 9, 1)
    with place.served():
        assert audited("--deep") == alone
        with closing(Manifest(place.home / "manifest.sqlite3")) as manifest:
            [chapel] = [entry for entry in manifest.entries() if entry.uri.endswith("chapel.md")]
            manifest.forget([chapel.id])
        assert place.run("doctor", "--deep")[0] == 1
        assert [(d["uri"], d["mending"]) for d in audited("--repair")["mended"]] == [(chapel.uri, "remove")]
        assert place.json("index", "town")["indexed"] == 1
        assert audited("--deep") == alone


def test_the_address_can_be_named_too(place: Place) -> None:
    with place.served() as (address, _):
        found = place.json("search", "whale", "--library", address)
        assert Path(found["results"][0]["document"]["uri"]).name == "memories.flac"
        job = place.json("index", "town", "--library", address)["job"]
        newest = place.json("jobs", "show", "--library", address)
        assert (newest["id"], newest["state"]) == (job, "done")
        whales = ("whale", found["results"][0]["document"]["id"], "--relevant")
        assert place.json("feedback", "add", *whales, "--library", address)["grade"] == 1
        assert [said["query"] for said in place.json("feedback", "list")] == ["whale"], (
            "beside the server, and the same"
        )


def test_the_file_that_names_the_server_is_for_this_user_alone(place: Place) -> None:
    with place.served() as (home, server):
        address = home.rstrip("/")
        file = place.home / HOLDER_FILE
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        holder = holder_of(place.home)
        assert holder
        assert (holder.pid, holder.address) == (server.pid, address)
        assert holder.command.startswith("mmsearch serve --library")
        assert len(holder.token) >= 32
        assert holder.token not in repr(holder) + str(holder)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_server_that_is_told_to_end_leaves_nothing_behind(place: Place, ending: signal.Signals) -> None:
    with place.served() as (_, server):
        server.send_signal(ending)
        assert server.wait(60) == 0
    assert not (place.home / HOLDER_FILE).exists()
    assert place.json("search", "whale")["results"]


def test_a_killed_server_is_not_asked(place: Place) -> None:
    with place.served() as (_, server):
        server.kill()
        server.wait(60)
    assert (place.home / HOLDER_FILE).exists()
    found = place.json("search", "whale")
    assert Path(found["results"][0]["document"]["uri"]).name == "memories.flac"
    assert not (place.home / HOLDER_FILE).exists()


def test_another_program_at_a_dead_servers_address_is_not_asked(place: Place) -> None:
    """The file of a killed server, its port taken by somebody else, and the library held by a third: it waits."""
    with place.held() as holding, socket.create_server(("127.0.0.1", 0)) as taken:
        taken.settimeout(0.1)
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        stale = Holder(os.getpid(), "mmsearch serve", _now(), address, "a dead server's token")
        (place.home / HOLDER_FILE).write_text(json.dumps({name: getattr(stale, name) for name in stale.__slots__}))
        waiting = place.start("search", "whale", "--json", "--wait", "100")
        connection = eventually(lambda: _accepted(taken))
        heard = connection.recv(65_536)
        connection.sendall(b'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{"pid": 1}')
        connection.close()
        assert heard.startswith(b"GET /healthz")
        assert b"token" not in heard
        taken.close()
        end(holding)
        out, _ = waiting.communicate(timeout=100)
    assert json.loads(out)["results"]


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _today() -> str:
    return f"{datetime.now():%Y-%m-%d}"


def _accepted(listener: socket.socket) -> socket.socket | None:
    try:
        return listener.accept()[0]
    except TimeoutError:
        return None


def test_without_a_server_the_second_process_waits_and_says_for_whom(place: Place) -> None:
    with place.held() as holding:
        waiting = place.start("search", "whale", "--json", "--wait", "200")
        assert waiting.stderr
        said, who = waiting.stderr.readline(), f"process {holding.pid} (python {place.home}), since {_today()}"
        assert said.startswith(who), said
        assert said.endswith(" has the library open; waiting up to 200 s (Ctrl+C stops)\n")
        assert waiting.poll() is None
        end(holding)
        out, rest = waiting.communicate(timeout=100)
    assert (waiting.returncode, rest) == (0, "")
    assert json.loads(out)["results"]


def test_who_does_not_wait_is_told_in_one_sentence_who_has_it(place: Place) -> None:
    with place.held() as holding:
        code, out, err = place.run("search", "whale", "--wait", "0")
        said = place.json("index", "town", "--wait", "0")["error"]
    assert (code, out) == (1, "")
    sentence = f"{place.home} is open in process {holding.pid} (python {place.home}), since {_today()}"
    assert err.startswith("error: " + sentence)
    assert ": wait for it or stop it; " in err
    assert (said["code"], said["retryable"]) == ("library_locked", True)
    assert said["message"].startswith(sentence)


def test_settings_of_ones_own_are_not_dropped_for_a_servers(place: Place) -> None:
    settings = {"MMSEARCH_WAIT_S": "0"}
    with place.served() as (address, _):
        asked = ("eval", "set", "--library", str(place.home), "--runs", "runs", "--fusion", "reciprocal_rank")
        refused = subprocess.run(
            command(*asked),
            cwd=place.folder,
            env=place.environment | settings,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert refused.returncode == 1
        assert f"is served at {address.rstrip('/')}" in refused.stderr


def test_an_interrupted_indexing_through_a_server_is_cancelled_there_and_goes_on_later(place: Place) -> None:
    many = place.folder / "many"
    many.mkdir()
    for number in range(3_000):
        (many / f"{number}.txt").write_text(f"Note number{number} of the harbour and the lamp.")
    with place.served() as (address, _), Client(address) as watching:
        indexing = place.start("index", "many")
        eventually(lambda: watching.search("harbour lamp").results)
        indexing.send_signal(signal.SIGINT)
        _, err = indexing.communicate(timeout=60)
        assert indexing.returncode == 130
        assert err.endswith("stopped; what was done is kept, the same command goes on from here\n")
        assert [job["state"] for job in place.json("jobs", "list")][:2] == ["cancelled", "done"]
        report = place.json("index", "many")
        assert report["indexed"] > 0, "it was not at its end"
        assert report["found"] == report["indexed"] + report["unchanged"]
        assert report["found"] in (3_000, 3_000 + 9), "the town is looked at too where a document was left half done"
