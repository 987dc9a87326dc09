"""What all commands share: options with one meaning, exit codes, how errors and JSON are printed."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from mmsearch.errors import InputError, MMSearchError
from mmsearch.types import ROOT_KINDS, Modality, RootKind

if TYPE_CHECKING:
    from mmsearch.keys import Scope

OK, FAILED, BAD_DOCUMENTS, INTERRUPTED = 0, 1, 3, 130
"""Exit codes: well; failed; went through, but some documents are bad; Ctrl-C or SIGTERM. 2 is a wrong command line."""

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
Rerank = Annotated[
    bool | None,
    typer.Option("--rerank/--no-rerank", help="Have the best results read again.  [default: as set, which is off]"),
]
Answer = Annotated[
    bool | None,
    typer.Option("--answer/--no-answer", help="Ask the first results for the answer.  [default: as set, which is on]"),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON value on stdout.")]

Include = Annotated[
    list[str] | None,
    typer.Option("--include", metavar="GLOB", help="Index only what matches, such as '*.jpg'; may be repeated."),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="GLOB", help="Leave out what matches, such as 'drafts/'; may be repeated."),
]
FollowSymlinks = Annotated[
    bool | None,
    typer.Option("--follow-symlinks/--no-follow-symlinks", help="Follow links out of the folder.  [default: no]"),
]
Access = Annotated[
    list[str] | None,
    typer.Option(
        "--access", metavar="NAME", help="A person or group who may see it, with others named so; may be repeated."
    ),
]


def indexing_options(follow_symlinks: bool | None) -> dict[str, Any] | None:
    """The settings below `indexing` that the command line names."""
    return None if follow_symlinks is None else {"follow_symlinks": follow_symlinks}


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
        raise typer.Exit(INTERRUPTED) from None


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


def kind_of_root(name: str) -> RootKind:
    """The kind of root of that name, as far as a command can look at it. Raises InputError naming those there are."""
    for known in ROOT_KINDS:
        if name == known and name != "records":
            return known
    raise InputError(f'nothing is indexed as "{name}"; there are files, manifest, dataset')


def scope_of(name: str) -> "Scope":
    """The scope of that name. Raises InputError naming those there are."""
    from mmsearch.keys import SCOPES

    for known in SCOPES:
        if name == known:
            return known
    raise InputError(f'no scope is called "{name}"; there are {", ".join(SCOPES)}')


def pairs(said: Iterable[str]) -> dict[str, str]:
    """ROLE=NAME options as a mapping; what is wrong with a role is said where roles are known."""
    return dict(pair.partition("=")[::2] for pair in said)
