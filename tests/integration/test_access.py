"""Who may see what: documents with an access list are found, shown and named to those of the list alone."""

import io
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from media import photo, write_audio
from serving import OFF, OWNER, eventually, over_http

from mmsearch.client import Client
from mmsearch.errors import NotFound
from mmsearch.keys import Key, Keys
from mmsearch.local_library import LocalLibrary
from mmsearch.types import digest
from mmsearch_ui.page import mount

pytestmark = pytest.mark.slow

SPACES = {
    "text": {"part": "hashing:HashingEncoder"},
    "image": {"part": "hashing:HashingPictures"},
    "sound": {"part": "hashing:HashingSounds"},
    "table": OFF,
}
SAID = re.compile(r"zeppelin|salaries|gondola|sounder|wages|payroll|ledger", re.IGNORECASE)
"""What only documents with a list say, or are called; each of the words is of one document."""


def _open(folder: Path, **settings: Any) -> Client:
    """A library on the real store with four spaces, of encoders that need no weights."""
    off: dict[str, Any] = {"recognizer": OFF, "ocr": OFF, "reranker": OFF}
    return Client(folder, spaces=SPACES, **off, indexing={"workers": 0}, **settings)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A library all of whose documents have lists, each said in another way."""
    place = tmp_path_factory.mktemp("office")
    files, staff = place / "files", place / "files" / "staff"
    staff.mkdir(parents=True)
    (staff / "salaries.txt").write_text("The salaries of the crew.")  # by the settings: staff
    (staff / "zeppelin.txt").write_text("The zeppelin is for sale.")  # by a file beside it: board
    (staff / "zeppelin.txt.access").write_text("board\n")
    photo(64, 48).save(files / "gondola.png")  # by the option: captains
    (files / "gondola.txt").write_text("A gondola at the pier.")
    write_audio(files / "sounder.flac", "flac", seconds=4.0)
    (files / "sounder.vtt").write_text("WEBVTT\n\n00:00:00.000 --> 00:00:03.000\nThe sounder hums.\n")
    rows = {"header": ["wages"], "rows": [["4711"], ["12"]]}
    listed = [
        {"id": "1", "title": "Wages", "table": rows, "access": ["board", "Ines"]},
        {"id": "2", "text": "The payroll is late.", "access": "Ines"},
    ]
    (place / "listed.jsonl").write_text("".join(json.dumps(record) + "\n" for record in listed))
    with _open(place / "library", access={str(staff): ["staff"]}) as client:
        assert not client.index(files, access=["captains"]).failed
        assert not client.index(place / "listed.jsonl", kind="manifest").failed
        (place / "ledger.txt").write_text("The ledger of the year.")
        assert not client.add(place / "ledger.txt", access=["staff"]).failed
        assert len(client.documents()) == 7
        client.judge("salaries", staff / "salaries.txt")
        (place / "broken").mkdir()
        (place / "broken" / "payroll_2024.png").write_text("no picture")
        assert len(client.index(place / "broken", access=["Ines"]).failed) == 1
        yield client


def _names(library: LocalLibrary) -> set[str]:
    return {document.uri.rpartition("/")[2] for document in library.documents()}


def _as(client: Client, *principals: str) -> LocalLibrary:
    return LocalLibrary(client.app, Key("somebody", principals=principals))


def test_each_way_of_saying_it_holds(office: Client) -> None:
    seen = {name: _names(_as(office, name)) for name in ("staff", "board", "captains", "Ines", "stranger", "everybody")}
    assert seen["staff"] == {"salaries.txt", "ledger.txt"}, "what a document says itself goes before its folder"
    assert seen["board"] == {"zeppelin.txt", "listed.jsonl#1"}
    assert seen["captains"] == {"gondola.png", "sounder.flac"}
    assert seen["Ines"] == {"listed.jsonl#1", "listed.jsonl#2"}
    assert seen["stranger"] == seen["everybody"] == set()
    assert _names(_as(office, "staff", "Ines")) == seen["staff"] | seen["Ines"]
    assert len(_names(LocalLibrary(office.app))) == 7


WORDS = "the salaries, the zeppelin, a gondola, the sounder, wages, payroll and the ledger"


@pytest.mark.parametrize("space", ["words", "text", "image", "sound", ""])
def test_a_search_finds_in_every_space_what_its_asker_sees(office: Client, space: str) -> None:
    picture = next(document for document in office.documents() if document.uri.endswith("gondola.png"))
    file = office.picture(picture.id)
    assert file
    media: dict[str, Any] = {"image": {"image": file.read_bytes()}, "sound": {"audio": b"the sounder hums"}}
    asked = media.get(space, {"text": WORDS})
    spaces = [space] if space else []
    everything = office.search(**asked, spaces=spaces, all_copies=True, top_k=50).results
    assert everything
    for name in ("staff", "board", "captains", "Ines", "stranger"):
        library = _as(office, name)
        seen = {document.id for document in library.documents()}
        client = _seen_client(office, library)
        found = client.search(**asked, spaces=spaces, all_copies=True, top_k=50).results
        assert {result.segment.document_id for result in found} == {
            result.segment.document_id for result in everything if result.segment.document_id in seen
        }, name
        for result in found:
            assert {segment.document_id for segment in result.more} <= seen


def _seen_client(client: Client, library: LocalLibrary) -> Client:
    from copy import copy

    seen = copy(client)
    seen.library = library
    return seen


def test_no_filter_and_no_operator_opens_more(office: Client) -> None:
    stranger = _seen_client(office, _as(office, "stranger"))
    (salaries,) = [document for document in office.documents() if document.uri.endswith("/staff/salaries.txt")]
    for filter in (
        f'document = "{salaries.id}"',
        'not _access prefix "" or _access prefix ""',
        'not (_access = "x") or uri contains "salaries"',
        'modality = "text" or modality != "text"',
        '_access contains ""',
    ):
        assert not stranger.search("salaries", filter=filter).results, filter
    for words in ('"The salaries of the crew"', "salaries in:staff", "salaries -zeppelin", "salaries type:text"):
        assert not stranger.search(words).results, words
        assert office.search(words).results, words


def test_what_is_judged_is_what_is_seen(office: Client) -> None:
    (salaries,) = [document for document in office.documents() if document.uri.endswith("/staff/salaries.txt")]
    stranger, staff = _as(office, "stranger"), _as(office, "staff")
    assert [judgement.query for judgement in staff.judgements()] == ["salaries"]
    assert stranger.judgements() == []
    for document in (salaries.id, salaries.uri):
        with pytest.raises(NotFound):
            stranger.judge("crew", document)
        with pytest.raises(NotFound):
            stranger.withdraw("salaries", document)
    assert len(office.judgements()) == 1


def test_what_is_not_seen_is_not_like_anything(office: Client) -> None:
    (salaries,) = [document for document in office.documents() if document.uri.endswith("/staff/salaries.txt")]
    stranger, staff = _seen_client(office, _as(office, "stranger")), _seen_client(office, _as(office, "staff"))
    assert {result.segment.uri.rpartition("/")[2] for result in staff.search(like=salaries.uri).results} <= {
        "ledger.txt"
    }
    for named in (salaries.id, salaries.uri):
        with pytest.raises(NotFound):
            stranger.search(like=named)


def test_what_a_document_said_itself_opens_nothing(tmp_path: Path) -> None:
    """A text whose own front matter claims a list stays as its folder has it, and a lost list opens nothing."""
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "claim.md").write_text("---\n_access: ''\naccess: [everybody]\n---\nA zeppelin claims.\n")
    (tmp_path / "files" / "empty.txt").write_text("A zeppelin with an empty list.")
    (tmp_path / "files" / "empty.txt.access").write_text("\n")
    with _open(tmp_path / "library") as client:
        report = client.index(tmp_path / "files", access=["board"])
        assert [Path(failure.uri).name for failure in report.failed] == ["empty.txt"]
        assert _names(_as(client, "board")) == {"claim.md"}
        assert not _as(client, "stranger").documents()
        assert not _seen_client(client, _as(client, "stranger")).search("zeppelin").results


def test_a_list_that_changes_holds_from_the_next_indexing_and_nothing_is_encoded_again(tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    (files / "plan.txt").write_text("The plan of the pier.")
    with _open(tmp_path / "library") as client:
        client.index(files)
        (plan,) = client.documents()
        stranger, board = _as(client, "stranger"), _as(client, "board")
        assert stranger.document(plan.id) == plan
        encoder: Any = client.app.encoders["text"]
        encoder.encoded.clear()

        def found(library: LocalLibrary) -> int:
            return len(_seen_client(client, library).search("plan").results)

        report = client.index(files, access=["board"])
        assert (report.unchanged, report.indexed, encoder.encoded) == (1, 0, [])
        assert (found(stranger), found(board)) == (0, 1)
        client.index(files)
        assert found(stranger) == 0, "without the option it stays as it was said"
        client.index(tmp_path, exclude=["library/"])
        assert found(stranger) == 0, "... also where the folder is indexed as part of another"
        (files / "plan.txt").write_text("The plan of the pier, changed.")
        client.index(files)
        assert (found(stranger), found(board)) == (0, 1)
        (files / "plan.txt.access").write_text("everybody\n")
        client.index(files)
        assert (found(stranger), found(board)) == (1, 1)
        rows = client.app.store.scan(client.app.searcher.spaces["text"].collection, [plan.id])
        assert [segment.metadata for segment, _ in rows] == [{"language": "en"}] or all(
            "_access" not in segment.metadata
            for segment, _ in client.app.store.scan(client.app.searcher.spaces["text"].collection, [plan.id])
        )


def test_an_export_takes_its_lists_along(office: Client, tmp_path: Path) -> None:
    office.export(tmp_path / "moved")
    with _open(tmp_path / "elsewhere") as client:
        client.import_(tmp_path / "moved")
        for name in ("staff", "board", "captains", "Ines", "stranger"):
            assert _names(_as(client, name)) == _names(_as(office, name))
        stranger = _seen_client(client, _as(client, "stranger"))
        assert not stranger.search("the zeppelin and the salaries").results
        assert client.search("the zeppelin and the salaries").results


# Over HTTP: every route, as somebody who sees nothing and somebody who sees one document.


@pytest.fixture(scope="module")
def http(office: Client) -> Iterator[TestClient]:
    def with_page(app: Any) -> None:
        mount(office, app)

    with over_http(office, keyless=False, mount=with_page) as http:
        yield http


def _key(office: Client, scope: Any, *principals: str) -> dict[str, str]:
    name = f"{scope} {' '.join(principals)}"
    keys = Keys(office.app.folder)
    if any(key.name == name for key in keys.all()):
        keys.revoke(name)
    return {"Authorization": f"Bearer {keys.add(name, scope, principals)[1]}"}


def _bodies(ids: Mapping[str, str], words: str) -> dict[tuple[str, str], dict[str, Any]]:
    """A request that goes deep into each route that wants more than its path."""
    judged = {"query": words, "document": ids["document_id"]}
    return {
        ("GET", "/v1/search"): {"params": {"q": words, "top_k": 50}},
        ("POST", "/v1/search"): {"json": {"text": words, "all_copies": True, "answer": True}},
        ("GET", "/v1/documents/{document_id}/thumbnail"): {"params": {"segment": ids["segment_id"]}},
        ("POST", "/v1/documents"): {
            "files": {"files": ("salaries.txt", io.BytesIO(b"mine"))},
            "data": {"access": ["archive"]},
        },
        ("POST", "/v1/documents/records"): {"content": b'{"id": "9", "text": "mine", "access": "archive"}\n'},
        ("POST", "/v1/jobs"): {"json": {"roots": [{"place": "/etc"}]}},
        ("POST", "/v1/feedback"): {"json": judged},
        ("DELETE", "/v1/feedback"): {"json": judged},
        ("POST", "/page/judgement"): {"json": judged},
        ("DELETE", "/page/judgement"): {"json": judged},
        ("GET", "/page/suggestions"): {"params": {"q": words.split()[0][:3]}},
        ("POST", "/v1/spaces/{space}/reembed"): {"json": {}},
        ("POST", "/v1/spaces/{space}/reembed/estimate"): {"json": {}},
    }


ANSWERS_FOR_ALL = {"/v1/openapi.json", "/"}


def _contexts(included: Any) -> list[Any]:
    return list(included.effective_route_contexts())


def _all_routes(http: TestClient) -> list[tuple[str, str]]:
    """Those of the API, and those that the page has below /page, /media, /library and /quality."""
    app: Any = http.app
    api = [(method.upper(), path) for path, methods in app.openapi()["paths"].items() for method in methods]
    included = [one for each in app.routes if hasattr(each, "effective_route_contexts") for one in _contexts(each)]
    page = [
        (method, route.path)
        for route in included
        for method in route.methods or ()
        if route.path.startswith(("/page", "/media", "/library", "/quality"))
    ]
    return sorted({*api, *page})


@pytest.mark.parametrize("scope", ["read", "write"])
@pytest.mark.parametrize(
    ("principal", "own"), [("stranger", ""), ("staff", "salaries|ledger")], ids=["sees nothing", "sees two"]
)
def test_no_route_tells_of_what_its_asker_does_not_see(
    office: Client, http: TestClient, scope: str, principal: str, own: str
) -> None:
    headers = _key(office, scope, principal)
    hidden = [document for document in office.documents() if not re.search(own or "^$", document.uri)]
    routes = _all_routes(http)
    assert len(routes) > 40
    shown = re.compile(f"{own}" if own else "^$", re.IGNORECASE)
    for document in hidden:
        word = next(iter(SAID.findall(document.uri)), "wages")
        segments = LocalLibrary(office.app).segments(document.id)
        ids = {"document_id": document.id, "segment_id": segments[0].id, "job_id": "last", "space": "text"}
        bodies = _bodies(ids, f"{word} {WORDS}")
        for method, path in routes:
            if path.endswith("{name}"):
                continue
            filled = path.format(**ids)
            answer = http.request(method, filled, headers=headers, **bodies.get((method, path), {}))
            assert answer.status_code < 500, (method, path, answer.text)
            said = answer.text.replace(f"{word} {WORDS}", "")
            told = {match.lower() for match in SAID.findall(said) if not shown.search(match)}
            of_request = {"salaries"} if path.endswith("/documents") and method == "POST" else set()
            assert told <= of_request, (method, path, told, answer.text)
            if "{document_id}" in path:
                assert answer.status_code in (403, 404, 405), (method, path, answer.status_code)


def test_the_tools_of_assistants_tell_what_the_key_sees(office: Client) -> None:
    headers = {"Accept": "application/json, text/event-stream"}

    def told(http: TestClient, key: Mapping[str, str], tool: str, **arguments: Any) -> str:
        asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}
        answer = http.post("/mcp", json=asked, headers={**headers, **key})
        assert answer.status_code == 200, answer.text
        return answer.text

    (salaries,) = [document for document in office.documents() if document.uri.endswith("/staff/salaries.txt")]
    with over_http(office, keyless=False, mcp=True) as http:
        assert http.post("/mcp", json={}, headers=headers).status_code == 401
        asked = {"search": {"query": WORDS}, "list": {}, "get": {"document": salaries.id}}
        for tool, arguments in asked.items():
            assert not SAID.search(told(http, _key(office, "read", "stranger"), tool, **arguments)), tool
            assert "salaries" in told(http, _key(office, "read", "staff"), tool, **arguments), tool


def test_a_page_tells_whoever_looks_at_it_what_their_key_sees(office: Client, http: TestClient) -> None:
    assert "salaries.txt" in http.get("/library", headers=_key(office, "write", "staff")).text
    assert "zeppelin" not in http.get("/library", headers=_key(office, "write", "staff")).text
    config = http.get("/config", headers=_key(office, "read", "stranger")).text
    assert not SAID.search(config), "examples are of what everybody sees"
    staff = http.get("/page/suggestions", params={"q": "sal"}, headers=_key(office, "read", "staff")).json()
    assert staff == ["salaries"]


def test_counts_are_of_what_is_seen(office: Client, http: TestClient) -> None:
    def stats(*principals: str) -> Any:
        return http.get("/v1/stats", headers=_key(office, "read", *principals)).json()

    nothing, staff, everything = stats("stranger"), stats("staff"), http.get("/v1/stats", headers=OWNER).json()
    assert (nothing["documents"], nothing["roots"]) == ({}, [])
    assert set(nothing["rows"].values()) == {0}
    assert staff["documents"] == {"text": 2}
    assert staff["rows"]["words"] == 2
    assert sum(everything["documents"].values()) >= 7
    spaces = http.get("/v1/spaces", headers=_key(office, "read", "staff")).json()["spaces"]
    assert {space["name"]: space["rows"] for space in spaces} == {"words": 2, "text": 2, "image": 0, "sound": 0}


def test_a_key_sees_its_own_jobs_and_of_their_failures_its_own(office: Client, http: TestClient) -> None:
    writer, other = _key(office, "write", "staff", "Ines"), _key(office, "write", "board", "Ines")
    job = http.post(
        "/v1/documents/records", content=b'{"id": "7", "text": "A buoy.", "access": "archive"}\n', headers=writer
    ).json()
    place = f"/v1/jobs/{job['id']}"
    eventually(lambda: http.get(place, headers=writer).json()["state"] == "done")
    assert [found["id"] for found in http.get("/v1/jobs", headers=writer).json()["jobs"]] == [job["id"]]
    assert http.get("/v1/jobs", headers=other).json()["jobs"] == []
    for method in ("GET", "DELETE"):
        assert http.request(method, place, headers=other).status_code == 404
    assert http.get(place + "/events", headers=other).status_code == 404
    assert len(http.get("/v1/jobs", headers=OWNER).json()["jobs"]) > 4


def test_what_is_uploaded_for_some_is_theirs_from_the_beginning(office: Client, http: TestClient) -> None:
    captain = _key(office, "write", "captains")
    sent = {"files": ("sextant.txt", io.BytesIO(b"The sextant is in the chart room."))}
    job = http.post("/v1/documents", files=sent, data={"access": ["captains", "Ines"]}, headers=captain).json()
    assert eventually(lambda: (now := http.get(f"/v1/jobs/{job['id']}", headers=captain).json())["report"] and now)
    kept = office.app.uploads.folder / "sextant.txt"
    document = digest(kept.resolve().as_posix())
    assert _as(office, "Ines").document(document)
    with pytest.raises(NotFound):
        _as(office, "staff").document(document)
    staff = _key(office, "write", "staff")
    again = {"files": ("sextant.txt", io.BytesIO(b"Taken over."))}
    taken = http.post("/v1/documents", files=again, data={"replace": "true"}, headers=staff)
    assert taken.status_code == 400, "what one does not see one does not replace"
    assert kept.read_text() == "The sextant is in the chart room."
    assert http.delete(f"/v1/documents/{document}", headers=staff).status_code == 404
    assert http.delete(f"/v1/documents/{document}", headers=captain).status_code == 204
    assert not list(kept.parent.glob("sextant*"))
