"""A small town in four media, and its library behind the real server."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from media import photo, write_audio
from playwright.sync_api import Page

EVIL = "<img src=x onerror='window.hacked=1'><script>window.hacked=2</script> ${window.hacked=3} {{value}}"
"""What a document could say to run as a script in the page; it holds no word of any test's query but "maelstrom"."""

SETTINGS = """
[recognizer]
part = ""
[ocr]
part = ""
"""
"""Transcripts and captions are given; the spaces whose weights are not here are closed, as on a new machine."""


def make_town(folder: Path) -> Path:
    """The town's documents; each subject is in one medium alone."""
    folder.mkdir()
    (folder / "festival.md").write_text(
        "# The lantern festival\n\n## October\n\nEvery autumn the children carry paper lanterns down to the beach.\n"
    )
    boats = [f"Kittiwake {number},{1900 + number},{number * 10}" for number in range(1, 30)]
    boats[16] = "Silver Dawn,1917,4711"
    (folder / "boats.csv").write_text("boat,built,herring_barrels\n" + "\n".join(boats) + "\n")
    photo(640, 400).save(folder / "cliff.png")
    (folder / "cliff.txt").write_text("A red cottage on the cliff at sunset.")
    write_audio(folder / "memories.flac", "flac", seconds=60.0)
    (folder / "memories.vtt").write_text(
        "WEBVTT\n\n"
        "00:00:00.000 --> 00:00:19.000\nIn those days the ferry left at nine.\n\n"
        "00:00:20.000 --> 00:00:38.000\nThen came the winter of the great frost.\n\n"
        "00:00:40.000 --> 00:00:58.000\nOld Jonas saw a whale swim past the breakwater.\n"
    )
    chapel = "The chapel has one bell, which is rung on Fridays at noon for the fishermen who did not come home."
    for name in ("chapel.md", "chapel_print.txt", "chapel_draft.txt"):
        (folder / name).write_text(chapel)
    (folder / "evil.md").write_text(f"# Maelstrom {EVIL}\n\nA maelstrom: {EVIL}\n")
    (folder / "evil.csv").write_text(f'maelstrom,"{EVIL}"\n"{EVIL}",maelstrom\n"{EVIL}",b\n')
    return folder


def environment(folder: Path, more: str = "") -> dict[str, str]:
    """Of a process with the settings above, and more, and no weights but those that come with a package."""
    config = folder / "mmsearch.toml"
    config.write_text(SETTINGS + more)
    hub = {"HF_HOME": str(folder / "hub"), "HF_HUB_OFFLINE": "1"}
    return {**os.environ, **hub, "MMSEARCH_CONFIG": str(config), "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "mmsearch.cli", *map(str, arguments)]


@contextmanager
def serving(
    folder: Path, library: Path, *options: str, more: str = ""
) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """The address of a server on the library, and its process, which is interrupted at the end."""
    process = subprocess.Popen(
        command("serve", "--library", library, "--port", "0", *options),
        cwd=folder,
        env=environment(folder, more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout
    try:
        line = process.stdout.readline()
        assert line == "loading the models ...\n", line + process.stdout.read()
        line = process.stdout.readline()
        assert " ready at http://127.0.0.1:" in line, line + process.stdout.read()
        yield line.split(" ready at ")[1].split()[0], process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)
        process.stdout.close()


class Open(Protocol):
    """Opens the page at an address relative to it."""

    def __call__(self, path: str = "", width: int = 1280, height: int = 900, dark: bool = False) -> Page: ...
