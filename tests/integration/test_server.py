"""The library over HTTP: what is asked and answered, what is refused, and that nothing breaks it."""

import base64
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient
from hashing import HashingEncoder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from media import photo
from prometheus_client.parser import text_string_to_metric_families
from pydantic import ConfigDict, TypeAdapter
from serving import OWNER, PASSAGES, QUERIES, closed, eventually, on_a_port, open_light, over_http, served
from town import make_town

from mmsearch import jobs
from mmsearch.asking import MOST_RESULTS
from mmsearch.client import Client
from mmsearch.jobs import Job
from mmsearch.schemas import RankingJson
from mmsearch.server.serving import listen

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_town(tmp_path_factory.mktemp("served") / "town")


@pytest.fixture(scope="module")
def client(town: Path) -> Iterator[Client]:
    with open_light(town.parent / "library") as client:
        assert not client.index(town).failed
        yield client


@pytest.fixture(scope="module")
def http(client: Client) -> Iterator[TestClient]:
    with over_http(client) as http:
        yield http


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Client]:
    """An empty library to change."""
    (tmp_path / "files").mkdir()
    with open_light(tmp_path / "library", indexing={"batch_segments": 1, "max_file_bytes": 200_000}) as client:
        client.index(tmp_path / "files")
        yield client


@pytest.fixture
def owner(shelf: Client) -> Iterator[TestClient]:
    with over_http(shelf) as http:
        http.headers.update(OWNER)
        yield http


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_no_answer_waits_for_the_receipt_of_its_first_part(host: str) -> None:
    with listen(host, 0) as listener, socket.create_connection(listener.getsockname()[:2]):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_products_keep_to_one_thread_whatever_searches_end() -> None:
    code = """
import threading, numpy
from threadpoolctl import ThreadpoolController
from mmsearch.server.serving import one_thread_each
one_thread_each()
def search():
    with ThreadpoolController().limit(limits=1, user_api="blas"):
        pass
thread = threading.Thread(target=search)
thread.start()
thread.join()
assert {of["num_threads"] for of in ThreadpoolController().info() if of["user_api"] == "blas"} == {1}
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def _ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [result["segment"]["id"] for result in answer.json()["results"]]


def _error(answer: Any) -> tuple[int, str]:
    said = answer.json()
    assert said.keys() == {"error"}, answer.text
    assert said["error"].keys() == {"code", "message", "retryable"}
    assert said["error"]["message"]
    return answer.status_code, said["error"]["code"]


def _events(said: str) -> list[tuple[str, Any]]:
    """(name, what it says) of each server-sent event."""
    told = [dict(line.partition(": ")[::2] for line in block.splitlines()) for block in said.split("\n\n")]
    return [(event["event"], json.loads(event["data"])) for event in told if "event" in event]


def _finished(http: TestClient, submitted: Any) -> Any:
    assert submitted.status_code == 202, submitted.text
    place = submitted.headers["location"]
    return eventually(lambda: (job := http.get(place).json())["state"] not in ("waiting", "running") and job)


def test_a_search_is_the_same_by_address_json_and_form(client: Client, http: TestClient) -> None:
    best = client.search("whale near the breakwater", modalities=["audio"]).results[0]
    assert best.segment.uri.endswith("memories.flac")
    by_address = http.get("/v1/search", params={"q": "whale near the breakwater", "modalities": "audio"})
    by_json = http.post("/v1/search", json={"text": "whale near the breakwater", "modalities": ["audio"]})
    by_form = http.post(
        "/v1/search", files={"text": (None, "whale near the breakwater"), "modalities": (None, "audio")}
    )
    assert _ids(by_address) == _ids(by_json) == _ids(by_form) == [best.segment.id]
    shown = by_json.json()["results"][0]
    assert (shown["score"], shown["segment"]["span"]) == (best.score, best.segment.span.as_dict())


def test_what_is_answered_is_what_the_document_of_the_routes_says(http: TestClient) -> None:
    class Exactly(RankingJson):
        __pydantic_config__ = ConfigDict(extra="forbid", strict=True)  # type: ignore[misc]

    for words in ("kittiwake herring", "whale", "lanterns", "cottage"):
        said = http.get("/v1/search", params={"q": words}).json()
        assert TypeAdapter(Exactly).validate_python(said)["results"]


def test_pages_are_cut_from_one_ranking(client: Client, http: TestClient) -> None:
    words = "the maelstrom of the boats, the beach, the cottage and the ferry"
    whole = [result.segment.id for result in client.search(words, top_k=6).results]
    assert len(whole) >= 5
    pages = [http.get("/v1/search", params={"q": words, "top_k": 2, "offset": offset}) for offset in (0, 2, 4)]
    assert [id for page in pages for id in _ids(page)] == whole
    assert [result["rank"] for result in pages[1].json()["results"]] == [3, 4]


def test_filters_and_media_limit_what_is_found(http: TestClient) -> None:
    for body, names in (
        ({"filter": 'title contains "lantern" or title contains "Lantern"'}, {"festival.md"}),
        ({"modalities": ["table"], "filter": "not title contains 'vil'"}, {"boats.csv"}),
        ({"filter": 'uri prefix "/nowhere"'}, set()),
    ):
        answer = http.post("/v1/search", json={"text": "lantern boats maelstrom cottage", **body})
        assert answer.status_code == 200, answer.text
        assert {Path(result["document"]["uri"]).name for result in answer.json()["results"]} == names


def test_a_picture_is_read_from_a_form_and_from_base64(http: TestClient, tmp_path: Path) -> None:
    """No space answers pictures here, so both are understood and find nothing."""
    photo(40, 40).save(tmp_path / "a.png")
    picture = (tmp_path / "a.png").read_bytes()
    form = http.post("/v1/search", files={"image": ("a.png", picture)}, data={"top_k": "3"})
    body = http.post("/v1/search", json={"image": base64.b64encode(picture).decode(), "top_k": 3})
    assert _ids(form) == _ids(body) == []


def test_health_readiness_and_what_the_library_is(client: Client, http: TestClient, town: Path) -> None:
    assert http.get("/healthz").json()["pid"] > 0
    ready = http.get("/readyz")
    assert (ready.status_code, ready.json()["ready"]) == (200, True)
    assert ready.json()["spaces"].keys() == {"words", "text"}
    spaces = {space["name"]: space for space in http.get("/v1/spaces").json()["spaces"]}
    assert (spaces["text"]["space"]["dim"], spaces["text"]["closed"]) == (64, "")
    stats = http.get("/v1/stats").json()
    assert stats["documents"] == {"text": 5, "table": 2, "image": 1, "audio": 1}
    assert stats["roots"] == [str(town)]
    assert (
        stats["rows"]["words"]
        == spaces["words"]["rows"]
        == client.app.store.count(client.app.searcher.spaces["words"].collection)
    )


def test_a_space_that_fails_makes_the_server_unready(shelf: Client, tmp_path: Path) -> None:
    (tmp_path / "files" / "a.txt").write_text("An otter.")
    shelf.index(tmp_path / "files")
    with over_http(shelf) as http:
        assert http.get("/readyz").status_code == 200
        shelf.app.store.drop(shelf.app.searcher.spaces["text"].collection)
        answer = http.get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (503, False)
    assert answer.json()["spaces"]["words"]["ready"] is True
    assert answer.json()["spaces"]["text"]["error"]["code"] == "not_found"


def test_documents_are_listed_in_pages_and_handed_out(http: TestClient, town: Path) -> None:
    listed = http.get("/v1/documents").json()
    assert [Path(document["uri"]).name for document in listed["documents"]] == sorted(
        path.name for path in town.iterdir() if path.suffix not in (".vtt",) and path.name != "cliff.txt"
    )
    assert listed["total"] == 9
    paged = [http.get("/v1/documents", params={"limit": 5, "offset": offset}).json()["documents"] for offset in (0, 5)]
    assert paged[0] + paged[1] == listed["documents"]
    by_name = {Path(document["uri"]).name: document for document in listed["documents"]}
    boats = by_name["boats.csv"]
    assert http.get(f"/v1/documents/{boats['id']}").json() == boats
    whole = (town / "boats.csv").read_bytes()
    part = http.get(f"/v1/documents/{boats['id']}/content", headers={"Range": "bytes=5-9"})
    assert (part.status_code, part.content) == (206, whole[5:10])
    assert part.headers["x-content-type-options"] == "nosniff"
    sound = http.get(f"/v1/documents/{by_name['memories.flac']['id']}/content", headers={"Range": "bytes=0-3"})
    assert (sound.status_code, sound.content, sound.headers["content-type"]) == (206, b"fLaC", "audio/flac")
    again = http.get(f"/v1/documents/{boats['id']}/content", headers={"If-None-Match": part.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "private" in again.headers["cache-control"]
    active = http.get(f"/v1/documents/{by_name['evil.md']['id']}/content")
    assert active.headers["content-type"] == "text/plain; charset=utf-8"
    assert active.headers["content-security-policy"].startswith("default-src 'none'")
    small = http.get(f"/v1/documents/{by_name['cliff.png']['id']}/thumbnail")
    assert (small.status_code, small.headers["content-type"].partition("/")[0]) == (200, "image")
    assert _error(http.get(f"/v1/documents/{boats['id']}/thumbnail")) == (404, "not_found")


def test_files_are_given_found_replaced_and_taken_out(owner: TestClient, shelf: Client) -> None:
    job = _finished(owner, owner.post("/v1/documents", files=[("files", ("note.txt", b"An otter swims."))]))
    assert (job["state"], job["report"]["indexed"]) == ("done", 1)
    [found] = owner.get("/v1/search", params={"q": "otter"}).json()["results"]
    assert _error(owner.post("/v1/documents", files=[("files", ("note.txt", b"A heron."))])) == (400, "input")
    replaced = owner.post("/v1/documents", files=[("files", ("note.txt", b"A heron."))], data={"replace": "true"})
    assert _finished(owner, replaced)["report"]["indexed"] == 1
    assert owner.get("/v1/search", params={"q": '"otter"'}).json()["results"] == []
    place = f"/v1/documents/{found['document']['id']}"
    assert owner.get(place + "/content").content == b"A heron."
    assert owner.delete(place).status_code == 204
    assert _error(owner.get(place)) == _error(owner.delete(place)) == (404, "not_found")
    assert owner.get("/v1/search", params={"q": "heron"}).json()["results"] == []
    assert list(shelf.app.uploads.folder.iterdir()) == []


def test_a_document_from_elsewhere_leaves_the_library_and_its_file_stays(
    owner: TestClient, shelf: Client, tmp_path: Path
) -> None:
    note = tmp_path / "files" / "note.txt"
    note.write_text("The heron waits.")
    shelf.index(tmp_path / "files")
    [document] = owner.get("/v1/documents").json()["documents"]
    assert owner.delete(f"/v1/documents/{document['id']}").status_code == 204
    assert owner.get("/v1/search", params={"q": "heron"}).json()["results"] == []
    assert note.read_text() == "The heron waits."
    assert shelf.index(tmp_path / "files").indexed == 1


def test_a_bad_file_is_named_and_not_kept(owner: TestClient, shelf: Client) -> None:
    files = [("files", ("broken.png", b"\x89PNG no more")), ("files", ("good.txt", b"A good file."))]
    job = _finished(owner, owner.post("/v1/documents", files=files))
    assert [Path(failure["uri"]).name for failure in job["report"]["failed"]] == ["broken.png"]
    assert [file.name for file in shelf.app.uploads.folder.iterdir()] == ["good.txt"]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("../evil.txt", b"x", (400, "input")),
        ("..\\evil.txt", b"x", (400, "input")),
        ("/etc/evil.txt", b"x", (400, "input")),
        (".hidden.txt", b"x", (400, "input")),
        ("a\u202etxt.exe.txt", b"x", (400, "input")),
        ("x" * 300 + ".txt", b"x", (400, "input")),
        ("program.exe", b"x", (415, "unsupported_media")),
        ("manifest.sqlite3", b"x", (415, "unsupported_media")),
        ("large.txt", b"x" * 200_001, (413, "too_large")),
        ("huge.txt", b"x" * 2_000_000, (413, "too_large")),
    ],
)
def test_hostile_files_are_refused(
    owner: TestClient, shelf: Client, tmp_path: Path, name: str, content: bytes, expected: tuple[int, str]
) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert _error(owner.post("/v1/documents", files=[("files", (name, content))])) == expected
    assert [path for path in sorted(tmp_path.rglob("*")) if path not in before and path.name != "uploads"] == []
    assert owner.get("/v1/documents").json()["total"] == 0


def test_paths_are_indexed_followed_and_searched_meanwhile(owner: TestClient, tmp_path: Path) -> None:
    """The gate holds the indexing: searches go on, and what would change the library waits or says so."""
    for number in range(8):
        (tmp_path / "files" / f"{number}.txt").write_text(f"Otter number{number}.")
    with closed(PASSAGES):
        submitted = owner.post("/v1/jobs", json={"roots": [{"place": str(tmp_path / "files")}]})
        place = submitted.headers["location"]
        running = eventually(lambda: (job := owner.get(place).json())["state"] == "running" and job)
        assert (running["report"], running["ended"]) == ({}, "")
        assert running["asked"]["roots"][0]["place"] == str(tmp_path / "files")
        assert owner.get("/v1/jobs/last").json()["id"] == running["id"]
        assert owner.get("/v1/search", params={"q": "otter"}).status_code == 200
        assert _error(owner.delete("/v1/documents/" + "0" * 32)) == (409, "library_locked")
    *_, (name, told) = _events(owner.get(f"{place}/events").text)
    assert (name, told["state"], told["progress"]["done"]) == ("over", "done", 8)
    assert told == owner.get(place).json()
    assert told["report"]["indexed"] == 8
    assert len(_ids(owner.get("/v1/search", params={"q": "otter", "top_k": 20}))) == 8


def test_a_job_is_as_the_document_of_the_routes_says(owner: TestClient, shelf: Client, tmp_path: Path) -> None:
    (tmp_path / "files" / "broken.png").write_bytes(b"no picture")
    done = _finished(owner, owner.post("/v1/jobs", json={"roots": [{"place": str(tmp_path / "files")}]}))
    read = TypeAdapter(Job).validate_python(done)
    assert [failure.code for failure in read.failed] == ["corrupt_media"]
    assert (read.progress["done"], read.progress["total"]) == (1, 1)
    assert shelf.app.jobs.get(read.id) == read


def test_events_tell_every_stage_that_is_seen(owner: TestClient, tmp_path: Path) -> None:
    (tmp_path / "files" / "a.txt").write_text("Otter.")
    with closed(PASSAGES):
        place = owner.post("/v1/jobs", json={"roots": [{"place": str(tmp_path / "files")}]}).headers["location"]
        eventually(lambda: owner.get(place).json()["state"] == "running")
        with ThreadPoolExecutor() as pool:
            following = pool.submit(owner.get, f"{place}/events")
            threading.Timer(2.5, PASSAGES.set).start()
            events = _events(following.result(60).text)
    assert [(name, job["state"]) for name, job in events][:2] == [("job", "running")] * 2, (
        "nothing changes, and it says so"
    )
    assert (events[-1][0], events[-1][1]["state"]) == ("over", "done")
    assert events[-1][1]["progress"]["uri"].endswith("a.txt")


def test_a_job_is_cancelled_between_documents_and_the_next_goes_on(
    owner: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "LOOK_S", 0.0)
    for number in range(6):
        (tmp_path / "files" / f"{number}.txt").write_text(f"Otter number{number}.")
    with closed(PASSAGES):
        place = owner.post("/v1/jobs", json={"roots": [{"place": str(tmp_path / "files")}]}).headers["location"]
        second = owner.post("/v1/jobs", json={"roots": [{"place": str(tmp_path / "files")}]}).headers["location"]
        eventually(lambda: owner.get(place).json()["state"] == "running")
        assert owner.delete(second).json()["state"] == "waiting"
        owner.delete(place)
    eventually(lambda: owner.get(place).json()["state"] == owner.get(second).json()["state"] == "cancelled")
    assert _error(owner.delete(place)) == (409, "job_over")
    assert owner.get("/v1/documents").json()["total"] < 6
    again = _finished(owner, owner.post("/v1/jobs", json={"roots": [{"place": str(tmp_path / "files")}]}))
    assert again["report"]["indexed"] + again["report"]["unchanged"] == 6
    assert owner.get("/v1/documents").json()["total"] == 6
    assert [job["state"] for job in owner.get("/v1/jobs").json()["jobs"]] == ["done", "cancelled", "cancelled", "done"]


def test_a_job_that_fails_says_why(owner: TestClient, tmp_path: Path) -> None:
    job = _finished(owner, owner.post("/v1/jobs", json={"roots": [{"place": str(tmp_path / "nowhere")}]}))
    assert job["state"] == "failed"
    assert job["error"].startswith("NotFound: ")
    assert "nowhere" in job["error"]


CHANGES = [
    ("POST", "/v1/jobs"),
    ("GET", "/v1/jobs"),
    ("GET", "/v1/jobs/" + "0" * 32),
    ("GET", "/v1/jobs/" + "0" * 32 + "/events"),
    ("DELETE", "/v1/jobs/" + "0" * 32),
    ("POST", "/v1/feedback"),
    ("GET", "/v1/feedback"),
    ("DELETE", "/v1/feedback"),
    ("POST", "/v1/documents"),
    ("DELETE", "/v1/documents/" + "0" * 32),
    ("POST", "/v1/spaces/text/reembed"),
    ("POST", "/v1/spaces/text/reembed/estimate"),
    ("POST", "/v1/spaces/text/rollback"),
    ("DELETE", "/v1/spaces/text/previous"),
]


@pytest.mark.parametrize(("method", "place"), CHANGES)
def test_changes_need_the_token(http: TestClient, method: str, place: str) -> None:
    for token in (None, "", "Bearer ", "Bearer wrong", "bearer é", f"Basic {OWNER['Authorization'][7:]}"):
        given_token = {} if token is None else {"Authorization": token.encode()}
        answer = http.request(method, place, headers=given_token)  # type: ignore[arg-type]
        assert _error(answer) == (401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_paths_are_taken_from_this_machine_unless_the_settings_say_otherwise(shelf: Client, tmp_path: Path) -> None:
    body = {"roots": [{"place": str(tmp_path / "files")}]}
    with over_http(shelf, from_host="192.168.1.7") as http:
        assert _error(http.post("/v1/jobs", json=body, headers=OWNER)) == (403, "forbidden")
    with over_http(shelf, from_host="::1") as http:
        assert http.post("/v1/jobs", json=body, headers=OWNER).status_code == 202
    allowed = shelf.app.settings.model_copy(
        update={"server": shelf.app.settings.server.model_copy(update={"remote_indexing": True})}
    )
    shelf.app.settings = allowed
    with over_http(shelf, from_host="192.168.1.7") as http:
        assert http.post("/v1/jobs", json=body, headers=OWNER).status_code == 202


def test_so_are_models_that_are_named_by_their_place(client: Client, tmp_path: Path) -> None:
    asked = "/v1/spaces/text/reembed/estimate"
    for place in (str(tmp_path), str(tmp_path / "nowhere"), "./nowhere", "~", "tests"):
        for said in ({"model": place}, {"model": "other", "pretrained": place}):
            with over_http(client, from_host="192.168.1.7") as http:
                assert _error(http.post(asked, json=said, headers=OWNER)) == (403, "forbidden")
    for host, model in (("192.168.1.7", "other"), ("::1", str(tmp_path))):
        with over_http(client, from_host=host) as http:
            answer = http.post(asked, json={"model": model}, headers=OWNER)
            assert (answer.status_code, answer.json()["after"]) == (200, model)


@pytest.mark.parametrize(
    ("host", "welcome"),
    [("localhost", True), ("127.0.0.1:7860", True), ("[::1]:7860", True), ("evil.example", False), ("", False)],
)
def test_a_local_server_answers_to_local_names_only(client: Client, host: str, welcome: bool) -> None:
    with over_http(client, names=("localhost", "127.0.0.1", "::1")) as http:
        answer = http.get("/v1/stats", headers={"Host": host})
    assert answer.status_code == (200 if welcome else 403)
    assert welcome or _error(answer) == (403, "forbidden")


def test_beyond_what_it_takes_on_it_says_when_to_come_again(town: Path, tmp_path: Path) -> None:
    """One search runs, four wait, and the sixth is told to come again; then all are answered."""
    with open_light(tmp_path / "library", server={"searches": 1}) as client:
        client.index(town / "festival.md")
        with over_http(client) as http, ThreadPoolExecutor(8) as pool:
            with closed(QUERIES):
                running = [pool.submit(http.get, "/v1/search", params={"q": "lantern"}) for _ in range(5)]
                eventually(lambda: http.app.state.admission._admitted == 5)  # type: ignore[attr-defined]
                full = http.get("/v1/search", params={"q": "lantern"})
                assert _error(full) == (429, "busy")
                assert full.headers["retry-after"] == "1"
                assert full.json()["error"]["retryable"] is True
                assert http.get("/healthz").status_code == 200
            answers = [search.result(60) for search in running]
            assert [answer.status_code for answer in answers] == [200] * 5
            assert http.get("/v1/search", params={"q": "lantern"}).status_code == 200


def test_a_server_that_stops_finishes_what_runs(town: Path, tmp_path: Path) -> None:
    with open_light(tmp_path / "library") as client:
        client.index(town / "festival.md")
        with closed(QUERIES), ThreadPoolExecutor() as pool:
            with over_http(client) as http:
                running = pool.submit(http.get, "/v1/search", params={"q": "lantern"})
                admission = http.app.state.admission  # type: ignore[attr-defined]
                eventually(lambda: admission._admitted == 1)
                threading.Timer(0.3, QUERIES.set).start()
            assert QUERIES.is_set(), "the application did not wait"
            assert running.result(1).status_code == 200


def test_whoever_hangs_up_before_its_turn_frees_its_place(town: Path, tmp_path: Path) -> None:
    with open_light(tmp_path / "library", server={"searches": 1}) as client:
        client.index(town / "festival.md")
        app = served(client)
        admission = app.state.admission
        with on_a_port(app) as address, ThreadPoolExecutor() as pool, closed(QUERIES):
            running = pool.submit(Client(address).search, "lantern")
            eventually(lambda: (admission.running, admission.waiting) == (1, 0))
            waiting = [_asking(address) for _ in range(4)]
            eventually(lambda: admission.waiting == 4)
            for connection in waiting[:3]:
                connection.close()
            eventually(lambda: admission.waiting == 1)
            QUERIES.set()
            assert running.result(60).results
            assert waiting[3].recv(15) == b"HTTP/1.1 200 OK"
            waiting[3].close()


def _asking(address: str) -> socket.socket:
    """A connection that has asked for a search."""
    place = urlsplit(address)
    connection = socket.create_connection((place.hostname, place.port), timeout=60)
    connection.sendall(f"GET /v1/search?q=lantern HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n".encode())
    return connection


def test_metrics_say_what_was_asked_and_how_long_it_took(shelf: Client, tmp_path: Path) -> None:
    (tmp_path / "files" / "a.txt").write_text("An otter.")
    shelf.index(tmp_path / "files")
    shelf.app.encoders["image"] = _Closed()
    shelf.app.renew()
    with over_http(shelf) as http:
        asked: list[dict[str, str]] = [{}, {}, {"filter": 'uri prefix "/nowhere"'}]
        said = [http.get("/v1/search", params={"q": "otter", **more}).json() for more in asked]
        assert http.get("/v1/search", params={"q": "a", "top_k": 0}).status_code == 400
        assert http.get("/v1/nowhere").status_code == 404
        answer = http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    samples: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            labels = tuple(value for _, value in sorted(sample.labels.items()))
            samples.setdefault(sample.name, {})[labels] = sample.value
    assert samples["mmsearch_queries_total"] == {("text",): 3}
    assert said[2]["no_good_match"] is True
    assert samples["mmsearch_no_good_match_total"] == {(): sum(answer["no_good_match"] for answer in said)}
    counts, sums = samples["mmsearch_search_seconds_count"], samples["mmsearch_search_seconds_sum"]
    assert counts["", "total"] == counts["text", "encode"] == counts["words", "search"] == 3
    assert 0 < sum(sums.values()) - sums["", "total"] <= sums["", "total"] * 1.01
    assert samples["mmsearch_errors_total"] == {("input",): 1, ("not_found",): 1}
    assert samples["mmsearch_searches"] == {("running",): 0, ("waiting",): 0}
    assert samples["mmsearch_jobs"] == {(): 0}
    assert samples["mmsearch_space_closed"] == {("words",): 0, ("text",): 0, ("image",): 1}


def test_metrics_count_the_batches_of_an_encoder(shelf: Client) -> None:
    encoder = HashingEncoder()
    encoder.query_batches = {1: 5, 3: 2}  # type: ignore[attr-defined]
    shelf.app.encoders["text"] = encoder
    with over_http(shelf) as http:
        text = http.get("/metrics").text
    assert 'mmsearch_query_batch_size_bucket{le="1.0",space="text"} 5.0' in text
    assert 'mmsearch_query_batch_size_bucket{le="4.0",space="text"} 7.0' in text
    assert 'mmsearch_query_batch_size_count{space="text"} 7.0' in text
    assert 'mmsearch_query_batch_size_sum{space="text"} 11.0' in text


class _Closed(HashingEncoder):
    """A space whose weights are not here."""

    def __init__(self) -> None:
        super().__init__("image", closed="no weights")


HOSTILE: list[tuple[str, str, dict[str, Any], int]] = [
    ("GET", "/v1/documents/..%2f..%2fmanifest.sqlite3", {}, 404),
    ("GET", "/v1/documents/%2e%2e/content", {}, 404),
    ("GET", "/v1/documents/" + "0" * 32 + "/content", {}, 404),
    ("GET", "/v1/documents/*/thumbnail", {}, 404),
    ("GET", "/v1/documents/" + "0" * 32 + "/thumbnail?segment=*", {}, 404),
    ("GET", "/v1/documents/" + "é" * 20, {}, 404),
    ("GET", "/v1/documents?limit=-1", {}, 400),
    ("GET", "/v1/documents?offset=99999999999999999999999", {}, 400),
    ("GET", "/v1/documents?limit=many", {}, 400),
    ("GET", "/v1/jobs/..%2f", {}, 404),
    ("GET", "/v1/jobs/" + "x" * 5000, {}, 404),
    ("GET", "/v1/search", {}, 400),
    ("GET", "/v1/search?q=", {}, 400),
    ("GET", "/v1/search?q=a&top_k=0", {}, 400),
    ("GET", f"/v1/search?q=a&top_k={MOST_RESULTS}&offset=1", {}, 400),
    ("GET", "/v1/search?q=a&modalities=smell", {}, 400),
    ("GET", "/v1/search?q=a&filter=date%20>", {}, 400),
    ("GET", "/v1/search?q=a&unknown=1", {}, 400),
    ("GET", "/v1/search?q=%ff%fe", {}, 200),
    ("GET", "/v1/search?q=%00", {}, 200),
    ("GET", "/v1/search?q=" + "a" * 30_000, {}, 400),
    ("GET", "/v1/search?q=type:smell", {}, 400),
    ("POST", "/v1/search", {"content": b"{", "headers": {"Content-Type": "application/json"}}, 400),
    ("POST", "/v1/search", {"content": b"[" * 200_000, "headers": {"Content-Type": "application/json"}}, 400),
    ("POST", "/v1/search", {"content": b"\xff", "headers": {"Content-Type": "application/json"}}, 400),
    ("POST", "/v1/search", {"content": b"x" * 50_000_000, "headers": {"Content-Type": "application/json"}}, 413),
    ("POST", "/v1/search", {"content": b"a=1", "headers": {"Content-Type": "text/plain"}}, 415),
    ("POST", "/v1/search", {}, 415),
    ("POST", "/v1/search", {"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 400),
    ("POST", "/v1/search", {"content": b"x", "headers": {"Content-Type": "multipart/form-data; boundary=b"}}, 400),
    ("POST", "/v1/search", {"files": {"text": ("a.txt", b"whale")}}, 400),
    ("POST", "/v1/search", {"data": {"image": "whale"}, "files": {"audio": b""}}, 400),
    ("POST", "/v1/search", {"files": [("image", b"a"), ("image", b"b"), ("image", b"c")]}, 400),
    ("POST", "/v1/search", {"json": []}, 400),
    ("POST", "/v1/search", {"json": {"text": None}}, 400),
    ("POST", "/v1/search", {"content": b'{"text": "\\ud800"}', "headers": {"Content-Type": "application/json"}}, 400),
    ("POST", "/v1/search", {"content": b'{"top_k": 1e999}', "headers": {"Content-Type": "application/json"}}, 400),
    ("POST", "/v1/search", {"json": {"text": "a", "top_k": 10**30}}, 400),
    ("POST", "/v1/search", {"json": {"text": "a", "image": "not base64!"}}, 400),
    ("POST", "/v1/search", {"json": {"text": "a", "spaces": ["nowhere"]}}, 400),
    ("POST", "/v1/search", {"json": {"text": "a", "filter": "(" * 5_000}}, 400),
    ("POST", "/v1/search", {"json": {"text": "a", "filter": "not " * 4_000 + "a = 1"}}, 400),
    ("POST", "/v1/search", {"json": {"text": "a", "filter": "a = 1" + " or a = 1" * 1_500}}, 200),
    ("POST", "/v1/search", {"json": {"text": "a", "filter": 'uri = "\\ud800"'}}, 200),
    ("PUT", "/v1/search", {}, 405),
    ("POST", "/healthz", {}, 405),
    ("POST", "/v1/jobs", {"json": {"roots": []}}, 400),
    ("POST", "/v1/jobs", {"json": {"roots": [{"place": "relative"}]}}, 400),
    ("POST", "/v1/jobs", {"json": {"roots": [{"place": "/a\0b"}]}}, 400),
    ("POST", "/v1/jobs", {"json": {"roots": [{"place": "/tmp"}], "spaces": ["nowhere"]}}, 404),
    ("POST", "/v1/jobs", {"json": {"roots": "/tmp"}}, 400),
    ("POST", "/v1/jobs", {"content": b"x" * 5_000_000, "headers": {"Content-Type": "application/json"}}, 413),
    ("POST", "/v1/documents", {"data": {"files": "text"}}, 400),
    ("POST", "/v1/documents", {"files": [("files", ("", b"x"))]}, 400),
    ("POST", "/v1/documents", {"files": [("files", (f"{n}.txt", b"x")) for n in range(101)]}, 400),
    ("POST", "/v1/spaces/sound/reembed", {"json": {"model": "other"}}, 404),
    ("POST", "/v1/spaces/%2e%2e/reembed", {"json": {}}, 404),
    ("POST", "/v1/spaces/words/reembed", {"json": {}}, 400),
    ("POST", "/v1/spaces/text/reembed", {}, 400),
    ("POST", "/v1/spaces/text/reembed", {"json": {"model": None}}, 400),
    ("POST", "/v1/spaces/text/reembed", {"json": {"model": "other", "device": "cuda"}}, 400),
    ("POST", "/v1/spaces/text/reembed", {"json": {"model": "a" * 5_000}}, 400),
    ("POST", "/v1/spaces/text/reembed", {"json": {"pretrained": "weights"}}, 400),
    ("POST", "/v1/spaces/text/reembed", {"json": {"model": "other", "pretrained": "weights"}}, 400),
    ("POST", "/v1/spaces/text/reembed/estimate", {"json": {"model": "~nobody/\0" + "a" * 300}}, 200),
    ("POST", "/v1/spaces/text/rollback", {}, 404),
    ("DELETE", "/v1/spaces/text/previous", {}, 404),
    ("GET", "/v2/search", {}, 404),
    ("GET", "/", {}, 404),
]


@pytest.mark.parametrize(("method", "place", "sent", "status"), HOSTILE, ids=range(len(HOSTILE)))
def test_nothing_that_is_sent_breaks_it(
    http: TestClient, method: str, place: str, sent: dict[str, Any], status: int
) -> None:
    sent = {**sent, "headers": {**sent.get("headers", {}), **OWNER}}
    answer = http.request(method, place, **sent)
    assert answer.status_code == status, answer.text[:300]
    assert status == 200 or _error(answer)[0] == status


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
_fields = st.sampled_from(["text", "image", "audio", "modalities", "filter", "top_k", "offset", "spaces", "other"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(st.sampled_from(["/v1/search", "/v1/jobs"]), st.dictionaries(_fields, _json, max_size=4) | _json)
def test_no_json_breaks_it(http: TestClient, place: str, body: Any) -> None:
    sent = json.dumps(body).encode()
    answer = http.post(place, content=sent, headers={**OWNER, "Content-Type": "application/json"})
    assert answer.status_code < 500, (body, answer.text)


def test_how_searches_went_is_noted_and_not_what_they_asked(client: Client, http: TestClient) -> None:
    before = sum(day.searches for day in client.app.searches.days(2))
    for words in ("a secret that is nowhere", "lanterns"):
        assert http.get("/v1/search", params={"q": words}).status_code == 200
    assert sum(day.searches for day in client.app.searches.days(2)) == before + 2
    assert client.app.searches.missed(10, empty=True) == client.app.searches.missed(10, empty=False) == []
    kept = [file.read_bytes() for file in client.app.folder.glob("searches.sqlite3*")]
    assert kept
    assert not any(b"secret" in content for content in kept)
