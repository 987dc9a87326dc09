"""The command line: each command parses, calls one function, prints. `--json` prints one value on stdout."""

from typing import Annotated

import typer

from mmsearch import __version__
from mmsearch.allocations import share_heaps
from mmsearch.cli import feedback, fitting, health, jobs, keys, library, moving, quality, watching

app = typer.Typer(
    help="Search texts, tables, pictures and recordings with one query.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(library.index)
app.command()(watching.watch)
app.command()(library.search)
app.command()(moving.export)
app.command("import")(moving.import_)
app.command()(moving.backup)
app.command()(moving.restore)
app.command()(moving.reembed)
app.command("eval")(quality.evaluate)
app.command()(quality.compare)
app.command()(quality.calibrate)
app.command()(fitting.fit_tables)
app.command()(fitting.fit_answers)
app.command()(library.serve)
app.command()(library.mcp)
app.command()(library.demo)
app.command()(health.doctor)
app.command()(health.settings)

indexings = typer.Typer(
    help="Indexings, re-embeddings: list, show, resume, cancel, try failures again.", no_args_is_help=True
)
app.add_typer(indexings, name="jobs")
indexings.command("list")(jobs.list_jobs)
indexings.command()(jobs.show)
indexings.command()(jobs.resume)
indexings.command()(jobs.cancel)
indexings.command("retry-failed")(jobs.retry_failed)

models = typer.Typer(help="The models' weights: which there are, get them, check them.", no_args_is_help=True)
app.add_typer(models, name="models")
models.command("list")(health.list_models)
models.command()(health.pull)
models.command()(health.verify)

judgements = typer.Typer(help='What people say of results, for "calibrate".', no_args_is_help=True)
app.add_typer(judgements, name="feedback")
judgements.command()(feedback.add)
judgements.command("list")(feedback.list_judgements)
judgements.command()(feedback.export)

served = typer.Typer(help="Who may use a library that is served, and what they may do there.", no_args_is_help=True)
app.add_typer(served, name="keys")
served.command()(keys.add)
served.command("list")(keys.list_keys)
served.command()(keys.revoke)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mmsearch {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Search texts, tables, pictures and recordings with one query."""
    share_heaps()
