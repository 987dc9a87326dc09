"""The pages beside the search, as a person meets them: the library is looked after, and its quality is seen."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, FilePayload, Page, expect
from town import serving

from mmsearch.client import Client
from mmsearch.keys import Keys

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of two texts, one of which it keeps itself."""
    folder = tmp_path_factory.mktemp("keeping")
    (folder / "whale.txt").write_text("Old Jonas saw a whale swim past the breakwater.")
    (folder / "kept.txt").write_text("The ferry leaves at nine from the pier.")
    off = {"part": ""}
    with Client(
        folder / "library", recognizer=off, ocr=off, spaces={"image": off, "table": off, "sound": off}
    ) as client:
        client.index(folder / "whale.txt")
        client.add(folder / "kept.txt")
    return folder / "library"


@pytest.fixture(scope="module")
def address(notes: Path) -> Iterator[str]:
    more = "[server]\nkeep_words = true\n"
    with serving(notes.parent, notes, more=more) as (address, _):
        yield address


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    """A page that complains about nothing and speaks to nobody else."""
    said: list[str] = []
    page = chromium.new_page()
    page.set_default_timeout(30_000)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda line: said.append(line.text) if line.type in ("error", "warning") else None)
    page.on("request", lambda request: said.append(request.url) if not request.url.startswith(address) else None)
    yield page
    page.close()
    assert [line for line in said if not line.startswith(("data:", "blob:"))] == []


def test_dropped_files_are_added_and_what_failed_is_said_and_deleted_ones_are_gone(page: Page, address: str) -> None:
    page.goto(address + "library")
    expect(page.get_by_role("heading", name="2 documents")).to_be_visible()
    page.locator("input[type=file]").set_input_files(
        [
            FilePayload(name="anchor_song.txt", mimeType="text/plain", buffer=b"Heave ho, the anchor comes up."),
            FilePayload(name="broken.png", mimeType="image/png", buffer=b"this is no picture"),
        ]
    )
    expect(page.locator("#job-state")).to_contain_text("1 indexed", timeout=60_000)
    expect(page.locator("#job-failures")).to_contain_text("broken.png: ")
    page.get_by_role("link", name="Show the library as it is now").click()
    expect(page.get_by_role("heading", name="3 documents")).to_be_visible()
    expect(page.locator(".mm-jobs li").first).to_contain_text("1 indexed, 0 removed, 1 failed")

    page.get_by_role("searchbox", name="Find by name").fill("ANCHOR")
    page.get_by_role("button", name="Find").click()
    expect(page.locator("tr[data-id]")).to_have_count(1)
    page.get_by_role("button", name="Delete anchor_song.txt").click()
    page.get_by_role("dialog").get_by_role("button", name="Keep").click()
    page.get_by_role("button", name="Delete anchor_song.txt").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator("#said")).to_have_text("anchor_song.txt is deleted")
    page.goto(address + "library")
    expect(page.get_by_role("heading", name="2 documents")).to_be_visible()


def test_the_quality_page_counts_searches_and_names_what_missed(page: Page, address: str) -> None:
    def search(words: str) -> None:
        page.goto(f"{address}?q={words}")
        page.locator(".mm-summary").wait_for()

    search("the+whale+past+the+breakwater")
    with page.expect_response(lambda response: "page/opened" in response.url):
        page.locator(".mm-card h2 a").first.click()
    page.locator(".mm-card").first.get_by_role("button", name="This fits").click()
    expect(page.locator(".mm-thumbs [role=status]").first).to_have_text("Noted: fits")
    search("zeppelin+ferry&in=table")
    page.goto(address + "quality")
    expect(page.locator(".mm-figures div").first).to_contain_text("2")
    expect(page.locator(".mm-figures")).to_contain_text("50 %")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr td").first).to_contain_text("2")
    expect(page.locator("section").filter(has_text="Found nothing").nth(1)).to_contain_text("zeppelin ferry")
    expect(page.get_by_role("link", name="Export as qrels")).to_be_visible()
    with urlopen(address + "quality/judgements.zip") as answer:
        archive = zipfile.ZipFile(io.BytesIO(answer.read()))
    (query,) = map(json.loads, archive.read("queries.jsonl").splitlines())
    assert query["text"] == "the whale past the breakwater"
    assert re.fullmatch(rf"{query['_id']}\t[0-9a-f]{{32}}\t1", archive.read("qrels/test.tsv").decode().splitlines()[1])


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["library", "quality"])
def test_no_rule_of_accessibility_is_broken_and_nothing_is_wider_than_a_telephone(
    page: Page, address: str, name: str, dark: bool
) -> None:
    page.emulate_media(color_scheme="dark" if dark else "light")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(address + name)
    page.locator("h1").wait_for()
    found = Axe().run(page).response
    assert {rule["id"]: [node["target"] for node in rule["nodes"]] for rule in found["violations"]} == {}
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


def test_another_sites_page_changes_nothing(address: str, notes: Path) -> None:
    with urlopen(f"{address}v1/documents") as answer:
        (first, *_) = json.load(answer)["documents"]
    gone = Request(
        f"{address}page/v1/documents/{first['id']}", method="DELETE", headers={"Sec-Fetch-Site": "cross-site"}
    )
    with pytest.raises(HTTPError) as refused:
        urlopen(gone)
    assert refused.value.code == 403


def test_where_being_here_is_not_enough_the_pages_ask_for_a_key(notes: Path, chromium: Browser) -> None:
    library = notes.parent / "other"
    with Client(library, recognizer={"part": ""}, ocr={"part": ""}) as client:
        client.index(notes.parent / "whale.txt")
    more = '[server]\nopen_here = false\ntoken = "ahoy"\n'
    with serving(notes.parent, library, more=more) as (address, _):
        with pytest.raises(HTTPError) as refused:
            urlopen(f"{address}page/v1/jobs")
        assert refused.value.code == 401
        page = chromium.new_page()
        for place in ("", "library"):
            page.goto(address + place)
            page.get_by_label("Your key").fill("avast")
            page.get_by_role("button", name="Open").click()
            expect(page.get_by_role("alert")).to_have_text("This is not a key.")
        _, reader = Keys(library).add("Ines")
        page.get_by_label("Your key").fill(reader)
        page.get_by_role("button", name="Open").click()
        expect(page.get_by_role("alert")).to_have_text("The key “Ines” may not do this.")
        page.goto(f"{address}?q=whale")
        expect(page.locator(".mm-card")).to_have_count(1)
        page.goto(address + "library")
        page.get_by_label("Your key").fill("ahoy")
        page.get_by_role("button", name="Open").click()
        expect(page.get_by_role("heading", name="1 document")).to_be_visible()
        page.close()
