"""The commands that take a library elsewhere: to another place (export, backup and back), another model (reembed)."""

from pathlib import Path
from typing import Annotated

import typer

from mmsearch.cli.options import BAD_DOCUMENTS, FAILED, INTERRUPTED, Json, Library, Wait, errors, print_json
from mmsearch.cli.stopping import stopping


def export(
    folder: Annotated[Path, typer.Argument(help="A new folder.")],
    library: Library = None,
    as_json: Json = False,
) -> None:
    """Write the library into a folder: Parquet files that other programs read too, and that "import" takes in."""
    from mmsearch import schemas, terminal, terminal_moves
    from mmsearch.client import Client

    with errors(as_json), Client(library, create=False) as client:
        with terminal.progress(quiet=as_json, doing="exporting") as on_progress:
            exported = client.export(folder, on_progress)
        if as_json:
            print_json(schemas.exported_json(exported))
        else:
            terminal_moves.show_exported(exported)


def import_(
    folder: Annotated[Path, typer.Argument(help='A folder that "export" wrote.')],
    library: Library = None,
    as_json: Json = False,
) -> None:
    """Take an export into the library, new or not; into a Milvus server where the settings name one."""
    from mmsearch import schemas, terminal, terminal_moves
    from mmsearch.client import Client

    with errors(as_json), Client(library) as client:
        with terminal.progress(quiet=as_json, doing="importing") as on_progress:
            imported = client.import_(folder, on_progress)
        if as_json:
            print_json(schemas.imported_json(imported))
        else:
            terminal_moves.show_imported(imported)


def backup(
    folder: Annotated[Path, typer.Argument(help="A new folder.")],
    library: Library = None,
    as_json: Json = False,
) -> None:
    """Copy the library into a folder, also while it is served and indexed; "restore" makes a library of it."""
    from mmsearch import schemas, terminal_moves
    from mmsearch.client import Client

    with errors(as_json), Client(library, create=False) as client:
        done = client.library.back_up(folder.expanduser().absolute())
        if as_json:
            print_json(schemas.backed_up_json(done))
        else:
            terminal_moves.show_backed_up(done)


def restore(
    folder: Annotated[Path, typer.Argument(help='A folder that "backup" wrote.')],
    library: Library = None,
    as_json: Json = False,
) -> None:
    """Make a library of a backup, in a new or empty folder; every file and every row is checked."""
    from mmsearch import terminal, terminal_moves
    from mmsearch.restoring import restore, restored_json

    with errors(as_json):
        with terminal.progress(quiet=as_json, doing="restoring") as on_progress:
            restored = restore(folder, library, on_progress)
        if as_json:
            print_json(restored_json(restored))
        else:
            terminal_moves.show_restored(restored)
        if not restored.audit.whole:
            raise typer.Exit(FAILED)


def reembed(
    space: Annotated[str, typer.Argument(help="text, image, table, or another space of the settings.")],
    model: Annotated[
        str, typer.Option(help="The new model, as the settings name it.  [default: the one that they name]")
    ] = "",
    pretrained: Annotated[str, typer.Option(help="Its weights by name (open_clip).")] = "",
    library: Library = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it takes.")] = False,
    rollback: Annotated[bool, typer.Option("--rollback", help="Go back to the previous model.")] = False,
    forget_previous: Annotated[
        bool, typer.Option("--forget-previous", help="Drop what is kept to go back to.")
    ] = False,
    wait: Wait = None,
    as_json: Json = False,
) -> None:
    """Take a space to another model, from what the library holds; searches go on with the old one meanwhile.

    The library remembers its model: the settings need not be changed. A library that is served is changed by its
    server.
    """
    if not (dry_run or forget_previous):
        run_reembed(library, space, model, pretrained, rollback, as_json, wait)
        return
    from mmsearch import schemas, terminal, terminal_moves
    from mmsearch.client import Client

    with errors(as_json), Client(library, create=False, on_wait=terminal.waiting, wait_s=wait) as client:
        if forget_previous:
            rows = client.forget_previous(space)
            if as_json:
                print_json(schemas.forgotten_json(space, rows))
            else:
                terminal.out.print(f"{rows:,} rows of the previous model of {space} were dropped")
        else:
            expected = client.estimate_reembed(space, model, pretrained)
            if as_json:
                print_json(schemas.reembed_estimate_json(expected))
            else:
                terminal_moves.show_estimate(expected)


def run_reembed(
    library: str | None,
    space: str,
    model: str,
    pretrained: str,
    rollback: bool,
    as_json: bool,
    wait: float | None = None,
) -> None:
    """Say what it takes, do it, show how far it is and what was done, and leave with the exit code for it."""
    from mmsearch import schemas, terminal, terminal_moves
    from mmsearch.client import Client

    with errors(as_json), Client(library, create=False, on_wait=terminal.waiting, wait_s=wait) as client:
        with stopping() as stop, terminal.progress(quiet=as_json, doing=f"embedding {space}") as on_progress:
            if rollback:
                done = client.roll_back(space, on_progress, stop)
            else:
                expected = client.estimate_reembed(space, model, pretrained)
                terminal_moves.show_estimate(expected)
                expected.check_room()
                done = client.reembed(space, model, pretrained, on_progress, stop)
        if as_json:
            print_json(schemas.reembedded_json(done))
        else:
            terminal_moves.show_reembedded(done)
        if done.stopped:
            raise typer.Exit(INTERRUPTED)
        if done.failed:
            raise typer.Exit(BAD_DOCUMENTS)
