"""The commands that take a library elsewhere: to another place (export, import), to another model (reembed)."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from mmsearch.cli.options import BAD_DOCUMENTS, Json, Library, errors, print_json
from mmsearch.errors import InputError


def export(
    folder: Annotated[Path, typer.Argument(help="A new folder.")],
    library: Library = None,
    as_json: Json = False,
) -> None:
    """Write the library into a folder: Parquet files that other programs read too, and that "import" takes in."""
    from mmsearch import schemas, terminal
    from mmsearch.client import Client

    with errors(as_json), Client(library, create=False) as client:
        with terminal.progress(quiet=as_json, doing="exporting") as on_progress:
            exported = client.export(folder, on_progress)
        if as_json:
            print_json(schemas.exported_json(exported))
        else:
            terminal.show_exported(exported)


def import_(
    folder: Annotated[Path, typer.Argument(help='A folder that "export" wrote.')],
    library: Library = None,
    as_json: Json = False,
) -> None:
    """Take an export into the library, new or not; into a Milvus server where the settings name one."""
    from mmsearch import schemas, terminal
    from mmsearch.client import Client

    with errors(as_json), Client(library) as client:
        with terminal.progress(quiet=as_json, doing="importing") as on_progress:
            imported = client.import_(folder, on_progress)
        if as_json:
            print_json(schemas.imported_json(imported))
        else:
            terminal.show_imported(imported)


def reembed(
    space: Annotated[str, typer.Argument(help="text, image, table, or another space of the settings.")],
    model: Annotated[
        str, typer.Option(help="The new model, as the settings name it.  [default: the one that they name]")
    ] = "",
    pretrained: Annotated[str, typer.Option(help="Its weights by name (open_clip).")] = "",
    library: Library = None,
    estimate: Annotated[bool, typer.Option("--estimate", help="Only say what it takes.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    rollback: Annotated[bool, typer.Option("--rollback", help="Go back to the previous model.")] = False,
    forget_previous: Annotated[
        bool, typer.Option("--forget-previous", help="Drop what is kept to go back to.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Take a space to another model, from what the library holds; searches go on with the old one meanwhile."""
    from mmsearch import schemas, terminal
    from mmsearch.client import Client

    with errors(as_json), Client(library, create=False) as client:
        if forget_previous:
            rows = client.forget_previous(space)
            if as_json:
                print_json({"space": space, "forgotten_rows": rows})
            else:
                terminal.out.print(f"{rows:,} rows of the previous model of {space} were dropped")
            return
        if not rollback:
            expected = client.estimate_reembed(space, model, pretrained)
            if estimate and as_json:
                print_json(schemas.estimate_json(expected))
            if not as_json:
                terminal.show_estimate(expected)
            if estimate:
                return
            expected.check_room()
            _confirm(yes)
        with terminal.progress(quiet=as_json, doing=f"embedding {space}") as on_progress:
            done = (
                client.roll_back(space, on_progress)
                if rollback
                else client.reembed(space, model, pretrained, on_progress)
            )
        if as_json:
            print_json(schemas.reembedded_json(done))
        else:
            terminal.show_reembedded(done)
        if done.failed:
            raise typer.Exit(BAD_DOCUMENTS)


def _confirm(yes: bool) -> None:
    """Ask whether to go on. Raises InputError where nobody can answer."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise InputError("nobody is there to ask whether to go on: say --yes, or --estimate to see only what it takes")
    if not typer.confirm("go on?", err=True):
        raise typer.Exit
