"""Scripts that stand in documents, their names and what is said of them run nowhere, in a real browser."""

from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from serving import on_a_port, served

from benchmarks.injecting import injected, look_at
from mmsearch_ui.page import mount

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.timeout(900)
def test_no_script_of_a_document_runs_on_any_page(tmp_path: Path, chromium: Browser) -> None:
    with (
        injected(tmp_path, server={"keep_words": True}) as (client, scripts),
        on_a_port(served(client, mount=partial(mount, client))) as address,
    ):
        looked = look_at(chromium, address + "/", client, scripts)
    assert looked.scripts > 250
    assert looked.pages >= 90
    assert looked.results >= 100, "the documents were shown"
    assert looked.ran == ()


def test_the_browser_tells_of_a_script_that_runs(chromium: Browser) -> None:
    """What looks at the pages sees each form run where nothing escapes it."""
    from benchmarks.injecting import FORMS

    ran = []
    page = chromium.new_page()
    for form in FORMS[:4]:
        page.set_content(f"<html><body>{form.format('here')}</body></html>")
        page.wait_for_timeout(300)
        ran.append(page.evaluate("window.ran"))
        page.evaluate("window.ran = undefined")
    page.close()
    assert ran == ["here"] * 4
