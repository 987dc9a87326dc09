"""The command line: each command parses, calls one function, prints. `--json` prints one value on stdout."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from mmsearch import __version__
from mmsearch.errors import InputError, MMSearchError
from mmsearch.types import Modality

OK, FAILED, BAD_DOCUMENTS = 0, 1, 3
"""Exit codes: well; failed; went through, but some documents are bad. 2 is a wrong command line, 130 an interrupt."""

app = typer.Typer(
    help="Search texts, tables, pictures and recordings with one query.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
models = typer.Typer(help="The models' weights: which there are, get them, check them.", no_args_is_help=True)
app.add_typer(models, name="models")

Library = Annotated[Path | None, typer.Option("--library", help="Folder of the library.  [default: library]")]
Runs = Annotated[
    Path | None, typer.Option("--runs", help="Folder where runs are saved.  [default: in the user's cache]")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON value on stdout.")]


@contextmanager
def _errors(as_json: bool = False) -> Iterator[None]:
    """Prints our errors as one sentence and leaves with the exit code for them."""
    from rich.markup import escape

    from mmsearch import terminal

    try:
        yield
    except MMSearchError as error:
        if as_json:
            _print_json({"error": {"code": error.code, "message": str(error), "retryable": error.retryable}})
        terminal.err.print(f"[red]error:[/] {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(FAILED) from None
    except KeyboardInterrupt:
        terminal.err.print("stopped; what was done is kept, the same command goes on from here")
        raise typer.Exit(130) from None


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


@app.command()
def index(
    paths: Annotated[list[Path], typer.Argument(help="Files, folders, or retrieval sets in the BEIR layout.")],
    library: Library = None,
    as_json: Json = False,
) -> None:
    """Bring the library to the state of the files: new ones in, changed ones replaced, removed ones out."""
    from mmsearch import schemas, terminal
    from mmsearch.client import Client

    with _errors(as_json), Client(library) as client:
        with terminal.progress(quiet=as_json) as on_progress:
            report = client.index(*paths, on_progress=on_progress)
        if as_json:
            _print_json(schemas.report_json(report))
        else:
            terminal.show_report(report)
        if report.failed:
            raise typer.Exit(BAD_DOCUMENTS)


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="What you look for, in plain words.")] = "",
    library: Library = None,
    modality: Annotated[
        list[str] | None, typer.Option(help="Only text, table, image or audio; may be repeated.")
    ] = None,
    top_k: Annotated[int, typer.Option(min=1, help="How many documents.")] = 10,
    filter: Annotated[str | None, typer.Option(help="""Such as 'date >= 2024 and tags contains "sea"'.""")] = None,
    image: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="A picture as the query.")] = None,
    audio: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="A sound as the query.")] = None,
    as_json: Json = False,
) -> None:
    """Search the library."""
    from mmsearch import schemas, terminal
    from mmsearch.client import Client

    with _errors(as_json), Client(library, create=False) as client:
        ranking = client.search(
            query,
            image=image,
            audio=audio,
            modalities=[_modality(name) for name in modality or ()],
            filter=filter,
            top_k=top_k,
        )
        if as_json:
            _print_json(schemas.ranking_json(ranking))
        else:
            terminal.show_ranking(ranking)


@app.command(name="eval")
def evaluate(
    set_dir: Annotated[Path, typer.Argument(help="A folder with corpus.jsonl, queries.jsonl and qrels/test.tsv.")],
    library: Annotated[
        Path | None, typer.Option(help="Where the set's index is kept.  [default: the user's cache]")
    ] = None,
    fusion: Annotated[str | None, typer.Option(help="The fusion by name.")] = None,
    spaces: Annotated[str, typer.Option(help="Only these spaces: words,text")] = "",
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
    with _errors(as_json), Client(folder, search={"fusion": fusion} if fusion else None) as client:
        with terminal.progress(quiet=as_json, doing="evaluating") as on_progress:
            found = client.evaluate(set_dir, _names(spaces), on_progress, split=split, runs=runs, name=name)
        if as_json:
            _print_json(found)
        else:
            terminal.show_evaluation(found)


@app.command()
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

    with _errors(as_json):
        comparison = compare([read_run(place, runs) for place in run])
        if html:
            write_report(comparison, html)
        if as_json:
            _print_json({**comparison_json(comparison), "html": str(html.resolve()) if html else None})
        else:
            terminal.show_comparison(comparison, html)


@app.command()
def serve(
    library: Library = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 7860,
) -> None:
    """Serve the search page."""
    from mmsearch.client import Client

    with _errors(), Client(library, create=False) as client:
        client.serve(host, port)


@app.command()
def demo(
    library: Annotated[Path, typer.Option(help="Where the demo library is made.")] = Path(".demo"),
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the page after the searches.")] = True,
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 7860,
) -> None:
    """Index the demo library, search it six times, and serve the page."""
    from mmsearch import terminal
    from mmsearch.client import Client
    from mmsearch.demo import demo_library, example_searches

    with _errors(), Client(library) as client:
        with terminal.progress(quiet=False) as on_progress:
            report = client.index(demo_library(), on_progress=on_progress)
        terminal.show_report(report)
        for example in example_searches():
            terminal.show_example(example, client.search(example["query"], top_k=3))
        if serve:
            client.serve("127.0.0.1", port)


@app.command()
def doctor(library: Library = None, as_json: Json = False) -> None:
    """What works here and what does not, with the way out."""
    from mmsearch import terminal
    from mmsearch.doctor import examine

    with _errors(as_json):
        findings = examine(library)
        if as_json:
            _print_json(findings)
        else:
            terminal.show_findings(findings)


@models.command(name="list")
def list_models(as_json: Json = False) -> None:
    """The models that are set and others that could be, and whether their weights are here."""
    from mmsearch import terminal
    from mmsearch.models import listed

    with _errors(as_json):
        found = listed()
        if as_json:
            _print_json(found)
        else:
            terminal.show_models(found)


@models.command()
def pull(name: Annotated[str, typer.Argument(help="text, image, table, speech, or a name of the list.")]) -> None:
    """Get a model's weights from where they are published."""
    from mmsearch import terminal
    from mmsearch.models import pull

    with _errors():
        terminal.out.print(f"{name} is in {pull(name)}")


@models.command()
def verify(name: Annotated[str, typer.Argument(help="text, image, table, speech, or a name of the list.")]) -> None:
    """Check that a model's files are whole; exit code 1 when they are not."""
    from mmsearch import terminal
    from mmsearch.models import verify

    with _errors():
        terminal.out.print(verify(name))


@models.command()
def align(library: Library = None) -> None:
    """Map the table space into the text space, from the tables of a library."""
    from mmsearch import terminal
    from mmsearch.models import align

    with _errors():
        terminal.out.print(align(library))


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _modality(name: str) -> Modality:
    for known in get_args(Modality):
        if name == known:
            return known  # type: ignore[no-any-return]
    raise InputError(f'no modality is called "{name}"; there are {", ".join(get_args(Modality))}')


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


if __name__ == "__main__":
    app()
