"""The search page in Chromium: when it can be used, when results stand there, and how it scrolls."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page, sync_playwright

from mmsearch_ui.asked import COUNTS

CHROMIUM = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
MOST = max(COUNTS)
"""Results on one page."""
PATIENCE_MS = 60_000
WATCH = """
  window.longTasks = [];
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) window.longTasks.push([task.startTime, task.duration]);
  }).observe({ type: "longtask", buffered: true });
"""
INTERACTIVE = "Boolean(document.querySelector('#box textarea[aria-label=Search]'))"
"""A script of ours gives the box its name, the last thing before the page can be used."""
SENT = "addEventListener('keydown', () => { window.sent = performance.now(); }, { capture: true, once: true })"
SHOWN = """words => new Promise((shown) => {
  const list = () => [...document.querySelectorAll('.mm-results')].find((found) => found.dataset.query === words);
  const look = () => {
    if (!list() || !list().querySelector('.mm-card')) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => shown(performance.now()), 0));
  };
  const observer = new MutationObserver(look);
  observer.observe(document.body, { childList: true, subtree: true, attributes: true });
  look();
})"""
"""The time when the cards for the words were painted."""
SCROLL = """() => new Promise((done) => {
  const started = performance.now();
  let last = started, longest = 0;
  const step = (now) => {
    longest = Math.max(longest, now - last);
    last = now;
    const before = window.scrollY;
    window.scrollBy(0, 120);
    if (window.scrollY === before) done([started, performance.now(), longest]);
    else requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})"""
"""Scrolls to the end, 120 pixels a frame: when it began and ended, and the longest time between two frames."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Milliseconds from Enter until the cards were painted, and of them those that the search itself took."""

    painted_ms: float
    search_ms: float

    @property
    def added_ms(self) -> float:
        return self.painted_ms - self.search_ms


@dataclass(frozen=True, slots=True)
class Scrolled:
    """Milliseconds: the longest task and the longest time between two frames while it scrolled to the end, and the
    longest task while the results came."""

    task_ms: float
    frame_ms: float
    coming_ms: float
    cards: int


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium. Raises SystemExit where it is not installed."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        raise SystemExit("Chromium is not here: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(CHROMIUM))
        yield browser
        browser.close()


def interactive_ms(browser: Browser, address: str) -> float:
    """Milliseconds from the navigation until scripts run and searches to try stand there; nothing is cached."""
    with _page(browser) as page:
        page.goto(address, wait_until="commit")
        page.wait_for_function(INTERACTIVE, polling="raf")
        return float(page.evaluate("performance.now()"))


def shown(browser: Browser, address: str, queries: Sequence[str]) -> list[Shown]:
    """One search after another, typed and sent with Enter."""
    found = []
    with _page(browser) as page:
        page.goto(address)
        page.wait_for_function(INTERACTIVE)
        box = page.get_by_role("textbox", name="Search")
        for words in queries:
            box.fill(words)
            page.evaluate(SENT)
            box.press("Enter", no_wait_after=True)
            painted = float(page.evaluate(SHOWN, words))
            told = page.locator(".mm-how summary .mm-quiet").inner_text()
            found.append(Shown(painted - float(page.evaluate("window.sent")), float(told.split()[1])))
    return found


def scrolled(browser: Browser, address: str, words: str, count: int) -> Scrolled:
    """So many results, scrolled through to the end."""
    with _page(browser) as page:
        page.goto(f"{address}/?{urlencode({'q': words, 'k': count})}")
        page.evaluate(SHOWN, words)
        page.wait_for_timeout(500)
        coming = [duration for _, duration in page.evaluate("window.longTasks")]
        began, ended, frame_ms = page.evaluate(SCROLL)
        page.wait_for_timeout(200)
        tasks = [duration for start, duration in page.evaluate("window.longTasks") if began <= start <= ended]
        cards = page.locator(".mm-card").count()
        return Scrolled(max(tasks, default=0.0), float(frame_ms), max(coming, default=0.0), cards)


@contextmanager
def _page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.add_init_script(WATCH)
    try:
        yield page
    finally:
        context.close()
