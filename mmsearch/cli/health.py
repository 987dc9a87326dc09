"""The commands that say what works: doctor, models."""

from typing import Annotated

import typer

from mmsearch.cli.options import FAILED, Json, Library, errors, print_json

ModelName = Annotated[
    str, typer.Argument(help="text, image, table, table-reader, speech, reranker, or a name of the list.")
]


def doctor(
    library: Library = None,
    deep: Annotated[
        bool,
        typer.Option("--deep", help="Compare the manifest with every row and picture; exit code 1 where they differ."),
    ] = False,
    repair: Annotated[bool, typer.Option("--repair", help="The same, and mend what differs.")] = False,
    as_json: Json = False,
) -> None:
    """What works here and what does not, with the way out."""
    from mmsearch import terminal_health
    from mmsearch.doctor import examine

    with errors(as_json):
        findings = examine(library, deep, repair)
        if as_json:
            print_json(findings)
        else:
            terminal_health.show_findings(findings)
        if not findings.get("audit", {"whole": True})["whole"]:
            raise typer.Exit(FAILED)


def settings(library: Library = None, as_json: Json = False) -> None:
    """The settings in force, from options, environment and file; tokens and passwords are masked."""
    from mmsearch import terminal
    from mmsearch.settings import read_settings, shown

    with errors(as_json):
        found = shown(read_settings(library=library))
        if as_json:
            print_json(found)
        else:
            terminal.out.print_json(data=found)


def list_models(as_json: Json = False) -> None:
    """The models that are set and others that could be, and whether their weights are here."""
    from mmsearch import terminal_health
    from mmsearch.models import listed

    with errors(as_json):
        found = listed()
        if as_json:
            print_json(found)
        else:
            terminal_health.show_models(found)


def pull(
    name: Annotated[
        str, typer.Argument(help="text, image, table, table-reader, speech, reranker, or a name of the list.")
    ],
    model: Annotated[str, typer.Option(help="Another model for that space, as reembed takes it.")] = "",
    pretrained: Annotated[str, typer.Option(help="Its weights by name (open_clip).")] = "",
) -> None:
    """Get a model's weights from where they are published."""
    from mmsearch import terminal
    from mmsearch.models import pull

    with errors():
        terminal.out.print(f"{model or name} is in {pull(name, model, pretrained)}")


def verify(
    name: Annotated[
        str, typer.Argument(help="text, image, table, table-reader, speech, reranker, or a name of the list.")
    ],
    files: Annotated[bool, typer.Option("--files", help="Check the files alone; load nothing.")] = False,
) -> None:
    """Check that a model's files are whole and that it ranks known pairs right; exit code 1 when not."""
    from mmsearch import terminal
    from mmsearch.models import verify

    with errors():
        terminal.out.print(verify(name, files))
