"""What is like a document of the library: found by its picture or its words, here and through a server."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from media import photo
from serving import TOKEN, light, on_a_port, over_http, served
from typer.testing import CliRunner

from mmsearch.cli import app
from mmsearch.client import Client
from mmsearch.errors import InputError, NotFound
from mmsearch.types import Ranking

LANTERNS = "Every autumn the children carry paper lanterns down to the beach and float them on the tide."


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photograph with a print of it, another one, and three texts of which two are about the same."""
    files = tmp_path_factory.mktemp("files")
    photo().save(files / "cliff.png")
    (files / "print.png").write_bytes((files / "cliff.png").read_bytes())
    photo().rotate(90, expand=True).save(files / "harbour.png")
    for name in ("cliff", "print", "harbour"):
        (files / f"{name}.txt").write_text(f"A photograph of the {name}.")
    (files / "festival.md").write_text(f'# Lanterns\n\n{LANTERNS}\n\n"A -type:table of lights", they say.\n')
    (files / "workshop.md").write_text(
        "# A workshop\n\nPaper lanterns for the children, who carry them to the beach.\n"
    )
    (files / "gale.md").write_text("# The gale\n\nThe parapet of the breakwater gave way in January.\n")
    (files / "tides.csv").write_text("day,height\nMonday,3.1\nTuesday,3.4\n")
    return files


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, files: Path) -> Iterator[Client]:
    pictures = {"image": {"part": "hashing:HashingPictures"}}
    spaces = {**light()["spaces"], **pictures}
    settings = {**light(), "spaces": spaces, "indexing": {"workers": 0}}
    with Client(tmp_path_factory.mktemp("alike") / "library", **settings) as client:
        assert not client.index(files).failed
        yield client


@pytest.fixture(params=["here", "far"], scope="module")
def client(library: Client, request: pytest.FixtureRequest) -> Iterator[Client]:
    if request.param == "here":
        yield library
    else:
        with on_a_port(served(library)) as address, Client(address, server={"token": TOKEN}) as far:
            yield far


def names(ranking: Ranking) -> list[str]:
    return [Path(result.segment.uri).name for result in ranking.results]


def test_a_picture_is_searched_by_itself_and_is_not_among_its_like(client: Client, files: Path) -> None:
    found = client.search(like=files / "cliff.png")
    assert names(found)[0] == "print.png"
    assert set(names(found)) == {"print.png", "harbour.png"}
    assert {route.space for route in found.routes} == {"image"}
    assert found.query.like == (files / "cliff.png").as_posix()


def test_a_text_is_searched_by_its_words(client: Client, files: Path) -> None:
    found = client.search(like=files / "festival.md")
    assert names(found)[0] == "workshop.md"
    assert "festival.md" not in names(found)
    assert "tides.csv" in names(client.search(like=files / "festival.md", top_k=50)), "its words are no operators"
    assert not any(result.answer for result in found.results)


def test_every_way_to_name_it_finds_the_same(client: Client, files: Path) -> None:
    (cliff,) = [r for r in client.search("cliff", modalities=["image"]).results if r.segment.uri.endswith("cliff.png")]
    document, segment = cliff.segment.document_id, cliff.segment.id
    expected = names(client.search(like=files / "cliff.png"))
    for like in (cliff, document, f"{document}/{segment}", cliff.segment.uri):
        assert names(client.search(like=like)) == expected


def test_it_goes_with_what_else_narrows_a_search(client: Client, files: Path) -> None:
    only = client.search(
        like=files / "festival.md", modalities=["text"], filter='not title contains "workshop"', top_k=9
    )
    assert names(only) == ["gale.md"]
    assert names(client.search(like=files / "festival.md", modalities=["text"], offset=1, top_k=1)) == ["gale.md"]
    added = client.search("breakwater parapet gale January", like=files / "tides.csv", modalities=["text"])
    assert names(added)[0] == "gale.md"


def test_what_cannot_be_is_said(client: Client, files: Path) -> None:
    with pytest.raises(NotFound, match=r'no document "elsewhere\.png"'):
        client.search(like="elsewhere.png")
    with pytest.raises(NotFound):
        client.search(like="0" * 32)
    with pytest.raises(NotFound):
        client.search(like=f"{client.documents()[0].id}/{'0' * 32}", modalities=["text"], spaces=["words"])
    with pytest.raises(InputError, match="give one of them"):
        client.search(like=files / "cliff.png", image=files / "harbour.png")


def test_from_the_command_line_and_in_an_address(library: Client, files: Path) -> None:
    http = over_http(library)
    place = (files / "cliff.png").as_posix()
    said = http.get("/v1/search", params={"like": place}).json()
    assert Path(said["results"][0]["document"]["uri"]).name == "print.png"
    assert http.post("/v1/search", json={"like": place, "top_k": 1}).json()["results"] == said["results"][:1]
    assert http.get("/v1/search", params={"like": "nothing"}).status_code == 404
    with on_a_port(served(library)) as address:
        told = CliRunner().invoke(app, ["search", "--like", place, "--library", address, "--json"])
        assert told.exit_code == 0, told.output
        assert Path(json.loads(told.stdout)["results"][0]["document"]["uri"]).name == "print.png"


def test_where_no_space_answers_pictures_their_words_are_asked(tmp_path: Path, files: Path) -> None:
    with Client(tmp_path / "library", **light(), indexing={"workers": 0}) as client:
        client.index(files, include=["*.png", "*.txt"])
        found = client.search(like=files / "cliff.png")
        assert {route.space for route in found.routes} == {"words", "text"}
        assert "cliff.png" not in names(found)
        photo().rotate(180).save(tmp_path / "p1000007.png")
        client.index(tmp_path / "p1000007.png")
        with pytest.raises(InputError, match="has no words, and no space answers pictures"):
            client.search(like=tmp_path / "p1000007.png")
