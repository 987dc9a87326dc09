"""What the README shows is run as it stands there."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from textwrap import indent

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from media import photo
from serving import TOKEN, on_a_port, open_light, served

README = (Path(__file__).parents[2] / "README.md").read_text()

pytestmark = [pytest.mark.encoders, pytest.mark.slow]

LIGHT = "".join(f'[spaces.{name}]\npart = ""\n' for name in ("image", "table", "sound"))
LIGHT += '[recognizer]\npart = ""\n[ocr]\npart = ""\n'


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with the folders that the README speaks of."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "boats.md").write_text("# Night\n\nThe boats went out at night with red lamps.\n")
    (tmp_path / "mmsearch.toml").write_text(LIGHT)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("MMSEARCH_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _block(heading: str) -> str:
    section = README.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return "\n".join(line[4:] for line in section.splitlines() if line.startswith("    ") or not line.strip())


def test_the_python_example_runs(home: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _block("From Python")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stdout, "the example asks for pictures and sound, and there is only a text"


@pytest.mark.timeout(900)  # two dozen processes, one after another
def test_the_command_lines_are_accepted(home: Path) -> None:
    commands = re.findall(r"^mmsearch .*", _block("From the command line"), re.MULTILINE)
    assert len(commands) == 28
    (home / "talks.jsonl").write_text('{"text": "A talk on the tides."}\n')
    pq.write_table(pa.table({"body": ["A row of buoys."]}), home / "rows.parquet")
    for command in commands:
        arguments = shlex.split(command, comments=True)[1:]
        left_out = {"serve", "watch", "doctor", "eval", "compare", "calibrate", "fit-tables", "reembed"}
        if arguments[0] in left_out or {"--image", "--audio"} & {*arguments} or "://" in command:
            arguments = [arguments[0], "--help"]
        else:
            arguments = [str(Path(argument).expanduser()) if argument[0] == "~" else argument for argument in arguments]
        done = subprocess.run(
            [sys.executable, "-m", "mmsearch.cli", *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (command, done.stderr)


def test_the_clients_of_a_server_run(home: Path) -> None:
    photo(64, 48).save(home / "gull.jpg")
    (home / "notes.txt").write_text("The boats went out at night.")
    (home / "photos" / "lamp.txt").write_text("A red lamp at the mole.")
    code = _block("A server, and several processes").partition("from mmsearch import")[2]
    code = code.partition("mmsearch keys")[0]
    with open_light(home / "library") as client, on_a_port(served(client)) as address:
        code = f"from mmsearch import{code}".replace("http://localhost:7860", address)
        code = code.replace("/srv/photos", str(home / "photos")).replace(
            "Client(", f'Client(server={{"token": "{TOKEN}"}}, library='
        )
        clients, _, asynchronous = code.partition("async with")
        program = f"{clients}import asyncio\nasync def main():\n"
        program += (
            indent(f"async with{asynchronous}\n    print(len(ranking.results))", "    ") + "\nasyncio.run(main())"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "done 1" in done.stdout
        assert done.stdout.endswith("3\n"), done.stdout


def test_the_adapters_run(home: Path) -> None:
    here, _, served_elsewhere = (
        _block("Assistants, Haystack, LangChain")
        .partition("from haystack")[2]
        .partition("from mmsearch.adapters.langchain")
    )
    with open_light(home / "library") as client:
        client.index(home / "notes")
        behind_a_server = f"from mmsearch.adapters.langchain{served_elsewhere}"
        with on_a_port(served(client)) as address:
            langchain = _printed(behind_a_server.replace("http://localhost:7860", address))
    haystack = _printed(f"from haystack{here}".replace("./library", str(home / "library")))
    assert "notes/boats.md" in langchain
    assert "notes/boats.md {'start_char'" in haystack
    assert "went out at night with red lamps" in haystack


def _printed(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_make_targets_are_there() -> None:
    makefile = (Path(__file__).parents[2] / "Makefile").read_text()
    for target in re.findall(r"(?:^    |`)make ([a-z-]+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
