"""The town's library behind the real server, and a browser that looks at the page."""

import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import pytest
from media import photo
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright
from town import Open, make_town, serving

from mmsearch.client import Client

expect.set_options(timeout=30_000)
"""Until something is there, on a busy machine."""
CHROMIUM = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")

SCREENSHOTS = Path(__file__).parents[2] / ".screenshots"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Function) -> None:
    """Keep what every page looked like when its test ended, in .screenshots."""
    browser = cast(Browser | None, item.funcargs.get("chromium"))
    name = re.sub(r"[^\w.-]+", "-", f"{item.path.stem}-{item.name}")[:120].rstrip("-")
    pages = (page for context in (browser.contexts if browser else ()) for page in context.pages)
    for number, page in zip(count(1), pages, strict=False):
        with suppress(Error):  # a page that is closing
            page.screenshot(path=SCREENSHOTS / f"{name}-{number}.png", timeout=10_000)


def _add_harbour(town: Path) -> None:
    """Dated texts, a second picture, and a text that is longer than a window."""
    for name, date in (("storm", "2023-11-02"), ("regatta", "2024-06-08")):
        (town / f"{name}.md").write_text(f"---\ndate: {date}\n---\nThe {name} was seen by all in the harbour.\n")
    photo(320, 200).rotate(180).save(town / "harbour.png")
    (town / "harbour.txt").write_text("Fishing boats in the harbour before the regatta.")
    days = "".join(f"Day {day}: the wind came from the west and the sea was calm.\n\n" for day in range(1, 120))
    (town / "log.txt").write_text(days + "Day 120: Ines the keeper rang the fog bell.\n\n" + days)


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The town's library, indexed with the real readers and encoders."""
    folder = tmp_path_factory.mktemp("page")
    _add_harbour(make_town(folder / "town"))
    off = {"part": ""}
    with Client(
        folder / "library", recognizer=off, ocr=off, spaces={"image": off, "table": off, "sound": off}
    ) as client:
        report = client.index(folder / "town")
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
