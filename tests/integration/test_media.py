"""Files of the library over HTTP: with ranges, and never anything that is not in the library."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from media import photo, write_audio
from starlette.testclient import TestClient

from mmsearch.client import Client
from mmsearch_ui.media import media_routes

pytestmark = pytest.mark.slow

OFF = {"part": ""}
PAGE = "<html><title>Rules</title><body><p>No nets on the quay.</p><script>alert(1)</script></body></html>"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of documents, a retrieval set in it, and a file beside it that is nobody's business."""
    folder = tmp_path_factory.mktemp("town")
    (folder / "notes #1.txt").write_text("The pier at night.")
    (folder / "rules.html").write_text(PAGE)
    photo().save(folder / "pier.png")
    write_audio(folder / "bell.wav", "pcm_s16le")
    (folder / "bell.vtt").write_text("WEBVTT\n\n00:00.000 --> 00:01.000\nThe bell of the pier rings.\n")
    records = folder / "set"
    records.mkdir()
    (records / "queries.jsonl").write_text("")
    photo().save(records / "wave.jpg")
    lines = [{"_id": "a", "text": "A wave."}, {"_id": "b", "path": "wave.jpg", "title": "A wave from the pier"}]
    (records / "corpus.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder.parent / "secret.txt").write_text("secret")
    return folder


@pytest.fixture(scope="module")
def client(town: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    spaces = {"text": OFF, "image": OFF, "table": OFF, "sound": OFF}
    with Client(tmp_path_factory.mktemp("library") / "l", spaces=spaces, recognizer=OFF, ocr=OFF) as client:
        report = client.index(town)
        assert not report.failed
        yield client


@pytest.fixture(scope="module")
def http(client: Client) -> TestClient:
    app = FastAPI()
    app.include_router(media_routes(client))
    return TestClient(app)


def _place(client: Client, name: str) -> tuple[str, str]:
    """(document id, segment id) of what was read from the file of that name."""
    found = [result.segment for result in client.search("pier wave nets quay bell", top_k=50).results]
    (segment,) = [segment for segment in found if segment.uri.endswith(name)]
    return segment.document_id, segment.id


def test_a_recording_is_sent_in_the_part_that_is_asked_for(client: Client, http: TestClient, town: Path) -> None:
    whole = (town / "bell.wav").read_bytes()
    document, _ = _place(client, "bell.wav")
    answer = http.get(f"/media/document/{document}", headers={"Range": "bytes=1000-1999"})
    assert (answer.status_code, answer.content) == (206, whole[1000:2000])
    assert answer.headers["content-range"] == f"bytes 1000-1999/{len(whole)}"
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["content-disposition"].startswith("inline")
    assert http.get(f"/media/document/{document}").content == whole


def test_a_picture_is_sent_as_its_rendition_and_as_its_original(client: Client, http: TestClient, town: Path) -> None:
    document, segment = _place(client, "pier.png")
    rendition = http.get(f"/media/picture/{document}/{segment}")
    assert rendition.status_code == 200
    assert rendition.headers["content-type"].startswith("image/")
    assert http.get(f"/media/document/{document}").content == (town / "pier.png").read_bytes()


def test_html_is_a_download_whose_type_is_not_guessed(client: Client, http: TestClient) -> None:
    document, _ = _place(client, "rules.html")
    answer = http.get(f"/media/document/{document}")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_record_is_sent_as_its_own_file_or_not_at_all(client: Client, http: TestClient, town: Path) -> None:
    assert http.get(f"/media/document/{_place(client, '#b')[0]}").content == (town / "set" / "wave.jpg").read_bytes()
    assert http.get(f"/media/document/{_place(client, '#a')[0]}").status_code == 404


def test_a_file_name_with_a_hash_is_a_file_name(client: Client, http: TestClient) -> None:
    answer = http.get(f"/media/document/{_place(client, 'notes #1.txt')[0]}")
    assert (answer.text, answer.headers["content-type"]) == ("The pier at night.", "text/plain; charset=utf-8")


@pytest.mark.parametrize(
    "path",
    [
        "document/" + "0" * 32,
        "document/..%2f..%2fsecret.txt",
        "document/../secret.txt",
        "document//etc/passwd",
        "picture/{document}/*",
        "picture/{document}/" + "0" * 32,
        "picture/../manifest",
        "picture/%2e%2e/manifest",
        "picture/{document}/{segment}.png",
    ],
)
def test_what_is_not_in_the_library_is_not_sent(client: Client, http: TestClient, path: str) -> None:
    document, segment = _place(client, "pier.png")
    assert http.get("/media/" + path.format(document=document, segment=segment)).status_code == 404


def test_a_file_that_was_deleted_since_is_not_found(client: Client, http: TestClient, town: Path) -> None:
    document, _ = _place(client, "bell.wav")
    shutil.move(town / "bell.wav", town / "gone")
    try:
        assert http.get(f"/media/document/{document}").status_code == 404
    finally:
        shutil.move(town / "gone", town / "bell.wav")
