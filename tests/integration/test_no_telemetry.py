"""Indexing, searching and serving speak to nobody outside this machine: no telemetry, of nobody's."""

import os
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
from town import command, make_town

pytestmark = [pytest.mark.encoders, pytest.mark.slow]

GUARD = Path(__file__).parents[1] / "guard"
SWITCHES = ("HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "GRADIO_ANALYTICS_ENABLED", "RAY_USAGE_STATS_ENABLED")
"""What a user's environment does not say, and this test's may."""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A new user's, on a machine without weights, with a guard in every Python."""
    kept = {name: value for name, value in os.environ.items() if name not in (*SWITCHES, "MMSEARCH_CONFIG")}
    path = os.pathsep.join([str(GUARD), *sys.path])
    new = {"HOME": str(tmp_path), "HF_HOME": str(tmp_path / "hub"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    return {**kept, **new, "PYTHONPATH": path, "GUARD_LOG": str(tmp_path / "guard.log"), "PYTHONUNBUFFERED": "1"}


def run(home: Path, environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        command(*arguments), cwd=home, env=environment, capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def told(environment: dict[str, str]) -> str:
    log = Path(environment["GUARD_LOG"])
    return log.read_text() if log.exists() else ""


def test_the_guard_notes_and_refuses_what_leaves_the_machine(tmp_path: Path, environment: dict[str, str]) -> None:
    script = (
        "import socket, urllib.request\n"
        "for ask in (lambda: socket.create_connection(('192.0.2.1', 80)), lambda: urllib.request.urlopen('http://a.invalid')):\n"
        "    try: ask()\n"
        "    except OSError as error: print(error)\n"
        "with socket.create_server(('127.0.0.1', 0)) as here: socket.create_connection(here.getsockname()).close()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert "guard refuses" in done.stdout
    assert "192.0.2.1" in told(environment)
    assert "a.invalid" in told(environment)
    assert "127.0.0.1" not in told(environment)


@pytest.mark.timeout(900)  # four processes that import torch
def test_index_search_and_serve_ask_nobody(tmp_path: Path, environment: dict[str, str]) -> None:
    make_town(tmp_path / "town")
    run(tmp_path, environment, "index", "town")
    assert "memories" in run(tmp_path, environment, "search", "the whale and the lanterns")
    server = subprocess.Popen(
        command("serve", "--port", "0"), cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout
    try:
        address = server.stdout.readline().split(" at ")[1].split()[0].rstrip("/")
        with httpx2.Client(base_url=address, timeout=120) as http:
            assert "gradio" in http.get("/").text
            for place in ("/config", "/v1/search?q=whale", "/readyz"):
                assert http.get(place).status_code == 200, place
        run(tmp_path, environment, "index", "town")
    finally:
        server.terminate()
        server.wait(60)
    assert told(environment) == ""
