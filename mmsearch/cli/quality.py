"""The commands that measure rankings and what they promise: eval, compare, calibrate."""

from pathlib import Path
from typing import Annotated

import typer

from mmsearch.cli.options import FAILED, Json, Library, Rerank, Runs, errors, names, print_json
from mmsearch.cli.stopping import stopping


def evaluate(
    set_dir: Annotated[Path, typer.Argument(help="A folder with corpus.jsonl, queries.jsonl and qrels/test.tsv.")],
    library: Annotated[
        Path | None, typer.Option(help="Where the set's index is kept.  [default: the user's cache]")
    ] = None,
    fusion: Annotated[str | None, typer.Option(help="The fusion by name.")] = None,
    spaces: Annotated[str, typer.Option(help="Only these spaces: words,text")] = "",
    rerank: Rerank = None,
    split: Annotated[str, typer.Option(help="The judgements in qrels.  [default: test, or the only ones]")] = "",
    runs: Runs = None,
    name: Annotated[str, typer.Option(help="What to call the saved run.  [default: the time]")] = "",
    as_json: Json = False,
) -> None:
    """Index a retrieval set (once), search its queries, print the metrics, and save the run for "compare"."""
    from mmsearch import terminal
    from mmsearch.client import Client
    from mmsearch.evaluation import cached_library

    folder = library or cached_library(set_dir)
    with errors(as_json), Client(folder, search={"fusion": fusion} if fusion else None) as client:
        with terminal.progress(quiet=as_json, doing="evaluating") as on_progress, stopping() as stop:
            found = client.evaluate(
                set_dir, names(spaces), on_progress, split=split, runs=runs, name=name, rerank=rerank, stop=stop
            )
        if as_json:
            print_json(found)
        else:
            terminal.show_evaluation(found)


def compare(
    run: Annotated[list[str], typer.Argument(help="Folders of saved runs, or their names; the first is the baseline.")],
    runs: Runs = None,
    html: Annotated[Path | None, typer.Option(dir_okay=False, help="Write a report with plots to this file.")] = None,
    as_json: Json = False,
) -> None:
    """Compare saved runs set by set: metrics, differences to the first run, and whether they may be chance."""
    from mmsearch import terminal
    from mmsearch.comparison import compare, comparison_json
    from mmsearch.comparison_report import write_report
    from mmsearch.runs import read_run

    with errors(as_json):
        comparison = compare([read_run(place, runs) for place in run])
        if html:
            write_report(comparison, html)
        if as_json:
            print_json({**comparison_json(comparison), "html": str(html.resolve()) if html else None})
        else:
            terminal.show_comparison(comparison, html)


def calibrate(
    set_dir: Annotated[
        Path | None,
        typer.Argument(help="A folder with corpus.jsonl, queries.jsonl and qrels.  [default: the library's feedback]"),
    ] = None,
    library: Library = None,
    split: Annotated[str, typer.Option(help="The judgements in qrels.  [default: test, or the only ones]")] = "",
    judged_only: Annotated[
        bool, typer.Option("--judged-only", help="Leave out a set's results that nobody judged; else not relevant.")
    ] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Remove what was fitted before.")] = False,
    as_json: Json = False,
) -> None:
    """Make scores keep what they promise, by judgements of the library's results and of a retrieval set.

    Says how well scores fit on queries that were not fitted to; exit code 1 when they fit no better, then nothing is
    stored. The order of results never changes.
    """
    from mmsearch import terminal
    from mmsearch.client import Client
    from mmsearch.errors import InputError
    from mmsearch.refinement import forget_refinement
    from mmsearch.settings import existing_library, read_settings

    with errors(as_json):
        if forget:
            if set_dir:
                raise InputError("--forget takes no set: it removes what was fitted, whatever it was fitted to")
            forgotten = forget_refinement(existing_library(read_settings(library=library)))
            if as_json:
                print_json({"forgotten": forgotten})
            else:
                terminal.show_forgotten(forgotten)
            return
        progress = terminal.progress(quiet=as_json, doing="calibrating")
        with Client(library, create=False) as client, progress as on_progress:
            found = client.calibrate(set_dir, on_progress, split=split, judged_only=judged_only)
        if as_json:
            print_json(found)
        else:
            terminal.show_calibration(found)
        if not found["stored"]:
            raise typer.Exit(FAILED)
