"""The command that keeps a library up to date: watch."""

import signal
import sys
from typing import Annotated, Any

import typer

from mmsearch.cli.options import Exclude, FollowSymlinks, Include, Library, errors, indexing_options, print_json
from mmsearch.errors import MMSearchError
from mmsearch.reports import Report


def watch(
    paths: Annotated[list[str], typer.Argument(help="Folders of this machine.")],
    library: Library = None,
    include: Include = None,
    exclude: Exclude = None,
    follow_symlinks: FollowSymlinks = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON value a line for each indexing.")] = False,
) -> None:
    """Index the folders now and whenever something in them changes, until Ctrl-C.

    The library is open only while it is being changed, so that it can be searched in between.
    """
    from mmsearch import schemas, terminal
    from mmsearch.client import Client
    from mmsearch.settings import read_settings
    from mmsearch.watching import follow

    indexing = indexing_options(follow_symlinks)
    how: dict[str, Any] = {"include": include or (), "exclude": exclude or ()}

    def index() -> Report:
        with Client(library, indexing=indexing) as client:
            return client.index(*paths, **how)

    def tell(outcome: Report | MMSearchError) -> None:
        if as_json and isinstance(outcome, Report):
            print_json(schemas.report_json(outcome))
            sys.stdout.flush()
        else:
            terminal.show_outcome(outcome)

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a service manager's Ctrl-C
    with errors(as_json):
        try:
            terminal.err.print(f"watching {', '.join(map(str, paths))}; Ctrl-C ends it", markup=False, soft_wrap=True)
            follow(paths, read_settings(library=library, indexing=indexing).library, index, tell)
        except KeyboardInterrupt:
            terminal.err.print("stopped watching; what was done is kept")
