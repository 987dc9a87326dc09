"""The projects that indexing is compared with, each in a process and an environment of its own."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from benchmarks.environments import python_of

HERE = Path(__file__).parent
PEERS = ("txtai", "haystack")


class Peer:
    """A peer with its model in memory; a call is one indexing of the passages, and gives its seconds."""

    def __init__(self, name: str, model: Path, passages: Path) -> None:
        self._process = subprocess.Popen(
            [python_of("peers"), HERE / "peers.py", name, model, passages],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HF_HUB_OFFLINE": "1"},
            text=True,
        )
        assert self._line() == "ready", f"{name} does not start"

    def __call__(self) -> float:
        stdin: IO[str] = self._process.stdin  # type: ignore[assignment]  # a pipe
        stdin.write("\n")
        stdin.flush()
        return float(self._line())

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()

    def _line(self) -> str:
        stdout: IO[str] = self._process.stdout  # type: ignore[assignment]  # a pipe
        return next((line.strip() for line in stdout if line.strip() == "ready" or _is_number(line)), "")


def start(model: Path, texts: Mapping[str, str], folder: Path) -> dict[str, Peer]:
    """All peers, each with the passages by id."""
    passages = folder / "passages.json"
    passages.write_text(json.dumps(list(texts.items())))
    return {name: Peer(name, model, passages) for name in PEERS}


def versions() -> str:
    """What the peers are, for the report."""
    asked = "from importlib.metadata import version as v; print('txtai', v('txtai') + ', Haystack', v('haystack-ai'))"
    return subprocess.run([python_of("peers"), "-c", asked], check=True, capture_output=True, text=True).stdout.strip()


def _is_number(line: str) -> bool:
    return line.strip().replace(".", "", 1).replace("e-", "", 1).isdigit()
