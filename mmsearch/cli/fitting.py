"""The commands that have parts learn from judged sets: fit-tables, fit-answers."""

from pathlib import Path
from typing import Annotated

import typer

from mmsearch.cli.options import FAILED, Json, Library, errors, print_json

SetDir = Annotated[Path, typer.Argument(help="A folder with corpus.jsonl, queries.jsonl and qrels.")]
Split = Annotated[str, typer.Option(help="The judgements in qrels.  [default: test, or the only ones]")]


def fit_tables(set_dir: SetDir, library: Library = None, split: Split = "", as_json: Json = False) -> None:
    """Learn where the table space's tables lie among questions, from the questions of a judged set.

    Says how well questions find tables that were not learned from; exit code 1 when no better than without, then
    nothing is stored. The next "index" encodes the library's tables anew.
    """
    from mmsearch import terminal, terminal_fits
    from mmsearch.fitting import fit_tables

    with errors(as_json):
        with terminal.progress(quiet=as_json, doing="reading tables") as on_progress:
            found = fit_tables(set_dir, library, split, on_progress)
        if as_json:
            print_json(found)
        else:
            terminal_fits.show_table_fit(found)
        if not found["stored"]:
            raise typer.Exit(FAILED)


def fit_answers(set_dir: SetDir, library: Library = None, split: Split = "", as_json: Json = False) -> None:
    """Learn how sure a reader of tables (TapasReader) is, from a judged set whose questions have an "answer".

    Says how it answers questions that were not learned from; exit code 1 when no better than before, then nothing is
    stored.
    """
    from mmsearch import terminal, terminal_fits
    from mmsearch.fitting_answers import fit_answers

    with errors(as_json):
        with terminal.progress(quiet=as_json, doing="answering") as on_progress:
            found = fit_answers(set_dir, library, split, on_progress)
        if as_json:
            print_json(found)
        else:
            terminal_fits.show_answer_fit(found)
        if not found["stored"]:
            raise typer.Exit(FAILED)
