"""The search page as a person meets it: the real server, real models, a real browser."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from axe_playwright_python.sync_playwright import Axe
from media import photo
from playwright.sync_api import Locator, Page, expect
from serving import eventually
from town import EVIL, Open

from mmsearch.feedback import Judgement, open_feedback
from mmsearch.settings import Settings

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def _search(page: Page, words: str) -> Locator:
    """The cards for the words, typed and sent with Enter."""
    box = page.get_by_role("textbox", name="Search")
    box.fill(words)
    box.press("Enter")
    page.wait_for_function("words => new URLSearchParams(location.search).get('q') === words", arg=words)
    expect(page.locator("#answer")).to_contain_text("result")
    expect(page.locator("#answer .pending")).to_have_count(0)
    return page.locator(".mm-card")


def _sideways(page: Page) -> int:
    """How many pixels the page is wider than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


def test_a_question_finds_the_text(open_page: Open) -> None:
    card = _search(open_page(), "what do children bring to the sea in autumn").first
    expect(card.locator("h2")).to_have_text("The lantern festival")
    expect(card.locator(".mm-medium")).to_have_text("Text")
    expect(card.locator(".mm-headings")).to_have_text("October")
    expect(card.locator("mark")).to_have_text("Every autumn the children carry paper lanterns down to the beach.")
    card.get_by_text("Why this was found").click()
    expect(card.locator(".mm-why")).to_contain_text("number 1 of its list")
    expect(card.locator(".mm-why")).to_contain_text("town/festival.md")


def test_the_row_of_a_table_is_shown_with_its_number(open_page: Open) -> None:
    card = _search(open_page(), "how many herring barrels did the Silver Dawn bring home").first
    expect(card.locator(".mm-medium")).to_have_text("Table")
    row = card.locator("tr.mm-match")
    expect(row.locator("th, td")).to_have_text(["17", "Silver Dawn", "1917", "4711"])
    expect(card.locator("tbody tr")).to_have_count(5)


def test_a_picture_is_shown(open_page: Open) -> None:
    page = open_page()
    card = _search(page, "picture of a red cottage at sunset").first
    expect(card.locator(".mm-medium")).to_have_text("Picture")
    image = card.locator("img")
    image.scroll_into_view_if_needed()
    page.wait_for_function("image => image.complete && image.naturalWidth === 640", arg=image.element_handle())
    page.get_by_text("results in").click()
    expect(page.locator(".mm-how")).to_contain_text('"picture of" asks for image')


def test_a_recording_plays_from_the_moment_of_its_words(open_page: Open) -> None:
    page = open_page()
    card = _search(page, "who saw the whale").first
    expect(card.locator(".mm-medium")).to_have_text("Recording")
    expect(card.locator(".mm-place")).to_have_text("0:40–0:58")
    player = card.locator("audio")
    assert re.search(r"/?media/document/[0-9a-f]{32}#t=40\.0$", player.get_attribute("src") or "")
    with page.expect_response(lambda response: "/media/document/" in response.url) as answered:
        player.evaluate("player => { player.preload = 'auto'; player.load(); }")
    assert answered.value.status == 206
    page.wait_for_function("player => player.readyState > 0", arg=player.element_handle())
    page.wait_for_function("player => Math.abs(player.currentTime - 40) < 0.5", arg=player.element_handle())
    assert player.evaluate("player => player.seekable.end(0)") == pytest.approx(60, abs=0.5)


def test_other_moments_play_in_the_same_player(open_page: Open) -> None:
    page = open_page()
    card = page.locator(".mm-card").filter(has=page.locator("audio"))
    _search(page, "the ferry, the frost and the whale in the memories of old Jonas")
    player = card.locator("audio").element_handle()
    moment = card.locator(".mm-more a[data-moment]").first
    wanted_s = float(moment.get_attribute("data-moment") or "nan")
    moment.click()
    page.wait_for_function("([player, s]) => Math.abs(player.currentTime - s) < 3", arg=[player, wanted_s])
    page.wait_for_function("player => !player.paused", arg=player)


def test_a_picture_as_the_query_is_answered_or_says_what_opens_the_space(open_page: Open, tmp_path: Path) -> None:
    photo().save(tmp_path / "query.png")
    page = open_page()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload a file").click()
    chooser.value.set_files(tmp_path / "query.png")
    page.locator("#box img").wait_for()
    page.get_by_role("button", name="Submit").click()
    expect(page.locator("#answer h2")).to_have_text("A picture cannot be looked for yet")
    expect(page.locator(".mm-closed .mm-panel")).to_be_visible()
    expect(page.locator(".mm-closed")).to_contain_text("mmsearch models pull image")


def test_closed_spaces_are_a_quiet_note(open_page: Open) -> None:
    page = open_page()
    _search(page, "lanterns")
    note = page.locator(".mm-closed")
    expect(note.locator("summary")).to_have_text(re.compile("Closed: image, table"))
    expect(note.locator(".mm-panel")).to_be_hidden()
    note.locator("summary").click()
    expect(note.locator(".mm-panel")).to_contain_text("mmsearch models pull table")


def test_what_a_document_says_stays_text(open_page: Open) -> None:
    """That nothing ran is checked for each page of each test, by the fixture."""
    page = open_page()
    cards = _search(page, "maelstrom")
    text = cards.filter(has_text="Text").first
    expect(text.locator("h2")).to_contain_text(EVIL)
    expect(cards.locator("table").first).to_contain_text(EVIL)
    assert page.locator("#answer script, #answer img[src=x]").count() == 0
    page.wait_for_timeout(300)


def test_the_media_limit_the_results_and_the_address(open_page: Open) -> None:
    page = open_page()
    assert _search(page, "lanterns on the beach").count() > 1
    lanes = page.get_by_role("navigation", name="Media")
    counts = [int(text.split()[-1]) for text in lanes.locator("a").all_inner_texts()]
    assert counts[0] == sum(counts[1:])
    lanes.get_by_role("link", name="Tables").click()
    page.wait_for_url(re.compile(r"\?q=lanterns.*&in=table$"))
    expect(page.locator(".mm-card").filter(has_not_text="Table")).to_have_count(0)
    assert page.locator(".mm-card").count() == int(lanes.locator("[aria-current]").inner_text().split()[-1])
    page.get_by_text("More options").click()
    page.get_by_role("radio", name="20").click(force=True)
    page.wait_for_url(re.compile(r"&in=table&k=20$"))


def test_near_copies_are_named_on_one_card_and_shown_each_on_request(open_page: Open) -> None:
    page = open_page()
    chapel = _search(page, "when is the chapel bell rung").filter(has_text="Chapel")
    expect(chapel).to_have_count(1)
    copies = chapel.locator(".mm-copies")
    expect(copies).to_contain_text("2 copies:")
    shown = chapel.locator(".mm-path").inner_text()
    linked = copies.locator("a").all_inner_texts()
    assert {shown, *linked} == {"town/chapel.md", "town/chapel_print.txt", "town/chapel_draft.txt"}
    with page.expect_popup() as opened:
        copies.locator("a").first.click()
    expect(opened.value.locator("body")).to_contain_text("The chapel has one bell")
    opened.value.close()
    page.get_by_text("More options").click()
    page.get_by_role("checkbox", name="Each copy by itself").click(force=True)
    expect(chapel).to_have_count(3)
    page.wait_for_url(re.compile(r"&copies=all$"))
    expect(page.locator(".mm-copies")).to_have_count(0)


def test_the_spaces_that_are_asked_can_be_chosen(open_page: Open) -> None:
    page = open_page()
    _search(page, "whale")
    expect(page.locator(".mm-how summary")).to_contain_text("from words, text")
    page.get_by_text("More options").click()
    page.get_by_role("checkbox", name="words").click(force=True)
    expect(page.locator(".mm-how summary")).to_contain_text(re.compile(r"from words\s*$"))
    page.wait_for_url(re.compile(r"\?q=whale&spaces=words$"))
    page.reload()
    expect(page.locator(".mm-how summary")).to_contain_text(re.compile(r"from words\s*$"))
    page.get_by_text("More options").click()
    expect(page.get_by_role("checkbox", name="words")).to_be_checked()


def test_the_router_says_why_it_thinks_of_a_medium(open_page: Open) -> None:
    page = open_page()
    _search(page, "picture of a red cottage at sunset")
    page.get_by_text("results in").click()
    wanted = page.locator(".mm-how p").filter(has_text="wanted media")
    expect(wanted).to_contain_text(re.compile(r'picture \d+ %.*: "picture of" asks for image'))


def test_an_address_opens_with_its_search_and_back_leads_back(open_page: Open) -> None:
    page = open_page("?q=whale&in=audio,text&k=20")
    expect(page.locator(".mm-card h2").first).to_have_text("Memories")
    box = page.get_by_role("textbox", name="Search")
    expect(box).to_have_value("whale")
    lanes = page.get_by_role("navigation", name="Media")
    expect(lanes.locator("[aria-current]")).to_have_text([re.compile("Texts"), re.compile("Recordings")])
    page.get_by_text("More options").click()
    expect(page.get_by_role("radio", name="20")).to_be_checked()
    _search(page, "red cottage")
    page.go_back()
    expect(box).to_have_value("whale")
    expect(page.locator(".mm-card h2").first).to_have_text("Memories")


def test_an_empty_box_shows_what_can_be_tried(open_page: Open) -> None:
    page = open_page("?q=whale")
    page.locator(".mm-card").first.wait_for()
    box = page.get_by_role("textbox", name="Search")
    box.fill("   ")
    box.press("Enter")
    expect(page.locator(".mm-card")).to_have_count(0)
    assert "?" not in page.url


def test_two_who_search_at_once_each_get_their_own_answer(open_page: Open) -> None:
    pages = [open_page(), open_page()]
    for page, words in zip(pages, ("whale", "red cottage"), strict=True):
        page.get_by_role("textbox", name="Search").fill(words)
    for page in pages:
        page.get_by_role("textbox", name="Search").press("Enter", no_wait_after=True)
    expect(pages[0].locator(".mm-card h2").first).to_have_text("Memories")
    expect(pages[1].locator(".mm-card h2").first).to_have_text("Cliff")


@pytest.mark.parametrize(
    "words", ["", "chapel bell", "maelstrom", "herring barrels of the Silver Dawn", "who saw the whale"]
)
def test_nothing_is_wider_than_a_telephone(open_page: Open, words: str) -> None:
    page = open_page(width=390, height=844)
    if words:
        _search(page, words)
        for why in page.get_by_text("Why this was found").all():
            why.click()
    assert _sideways(page) <= 0


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_no_rule_of_accessibility_is_broken(open_page: Open, dark: bool) -> None:
    """axe's rules: contrast, names of controls, order of headings, roles and alternatives."""
    page = open_page(dark=dark)
    _search(page, "red cottage, whale, Silver Dawn, lanterns")
    page.locator(".mm-closed summary").click()
    page.get_by_text("More options").click()
    page.get_by_text("results in").click()
    found = Axe().run(page, context="main").response
    broken = {rule["id"]: [node["target"] for node in rule["nodes"]] for rule in found["violations"]}
    assert broken == {}
    assert {"color-contrast", "image-alt", "label"} <= {rule["id"] for rule in found["passes"]}


def test_the_keyboard_alone_is_enough(open_page: Open) -> None:
    page = open_page("?q=whale")
    page.locator(".mm-card").first.wait_for()
    page.locator(".mm-why summary").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".mm-why .mm-panel").first).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_role("textbox", name="Search")).to_be_focused()


def test_a_thumb_is_kept_with_what_was_seen_and_can_be_taken_back(open_page: Open, library: Path) -> None:
    def kept() -> list[Judgement]:
        with open_feedback(Settings(library=library)) as feedback:
            return feedback.judgements("who saw a whale")

    page = open_page()
    card = _search(page, "who saw a whale").first
    up, down = card.get_by_role("button", name="This fits"), card.get_by_role("button", name="This does not fit")
    up.click()
    expect(card.locator(".mm-thumbs [role=status]")).to_have_text("Noted: fits")
    expect(up).to_have_attribute("aria-pressed", "true")
    (said,) = kept()
    assert (said.grade, said.rank, Path(said.uri).name) == (1, 1, "memories.flac")
    assert set(said.routes or {}) == {"words", "text"}
    assert set(said.spaces or {}) == {"words", "text"}
    down.click()
    expect(down).to_have_attribute("aria-pressed", "true")
    expect(up).to_have_attribute("aria-pressed", "false")
    assert [judgement.grade for judgement in kept()] == [0]
    page.reload()
    expect(down).to_have_attribute("aria-pressed", "true")
    down.click()
    expect(card.locator(".mm-thumbs [role=status]")).to_have_text("Taken back")
    assert kept() == []
    up.click()
    card.get_by_role("button", name="Undo").click()
    expect(card.locator(".mm-thumbs [role=status]")).to_have_text("Taken back")
    assert kept() == []


def test_another_sites_page_judges_nothing(address: str) -> None:
    headers = {"Content-Type": "application/json", "Sec-Fetch-Site": "cross-site"}
    with pytest.raises(HTTPError) as refused:
        urlopen(Request(f"{address}page/judgement", b'{"query": "whale", "document": "x"}', headers))
    assert refused.value.code == 403


def test_a_facet_narrows_the_search_and_can_be_taken_back(open_page: Open) -> None:
    page = open_page()
    cards = _search(page, "when is the chapel bell rung")
    everything = cards.count()
    page.locator(".mm-facet summary").filter(has_text="Type").click()
    page.locator(".mm-facet a").filter(has_text="CSV").click()
    page.wait_for_url(re.compile(r"&type=\.csv$"))
    expect(page.locator(".mm-chip")).to_have_text(re.compile(r"Type:\s*CSV"))
    assert {path.rpartition(".")[2] for path in page.locator(".mm-path").all_inner_texts()} == {"csv"}
    page.reload()
    page.locator(".mm-chip").click()
    expect(page.locator(".mm-card")).to_have_count(everything)
    assert "type=" not in page.url


def test_results_can_be_had_newest_first(open_page: Open) -> None:
    page = open_page()
    _search(page, "the harbour")
    page.get_by_role("link", name="Newest first").click()
    page.wait_for_url(re.compile("sort=date"))
    expect(page.locator(".mm-sort [aria-current]")).to_have_text("Newest first")
    first, second = page.locator(".mm-path").all_inner_texts()[:2]
    assert (first, second) == ("town/regatta.md", "town/storm.md")


def test_a_picture_opens_large_and_the_arrows_go_on(open_page: Open) -> None:
    page = open_page("?q=red+cottage+or+harbour&in=image")
    page.locator("a.mm-picture").nth(1).wait_for()
    titles = page.locator(".mm-card h2").all_inner_texts()
    page.get_by_role("link", name=f"Show {titles[0]} large").click()
    large = page.get_by_role("dialog")
    expect(large.locator("b")).to_have_text(titles[0])
    page.wait_for_function("document.querySelector('.mm-large img').naturalWidth > 0")
    page.keyboard.press("ArrowRight")
    expect(large.locator("b")).to_have_text(titles[1])
    page.keyboard.press("ArrowRight")
    expect(large.locator("b")).to_have_text(titles[0])
    page.keyboard.press("Escape")
    expect(large).to_have_count(0)
    page.get_by_role("link", name=f"Show {titles[0]} large").click()
    large.get_by_role("link", name="More like this").click()
    page.wait_for_url(re.compile(r"\?like=[0-9a-f]{32}/[0-9a-f]{32}$"))
    expect(page.locator(".mm-like img")).to_be_visible()
    expect(page.locator(".mm-card h2").filter(has_text=titles[1])).to_have_count(1)
    expect(page.get_by_role("link", name=titles[0], exact=True)).to_have_count(0)


def test_what_is_said_around_a_moment_is_shown_and_plays(open_page: Open) -> None:
    page = open_page()
    card = _search(page, "who saw the whale").first
    card.get_by_text("What is said around it").click()
    lines = card.locator(".mm-transcript li")
    expect(lines).to_have_count(3)
    expect(lines.nth(0)).to_have_text(re.compile(r"0:00\s+In those days the ferry left at nine"))
    expect(card.locator(".mm-transcript .mm-here mark")).to_have_text(["saw", "whale"])
    lines.nth(1).locator("a").click()
    player = card.locator("audio").element_handle()
    page.wait_for_function("player => Math.abs(player.currentTime - 20) < 3 && !player.paused", arg=player)


def test_arrows_enter_and_escape_go_through_the_cards(open_page: Open) -> None:
    page = open_page("?q=red+cottage")
    page.locator(".mm-card").nth(1).wait_for()
    focused = "document.activeElement.getAttribute('aria-labelledby')"
    page.keyboard.press("/")
    page.keyboard.press("ArrowDown")
    assert page.evaluate(focused) == "result-1"
    page.keyboard.press("ArrowDown")
    assert page.evaluate(focused) == "result-2"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("Escape")
    page.wait_for_function("document.activeElement.getAttribute('aria-label') === 'Search'")


def test_a_text_opens_at_its_passage(open_page: Open) -> None:
    page = open_page()
    card = _search(page, "Ines the keeper rang the fog bell").filter(
        has=page.get_by_role("link", name="Log", exact=True)
    )
    with page.expect_popup() as opened:
        card.locator("h2 a").click()
    devtools = opened.value.context.new_cdp_session(opened.value)  # a page of a document lets no script run
    eventually(lambda: devtools.send("Runtime.evaluate", {"expression": "scrollY"})["result"]["value"] > 500)
    opened.value.close()


def test_what_is_typed_is_completed_by_names_and_by_what_was_asked_before(open_page: Open) -> None:
    page = open_page()
    _search(page, "memories of old Jonas")
    box = page.get_by_role("textbox", name="Search")
    box.fill("")
    box.press_sequentially("memor")
    options = page.get_by_role("listbox", name="Suggestions").get_by_role("option")
    expect(options).to_have_text(["memories of old Jonas", "memories"])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"\?q=memories$"))
    expect(box).to_have_value("memories")
    expect(options).to_have_count(0)
    box.fill("chap")
    expect(options.first).to_be_visible()
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    expect(box).to_have_value("chap")


def _joined(address: str, session: str, files: list[Any]) -> bytes:
    """What the page's queue sends for the words "whale" and the files, as a program would ask it."""
    asked = {"data": [{"text": "whale", "files": files}, 10, [], False, ""], "fn_index": 0, "session_hash": session}
    headers = {"Content-Type": "application/json"}
    with urlopen(Request(f"{address}gradio_api/queue/join", json.dumps(asked).encode(), headers)):
        pass
    with urlopen(f"{address}gradio_api/queue/data?session_hash={session}") as told:
        return bytes(told.read())


def test_a_file_of_this_computer_cannot_be_named_as_the_query(address: str, library: Path) -> None:
    told = _joined(address, "words", [])
    assert b"process_completed" in told
    assert b"breakwater" in told
    manifest = str(library / "manifest.sqlite3")
    for picked in ({"path": manifest, "meta": {"_type": "gradio.FileData"}}, {"path": "https://example.org/a.png"}):
        with pytest.raises(HTTPError) as refused:
            _joined(address, "file", [picked])
        assert refused.value.code == 403
    with pytest.raises(HTTPError) as denied:
        urlopen(f"{address}gradio_api/file={manifest}")
    assert denied.value.code == 404
