"""Scripts that stand in documents, and requests that are made up: what ran, and what was a mistake of the server."""

import argparse
import shutil
from collections import Counter
from functools import partial
from pathlib import Path

from media import photo
from playwright.sync_api import sync_playwright
from serving import TOKEN, on_a_port, open_light, served

from benchmarks.api_fuzzing import fuzz
from benchmarks.injecting import FORMS, injected, look_at
from benchmarks.quality_report import Measured, Target, table
from mmsearch.keys import Keys
from mmsearch_ui.page import mount

CHROMIUM = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")


def scripts(options: argparse.Namespace, folder: Path) -> Measured:
    """A library of scripts, every page of which is opened in Chromium. Raises SystemExit where there is none."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        raise SystemExit("Chromium is not here: apt-get install chromium")
    with (
        injected(folder, server={"keep_words": True}) as (client, stored),
        on_a_port(served(client, mount=partial(mount, client))) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=program, args=list(CHROMIUM))
        looked = look_at(browser, address + "/", client, stored)
        browser.close()
    rows = [
        ("scripts in documents", str(looked.scripts)),
        ("pages opened", str(looked.pages)),
        ("results shown", str(looked.results)),
    ]
    rows += [("scripts that ran", str(len(looked.ran))), *(("ran", ran) for ran in looked.ran)]
    return Measured(
        table(f"{len(FORMS)} forms of script, in every place that a document has", ("", ""), rows),
        [Target("scripts", "injected scripts that ran", len(looked.ran), 0, at_most=True)],
    )


def requests(options: argparse.Namespace, folder: Path) -> Measured:
    """Requests that schemathesis makes up for every operation of the OpenAPI."""
    (folder / "files").mkdir()
    (folder / "files" / "whale.txt").write_text("Old Jonas saw a whale.")
    photo(64, 48).save(folder / "files" / "cliff.png")
    with open_light(folder / "library") as client:
        client.index(folder / "files")
        secret = Keys(client.app.folder).add("writer", "write")[1]
        found = fuzz(served(client, keyless=False), {"admin": TOKEN, "write": secret}, options.cases)
    by_class = Counter({f"{status}": count for status, count in sorted(found.statuses.items())})
    rows = [(f"answered {status}", f"{count:,}") for status, count in by_class.items()]
    rows += [("mistake", mistake) for mistake in found.mistakes]
    return Measured(
        table(f"{found.cases.total():,} requests to {len(found.cases)} operations", ("", "requests"), rows),
        [
            Target("requests", "cases tried", found.cases.total(), 1_000),
            Target("requests", "answered 500", len(found.mistakes), 0, at_most=True),
        ],
    )
