"""Starting and stopping the page, and what it says when there is nothing or something broke."""

import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from town import command, environment, serving

from mmsearch.client import Client

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """A library of one text."""
    (tmp_path / "whale.txt").write_text("Old Jonas saw a whale swim past the breakwater.")
    off = {"part": ""}
    with Client(
        tmp_path / "library", recognizer=off, ocr=off, spaces={"image": off, "table": off, "sound": off}
    ) as client:
        client.index(tmp_path / "whale.txt")
    return tmp_path / "library"


def test_a_port_that_is_taken_is_one_sentence_and_exit_code_1(notes: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            command("serve", "--library", notes, "--port", str(port)),
            cwd=notes.parent,
            env=environment(notes.parent),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 1
    assert done.stdout == ""
    sentence = f"cannot listen on 127.0.0.1, port {port}: Address already in use; choose another with --port"
    assert done.stderr == f"error: {sentence}\n"


def test_an_interrupt_stops_it_and_lets_the_library_go(notes: Path) -> None:
    with serving(notes.parent, notes) as (_, process):
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
        assert process.stdout
        assert process.stdout.read() == ""
    Client(notes, create=False).close()


def test_nothing_found_says_what_to_try_and_a_dead_store_is_one_sentence(notes: Path, chromium: Browser) -> None:
    with serving(notes.parent, notes) as (address, process):
        page = chromium.new_page()
        page.goto(address + "?q=whale&in=table")
        expect(page.locator("#answer h2")).to_have_text("Nothing found", timeout=30_000)
        expect(page.locator(".mm-empty")).to_contain_text("mmsearch index PATH")
        page.get_by_text("Search in all media").click()
        page.wait_for_url("**/?q=whale")
        expect(page.locator(".mm-card h2")).to_have_text("Whale")
        expect(page.get_by_role("navigation", name="Media").locator("[aria-current]")).to_have_text(re.compile("All"))

        children = [file.read_text().split() for file in Path(f"/proc/{process.pid}/task").glob("*/children")]
        store = [int(child) for of_thread in children for child in of_thread]
        assert store
        for child in store:
            os.kill(child, signal.SIGKILL)
        page.get_by_role("textbox", name="Search").fill("anchor")
        page.get_by_role("textbox", name="Search").press("Enter")
        error = page.get_by_role("alert")
        expect(error).to_be_visible(timeout=60_000)
        said = error.inner_text()
        assert "Traceback" not in said
        assert 20 < len(said) < 300
        page.close()
