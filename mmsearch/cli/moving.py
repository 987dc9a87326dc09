"""The commands that take a library elsewhere: export, import."""

from pathlib import Path
from typing import Annotated

import typer

from mmsearch.cli.options import Json, Library, errors, print_json


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
