"""The tools for assistants, asked by the protocol's own client: what they answer, how little, and what is refused."""

import base64
import io
import json
import sys
import traceback
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from mcp import Client as Assistant
from mcp import StdioServerParameters
from mcp.client.stdio import stdio_client
from PIL import Image
from serving import QUERIES, awaited, closed, eventually, light, on_a_port, open_light, over_http, served
from town import environment, make_town, serving

from mmsearch.client import Client
from mmsearch.serialisation import for_reading
from mmsearch.server.doors import LOCAL_NAMES
from mmsearch.server.mcp import MOST_BYTES
from mmsearch.server.tools import MOST_SAID, TOOLS

pytestmark = pytest.mark.slow

WHO = "Who saw a whale swim past the breakwater?"
WORDS_ALONE = "".join(f'[spaces.{space}]\npart = ""\n' for space in ("text", "image", "table", "sound"))


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_town(tmp_path_factory.mktemp("assisted") / "town")


@pytest.fixture(scope="module")
def client(town: Path) -> Iterator[Client]:
    """The town, and thirty tables, each longer than an answer may be."""
    (town.parent / "tables").mkdir()
    for number in range(30):
        rows = "".join(f"buoy {number},{row},{'chain ' * 20}\n" for row in range(60))
        (town.parent / "tables" / f"{number:02}.csv").write_text("mark,depth,moored\n" + rows)
    with open_light(town.parent / "library", indexing={"table_rows": 60}) as client:
        assert not client.index(town, town.parent / "tables").failed
        yield client


@pytest.fixture(scope="module")
def address(client: Client) -> Iterator[str]:
    with on_a_port(served(client, mcp=True, names=LOCAL_NAMES)) as address:
        yield address


def _with(address: str, use: Callable[[Assistant], Coroutine[Any, Any, Any]], **options: Any) -> Any:
    async def talk() -> Any:
        async with Assistant(f"{address.rstrip('/')}/mcp", **options) as assistant:
            return await use(assistant)

    return awaited(talk())


def _calls(address: str, name: str, **arguments: Any) -> Any:
    return _with(address, lambda assistant: assistant.call_tool(name, arguments))


def _said(result: Any) -> dict[str, Any]:
    assert not result.is_error, result
    assert result.content[0].type == "text"
    assert len(result.content[0].text) <= MOST_SAID
    said = json.loads(result.content[0].text)
    assert isinstance(said, dict)
    return said


def _ask(address: str, name: str, **arguments: Any) -> dict[str, Any]:
    return _said(_calls(address, name, **arguments))


def _error(result: Any) -> tuple[str, str, bool]:
    assert result.is_error
    error = json.loads(result.content[0].text)["error"]
    return error["code"], error["message"], error["retryable"]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_tools_say_what_they_take_and_how_much_they_answer(address: str, mode: str) -> None:
    """By today's protocol, and by the handshake of the earlier ones."""
    listed = _with(address, lambda assistant: assistant.list_tools(), mode=mode)
    assert [tool.name for tool in listed.tools] == ["search", "get", "list"]
    for tool, taken in zip(listed.tools, TOOLS, strict=True):
        assert f"{MOST_SAID:,} characters" in tool.description
        assert tool.input_schema["properties"].keys() == taken.model_fields.keys()
        assert all(field["description"] for field in tool.input_schema["properties"].values())
        assert tool.annotations.read_only_hint is True
    found = _with(address, lambda assistant: assistant.call_tool("search", {"query": "whale"}), mode=mode)
    assert _said(found)["results"][0]["uri"].endswith("memories.flac")


def test_a_search_finds_what_the_client_finds(client: Client, address: str) -> None:
    ranking = client.search(WHO, top_k=5)
    said = _ask(address, "search", query=WHO)
    assert [result["segment"] for result in said["results"]] == [result.segment.id for result in ranking.results]
    best = said["results"][0]
    assert best["where"] == "0:40–0:58"
    assert best["text"] == "Old Jonas saw a whale swim past the breakwater."
    assert (best["document"], best["score"]) == (
        ranking.results[0].segment.document_id,
        round(ranking.results[0].score, 3),
    )
    assert best["answer"]["seconds"] == list(ranking.results[0].answer.seconds)  # type: ignore[union-attr,arg-type]
    assert said["no_good_match"] is ranking.no_good_match
    pages = [_ask(address, "search", query=WHO, top_k=1, offset=n)["results"] for n in (0, 1)]
    assert [page[0]["segment"] for page in pages] == [result.segment.id for result in ranking.results[:2]]


def test_a_search_is_limited_by_medium_and_filter(address: str) -> None:
    tables = _ask(address, "search", query="boats lantern", modalities=["table"], filter='uri prefix "/nowhere"')
    assert tables["results"] == []
    titled = _ask(address, "search", query="lantern boats", filter='title contains "lantern"')
    assert {Path(result["uri"]).name for result in titled["results"]} == {"festival.md"}


def test_what_does_not_fit_is_told_and_can_be_had(client: Client, address: str) -> None:
    """Twenty tables of 8,000 characters: each is cut, what is over is left out, and the next page begins there."""
    whole = [result.segment.id for result in client.search("buoy moored chain", top_k=20).results]
    assert len(whole) == 20
    seen: list[str] = []
    while len(seen) < 20:
        said = _ask(address, "search", query="buoy moored chain", top_k=20, characters=3_000, offset=len(seen))
        for result in said["results"]:
            assert len(result["text"]) == 3_000 == result["cut"]["shown"]
            assert result["cut"]["of"] > 7_000
            assert result["snippet"]
        seen += [result["segment"] for result in said["results"]]
        assert said["results"]
        if "left_out" in said:
            assert said["next_offset"] == len(seen)
            assert said["left_out"] + len(said["results"]) == 20
    assert seen[:20] == whole


def test_a_document_is_read_to_its_end_in_pieces(client: Client, address: str, town: Path) -> None:
    for name in ("boats.csv", "memories.flac", "evil.md"):
        [document] = client.documents(part=f"/{name}")
        held = client.segments(document.id)
        assert document.segments == len(held)
        read: dict[str, str] = {}
        offset: int | None = 0
        while offset is not None:
            said = _ask(address, "get", document=document.id, offset=offset, characters=173)
            assert sum(len(passage["text"]) for passage in said["passages"]) <= 173
            for passage in said["passages"]:
                read[passage["segment"]] = read.get(passage["segment"], "") + passage["text"]
            assert said["next_offset"] is None or said["next_offset"] > offset
            offset = said["next_offset"]
        assert read == {segment.id: for_reading(segment) for segment in held}
        assert said["uri"] == str(town / name)


def test_it_reads_on_from_what_was_found(client: Client, address: str) -> None:
    [found] = _ask(address, "search", query="great frost", top_k=1)["results"]
    said = _ask(address, "get", document=found["document"], segment=found["segment"])
    assert [passage["where"] for passage in said["passages"]] == ["0:20–0:38", "0:40–0:58"]
    assert said["next_offset"] is None
    later = _ask(address, "get", document=found["document"], segment=found["segment"], offset=35)["passages"]
    assert later[0]["text"] == said["passages"][0]["text"][35:]
    assert later[1] == said["passages"][1]


def test_documents_are_listed_in_pages(client: Client, address: str) -> None:
    everything = [document.id for document in client.documents(limit=1_000)]
    seen: list[str] = []
    offset: int | None = 0
    while offset is not None:
        said = _ask(address, "list", limit=17, offset=offset)
        seen += [document["document"] for document in said["documents"]]
        offset = said["next_offset"]
    assert seen == everything
    named = _ask(address, "list", part="/TABLES/1")["documents"]
    assert [Path(document["uri"]).name for document in named] == [f"{number}.csv" for number in range(10, 20)]
    assert {document["modality"] for document in named} == {"table"}


def test_pictures_come_small_and_only_if_they_are_asked_for(address: str) -> None:
    bare = _calls(address, "search", query="red cottage on the cliff")
    assert [block.type for block in bare.content] == ["text"]
    assert all("picture" not in result for result in _said(bare)["results"])
    for name, arguments, key in (
        ("search", {"query": "red cottage on the cliff"}, "results"),
        ("get", {"document": _said(bare)["results"][0]["document"]}, "passages"),
    ):
        shown = _calls(address, name, **arguments, pictures=1)
        [item] = [item for item in _said(shown)[key] if "picture" in item]
        assert item["modality"] == "image"
        [block] = [block for block in shown.content if block.type == "image"][item["picture"] - 1 :]
        assert block.mime_type == "image/jpeg"
        picture = Image.open(io.BytesIO(base64.b64decode(block.data)))
        assert picture.size == (320, 200)
        red, green, blue = np.asarray(picture.convert("RGB"))[10, 10]
        assert red > 200
        assert max(green, blue) < 60


@pytest.mark.parametrize(
    ("name", "arguments", "code", "told"),
    [
        ("get", {"document": "0" * 32}, "not_found", "0000"),
        ("get", {"document": "../etc"}, "not_found", "../etc"),
        ("search", {"query": "boats", "filter": "date >"}, "invalid_filter", "expected a date"),
        ("search", {"query": "boats", "top_k": 21}, "input", "top_k"),
        ("search", {"query": ""}, "input", "query"),
        ("search", {"query": "boats", "colour": "red"}, "input", "colour"),
        ("list", {"limit": "many"}, "input", "limit"),
        ("delete", {}, "not_found", "search, get and list"),
    ],
)
def test_errors_say_code_and_message(address: str, name: str, arguments: dict[str, Any], code: str, told: str) -> None:
    said, message, retryable = _error(_calls(address, name, **arguments))
    assert (said, retryable) == (code, False)
    assert told in message
    assert f'mmsearch_errors_total{{code="{code}"}}' in httpx2.get(f"{address}/metrics").text


def test_a_segment_that_is_gone_is_no_silence(client: Client, address: str) -> None:
    [document] = client.documents(part="/festival.md")
    code, message, _ = _error(_calls(address, "get", document=document.id, segment="0" * 32))
    assert (code, "search again" in message) == ("not_found", True)


def test_a_mistake_of_the_server_is_one_of_its_errors(
    client: Client, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged: list[Exception] = []

    def broken(_: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(client.app, "search", broken)
    monkeypatch.setattr("mmsearch.server.mcp.log.error", lambda *_, exc_info: logged.append(exc_info))
    code, message, _ = _error(_calls(address, "search", query="boats"))
    assert (code, message) == ("error", "the server made a mistake; its log says where")
    assert "a secret" in "".join(traceback.format_exception(*logged))


ASKED = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "list", "arguments": {"limit": 1}}}
HEADERS = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}


def _post(address: str, body: Any = ASKED, **headers: str) -> httpx2.Response:
    return httpx2.post(f"{address}/mcp", content=json.dumps(body), headers=HEADERS | headers)


def test_names_and_origins_are_checked_as_everywhere(address: str) -> None:
    own = address.removeprefix("http://")
    assert '"documents' in _post(address).text
    assert '"documents' in _post(address, Origin=f"http://{own}").text
    for headers in (
        {"Host": "evil.example"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://localhost:1"},
        {"Origin": "null"},
        {"Origin": ""},
    ):
        refused = _post(address, **headers)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "forbidden"), headers


def test_what_is_no_request_is_refused(address: str) -> None:
    large = _post(address, {**ASKED, "filler": "x" * MOST_BYTES})
    assert (large.status_code, large.json()["error"]["code"]) == (413, "too_large")
    assert _post(address, **{"Content-Type": "text/plain"}).status_code == 400
    assert httpx2.get(f"{address}/mcp", headers=HEADERS).status_code == 405
    assert httpx2.delete(f"{address}/mcp", headers=HEADERS).status_code == 405


def test_without_being_wanted_it_is_not_there(client: Client) -> None:
    with over_http(client) as http:
        assert http.post("/mcp", json=ASKED, headers=HEADERS).status_code == 404


def test_searches_of_assistants_take_places_among_all_others(town: Path, tmp_path: Path) -> None:
    """One search runs, four wait, and the sixth is told to come again; what runs is answered, also while it stops."""
    with open_light(tmp_path / "library", server={"searches": 1}) as client:
        client.index(town / "festival.md")
        app = served(client, mcp=True)
        with ThreadPoolExecutor(8) as pool:
            with on_a_port(app) as address, closed(QUERIES):
                running = [pool.submit(_ask, address, "search", query="lantern") for _ in range(4)]
                running += [pool.submit(lambda: httpx2.get(f"{address}/v1/search", params={"q": "lantern"}).json())]
                eventually(lambda: app.state.admission._admitted == 5)
                assert _error(_calls(address, "search", query="lantern"))[0::2] == ("busy", True)
                assert _ask(address, "list")["documents"]
                QUERIES.set()
                assert [len(search.result(60)["results"]) for search in running] == [1] * 5
            assert app.state.admission._admitted == 0


def test_the_command_serves_them(tmp_path: Path) -> None:
    """A process of its own, and another on stdin and stdout, which asks the first."""
    make_town(tmp_path / "town")
    off = {space: {"part": ""} for space in ("text", "image", "table", "sound")}
    with Client(tmp_path / "library", **light() | {"spaces": off}, indexing={"workers": 0}) as client:
        client.index(tmp_path / "town")

    def by_stdio() -> Any:
        program = StdioServerParameters(
            command=sys.executable,
            args=["-m", "mmsearch.cli", "mcp", "--library", str(tmp_path / "library")],
            env=environment(tmp_path, WORDS_ALONE),
            cwd=tmp_path,
        )

        async def talk() -> Any:
            async with Assistant(stdio_client(program)) as assistant:
                found = _said(await assistant.call_tool("search", {"query": "whale"}))["results"][0]
                picture = await assistant.call_tool("search", {"query": "red cottage", "pictures": 1})
                read = await assistant.call_tool("get", {"document": found["document"], "characters": 100})
                listed = await assistant.call_tool("list", {"part": "/memories"})
                wrong = await assistant.call_tool("search", {"query": "boats", "filter": "date >"})
                return found, [block.type for block in picture.content], _said(read), _said(listed), _error(wrong)[0]

        return awaited(talk())

    with serving(tmp_path, tmp_path / "library", "--no-page", "--mcp", more=WORDS_ALONE) as (address, _):
        found = _ask(address, "search", query="whale")["results"][0]
        served = by_stdio()
    assert served[0] == found
    assert served[1] == ["text", "image"]
    assert sum(len(passage["text"]) for passage in served[2]["passages"]) == 100
    assert served[2]["next_offset"] == 102, "two passages end before it"
    assert served[3]["documents"][0]["document"] == found["document"]
    assert served[4] == "invalid_filter"
    assert by_stdio() == served, "the same where it has the library to itself"
