"""The commands that make a library and search it: index, search, serve, demo."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from mmsearch.cli.options import (
    BAD_DOCUMENTS,
    INTERRUPTED,
    Access,
    Answer,
    Exclude,
    FollowSymlinks,
    Include,
    Json,
    Library,
    Rerank,
    Wait,
    errors,
    indexing_options,
    kind_of_root,
    modality_of,
    names,
    pairs,
    print_json,
)
from mmsearch.cli.stopping import stopping
from mmsearch.types import Root


def index(
    paths: Annotated[list[str], typer.Argument(help="Files, folders, retrieval sets in the BEIR layout, or URLs.")],
    library: Library = None,
    include: Include = None,
    exclude: Exclude = None,
    follow_symlinks: FollowSymlinks = None,
    kind: Annotated[
        str, typer.Option("--as", help="files, or what holds a document a line or row: manifest, dataset.")
    ] = "files",
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="ROLE=NAME", help="Key or column of records, such as text=body; may be repeated."),
    ] = None,
    access: Access = None,
    verify: Annotated[bool, typer.Option("--verify", help="Compare the bytes of files, not size and times.")] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove the documents of a path that is empty or gone.")
    ] = False,
    engine: Annotated[
        str, typer.Option(help="What reads and encodes: local, or ray, which docs/cluster.md is about.")
    ] = "local",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done; nothing is written.")] = False,
    wait: Wait = None,
    as_json: Json = False,
) -> None:
    """Bring the library to the state of the files: new ones in, changed ones replaced, removed and excluded ones out.

    Files named .mmsearchignore exclude below their folders, in the syntax of .gitignore.
    """
    indexing = indexing_options(follow_symlinks)
    with errors(as_json):
        roots: dict[str, Any] = {"include": include or (), "exclude": exclude or ()}
        roots |= {"kind": kind_of_root(kind), "columns": pairs(column or ())}
    how = {"verify": verify, "prune": prune}
    if dry_run:
        _preview(paths, library, indexing, roots, how, as_json)
        return
    run_index(library, paths, {**roots, **how, "engine": engine, "access": access or ()}, as_json, indexing, wait)


def run_index(
    library: str | None,
    places: Sequence[str | Path | Root],
    how: Mapping[str, Any],
    as_json: bool,
    indexing: dict[str, Any] | None = None,
    wait: float | None = None,
) -> None:
    """Index the places, show how far it is and what was done, and leave with the exit code for it."""
    from mmsearch import schemas, terminal
    from mmsearch.client import Client

    with errors(as_json), Client(library, on_wait=terminal.waiting, wait_s=wait, indexing=indexing) as client:
        with stopping() as stop, terminal.progress(quiet=as_json) as on_progress:
            report = client.index(*places, **how, on_progress=on_progress, stop=stop)
        if as_json:
            print_json(schemas.report_json(report))
        else:
            terminal.show_report(report)
        if report.stopped:
            raise typer.Exit(INTERRUPTED)
        if report.failed:
            raise typer.Exit(BAD_DOCUMENTS)


def _preview(
    paths: list[str],
    library: str | None,
    indexing: dict[str, Any] | None,
    roots: dict[str, Any],
    how: dict[str, bool],
    as_json: bool,
) -> None:
    from mmsearch import schemas, terminal
    from mmsearch.preview import preview_of
    from mmsearch.roots import root_at
    from mmsearch.settings import read_settings

    with errors(as_json):
        settings = read_settings(library=library, indexing=indexing)
        found = preview_of(settings, [root_at(settings, path, **roots) for path in paths], **how)
        if as_json:
            print_json(schemas.preview_json(found))
        else:
            terminal.show_preview(found)
        if found.failed:
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
    like: Annotated[str, typer.Option(help="A document of the library, whose like are looked for: path or id.")] = "",
    rerank: Rerank = None,
    spaces: Annotated[str, typer.Option(help="Ask only these spaces: words,text")] = "",
    fusion: Annotated[str, typer.Option(help="The fusion by name.  [default: as set]")] = "",
    diversity: Annotated[
        float | None, typer.Option(min=0, max=1, help="How much results are to differ, 0 to 1.  [default: as set]")
    ] = None,
    all_copies: Annotated[bool, typer.Option("--all-copies", help="Near copies in places of their own.")] = False,
    answer: Answer = None,
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
            like=like,
            modalities=[modality_of(name) for name in modality or ()],
            filter=filter,
            top_k=top_k,
            rerank=rerank,
            spaces=names(spaces),
            fusion=fusion,
            diversity=diversity,
            all_copies=all_copies,
            answer=answer,
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
    log_format: Annotated[
        str | None, typer.Option("--log-format", help="text, or json: every request, a line each.  [default: as set]")
    ] = None,
    mcp: Annotated[bool, typer.Option("--mcp/--no-mcp", help="Tools for assistants at /mcp.")] = False,
    wait: Wait = None,
) -> None:
    """Serve the library: the search page, the API, and this command line in other terminals."""
    from mmsearch import terminal
    from mmsearch.client import Client

    server = {"log_format": log_format} if log_format else None
    with errors(), Client(library, create=False, on_wait=terminal.waiting, wait_s=wait, server=server) as client:
        client.serve(host, port, page, mcp)


def mcp(library: Library = None, wait: Wait = None) -> None:
    """Give one assistant the tools search, get and list on stdin and stdout; "serve --mcp" gives them to many."""
    from mmsearch import terminal
    from mmsearch.client import Client
    from mmsearch.parts import load

    with errors(), Client(library, create=False, on_wait=terminal.waiting, wait_s=wait) as client:
        load("mmsearch.server.mcp:serve_stdio")(client)


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
        with stopping() as stop, terminal.progress(quiet=False) as on_progress:
            report = client.index(demo_library(), on_progress=on_progress, stop=stop)
        terminal.show_report(report)
        if report.stopped:
            raise typer.Exit(INTERRUPTED)
        for example in example_searches():
            terminal.show_example(example, client.search(example["query"], top_k=3))
        if serve:
            client.serve("127.0.0.1", port)
