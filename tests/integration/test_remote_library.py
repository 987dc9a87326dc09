"""The client over HTTP: the same methods, the same results, the same errors as in one process."""

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from media import photo
from serving import OWNER, PASSAGES, TOKEN, closed, eventually, on_a_port, open_light, over_http, served
from starlette.requests import Request
from starlette.responses import Response
from town import make_town

from mmsearch import errors, jobs
from mmsearch.client import Client
from mmsearch.errors import (
    Busy,
    ConfigError,
    InputError,
    JobError,
    LibraryLocked,
    MMSearchError,
    NotFound,
    StoreUnavailable,
    Unauthorized,
)
from mmsearch.progress import Progress
from mmsearch.remote_library import RemoteLibrary
from mmsearch.reports import Report
from mmsearch.schemas import error_json
from mmsearch.server.answers import answer_errors
from mmsearch.types import And, Compare, Contains, Not, Query, Ranking

pytestmark = pytest.mark.slow

CLASSES = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, MMSearchError)]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_town(tmp_path_factory.mktemp("remote") / "town")


@pytest.fixture(scope="module")
def local(town: Path) -> Iterator[Client]:
    with open_light(town.parent / "library") as client:
        assert not client.index(town).failed
        yield client


@pytest.fixture(scope="module")
def address(local: Client) -> Iterator[str]:
    with on_a_port(served(local)) as address:
        yield address


@pytest.fixture(scope="module")
def remote(address: str) -> Iterator[Client]:
    with Client(address, server={"token": TOKEN}) as client:
        yield client


def _timeless(ranking: Ranking) -> Ranking:
    return replace(ranking, took_ms={})


@pytest.mark.parametrize(
    "asked",
    [
        {"text": "Kittiwake 17 herring barrels"},
        {"text": "whale near the breakwater", "top_k": 1},
        {"text": "the lanterns of the boats", "top_k": 2, "offset": 2},
        {"text": 'maelstrom -"herring" type:text'},
        {"text": "red cottage", "modalities": ["image", "audio"]},
        {"text": "lantern boats", "filter": 'not title contains "evil" and modality in ["text", "table"]'},
        {
            "text": "lantern",
            "filter": And((Not(Compare("n", "<", 1e300)), Contains("uri", 'a"\\\n'), Compare("b", "=", True))),
        },
        {"text": "grüße 漢字 \u0000 <script>"},
        {"image": True, "text": "words beside it"},
    ],
    ids=range(9),
)
def test_a_ranking_comes_out_as_it_went_in(local: Client, remote: Client, asked: dict[str, Any]) -> None:
    if asked.get("image"):
        asked = {**asked, "image": photo(30, 20).tobytes()}
    assert _timeless(remote.search(**asked)) == _timeless(local.search(**asked))


def test_every_kind_of_segment_is_among_them(local: Client, remote: Client) -> None:
    """A table with its rows, a span of seconds, headings, further places: what the comparison above stands on."""
    found = remote.search("kittiwake lanterns whale frost cottage ferry", top_k=20).results
    assert {result.segment.modality for result in found} == {"text", "table", "image", "audio"}
    rows = {row for result in found if result.segment.table for row in result.segment.table.rows}
    assert ("Silver Dawn", "1917", "4711") in rows
    assert any(result.segment.span.start_s is not None for result in found)
    assert any(result.more for result in found)
    assert any(result.segment.headings for result in found)
    assert all(hit.segment_id == result.segment.id for result in found for hit in result.hits)


def test_the_other_questions_have_the_same_answers(local: Client, remote: Client) -> None:
    assert remote.documents() == local.documents()
    assert remote.documents(2, 3) == local.documents()[2:5]
    assert remote.documents(part="/BOATS") == local.documents(part="/boats") != []
    assert remote.spaces() == local.spaces()
    assert remote.stats() == local.stats()
    assert remote.examples() == local.examples()
    for document in local.documents():
        held = local.segments(document.id)
        assert len(held) == document.segments
        assert remote.segments(document.id) == held == sorted(held, key=lambda segment: segment.span.order)
        assert remote.segments(document.id, 1, 1) == held[1:2]
        here, copied = local.document(document.id), remote.document(document.id)
        assert here
        assert copied
        assert (copied.name, copied.read_bytes()) == (here.name, here.read_bytes())
        picture, copy = local.picture(document.id), remote.picture(document.id)
        assert (picture is None) == (copy is None) == (document.modality != "image")
        assert picture is None or (copy and copy.read_bytes() == picture.read_bytes())
    assert local.document("0" * 32) is remote.document("0" * 32) is None
    for client in (local, remote):
        with pytest.raises(NotFound):
            client.segments("0" * 32)


def test_copies_are_gone_when_it_is_closed(local: Client, address: str) -> None:
    with Client(address) as client:
        copied = client.document(local.documents()[0].id)
        assert copied
        assert copied.is_file()
    assert not copied.exists()


def test_files_are_added_and_taken_out(tmp_path: Path) -> None:
    note, picture = tmp_path / "note.txt", tmp_path / "dusk.png"
    note.write_text("An otter swims.")
    photo(64, 48).save(picture)
    with open_light(tmp_path / "library") as local, on_a_port(served(local)) as address:
        remote = Client(address, server={"token": TOKEN})
        with remote:
            steps: list[Progress] = []
            assert remote.add(note, picture, on_progress=steps.append).indexed == 2
            assert steps
            with pytest.raises(InputError, match=r"has a file note\.txt already"):
                remote.add(note)
            with pytest.raises(NotFound, match="is no longer there"):
                remote.add(tmp_path / "nowhere.txt")
            note.write_text("A heron waits.")
            assert remote.add(note, replace=True).indexed == 1
            [found] = remote.search("heron", modalities=["text"]).results
            remote.remove(found.segment.document_id)
            for id in (found.segment.document_id, "../x", ""):
                with pytest.raises(NotFound):
                    remote.remove(id)
            assert [Path(document.uri).name for document in local.documents()] == ["dusk.png"]
            assert local.add(note).indexed == 1
    assert note.exists()


def test_indexing_reports_progress_and_what_failed(local: Client, remote: Client, town: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    steps: list[Progress] = []
    report = remote.index(town, tmp_path, on_progress=steps.append)
    assert (report.found, report.unchanged, report.indexed) == (10, 9, 0)
    assert [Path(failure.uri).name for failure in report.failed] == ["broken.png"]
    assert replace(local.index(town, tmp_path), seconds=0, job="") == replace(report, seconds=0, job="")
    with pytest.raises(NotFound, match="nowhere does not exist"):
        remote.index(tmp_path / "nowhere")


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    (tmp_path / "files").mkdir()
    for number in range(4):
        (tmp_path / "files" / f"{number}.txt").write_text(f"Otter number{number}.")
    return tmp_path / "files"


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Client]:
    with open_light(tmp_path / "library", indexing={"batch_segments": 1}) as shelf:
        yield shelf


@pytest.fixture
def far_shelf(shelf: Client) -> Iterator[Client]:
    with on_a_port(served(shelf)) as address, Client(address, server={"token": TOKEN}) as client:
        yield client


@pytest.mark.parametrize("where", ["here", "far"])
def test_records_are_indexed_replaced_and_removed(where: str, request: pytest.FixtureRequest) -> None:
    client: Client = request.getfixturevalue("shelf" if where == "here" else "far_shelf")
    pixels = BytesIO()
    photo(64, 48).save(pixels, "PNG")
    records: list[dict[str, Any]] = [
        {"id": 1, "title": "Otters", "body": "An otter swims.", "date": date(2024, 5, 1)},
        {"id": 2, "body": "A heron waits."},
        {"id": 3, "title": "Dusk", "bytes": pixels.getvalue()},
    ]
    report = client.index_records(iter(records), "pond", columns={"text": "body"})
    assert (report.indexed, report.failed) == (3, ())
    [otter] = client.search("otter", filter="date = 2024-05-01").results
    assert (otter.segment.uri, otter.segment.title) == ("records:pond#1", "Otters")
    assert {document.modality for document in client.documents()} == {"text", "image"}
    report = client.index_records([{"id": 2, "body": "A kite."}], "pond", columns={"text": "body"}, complete=True)
    assert (report.indexed, report.removed) == (1, 2)
    assert [document.uri for document in client.documents()] == ["records:pond#2"]
    with pytest.raises(InputError):
        client.index_records([{"text": "a"}], "pond", columns={"nonsense": "body"})


def test_records_of_strangers_open_no_files(shelf: Client, notes: Path) -> None:
    secret = json.dumps({"id": 1, "path": str(notes / "0.txt")}) + "\n"
    own = json.dumps({"id": 2, "text": "A kite."}) + "\n"
    with over_http(shelf, from_host="192.168.1.7") as http:
        for query, body, failed in (("", secret, ["forbidden"]), ("", own, []), ("columns=path=text", own, None)):
            answer = http.post(f"/v1/documents/records?{query}", content=body, headers=OWNER)
            assert answer.status_code == (403 if failed is None else 202)
            if failed is not None:
                place = answer.headers["location"]
                job = eventually(lambda place=place: (now := shelf.app.jobs.get(place[-8:])).over and now)
                assert [failure.code for failure in job.failed] == failed, job
    assert [document.uri for document in shelf.documents()] == ["records:records#2"]


def test_whoever_is_interrupted_cancels_the_indexing(
    shelf: Client, far_shelf: Client, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "LOOK_S", 0.0)

    def interrupted() -> bool:
        raise KeyboardInterrupt

    with closed(PASSAGES), pytest.raises(KeyboardInterrupt):
        far_shelf.index(notes, stop=interrupted)
    eventually(lambda: [job.state for job in shelf.jobs()] == ["cancelled"])
    assert far_shelf.index(notes).found == 4


def test_an_indexing_that_is_stopped_ends_after_the_batch_at_hand(
    far_shelf: Client, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "LOOK_S", 0.0)
    later = threading.Timer(2.0, PASSAGES.set)

    def stop() -> bool:
        """From its first time on; the batch at hand is held until the job has been told."""
        if not later.ident:
            later.start()
        return True

    with closed(PASSAGES):
        report = far_shelf.index(notes, stop=stop)
    assert report.stopped
    assert report.indexed < 4
    assert far_shelf.index(notes).unchanged == report.indexed


def test_a_space_goes_to_another_model_and_back(far_shelf: Client, notes: Path) -> None:
    def model() -> str:
        [text] = [state.space for state in far_shelf.spaces() if state.name == "text" and state.space]
        assert far_shelf.search("otter number2", spaces=["text"]).results[0].segment.text == "Otter number2."
        return text.model

    assert far_shelf.index(notes).indexed == 4
    assert model() == "hashing"
    there = far_shelf.estimate_reembed("text", "other")
    assert (there.before, there.after, there.documents, there.held) == ("hashing", "other", 4, 0)
    steps: list[Progress] = []
    done = far_shelf.reembed("text", "other", on_progress=steps.append)
    assert (done.before, done.after, done.documents, done.rows, done.failed) == ("hashing", "other", 4, 4, ())
    assert (steps[-1].done, steps[-1].total) == (4, 4)
    assert model() == "other"
    assert far_shelf.estimate_reembed("text", "other").held == 4
    back = far_shelf.roll_back("text")
    assert (back.after, back.documents, back.previous) == ("hashing", 0, "other")
    assert model() == "hashing"
    assert [job.id for job in far_shelf.jobs()][:2] == [back.job, done.job]
    assert far_shelf.forget_previous("text") == 4
    with pytest.raises(NotFound, match="no previous model"):
        far_shelf.roll_back("text")


def test_a_reembedding_that_is_stopped_leaves_the_old_model(
    shelf: Client, far_shelf: Client, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "LOOK_S", 0.0)
    far_shelf.index(notes)
    later = threading.Timer(2.0, PASSAGES.set)

    def stop() -> bool:
        if not later.ident:
            later.start()
        return True

    with closed(PASSAGES):
        done = far_shelf.reembed("text", "other", stop=stop)
    assert done.stopped
    assert done.documents < 4
    assert shelf.app.searcher.spaces["text"].space.model == "hashing"
    assert far_shelf.reembed("text", "other").documents == 4 - done.documents


def test_a_model_is_found_from_the_folder_that_its_name_is_said_in(
    shelf: Client, far_shelf: Client, notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.index(notes)
    (tmp_path / "tiny").mkdir()
    monkeypatch.chdir(tmp_path)
    assert far_shelf.estimate_reembed("text", "./tiny").after == str(tmp_path / "tiny")


@pytest.mark.parametrize("where", ["here", "far"])
def test_a_job_is_submitted_followed_and_cancelled(
    where: str, request: pytest.FixtureRequest, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "LOOK_S", 0.0)
    client: Client = request.getfixturevalue("shelf" if where == "here" else "far_shelf")
    job = client.submit(notes)
    followed = list(client.follow(job.id))
    assert (followed[-1].id, followed[-1].state, followed[-1].outcome(Report).indexed) == (job.id, "done", 4)
    assert followed[-1].progress["done"] == 4
    for note in notes.iterdir():
        note.write_text("Heron " + note.read_text())
    with closed(PASSAGES):
        second = client.submit(notes)
        states = client.follow(second.id)
        eventually(lambda: next(states).state == "running")
        assert client.cancel(second.id).id == second.id
        PASSAGES.set()
        assert [job.state for job in states][-1] == "cancelled"
    assert [job.state for job in client.jobs()] == ["cancelled", "done"]
    with pytest.raises(JobError, match="it is cancelled"):
        client.cancel(second.id)
    with pytest.raises(NotFound, match="f" * 8):
        list(client.follow("f" * 8))


def test_judgements_are_kept_with_the_result_that_was_seen(local: Client, remote: Client, town: Path) -> None:
    [result] = remote.search("whale near the breakwater", top_k=1).results
    said = remote.judge("whale near the breakwater", result, 2)
    assert (said.document_id, said.segment_id) == (result.segment.document_id, result.segment.id)
    assert (said.rank, said.score, said.grade) == (1, result.score, 2)
    found = remote.search("old Jonas", top_k=1)
    assert remote.judge(found, found.results[0]).routes == {route.space: route.weight for route in found.routes}
    assert remote.withdraw("old Jonas", found.results[0].segment.document_id)
    assert not remote.withdraw("old Jonas", found.results[0].segment.document_id)
    assert remote.judge("herring barrels", town / "boats.csv", 1).uri == str(town / "boats.csv")
    assert remote.judgements() == local.judgements()
    assert remote.judgements("herring barrels") == local.judgements("herring barrels") != []
    assert [judgement.query for judgement in local.judgements()] == ["herring barrels", "whale near the breakwater"]
    with pytest.raises(NotFound, match="has no document"):
        remote.judge("whale", "nowhere.txt")
    with pytest.raises(InputError, match="the query is empty"):
        remote.judge(" ", result)


def test_the_token_that_a_server_left_for_this_user_is_found(local: Client, address: str, town: Path) -> None:
    with Client(address) as stranger, pytest.raises(Unauthorized, match=r"holder\.json"):
        stranger.index(town)
    local.app.hold.announce(address, TOKEN)
    with Client(address) as neighbour:
        assert neighbour.index(town).unchanged == 9


def test_what_needs_the_library_in_this_process_says_so(remote: Client, address: str) -> None:
    with pytest.raises(ConfigError, match=address):
        _ = remote.app
    with pytest.raises(LibraryLocked, match=f"served already, at {address}"):
        remote.serve()


@pytest.fixture(scope="module")
def failing() -> Iterator[tuple[RemoteLibrary, list[str]]]:
    """A server whose every document is an error of that class, and what it was asked."""
    app, asked = FastAPI(), []
    answer_errors(app)
    answers = {"Refused": iter([Busy("full"), Busy("full"), None])}

    @app.get("/v1/documents/{name}")
    def fail(name: str) -> Any:
        asked.append(name)
        if name in answers:
            error = next(answers[name])
            if error is None:
                return {"id": name, "uri": "", "modality": "text", "segments": 1, "spaces": {}}
            raise error
        if name == "Surprise":
            raise ZeroDivisionError("secret")
        raise getattr(errors, name)(f'what went wrong with "{name}" in [brackets] and ünicode')

    @app.delete("/v1/documents/{name}")
    async def hang_up(name: str, request: Request) -> Response:
        asked.append(f"delete {name}")
        raise errors.StoreUnavailable("later")

    @app.get("/v1/stats")
    def page() -> Response:
        return Response("<html>Some other program</html>", media_type="text/html")

    @app.get("/v1/examples")
    def gateway() -> Response:
        asked.append("examples")
        return Response("Bad gateway", 502)

    with on_a_port(app) as address:
        remote = RemoteLibrary(address, TOKEN)
        yield remote, asked
        remote.close()


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_error_arrives_as_what_it_was(
    failing: tuple[RemoteLibrary, list[str]], kind: type[MMSearchError]
) -> None:
    remote, asked = failing
    with pytest.raises(MMSearchError) as caught:
        remote.document(kind.__name__)
    assert type(caught.value) is kind
    assert str(caught.value) == f'what went wrong with "{kind.__name__}" in [brackets] and ünicode'
    assert error_json(caught.value)["error"]["code"] == kind.code
    assert (asked.count(kind.__name__) > 1) is kind.retryable


def test_a_server_that_is_busy_is_asked_again(failing: tuple[RemoteLibrary, list[str]]) -> None:
    remote, asked = failing
    assert remote.document("Refused").id == "Refused"
    assert asked.count("Refused") == 3


def test_mistakes_of_the_server_are_not_told_to_everybody(failing: tuple[RemoteLibrary, list[str]]) -> None:
    remote, _ = failing
    with pytest.raises(MMSearchError, match="its log says where") as caught:
        remote.document("Surprise")
    assert "secret" not in str(caught.value)


def test_other_programs_are_recognised(failing: tuple[RemoteLibrary, list[str]]) -> None:
    remote, asked = failing
    with pytest.raises(MMSearchError, match="no mmsearch server"):
        remote.stats()
    with pytest.raises(StoreUnavailable, match="502"):
        remote.examples()
    assert asked.count("examples") > 1
    assert remote.pid() is None


def test_nobody_there_and_no_address_are_said_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    nobody = f"no mmsearch server answers at http://127.0.0.1:{port}"
    with Client(f"http://127.0.0.1:{port}") as client, pytest.raises(StoreUnavailable, match=nobody):
        client.search("anything")
    for address in ("http://", "http://:80", "http://host:99999999"):
        with pytest.raises(InputError, match="write http://host:port"):
            Client(address)


def test_an_answer_that_is_lost_is_asked_for_again_only_where_that_is_harmless() -> None:
    """A server that reads the request and hangs up: a search is sent again, a removal is not."""
    heard: list[str] = []

    def hang_up(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                heard.append(connection.recv(65_536).split(b" ")[0].decode())

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=hang_up, args=(listener,), daemon=True).start()
        remote = RemoteLibrary(f"http://127.0.0.1:{listener.getsockname()[1]}", TOKEN)
        with pytest.raises(StoreUnavailable):
            remote.search(Query("otter"))
        assert heard == ["POST"] * 4
        with pytest.raises(StoreUnavailable):
            remote.remove("0" * 32)
        assert heard[4:] == ["DELETE"]
        listener.shutdown(socket.SHUT_RDWR)
        remote.close()
