"""What a server logs: a JSON object a line with the request's id, and neither a token nor what was searched for."""

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from serving import OWNER, TOKEN, open_light, over_http

from mmsearch.client import Client
from mmsearch.errors import StoreError
from mmsearch.server.logs import HEADER, written

SECRET_WORDS = "the lantern keepers daughter"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "note.txt").write_text("Boats lie in the harbour.")
    with open_light(tmp_path / "library") as client:
        client.index(tmp_path / "files")
        yield client


@pytest.fixture
def http(client: Client) -> TestClient:
    return over_http(client)


def lines(said: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said.splitlines()]


def test_a_request_is_a_line_with_the_id_that_its_answer_has(
    http: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    with written("json", keep_words=False):
        given = http.get("/v1/stats", headers={HEADER: "from-a-proxy.1"})
        own = http.get("/v1/documents/nothing")
    assert given.headers[HEADER] == "from-a-proxy.1"
    first, second = lines(capsys.readouterr().err)
    assert first | {"time": "", "took_ms": 0} == {
        "time": "",
        "level": "info",
        "logger": "mmsearch.requests",
        "message": f"GET /v1/stats 200 in {first['took_ms']} ms",
        "request": "from-a-proxy.1",
        "method": "GET",
        "path": "/v1/stats",
        "status": 200,
        "took_ms": 0,
    }
    assert (second["status"], second["request"]) == (404, own.headers[HEADER])
    assert re.fullmatch("[0-9a-f]{32}", own.headers[HEADER])


@pytest.mark.parametrize("given", ["a\tb", "x" * 129, "", 'a"b', "a b"])
def test_an_id_that_could_break_a_line_is_replaced(http: TestClient, given: str) -> None:
    assert re.fullmatch("[0-9a-f]{32}", http.get("/healthz", headers={HEADER: given}).headers[HEADER])


def _ask_in_every_way(http: TestClient) -> None:
    http.get("/v1/search", params={"q": SECRET_WORDS})
    http.post("/v1/search", json={"text": SECRET_WORDS})
    http.post("/v1/search", data={"text": SECRET_WORDS})
    http.get("/v1/search", params={"q": SECRET_WORDS, "filter": f"title = {SECRET_WORDS}"})
    http.post("/v1/feedback", json={"query": SECRET_WORDS, "document": "x", "grade": 1}, headers=OWNER)
    http.get("/v1/feedback", params={"query": SECRET_WORDS}, headers=OWNER)
    http.get("/v1/feedback", headers={"Authorization": "Bearer somebodys-guess"})


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_neither_words_nor_tokens_are_logged(
    http: TestClient, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, log_format: Any
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError(SECRET_WORDS)

    with written(log_format, keep_words=False):
        _ask_in_every_way(http)
        monkeypatch.setattr("mmsearch.app.App.search", fail)
        broken = http.get("/v1/search", params={"q": SECRET_WORDS})
    assert broken.status_code == 500
    said = capsys.readouterr().err
    for secret in (*SECRET_WORDS.split()[1:], TOKEN, "somebodys-guess"):
        assert secret not in said
    assert "ZeroDivisionError" in said, "what went wrong is said, and where"
    assert "test_logs.py" in said
    assert broken.headers[HEADER] in said, "under the id that the caller was told"
    assert said.count('"path": "/v1/feedback"') == (3 if log_format == "json" else 0)


def test_with_keep_words_an_error_says_all(
    http: TestClient, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError(SECRET_WORDS)

    monkeypatch.setattr("mmsearch.app.App.search", fail)
    with written("json", keep_words=True):
        http.get("/v1/search", params={"q": SECRET_WORDS})
    [failed] = [line for line in lines(capsys.readouterr().err) if line["level"] == "error"]
    assert f"ZeroDivisionError: {SECRET_WORDS}" in failed["failure"]


def test_a_failure_of_the_store_is_logged_with_what_led_to_it(
    http: TestClient, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StoreError("Milvus says no") from ZeroDivisionError()

    monkeypatch.setattr("mmsearch.app.App.search", fail)
    with written("text", keep_words=False):
        answer = http.get("/v1/search", params={"q": "words"})
        http.get("/v1/search", params={"q": "words", "filter": "="})
    assert (answer.status_code, answer.json()["error"]["message"]) == (500, "Milvus says no")
    said = capsys.readouterr().err
    assert said.count("GET /v1/search failed") == 1, "what the caller did wrong is the caller's to read"
    assert {"StoreError", "ZeroDivisionError"} <= {*said.split()}


def test_as_text_only_what_went_wrong_is_written(http: TestClient, capsys: pytest.CaptureFixture[str]) -> None:
    with written("text", keep_words=False):
        http.get("/v1/stats")
        logging.getLogger("mmsearch.app").warning("a %s", "warning")
    assert re.fullmatch(r"\S+ warning a warning\n", capsys.readouterr().err)
