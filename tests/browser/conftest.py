"""The town's library behind the real server, and a browser that looks at the page."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from town import Open, make_town, serving

from mmsearch.client import Client

CHROMIUM = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The town's library, indexed with the real readers and encoders."""
    folder = tmp_path_factory.mktemp("page")
    off = {"part": ""}
    with Client(folder / "library", recognizer=off, ocr=off, spaces={"image": off, "table": off}) as client:
        report = client.index(make_town(folder / "town"))
    assert not report.failed
    return folder / "library"


@pytest.fixture(scope="session")
def address(library: Path) -> Iterator[str]:
    """Where the page of the town's library is."""
    with serving(library.parent, library) as (address, _):
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; Playwright's own is a download."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("Chromium is not here: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(CHROMIUM))
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser, address: str) -> Iterator[Open]:
    """Opens the page at an address; at the end no page may have spoken to another host, or have complained."""
    requests: list[str] = []
    complaints: list[str] = []
    pages: list[Page] = []

    def open_page(path: str = "", width: int = 1280, height: int = 900, dark: bool = False) -> Page:
        page = chromium.new_page(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            accept_downloads=False,
        )
        pages.append(page)
        page.set_default_timeout(30_000)
        page.on("request", lambda request: requests.append(request.url))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.goto(address + path)
        page.get_by_role("textbox", name="Search").wait_for()
        return page

    yield open_page
    hacked = [page.evaluate("window.hacked") for page in pages]
    for page in pages:
        page.close()
    hosts = {urlsplit(url).netloc for url in requests if url.startswith(("http", "ws"))}
    assert hosts == {urlsplit(address).netloc}
    assert complaints == []
    assert hacked == [None] * len(pages)
