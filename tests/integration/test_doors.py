"""A server that demands keys: who comes in, who may do what, and who asks too often."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from serving import OWNER, TOKEN, on_a_port, open_light, over_http, served

from mmsearch.client import Client
from mmsearch.errors import Busy, Forbidden, Unauthorized
from mmsearch.keys import Keys
from mmsearch.server.doors import COOKIE, Pace

pytestmark = pytest.mark.slow

ID = "0" * 32


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Client]:
    """A library of one text."""
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "whale.txt").write_text("Old Jonas saw a whale.")
    with open_light(tmp_path / "library", server={"requests_per_minute": 100}) as client:
        assert not client.index(tmp_path / "files").failed
        yield client


@pytest.fixture
def http(shelf: Client) -> Iterator[TestClient]:
    with over_http(shelf, from_host="192.168.1.7", keyless=False) as http:
        yield http


def _bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def _routes(http: TestClient) -> list[tuple[str, str]]:
    paths: dict[str, dict[str, Any]] = http.app.openapi()["paths"]  # type: ignore[attr-defined]
    return [(method.upper(), path) for path, methods in paths.items() for method in methods]


def _filled(path: str) -> str:
    return path.replace("{document_id}", ID).replace("{job_id}", ID).replace("{space}", "text")


WRITES = {
    ("POST", "/v1/documents"),
    ("DELETE", "/v1/documents/{document_id}"),
    ("POST", "/v1/documents/records"),
    ("POST", "/v1/jobs"),
    ("GET", "/v1/jobs"),
    ("GET", "/v1/jobs/{job_id}"),
    ("DELETE", "/v1/jobs/{job_id}"),
    ("GET", "/v1/jobs/{job_id}/events"),
    ("POST", "/v1/feedback"),
    ("GET", "/v1/feedback"),
    ("DELETE", "/v1/feedback"),
}
ADMINISTERS = {
    ("POST", "/v1/audit"),
    ("POST", "/v1/backups"),
    ("POST", "/v1/spaces/{space}/reembed"),
    ("POST", "/v1/spaces/{space}/reembed/estimate"),
    ("POST", "/v1/spaces/{space}/rollback"),
    ("DELETE", "/v1/spaces/{space}/previous"),
}


def test_every_route_but_the_sign_of_life_demands_a_key(http: TestClient) -> None:
    routes = _routes(http)
    assert len(routes) > 20
    for method, path in [*routes, ("GET", "/v1/openapi.json"), ("GET", "/"), ("GET", "/nothing")]:
        for headers in ({}, _bearer("wrong"), _bearer(""), {"Cookie": f"{COOKIE}=wrong"}):
            answer = http.request(method, _filled(path), headers=headers)
            let_in = path == "/healthz" and "Authorization" not in headers
            assert answer.status_code == (200 if let_in else 401), (method, path, headers)
            assert let_in or answer.json()["error"]["code"] == "unauthorized"


def test_every_route_asks_for_the_scope_that_it_needs(shelf: Client, http: TestClient) -> None:
    secrets = {scope: Keys(shelf.app.folder).add(scope, scope)[1] for scope in ("read", "write", "admin")}
    assert set(_routes(http)) >= WRITES | ADMINISTERS
    for method, path in _routes(http):
        may = {"read", "write", "admin"}
        may -= {"read"} if (method, path) in WRITES | ADMINISTERS else set()
        may -= {"write"} if (method, path) in ADMINISTERS else set()
        for scope, secret in secrets.items():
            answer = http.request(method, _filled(path), headers=_bearer(secret))
            if scope in may:
                assert answer.status_code not in (401, 500), (method, path, scope, answer.text)
                assert "needs a key with the scope" not in answer.text
            else:
                assert answer.status_code == 403, (method, path, scope)
                assert (
                    f'needs a key with the scope "{"admin" if (method, path) in ADMINISTERS else "write"}"'
                    in (answer.json()["error"]["message"])
                )


def test_the_documentation_says_that_keys_are_bearers(http: TestClient) -> None:
    schemes = http.get("/v1/openapi.json", headers=OWNER).json()["components"]["securitySchemes"]
    assert [scheme["scheme"] for scheme in schemes.values()] == ["bearer"]


def test_a_cookie_is_a_key_for_the_servers_own_page_alone(shelf: Client, http: TestClient) -> None:
    _, secret = Keys(shelf.app.folder).add("Ines")
    http.cookies.set(COOKIE, secret)
    assert http.get("/v1/stats", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200
    assert http.get("/v1/stats").status_code == 200
    for site in ("cross-site", "same-site"):
        assert http.get("/v1/stats", headers={"Sec-Fetch-Site": site}).status_code == 401


def test_a_revoked_key_opens_nothing_at_once(shelf: Client, http: TestClient) -> None:
    keys = Keys(shelf.app.folder)
    _, secret = keys.add("Ines")
    assert http.get("/v1/search", params={"q": "whale"}, headers=_bearer(secret)).status_code == 200
    keys.revoke("Ines")
    assert http.get("/v1/search", params={"q": "whale"}, headers=_bearer(secret)).status_code == 401


def test_where_no_key_is_demanded_a_wrong_one_is_refused_all_the_same(shelf: Client) -> None:
    with over_http(shelf) as http:
        assert http.get("/v1/stats").status_code == 200
        assert http.get("/v1/stats", headers=_bearer("wrong")).status_code == 401
        assert http.get("/v1/stats", headers={"Authorization": "Basic d2hvOmV2ZXI="}).status_code == 200, "a proxy's"
        http.cookies.set(COOKIE, "of another server on this machine")
        assert http.get("/v1/stats").status_code == 200


def test_who_asks_too_often_is_told_when_to_come_again(shelf: Client, http: TestClient) -> None:
    keys = Keys(shelf.app.folder)
    _, busy = keys.add("busy")
    _, other = keys.add("other")
    answers = [http.get("/healthz", headers=_bearer(busy)) for _ in range(130)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) >= 10, "100 at once, and then 100 a minute"
    assert refused[0].headers["retry-after"] == "1"
    assert "requests_per_minute" in refused[0].json()["error"]["message"]
    assert http.get("/v1/stats", headers=_bearer(other)).status_code == 200
    assert {http.get("/healthz", headers=OWNER).status_code for _ in range(130)} == {200}, "an admin is not counted"


def test_so_many_a_minute_are_taken_and_no_more() -> None:
    clock = [0.0]
    pace = Pace(60, lambda: clock[0])

    def taken(name: str) -> bool:
        try:
            pace.check(name)
        except Busy:
            return False
        return True

    assert [taken("a") for _ in range(61)] == [True] * 60 + [False]
    assert taken("b")
    clock[0] = 2.5
    assert [taken("a") for _ in range(3)] == [True, True, False]
    clock[0] = 1_000.0
    assert [taken("a") for _ in range(61)] == [True] * 60 + [False]


def test_clients_bring_their_key(shelf: Client) -> None:
    _, reader = Keys(shelf.app.folder).add("reader")
    with on_a_port(served(shelf, keyless=False)) as address:
        with Client(address) as stranger, pytest.raises(Unauthorized, match="mmsearch keys add"):
            stranger.search("whale")
        with Client(address, server={"token": reader}) as client:
            found = client.search("whale").results
            assert [result.snippet for result in found] == ["Old Jonas saw a whale."]
            copy = client.document(found[0].segment.document_id)
            assert copy
            assert copy.read_text() == "Old Jonas saw a whale."
            with pytest.raises(Forbidden, match='"reader" has "read"'):
                client.judge("whale", found[0])
        with Client(address, server={"token": TOKEN}) as admin:
            assert admin.judge("whale", found[0]).grade == 1
