"""What is tried against servers on the web, by name: none of it works here."""

import io
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from serving import OWNER, eventually, on_a_port, open_light, over_http, served

from mmsearch.client import Client
from mmsearch.keys import Keys
from mmsearch.server.limits import Impatient
from mmsearch_ui.page import mount

pytestmark = pytest.mark.slow

SECRET = "the safe stands behind the portrait"
SCRIPT = "<script>window.ran=1</script>"
RUNS = {
    "page.html": f"<html><body>{SCRIPT} a page</body></html>",
    "page.xhtml": f'<html xmlns="http://www.w3.org/1999/xhtml"><body>{SCRIPT} a page</body></html>',
    "notes.md": f"# Notes\n\n{SCRIPT}\n",
    "plain.txt": f"{SCRIPT} some text",
    "data.json": json.dumps({"text": SCRIPT}),
    "rows.csv": f"a,b\n{SCRIPT},1\n",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("attacked")
    (folder / "secret.txt").write_text(SECRET)
    shared = folder / "shared"
    shared.mkdir()
    for name, content in RUNS.items():
        (shared / name).write_text(content)
    (shared / "link.txt").symlink_to(folder / "secret.txt")
    (shared / "out").symlink_to(folder, target_is_directory=True)
    return folder


@pytest.fixture(scope="module")
def client(place: Path) -> Iterator[Client]:
    server = {"roots": [str(place / "shared")], "origins": ["https://intranet.example"]}
    with open_light(place / "library", server=server) as client:
        client.index(place / "shared")
        yield client


@pytest.fixture(scope="module")
def http(client: Client) -> Iterator[TestClient]:
    def with_page(app: FastAPI) -> None:
        mount(client, app)

    with over_http(client, keyless=False, mount=with_page) as http:
        yield http


@pytest.fixture(scope="module")
def writer(client: Client) -> dict[str, str]:
    return {"Authorization": f"Bearer {Keys(client.app.folder).add('writer', 'write')[1]}"}


# Traversal


@pytest.mark.parametrize(
    "path",
    [
        "/media/document/../../etc/passwd",
        "/media/document/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/media/picture/..%2f..%2f..%2fetc/passwd",
        "/v1/documents/%2fetc%2fpasswd/content",
        "/v1/documents/..%2f..%2fsecret.txt/content",
        "/page/file/..%2f..%2fsecret.txt",
        "/page/file/%2e%2e/page.py",
        "/assets/..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/static/..%2f..%2froutes.py",
        "/theme.css/..%2f..%2fsecret.txt",
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file=../../../../etc/passwd",
        "/gradio_api/file=%2Fetc%2Fpasswd",
        "/gradio_api/file=/tmp/gradio/../../etc/passwd",
        "/gradio_api/file/etc/passwd",
        "/file=/etc/passwd",
    ],
)
def test_traversal_leads_nowhere(http: TestClient, place: Path, path: str) -> None:
    for named in (path, path.replace("secret.txt", quote(str(place / "secret.txt"), safe=""))):
        answer = http.get(named, headers=OWNER)
        assert answer.status_code in (404, 403, 400, 405), (named, answer.status_code)
        assert "root:" not in answer.text
        assert SECRET not in answer.text


@pytest.mark.parametrize("named", ["a\0b", "/etc/passwd", "~", "~nobody-of-that-name/x", "../../etc/passwd", "way.md"])
def test_what_is_to_be_found_alike_is_never_looked_for_on_the_disk(
    client: Client, http: TestClient, place: Path, named: str
) -> None:
    """A link that leads to a document of the library would tell where files lie."""
    held = Path(client.documents(limit=1)[0].uri)
    (place / "way.md").symlink_to(held)
    name = str(place / named) if named == "way.md" else named
    asked = http.post("/v1/search", json={"like": name}, headers=OWNER)
    (place / "way.md").unlink()
    assert (asked.status_code, asked.json()["error"]["code"]) == (404, "not_found")


BAD_NAMES = ["../evil.txt", "/tmp/evil.txt", "..\\evil.txt", "a/b.txt", ".hidden.txt", ""]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_traversal_by_the_name_of_an_upload_is_refused(
    client: Client, http: TestClient, writer: dict[str, str], name: str
) -> None:
    answer = http.post("/v1/documents", files={"files": (name, io.BytesIO(b"evil"))}, headers=writer)
    assert answer.status_code in (400, 415, 422), answer.text
    assert not list(client.app.folder.rglob("*evil*"))


@pytest.mark.parametrize("name", ["evil.mmsearch.jsonl", "corpus.jsonl"])
def test_an_upload_that_lists_files_of_the_server_is_refused(
    http: TestClient, writer: dict[str, str], place: Path, name: str
) -> None:
    record = json.dumps({"_id": "1", "id": "1", "path": str(place / "secret.txt")}).encode()
    answer = http.post("/v1/documents", files={"files": (name, io.BytesIO(record))}, headers=writer)
    assert answer.status_code == 415


def _refused(http: TestClient, record: dict[str, str], headers: dict[str, str]) -> None:
    """Records are looked at as they are indexed: one that may not be fails, and nothing is opened for it."""
    answer = http.post("/v1/documents/records", content=json.dumps(record).encode(), headers=headers)
    assert answer.status_code == 202
    place = answer.headers["location"]
    job = eventually(lambda: (now := http.get(place, headers=OWNER).json())["report"] and now)
    assert [failure["code"] for failure in job["report"]["failed"]] == ["forbidden"], job
    assert job["report"]["indexed"] == 0


def test_records_may_not_name_files_or_addresses_of_the_server(
    http: TestClient, writer: dict[str, str], place: Path
) -> None:
    for record in ({"path": str(place / "secret.txt")}, {"url": "http://127.0.0.1:9/"}, {"url": "file:///etc/passwd"}):
        _refused(http, record, writer)
        renamed = {"columns": [f"{next(iter(record))}=x"]}
        answer = http.post("/v1/documents/records", params=renamed, content=b"{}", headers=writer)
        assert answer.status_code == 403, record


def test_a_key_that_may_write_indexes_the_roots_of_the_settings_and_nothing_else(
    client: Client, http: TestClient, writer: dict[str, str], place: Path
) -> None:
    def asked(where: str | Path, **more: Any) -> Any:
        return http.post("/v1/jobs", json={"roots": [{"place": str(where), **more}]}, headers=writer)

    shared = place / "shared"
    for where in (
        place,
        "/etc",
        "/",
        shared / "..",
        shared / "out",
        f"{shared}/../secret.txt",
        "https://example.org/a",
    ):
        assert asked(where).status_code == 403, where
    for more in ({"follow_symlinks": True}, {"kind": "manifest"}, {"access": ["everybody"]}, {"columns": ["path=x"]}):
        assert asked(shared, **more).status_code == 403, more
    job = asked(shared)
    assert job.status_code == 202, job.text
    done = eventually(lambda: (now := http.get(job.headers["location"], headers=writer).json())["report"] and now)
    assert done["report"]["skipped"]["link"], "links that leave the root are passed over"
    assert not client.search("safe behind the portrait", all_copies=True).results or SECRET not in {
        result.snippet for result in client.search("safe behind the portrait", all_copies=True).results
    }


# Server-side request forgery


@pytest.fixture
def inner() -> Iterator[tuple[str, socket.socket]]:
    """A service that only this machine reaches: nobody may be made to ask it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.5)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/private.txt", listener


def _heard(listener: socket.socket) -> bool:
    try:
        listener.accept()[0].close()
    except TimeoutError:
        return False
    return True


def test_nobody_else_has_the_server_fetch_an_address(
    client: Client, inner: tuple[str, socket.socket], writer: dict[str, str]
) -> None:
    url, listener = inner
    with over_http(client, keyless=False, from_host="192.168.1.7") as http:
        for headers in (writer, OWNER):
            body = {"roots": [{"place": url}]}
            assert http.post("/v1/jobs", json=body, headers=headers).status_code == 403
            _refused(http, {"url": url}, headers)
    settings = client.app.settings
    client.app.settings = settings.model_copy(
        update={"server": settings.server.model_copy(update={"remote_indexing": True})}
    )
    try:
        with over_http(client, keyless=False, from_host="192.168.1.7") as http:
            assert http.post("/v1/jobs", json={"roots": [{"place": url}]}, headers=OWNER).status_code == 403
            _refused(http, {"url": url}, OWNER)
    finally:
        client.app.settings = settings
    assert not _heard(listener)


def test_the_page_fetches_no_address_for_anybody(http: TestClient, inner: tuple[str, socket.socket]) -> None:
    url, listener = inner
    for path in (f"/gradio_api/file={url}", f"/gradio_api/proxy={url}", f"/proxy={url}", f"/gradio_api/file/{url}"):
        assert http.get(path, headers=OWNER).status_code == 404, path
    for picked in ({"path": url}, {"path": "/etc/passwd"}, {"path": url, "meta": {"_type": "gradio.FileData"}}):
        body = {"data": [{"text": "", "files": [picked]}, 10, [], False, ""], "fn_index": 0, "session_hash": "x"}
        answer = http.post("/gradio_api/queue/join", json=body, headers=OWNER)
        assert answer.status_code == 403, answer.text
    assert not _heard(listener)


@pytest.mark.parametrize(
    "path",
    [
        "/monitoring",
        "/gradio_api/vibe-edit",
        "/gradio_api/run/search",
        "/gradio_api/call/search",
        "/gradio_api/info",
        "/gradio_api/process_recording",
        "/gradio_api/dev/reload",
        "/gradio_api/openapi.json",
        "/gradio_api/mcp/sse",
    ],
)
def test_of_gradios_routes_only_what_the_page_needs_is_there(http: TestClient, path: str) -> None:
    for method in ("GET", "POST"):
        assert http.request(method, path, headers=OWNER).status_code == 404


# Stored scripts: what could run is never shown in our origin (and see tests/browser/test_stored_scripts.py)


def test_files_are_shown_as_what_cannot_run_or_not_at_all(client: Client, http: TestClient) -> None:
    shown = {document.uri.rpartition("/")[2]: document.id for document in client.documents()}
    assert set(shown) >= {"page.html", "notes.md", "plain.txt", "data.json", "rows.csv"}
    for name, id in shown.items():
        for path in (f"/v1/documents/{id}/content", f"/media/document/{id}"):
            answer = http.get(path, headers=OWNER)
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            kind, inline = answer.headers["content-type"], answer.headers["content-disposition"].startswith("inline")
            if name.endswith("html"):
                assert (kind, inline) == ("application/octet-stream", False), name
            else:
                assert kind.startswith("text/plain"), name


@pytest.mark.parametrize("ending", [".svg", ".html", ".htm", ".xhtml", ".xml", ".mhtml", ".shtml", ".js", ".swf", ""])
def test_whatever_can_hold_a_script_is_a_download(tmp_path: Path, ending: str) -> None:
    from starlette.requests import Request

    from mmsearch.server.files import file_response

    file = tmp_path / f"evil{ending}"
    file.write_text(SCRIPT)
    answer = file_response(file, Request({"type": "http", "method": "GET", "path": "/", "headers": []}))
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")


# Filter injection


@pytest.mark.parametrize(
    "filter",
    [
        'title = "" or 1 == 1',
        'uri = "x" or not (uri = "x")) or (document != ""',
        '"facets[\\"values\\"]" = "x"',
        'uri contains "\\" or id != \\""',
        "modality = 'text'; drop collection",
        'uri like "%"',
        'json_contains(facets, "x")',
        'uri = "' + "x" * 10_000 + '"',
        "(" * 200 + 'uri = "x"' + ")" * 200,
    ],
)
def test_a_filter_says_what_it_says_and_no_more(client: Client, http: TestClient, filter: str) -> None:
    answer = http.get("/v1/search", params={"q": "page notes text", "filter": filter}, headers=OWNER)
    assert answer.status_code in (200, 400)
    if answer.status_code == 400:
        assert answer.json()["error"]["code"] in ("invalid_filter", "input")
    else:
        from mmsearch.filters import matches, parse

        found = client.search("page notes text", filter=filter, all_copies=True).results
        assert len(answer.json()["results"]) == len(client.search("page notes text", filter=filter).results)
        assert all(matches(parse(filter), result.segment) for result in found)


# Header injection


def test_names_of_files_put_no_header_into_an_answer(tmp_path: Path) -> None:
    from starlette.requests import Request

    from mmsearch.server.files import file_response

    names = ('a"; filename="evil.html', "a\r\nSet-Cookie: x=1", "a\nX-Evil: 1.txt", "ä\u2028.txt", "%0d%0aX: 1.txt")
    for name in names:
        file = tmp_path / name
        file.write_text("x")
        answer = file_response(file, Request({"type": "http", "method": "GET", "path": "/", "headers": []}))
        assert "x-evil" not in answer.headers
        assert "set-cookie" not in answer.headers
        for value in answer.headers.values():
            assert not set("\r\n\0") & set(value)
        said = answer.headers["content-disposition"]
        assert said.count('filename="') + said.count("filename*=") == 1
        assert said.count('"') in (0, 2)


def test_what_is_sent_puts_no_header_into_an_answer(http: TestClient) -> None:
    evil = "x\r\nX-Evil: 1"
    answers = [
        http.get("/v1/search", params={"q": evil}, headers=OWNER),
        http.get(f"/v1/jobs/{quote(evil)}", headers=OWNER),
        http.get(f"/{quote(evil)}", headers=OWNER),
        http.post("/page/key", data={"key": evil, "to": evil}, headers=OWNER, follow_redirects=False),
    ]
    for answer in answers:
        assert "x-evil" not in answer.headers
    assert answers[-1].headers["location"] == "../", "it leads to our own pages alone"


# Other sites' pages


def test_pages_of_other_sites_may_not_ask_unless_the_settings_name_them(http: TestClient) -> None:
    for origin, welcome in (("https://evil.example", False), ("null", False), ("https://intranet.example", True)):
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        for path in ("/v1/search", "/gradio_api/queue/join", "/config", "/media/document/x"):
            before = http.options(path, headers=asked)
            answer = http.get(path, headers={**OWNER, "Origin": origin})
            for one in (before, answer):
                assert one.headers.get("access-control-allow-origin") == (origin if welcome else None), (path, origin)
                assert "access-control-allow-credentials" not in one.headers


def test_a_page_of_another_site_changes_nothing_with_its_visitors_cookie(client: Client, http: TestClient) -> None:
    from mmsearch.server.doors import COOKIE

    _, secret = Keys(client.app.folder).add("visitor", "admin")
    cookie = {"Cookie": f"{COOKIE}={secret}"}
    (document, *_) = client.documents()
    for site in ("cross-site", "same-site"):
        for path in (f"/v1/documents/{document.id}", f"/page/v1/documents/{document.id}"):
            assert http.delete(path, headers={**cookie, "Sec-Fetch-Site": site}).status_code == 401
    own = {"Sec-Fetch-Site": "same-origin"}
    given = http.post("/page/key", data={"key": secret}, headers=own, follow_redirects=False)
    set_cookie = given.headers["set-cookie"].lower()
    assert "httponly" in set_cookie
    assert "samesite=strict" in set_cookie


# Too much, and too slowly


def test_what_is_too_large_is_refused_before_it_is_read(http: TestClient) -> None:
    large = b"x" * (3 << 20)
    for path in ("/v1/feedback", "/v1/spaces/text/rollback", "/gradio_api/queue/join"):
        answer = http.post(path, content=large, headers={**OWNER, "Content-Type": "application/json"})
        assert answer.status_code in (413, 404), (path, answer.status_code)


def test_a_request_that_stops_in_the_middle_is_ended(client: Client) -> None:
    app = served(client)
    for middleware in app.user_middleware:
        if middleware.cls.__name__ == Impatient.__name__:  # type: ignore[attr-defined]  # it is a class
            middleware.kwargs["silence_s"] = 0.3
    with on_a_port(app) as address:
        place = urlsplit(address)
        with socket.create_connection((place.hostname, place.port)) as slow:
            slow.settimeout(60)
            slow.sendall(
                b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                b'Content-Length: 100\r\n\r\n{"text": '
            )
            answer = b"".join(iter(lambda: slow.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 408")
    assert b'"too_slow"' in answer


def test_an_upload_that_breaks_off_leaves_nothing(client: Client, writer: dict[str, str]) -> None:
    with on_a_port(served(client)) as address:
        place = urlsplit(address)
        with socket.create_connection((place.hostname, place.port)) as broken:
            head = f"POST /v1/documents HTTP/1.1\r\nHost: localhost\r\nAuthorization: {writer['Authorization']}\r\n"
            part = '--b\r\nContent-Disposition: form-data; name="files"; filename="half.txt"\r\n\r\nhalf of it'
            head += "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n\r\n"
            broken.sendall((head + part).encode())
        with TestClient(served(client), "http://localhost") as http:
            assert http.get("/healthz").status_code == 200
    assert not list(client.app.folder.rglob("*half*"))
    assert not list(client.app.folder.rglob("*.partial"))


# Header of the whole


def test_every_page_forbids_frames_and_other_hosts(http: TestClient) -> None:
    for path in ("/", "/library", "/quality"):
        answer = http.get(path, headers=OWNER)
        assert answer.status_code == 200, path
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "default-src 'self'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"


def test_hosts_that_are_not_ours_are_refused(client: Client) -> None:
    with over_http(client, names=("localhost",)) as http:
        assert http.get("/v1/stats", headers={"Host": "evil.example"}).status_code == 403
