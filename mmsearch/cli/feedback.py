"""The commands that keep what people say of results: feedback add, list, export. None takes the library's lock."""

from pathlib import Path
from typing import Annotated

import typer

from mmsearch.cli.options import Json, Library, errors, print_json


def add(
    query: Annotated[str, typer.Argument(help="The query, in the words that were searched.")],
    document: Annotated[str, typer.Argument(help="The document's path, or its uri or id from search --json.")],
    relevant: Annotated[bool, typer.Option("--relevant/--not-relevant", help="Whether it answers the query.")],
    library: Library = None,
    as_json: Json = False,
) -> None:
    """Say whether a document answers a query; said again, it replaces what was said."""
    from mmsearch import schemas, terminal
    from mmsearch.alike import name_of
    from mmsearch.opening import judgements_of
    from mmsearch.settings import read_settings

    with errors(as_json), judgements_of(read_settings(library=library)) as feedback:
        judgement = feedback.judge(query, name_of(document), int(relevant))
        if as_json:
            print_json(schemas.judgement_json(judgement))
        else:
            terminal.show_judgements([judgement])


def list_judgements(library: Library = None, as_json: Json = False) -> None:
    """What was judged, by query."""
    from mmsearch import schemas, terminal
    from mmsearch.opening import judgements_of
    from mmsearch.settings import read_settings

    with errors(as_json), judgements_of(read_settings(library=library)) as feedback:
        found = feedback.judgements()
        if as_json:
            print_json([schemas.judgement_json(judgement) for judgement in found])
        else:
            terminal.show_judgements(found)


def export(
    folder: Annotated[Path, typer.Argument(file_okay=False, help="A new folder, or that of an earlier export.")],
    library: Library = None,
    as_json: Json = False,
) -> None:
    """Write the judgements as queries.jsonl and qrels/test.tsv in the BEIR layout, with the places of documents."""
    from mmsearch import terminal
    from mmsearch.feedback import export
    from mmsearch.opening import judgements_of
    from mmsearch.settings import read_settings

    with errors(as_json), judgements_of(read_settings(library=library)) as feedback:
        judgements = feedback.judgements()
        export(judgements, folder)
        if as_json:
            print_json({"folder": str(folder.resolve()), "judgements": len(judgements)})
        else:
            terminal.out.print(f"{len(judgements)} judgements in {folder}", soft_wrap=True, markup=False)
