"""Starting and stopping the page, and what it says when there is nothing or something broke."""

import os
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
def empty(tmp_path: Path) -> Path:
    """A library without documents."""
    off = {"part": ""}
    Client(tmp_path / "library", recognizer=off, ocr=off, spaces={"image": off, "table": off}).close()
    return tmp_path / "library"


def test_a_port_that_is_taken_is_one_sentence_and_exit_code_1(empty: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            command("serve", "--library", empty, "--port", str(port)),
            cwd=empty.parent,
            env=environment(empty.parent),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 1
    assert done.stdout == ""
    sentence = f"cannot listen on 127.0.0.1, port {port}: Address already in use; choose another with --port"
    assert done.stderr == f"error: {sentence}\n"


def test_an_interrupt_stops_it_and_lets_the_library_go(empty: Path) -> None:
    with serving(empty.parent, empty) as (_, process):
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
        assert process.stdout
        assert process.stdout.read() == ""
    Client(empty, create=False).close()


def test_an_empty_library_says_what_to_do_and_a_dead_store_is_one_sentence(empty: Path, chromium: Browser) -> None:
    with serving(empty.parent, empty) as (address, process):
        page = chromium.new_page()
        page.goto(address + "?q=whale&in=table")
        expect(page.locator("#answer h2")).to_have_text("Nothing found", timeout=30_000)
        expect(page.locator(".mm-empty")).to_contain_text("mmsearch index PATH")
        page.get_by_text("Search in all media").click()
        page.wait_for_url("**/?q=whale")
        expect(page.get_by_role("checkbox", name="Tables")).not_to_be_checked()

        children = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=True)
        for child in children.stdout.split():
            os.kill(int(child), signal.SIGKILL)
        page.get_by_role("textbox", name="Search").fill("anchor")
        page.get_by_role("textbox", name="Search").press("Enter")
        error = page.get_by_role("alert")
        expect(error).to_be_visible(timeout=60_000)
        said = error.inner_text()
        assert "Traceback" not in said
        assert 20 < len(said) < 300
        page.close()
