"""What a server refuses over HTTP, and that nothing that is sent breaks it."""

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from served_town import error_of
from serving import OWNER, over_http

from mmsearch.asking import MOST_RESULTS
from mmsearch.client import Client

pytest_plugins = ["served_town"]
pytestmark = pytest.mark.slow


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
        assert error_of(answer) == (401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_paths_are_taken_from_this_machine_unless_the_settings_say_otherwise(shelf: Client, tmp_path: Path) -> None:
    body = {"roots": [{"place": str(tmp_path / "files")}]}
    with over_http(shelf, from_host="192.168.1.7") as http:
        assert error_of(http.post("/v1/jobs", json=body, headers=OWNER)) == (403, "forbidden")
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
                assert error_of(http.post(asked, json=said, headers=OWNER)) == (403, "forbidden")
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
    assert welcome or error_of(answer) == (403, "forbidden")


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
    assert status == 200 or error_of(answer)[0] == status


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
