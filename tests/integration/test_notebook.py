"""A ranking shows itself in a notebook: what it holds, whole, escaped, and nothing from elsewhere."""

from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag
from serving import TOKEN, on_a_port, open_light, served
from town import EVIL, make_town

from mmsearch.client import Client
from mmsearch.notebook import Found
from mmsearch.types import Answer, Ranking

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("notebook")
    with open_light(folder / "library") as client:
        assert not client.index(make_town(folder / "town")).failed
        yield client


@pytest.fixture(params=["here", "far"], scope="module")
def client(local: Client, request: pytest.FixtureRequest) -> Iterator[Client]:
    if request.param == "here":
        yield local
    else:
        with on_a_port(served(local)) as address, Client(address, server={"token": TOKEN}) as far:
            yield far


def _soup(ranking: Ranking) -> BeautifulSoup:
    assert isinstance(ranking, Found)
    return BeautifulSoup(ranking._repr_html_(), "html.parser")


def _one(soup: BeautifulSoup, selector: str) -> Tag:
    (found,) = soup.select(selector)
    return found


def _bytes(address: object) -> bytes:
    kind, _, coded = str(address).partition(";base64,")
    assert kind.startswith("data:")
    return b64decode(coded.partition("#")[0], validate=True)


def test_a_picture_lies_in_it(client: Client, local: Client) -> None:
    found = client.search("red cottage", modalities=["image"])
    document, segment = found.results[0].segment.document_id, found.results[0].segment.id
    rendition = local.picture(document, segment)
    assert rendition
    assert _bytes(_one(_soup(found), "img")["src"]) == rendition.read_bytes()


def test_what_answers_on_a_picture_is_framed(client: Client) -> None:
    found = client.search("red cottage", modalities=["image"])
    answer = Answer("region", "COTTAGE", 0.9, boxes=((0.1, 0.25, 0.3, 0.5), (0.5, 0.5, 1.0, 0.75)))
    marked = replace(found, results=(replace(found.results[0], answer=answer),))
    frames = _soup(marked).select("img ~ span")
    assert ["left:10.00%;top:25.00%;width:20.00%;height:25.00%" in str(frame["style"]) for frame in frames] == [
        True,
        False,
    ]
    assert "left:50.00%;top:50.00%;width:50.00%;height:25.00%" in str(frames[1]["style"])
    assert not _soup(found).select("img ~ span")


def test_a_player_starts_at_the_moment(client: Client, local: Client) -> None:
    found = client.search("whale near the breakwater", modalities=["audio"])
    original = local.document(found.results[0].segment.document_id)
    source = _one(_soup(found), "audio")["src"]
    assert original
    assert _bytes(source) == original.read_bytes()
    assert str(source).startswith("data:audio/")
    assert str(source).endswith("#t=40,58")
    assert "whale" in {mark.text for mark in _soup(found).select("mark")}


def test_a_table_has_its_rows_and_the_answer_is_marked(client: Client) -> None:
    found = client.search("Silver Dawn 4711", modalities=["table"], filter='not title contains "evil"')
    result = found.results[0]
    soup = _soup(found)
    assert [cell.text for cell in soup.select("li:first-child th")] == ["boat", "built", "herring_barrels"]
    rows = [[cell.text for cell in row.select("td")] for row in soup.select("li:first-child tbody tr")]
    assert ["Silver Dawn", "1917", "4711"] in rows
    place = rows.index(["Silver Dawn", "1917", "4711"])
    answered = replace(
        found, results=(replace(result, answer=Answer("cells", "4711", 0.9, ((place, 2),)), highlights=()),)
    )
    assert [mark.text for mark in _soup(answered).select("td mark")] == ["4711"]


def test_nothing_of_a_document_is_taken_for_html(client: Client) -> None:
    found = client.search("maelstrom", top_k=20)
    soup = _soup(found)
    assert EVIL in soup.text
    assert not soup.select("script, [onerror], [onload], iframe")
    for element in soup.select("[src], [href]"):
        assert str(element.get("src") or element.get("href")).startswith("data:")


def test_what_is_closed_and_that_nothing_matches_is_said(client: Client) -> None:
    found = client.search("zyzzogeton")
    said = _soup(replace(found, no_good_match=True, closed_spaces={"image": "no weights"})).text
    assert "Nothing" in said
    assert "closed: image: no weights" in said


def test_it_shows_itself_without_its_library(tmp_path: Path) -> None:
    with open_light(tmp_path / "library") as client:
        client.index(make_town(tmp_path / "town"))
        found = client.search("red cottage", modalities=["image"])
    bare = Found(**{name: getattr(found, name) for name in Ranking.__slots__})
    assert "cliff" in bare._repr_html_()
    assert "<img" not in bare._repr_html_()
