"""What a person sees in the terminal: rankings, reports, progress. Colours go away when piped."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from mmsearch.comparison import Comparison, Difference
from mmsearch.evaluation import METRICS, summary
from mmsearch.holding import Holder
from mmsearch.indexing import Progress
from mmsearch.places import place
from mmsearch.types import Ranking, Report, Result

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

COLOURS = {"text": "cyan", "table": "green", "image": "magenta", "audio": "yellow"}
SHOWN_FAILURES = 20


@contextmanager
def progress(quiet: bool, doing: str = "indexing") -> Iterator[Callable[[Progress], None]]:
    """Shows how far a job is, with its rate and the time left, on stderr; nothing when quiet or piped."""
    columns = (
        TextColumn(doing),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[name]}", style="dim"),
    )
    with Bar(*columns, console=err, transient=True, disable=quiet or not err.is_terminal) as bar:
        task = bar.add_task("", total=None, name="", rate="")

        def show(step: Progress) -> None:
            speed = bar.tasks[0].finished_speed or bar.tasks[0].speed
            rate = f"{speed:.1f}/s" if speed else ""
            bar.update(task, completed=step.done, total=step.total, name=step.uri[-48:], rate=rate)

        yield show


def waiting(holder: Holder | None, seconds: float) -> None:
    """Says on stderr who has the library open and how long it is waited for."""
    who = escape(str(holder)) if holder else "another process"
    err.print(f"{who} has the library open; waiting up to {seconds:g} s (Ctrl+C stops)", style="dim", soft_wrap=True)


def show_report(report: Report) -> None:
    """The report of an indexing in words: counts on stdout, bad documents and closed spaces on stderr."""
    out.print(
        f"{report.indexed} indexed ({report.segments} segments), {report.unchanged} unchanged, "
        f"{report.removed} removed, {len(report.failed)} failed, in {report.seconds:.1f} s"
    )
    if report.skipped:
        kinds = ", ".join(f"{count} {suffix or 'without ending'}" for suffix, count in sorted(report.skipped.items()))
        err.print(f"passed over, no reader takes them: {kinds}", style="dim")
    for failure in report.failed[:SHOWN_FAILURES]:
        err.print(f"[red]failed[/] [dim]{failure.code}[/] {escape(failure.reason)}")
    if len(report.failed) > SHOWN_FAILURES:
        err.print(f"… and {len(report.failed) - SHOWN_FAILURES} more; --json names all of them")
    show_closed(report.closed_spaces)


def show_closed(closed: Mapping[str, str]) -> None:
    """The spaces that could not be used, with the way out."""
    for name, reason in closed.items():
        err.print(f"[yellow]closed[/] {name}: {escape(reason)}", soft_wrap=True)


def show_ranking(ranking: Ranking) -> None:
    """The ranking as a list: rank, score, medium, title, where it lies, snippet."""
    if not ranking.results:
        out.print("nothing found")
    elif ranking.no_good_match:
        out.print("no good match; the nearest:", style="yellow")
    for result in ranking.results:
        _show_result(result)
    show_closed(ranking.closed_spaces)
    out.print(f"{len(ranking.results)} results in {ranking.took_ms['total']:.0f} ms", style="dim")


def _show_result(result: Result) -> None:
    segment = result.segment
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=3, justify="right")
    grid.add_column(ratio=1, overflow="fold")
    head = Text.assemble(
        (f"{result.score:.2f} ", "bold"),
        (f"{segment.modality:<5} ", COLOURS[segment.modality]),
        (segment.title or Path(segment.uri).name, "bold"),
        (f"  {place(segment.span)}", "dim"),
    )
    body = Text(result.snippet)
    for start, end in result.highlights:
        body.stylize("bold", start, end)
    grid.add_row(str(result.rank), head)
    grid.add_row("", body)
    out.print(grid)
    out.print(Text(f"    {segment.uri}", style="dim"), soft_wrap=True)  # whole, to be copied


def show_evaluation(found: Mapping[str, Any]) -> None:
    """The metrics of a retrieval set as a table: all queries, then by intended modality."""
    title = f"{found['set']}: {found['queries']} queries, {found['documents']} documents, {', '.join(found['spaces'])}"
    grid = Table(title=title, title_justify="left")
    grid.add_column("queries")
    for name in found["metrics"]:
        grid.add_column(name, justify="right")
    for group, values in {"all": found["metrics"], **found["by_intended"]}.items():
        grid.add_row(group, *(f"{value:.4f}" for value in values.values()))
    out.print(grid)
    latency, indexing = found["latency_ms"], found["indexing"]
    out.print(
        f"fusion {found['fusion']}, search p50 {latency['p50']} ms, p99 {latency['p99']} ms, "
        f"indexing {indexing['seconds']} s",
        style="dim",
    )
    _show_warnings(found["warnings"])
    show_closed(found["closed_spaces"])
    out.print(f"saved in {found['run']}", style="dim", soft_wrap=True, markup=False)


def show_comparison(comparison: Comparison, html: Path | None) -> None:
    """A table for each set: every run's metrics, the difference to the baseline, and its corrected p."""
    for of_set in comparison.sets:
        title = f"{of_set.set}: {of_set.queries} queries, differences to {of_set.runs[0].label}"
        grid = Table(title=escape(title), title_justify="left")
        grid.add_column("run", overflow="fold")
        for name in (*METRICS, "p50", "p99"):
            grid.add_column(name, justify="right")
        contrasts = {contrast.run.label: contrast.by_metric for contrast in of_set.contrasts}
        for run in of_set.runs:
            found = summary(run.saved.outcomes)
            latency = [f"{value:.0f} ms" for value in found["latency_ms"].values()]
            grid.add_row(escape(run.label), *(f"{value:.4f}" for value in found["metrics"].values()), *latency)
            if run.label in contrasts:
                grid.add_row("", *map(_difference, contrasts[run.label].values()), end_section=True)
        out.print(grid)
    out.print("p: paired randomisation test, corrected by Holm; won/equal/lost queries", style="dim")
    _show_warnings(comparison.warnings)
    if html:
        out.print(f"report in {html}", soft_wrap=True, markup=False)


def _difference(found: Difference) -> str:
    colour = "dim" if not found.significant else "green" if found.mean > 0 else "red"
    p = f"p {found.p_holm:.3f}" if found.p_holm >= 0.001 else "p < 0.001"
    return f"[{colour}]{found.mean:+.4f}\n{p}\n{found.wins}/{found.ties}/{found.losses}[/]"


def _show_warnings(warnings: Iterable[str]) -> None:
    for warning in warnings:
        err.print(f"[yellow]note[/] {escape(warning)}", soft_wrap=True)


def show_example(example: Mapping[str, str], ranking: Ranking) -> None:
    """One search of the demo, with what it shows."""
    out.rule(f"[bold]{escape(example['query'])}[/]", align="left")
    out.print(example["shows"], style="italic dim")
    for result in ranking.results:
        _show_result(result)


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
        mark = "[green]works [/]" if finding["works"] else "[yellow]closed[/]"
        out.print(f"{mark} [bold]{finding['part']:<10}[/] {escape(finding['says'])}", soft_wrap=True)
