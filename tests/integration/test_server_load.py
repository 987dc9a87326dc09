"""How a server is: its health, its metrics, and what it does with more than it takes on."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient
from hashing import HashingEncoder
from prometheus_client.parser import text_string_to_metric_families
from served_town import error_of
from serving import QUERIES, closed, eventually, on_a_port, open_light, over_http, served

from mmsearch.client import Client

pytest_plugins = ["served_town"]
pytestmark = pytest.mark.slow


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


def test_beyond_what_it_takes_on_it_says_when_to_come_again(town: Path, tmp_path: Path) -> None:
    """One search runs, four wait, and the sixth is told to come again; then all are answered."""
    with open_light(tmp_path / "library", server={"searches": 1}) as client:
        client.index(town / "festival.md")
        with over_http(client) as http, ThreadPoolExecutor(8) as pool:
            with closed(QUERIES):
                running = [pool.submit(http.get, "/v1/search", params={"q": "lantern"}) for _ in range(5)]
                eventually(lambda: http.app.state.admission._admitted == 5)  # type: ignore[attr-defined]
                full = http.get("/v1/search", params={"q": "lantern"})
                assert error_of(full) == (429, "busy")
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
