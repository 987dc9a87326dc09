"""What all commands share: options with one meaning, exit codes, how errors and JSON are printed."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from mmsearch.errors import InputError, MMSearchError
from mmsearch.types import Modality

OK, FAILED, BAD_DOCUMENTS = 0, 1, 3
"""Exit codes: well; failed; went through, but some documents are bad. 2 is a wrong command line, 130 an interrupt."""

Library = Annotated[
    str | None, typer.Option("--library", help="Folder of the library, or http://host:port.  [default: library]")
]
Wait = Annotated[
    float | None,
    typer.Option("--wait", min=0, help="Seconds to wait for another process that has it open.  [default: 10]"),
]
Runs = Annotated[
    Path | None, typer.Option("--runs", help="Folder where runs are saved.  [default: in the user's cache]")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON value on stdout.")]


@contextmanager
def errors(as_json: bool = False) -> Iterator[None]:
    """Prints our errors as one sentence and leaves with the exit code for them."""
    from rich.markup import escape

    from mmsearch import terminal
    from mmsearch.schemas import error_json

    try:
        yield
    except MMSearchError as error:
        if as_json:
            print_json(error_json(error))
        terminal.err.print(f"[red]error:[/] {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(FAILED) from None
    except KeyboardInterrupt:
        terminal.err.print("stopped; what was done is kept, the same command goes on from here")
        raise typer.Exit(130) from None


def print_json(value: Any) -> None:
    """One JSON value in one line on stdout."""
    from mmsearch.schemas import encoded

    sys.stdout.write(encoded(value).decode() + "\n")


def names(text: str) -> list[str]:
    """The names of a list with commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def modality_of(name: str) -> Modality:
    """The modality of that name. Raises InputError naming those there are."""
    for known in get_args(Modality):
        if name == known:
            return known  # type: ignore[no-any-return]
    raise InputError(f'no modality is called "{name}"; there are {", ".join(get_args(Modality))}')
