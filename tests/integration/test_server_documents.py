"""Documents over HTTP: listed, handed out, given and taken out."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from served_town import error_of, finished

from mmsearch.client import Client

pytest_plugins = ["served_town"]
pytestmark = pytest.mark.slow


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
    assert error_of(http.get(f"/v1/documents/{boats['id']}/thumbnail")) == (404, "not_found")


def test_files_are_given_found_replaced_and_taken_out(owner: TestClient, shelf: Client) -> None:
    job = finished(owner, owner.post("/v1/documents", files=[("files", ("note.txt", b"An otter swims."))]))
    assert (job["state"], job["report"]["indexed"]) == ("done", 1)
    [found] = owner.get("/v1/search", params={"q": "otter"}).json()["results"]
    assert error_of(owner.post("/v1/documents", files=[("files", ("note.txt", b"A heron."))])) == (400, "input")
    replaced = owner.post("/v1/documents", files=[("files", ("note.txt", b"A heron."))], data={"replace": "true"})
    assert finished(owner, replaced)["report"]["indexed"] == 1
    assert owner.get("/v1/search", params={"q": '"otter"'}).json()["results"] == []
    place = f"/v1/documents/{found['document']['id']}"
    assert owner.get(place + "/content").content == b"A heron."
    assert owner.delete(place).status_code == 204
    assert error_of(owner.get(place)) == error_of(owner.delete(place)) == (404, "not_found")
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
    job = finished(owner, owner.post("/v1/documents", files=files))
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
    assert error_of(owner.post("/v1/documents", files=[("files", (name, content))])) == expected
    assert [path for path in sorted(tmp_path.rglob("*")) if path not in before and path.name != "uploads"] == []
    assert owner.get("/v1/documents").json()["total"] == 0
