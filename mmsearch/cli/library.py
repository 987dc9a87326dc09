"""The commands that make a library and search it: index, search, serve, demo."""

from pathlib import Path
from typing import Annotated

import typer

from mmsearch.cli.options import BAD_DOCUMENTS, Json, Library, Wait, errors, modality_of, print_json


def index(
    paths: Annotated[list[Path], typer.Argument(help="Files, folders, or retrieval sets in the BEIR layout.")],
    library: Library = None,
    wait: Wait = None,
    as_json: Json = False,
) -> None:
    """Bring the library to the state of the files: new ones in, changed ones replaced, removed ones out."""
    from mmsearch import schemas, terminal
    from mmsearch.client import Client

    with errors(as_json), Client(library, on_wait=terminal.waiting, wait_s=wait) as client:
        with terminal.progress(quiet=as_json) as on_progress:
            report = client.index(*paths, on_progress=on_progress)
        if as_json:
            print_json(schemas.report_json(report))
        else:
            terminal.show_report(report)
        if report.failed:
            raise typer.Exit(BAD_DOCUMENTS)


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
    wait: Wait = None,
    as_json: Json = False,
) -> None:
    """Search the library."""
    from mmsearch import schemas, terminal
    from mmsearch.client import Client

    with errors(as_json), Client(library, create=False, on_wait=terminal.waiting, wait_s=wait) as client:
        ranking = client.search(
            query,
            image=image,
            audio=audio,
            modalities=[modality_of(name) for name in modality or ()],
            filter=filter,
            top_k=top_k,
        )
        if as_json:
            print_json(schemas.ranking_json(ranking))
        else:
            terminal.show_ranking(ranking)


def serve(
    library: Library = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 7860,
    page: Annotated[bool, typer.Option("--page/--no-page", help="The search page beside the API.")] = True,
    wait: Wait = None,
) -> None:
    """Serve the library: the search page, the API, and this command line in other terminals."""
    from mmsearch import terminal
    from mmsearch.client import Client

    with errors(), Client(library, create=False, on_wait=terminal.waiting, wait_s=wait) as client:
        client.serve(host, port, page)


def demo(
    library: Annotated[Path, typer.Option(help="Where the demo library is made.")] = Path(".demo"),
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the page after the searches.")] = True,
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 7860,
) -> None:
    """Index the demo library, search it six times, and serve the page."""
    from mmsearch import terminal
    from mmsearch.client import Client
    from mmsearch.demo import demo_library, example_searches

    with errors(), Client(library) as client:
        with terminal.progress(quiet=False) as on_progress:
            report = client.index(demo_library(), on_progress=on_progress)
        terminal.show_report(report)
        for example in example_searches():
            terminal.show_example(example, client.search(example["query"], top_k=3))
        if serve:
            client.serve("127.0.0.1", port)
