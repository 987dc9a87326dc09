"""What mmsearch says of its models and of how a library is."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from rich.markup import escape
from rich.table import Table

from mmsearch.terminal import SHOWN_FAILURES, out

MENDING = {
    "remove": "removed, since nothing knows of them",
    "fill": 'removed and filled in by the next "mmsearch index" or "mmsearch reembed"',
    "read": 'read again by the next "mmsearch index"',
}


def show_models(models: Sequence[Mapping[str, Any]]) -> None:
    """The models as a table: what is set first, then what could be."""
    grid = Table("role", "name", "size", "licence", "for", "here", box=None, padding=(0, 1, 0, 0))
    grid.columns[1].overflow = "fold"
    for model in models:
        fact = model["fact"] or {"size_bytes": 0, "licence": "", "purpose": ""}
        size = f"{fact['size_bytes'] / 1e6:,.0f} MB" if fact["size_bytes"] else ""
        name = f"[bold]{escape(model['name'])}[/]" if model["set"] else escape(model["name"])
        grid.add_row(model["role"], name, size, fact["licence"], fact["purpose"], "yes" if model["here"] else "")
    out.print(grid)
    out.print('bold: set; "mmsearch models pull ROLE" gets what is set', style="dim")


def show_findings(findings: Mapping[str, Any]) -> None:
    """What the doctor found, a line each."""
    for finding in findings["findings"]:
        absent = "[yellow]closed[/]" if finding["needed"] else "[dim]off   [/]"
        mark = "[green]works [/]" if finding["works"] else absent
        out.print(f"{mark} [bold]{finding['part']:<10}[/] {escape(finding['says'])}", soft_wrap=True)
    if audit := findings.get("audit"):
        _show_differences("differs", audit["differences"])
        _show_differences("mended", audit["mended"])
        if audit["to_index"]:
            unread = f"{len(audit['unread']):,} documents are to be read, or a space lacks some"
            places = " ".join(map(shlex.quote, audit["to_index"]))
            out.print(f'{unread}: run "mmsearch index {escape(places)}"', soft_wrap=True)


def _show_differences(doing: str, differences: Sequence[Mapping[str, Any]]) -> None:
    for found in differences[:SHOWN_FAILURES]:
        what = f"{found['uri'] or found['document']}: {found['says']}; they are {MENDING[found['mending']]}"
        out.print(f"{doing} {escape(what)}", soft_wrap=True)
    if len(differences) > SHOWN_FAILURES:
        out.print(f"... and {len(differences) - SHOWN_FAILURES:,} more; --json names all", style="dim")
