"""What programs and people rely on, compared with files in the repository: a change here is a change for them.

`UPDATE=1 pytest tests/unit/test_public_face.py` writes the files anew; the difference then stands in the commit.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

import typer.main
from serving import open_light, served

import mmsearch
from mmsearch import errors
from mmsearch.cli import app

DATA = Path(__file__).parents[1] / "data"


def _same(name: str, text: str) -> None:
    file = DATA / name
    if os.environ.get("UPDATE"):
        file.write_text(text)
    assert text == file.read_text(), f"{name} no longer says what the code does; see the docstring of this file"


def test_error_codes_are_stable() -> None:
    classes = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, errors.MMSearchError)]
    lines = (f"{c.__name__:<18} {c.code:<18} {c.status} {'retryable' if c.retryable else ''}".rstrip() for c in classes)
    _same("errors.txt", "\n".join(lines) + "\n")


def test_every_error_has_its_own_code_and_stands_in_the_tree() -> None:
    classes = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, errors.MMSearchError)]
    assert len({c.code for c in classes}) == len(classes)
    assert all(re.search(rf"\b{c.__name__}\b", errors.__doc__ or "") for c in classes)


def test_commands_and_options_are_stable() -> None:
    _same("commands.txt", "\n".join(_commands(typer.main.get_command(app), "mmsearch")) + "\n")


def _commands(command: Any, name: str) -> list[str]:
    lines = [f"{name} {_parameter(p)}" for p in command.params]
    for child, sub in getattr(command, "commands", {}).items():
        lines += _commands(sub, f"{name} {child}") or [f"{name} {child}"]
    return lines


def _parameter(parameter: Any) -> str:
    names = "/".join((*parameter.opts, *parameter.secondary_opts))
    return f"{names}{' ...' if parameter.nargs == -1 or parameter.multiple else ''}"


def test_the_routes_and_what_they_say_are_stable(tmp_path: Path) -> None:
    with open_light(tmp_path / "library") as client:
        document = served(client).openapi()
    _same("openapi.json", json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def test_public_names_are_stable() -> None:
    from mmsearch.client import Client

    methods = sorted(name for name in vars(Client) if not name.startswith("_"))
    _same("names.txt", "\n".join([*sorted(mmsearch.__all__), *(f"Client.{name}" for name in methods)]) + "\n")
