"""A folder with a library in it, and processes of the command line there."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from town import command, environment, make_town, serving

HOLDING = """
import sys
from mmsearch.client import Client
with Client(sys.argv[1], create=False):
    print("open", flush=True)
    sys.stdin.readline()
"""


def end(holding: "subprocess.Popen[str]") -> None:
    """Let go of a library that is held, and wait for it."""
    if holding.poll() is None:
        holding.communicate("\n", timeout=60)


WORDS_ALONE = "".join(f'[spaces.{space}]\npart = ""\n' for space in ("text", "image", "table", "sound"))
"""So that each process is there at once."""


class Place:
    """A folder with the town and a library of it, and the command line there."""

    def __init__(self, folder: Path, settings: str = WORDS_ALONE) -> None:
        self.folder, self.home, self.town = folder, folder / "library", make_town(folder / "town")
        self.settings = settings

    @property
    def environment(self) -> dict[str, str]:
        return environment(self.folder, self.settings)

    def start(self, *arguments: str, **options: Any) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            command(*arguments),
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """(exit code, stdout, stderr)"""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=240)
        return process.returncode, out, err

    def json(self, *arguments: str) -> Any:
        code, out, err = self.run(*arguments, "--json")
        assert out.count("\n") == 1, (code, out, err)
        return json.loads(out)

    @contextmanager
    def served(self) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
        with serving(self.folder, self.home, "--no-page", more=self.settings) as found:
            yield found

    @contextmanager
    def held(self) -> Iterator["subprocess.Popen[str]"]:
        """Another process that has the library open and does not serve it; a line on its stdin ends it."""
        holding = subprocess.Popen(
            [sys.executable, "-c", HOLDING, str(self.home)],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert holding.stdin
        assert holding.stdout
        assert holding.stdout.readline() == "open\n"
        try:
            yield holding
        finally:
            end(holding)
