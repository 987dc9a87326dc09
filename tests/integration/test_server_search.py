"""Searches over HTTP: what is asked, answered and noted."""

import base64
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from media import photo
from pydantic import ConfigDict, TypeAdapter
from served_town import ids_of

from mmsearch.client import Client
from mmsearch.schemas import RankingJson

pytest_plugins = ["served_town"]
pytestmark = pytest.mark.slow


def test_a_search_is_the_same_by_address_json_and_form(client: Client, http: TestClient) -> None:
    best = client.search("whale near the breakwater", modalities=["audio"]).results[0]
    assert best.segment.uri.endswith("memories.flac")
    by_address = http.get("/v1/search", params={"q": "whale near the breakwater", "modalities": "audio"})
    by_json = http.post("/v1/search", json={"text": "whale near the breakwater", "modalities": ["audio"]})
    by_form = http.post(
        "/v1/search", files={"text": (None, "whale near the breakwater"), "modalities": (None, "audio")}
    )
    assert ids_of(by_address) == ids_of(by_json) == ids_of(by_form) == [best.segment.id]
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
    assert [id for page in pages for id in ids_of(page)] == whole
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
    assert ids_of(form) == ids_of(body) == []


def test_how_searches_went_is_noted_and_not_what_they_asked(client: Client, http: TestClient) -> None:
    before = sum(day.searches for day in client.app.searches.days(2))
    for words in ("a secret that is nowhere", "lanterns"):
        assert http.get("/v1/search", params={"q": words}).status_code == 200
    assert sum(day.searches for day in client.app.searches.days(2)) == before + 2
    assert client.app.searches.missed(10, empty=True) == client.app.searches.missed(10, empty=False) == []
    kept = [file.read_bytes() for file in client.app.folder.glob("searches.sqlite3*")]
    assert kept
    assert not any(b"secret" in content for content in kept)
