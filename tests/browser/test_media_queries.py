"""Pictures and sounds as queries on the page, where spaces answer them: encoders without weights, a real browser."""

import re
from collections.abc import Iterator
from functools import partial

import pytest
from media import photo, write_audio
from playwright.sync_api import Browser, FilePayload, Page, expect
from serving import light, on_a_port, served

from mmsearch.client import Client
from mmsearch_ui.page import mount

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("media")
    files = folder / "files"
    files.mkdir()
    for name, turned in (("cliff", 0), ("harbour", 90), ("pier", 180)):
        photo().rotate(turned, expand=True).save(files / f"{name}.png")
        (files / f"{name}.txt").write_text(f"A photograph of the {name}.")
    for name in ("bell", "gull"):
        write_audio(files / f"{name}.flac", "flac", seconds=4.0)
        (files / f"{name}.vtt").write_text(f"WEBVTT\n\n00:00:00.000 --> 00:00:03.000\nThe {name} is heard.\n")
    spaces = light()["spaces"] | {
        "image": {"part": "hashing:HashingPictures"},
        "sound": {"part": "hashing:HashingSounds"},
    }
    light_settings = {**light(), "spaces": spaces}
    with Client(folder / "library", indexing={"workers": 0}, **light_settings) as client:
        assert not client.index(files).failed
        yield client


@pytest.fixture
def page(client: Client, chromium: Browser) -> Iterator[Page]:
    with on_a_port(served(client, mount=partial(mount, client))) as address:
        page = chromium.new_page()
        page.goto(address)
        page.get_by_role("textbox", name="Search").wait_for()
        yield page
        page.close()


def _ask_with(page: Page, name: str, kind: str, content: bytes) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload a file").click()
    chooser.value.set_files(FilePayload(name=name, mimeType=kind, buffer=content))
    page.get_by_role("button", name="Submit").click()
    page.locator(".mm-card").first.wait_for()


def test_a_picture_leads_to_its_like_and_the_address_holds_that(page: Page) -> None:
    page.get_by_role("textbox", name="Search").fill("photograph of the harbour")
    page.keyboard.press("Enter")
    harbour = page.locator(".mm-card").filter(has=page.get_by_role("link", name="Harbour", exact=True))
    harbour.get_by_role("link", name="More like this").click()
    page.wait_for_url(re.compile(r"\?like=[0-9a-f]{32}/[0-9a-f]{32}$"))
    expect(page.locator(".mm-like img")).to_be_visible()
    expect(page.locator(".mm-card.mm-image").first).to_be_visible()
    expect(harbour).to_have_count(0)
    expect(page.locator(".mm-thumbs")).to_have_count(0)
    page.reload()
    expect(page.locator(".mm-card.mm-image").first).to_be_visible()
    expect(harbour).to_have_count(0)
    page.go_back()
    expect(page.get_by_role("textbox", name="Search")).to_have_value("photograph of the harbour")


def test_a_picture_in_the_box_stays_the_query_when_the_search_is_narrowed(page: Page, client: Client) -> None:
    cliff = next(document for document in client.documents() if document.uri.endswith("cliff.png"))
    picture = client.picture(cliff.id)
    assert picture
    _ask_with(page, f"query{picture.suffix}", "image/png", picture.read_bytes())
    expect(page.locator(".mm-card h2").first).to_have_text("Cliff")
    page.get_by_role("link", name="Pictures").click()
    expect(page.locator(".mm-lanes [aria-current]")).to_contain_text("Pictures")
    expect(page.locator(".mm-card h2").first).to_have_text("Cliff")
    assert "?" not in page.url


def test_a_sound_is_a_query_where_a_space_answers_it(page: Page) -> None:
    expect(page.get_by_role("button", name="Record audio")).to_be_visible()
    _ask_with(page, "query.wav", "audio/wav", b"The gull is heard.")
    expect(page.locator(".mm-how summary")).to_contain_text("from sound")
    expect(page.locator(".mm-card h2").first).to_have_text("Gull")
