"""The words of a query are framed on the picture, on its card and large: the OCR that ships, a real browser."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from lettered import Words, boxes, lettered, overlap
from playwright.sync_api import Browser, Locator, Page, expect
from serving import light, on_a_port, served

from mmsearch.client import Client
from mmsearch.types import Box
from mmsearch_ui.page import mount

pytestmark = [pytest.mark.browser, pytest.mark.encoders, pytest.mark.slow]

POSTER: tuple[Words, ...] = ((60, 40, "REGATTA"), (420, 44, "TROPHY"), (60, 300, "Boats leave at noon"))
TALL: tuple[Words, ...] = ((40, 700, "LANTERNS"),)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("marked")
    (folder / "files").mkdir()
    lettered(*POSTER).save(folder / "files" / "poster.png")
    lettered(*TALL, size=(400, 900)).save(folder / "files" / "tall.png")
    settings: dict[str, Any] = {name: value for name, value in light().items() if name != "ocr"}
    with Client(folder / "library", indexing={"workers": 0}, **settings) as client:
        assert not client.index(folder / "files").failed
        yield client


@pytest.fixture(params=[1280, 390], ids=["desk", "phone"])
def page(client: Client, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    with on_a_port(served(client, mount=partial(mount, client))) as address:
        page = chromium.new_page(viewport={"width": request.param, "height": 900})
        page.goto(address)
        page.get_by_role("textbox", name="Search").wait_for()
        yield page
        page.close()


def _search(page: Page, words: str) -> Locator:
    page.get_by_role("textbox", name="Search").fill(words)
    page.keyboard.press("Enter")
    page.wait_for_function("words => new URLSearchParams(location.search).get('q') === words", arg=words)
    card = page.locator(".mm-card.mm-image").first
    card.wait_for()
    return card


def _framed(image: Locator, frames: Locator) -> list[Box]:
    """The frames as shares of the picture, wherever and however large it is shown."""
    image.scroll_into_view_if_needed()
    expect(image).to_be_visible()
    image.evaluate("image => image.decode()")
    left, top, width, height = image.evaluate(
        """image => {
          const at = image.getBoundingClientRect();
          const scale = Math.min(at.width / image.naturalWidth, at.height / image.naturalHeight);
          const [w, h] = [image.naturalWidth * scale, image.naturalHeight * scale];
          return [at.left + (at.width - w) / 2, at.top + (at.height - h) / 2, w, h];
        }"""
    )
    found = [frame.bounding_box() for frame in frames.all()]
    return [
        ((b["x"] - left) / width, (b["y"] - top) / height, (b["x"] + b["width"] - left) / width,
         (b["y"] + b["height"] - top) / height)
        for b in found if b
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "drawn"),
    [("the regatta at noon", [boxes(POSTER)["REGATTA"], boxes(POSTER)["noon"]]),
     ("lanterns", [boxes(TALL, (400, 900))["LANTERNS"]])],
    ids=["wide", "tall"],
)  # fmt: skip
def test_words_are_framed_on_the_card_and_on_the_large_picture(page: Page, words: str, drawn: list[Box]) -> None:
    card = _search(page, words)
    for image, frames in (
        (card.locator("img"), card.locator(".mm-marks rect")),
        (page.locator(".mm-large img"), page.locator(".mm-large .mm-marks rect")),
    ):
        expect(frames).to_have_count(len(drawn))
        for frame, box in zip(_framed(image, frames), drawn, strict=True):
            assert overlap(frame, box) > 0.3, (frame, box)
            assert frame[0] < box[0] + 0.02
            assert frame[2] > box[2] - 0.02
        if image.locator("xpath=ancestor::dialog").count() == 0:
            card.locator("a[data-large]").click()
            expect(page.locator(".mm-large")).to_be_visible()


def test_the_frames_are_those_of_the_picture_that_is_shown(page: Page) -> None:
    card = _search(page, "regatta lanterns trophy")
    expect(page.locator(".mm-card.mm-image")).to_have_count(2)
    card.locator("a[data-large]").click()
    large = page.locator(".mm-large")
    first = large.locator("img").get_attribute("src")
    counts = {first: large.locator("rect").count()}
    page.keyboard.press("ArrowRight")
    expect(large.locator("img")).not_to_have_attribute("src", first or "")
    counts[large.locator("img").get_attribute("src")] = large.locator("rect").count()
    assert sorted(counts.values()) == [0, 2], "one of three words is too few for the other picture"
