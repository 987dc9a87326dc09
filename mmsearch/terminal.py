"""What a person sees in the terminal: rankings, reports, progress. Colours go away when piped."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.filesize import decimal
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from mmsearch.comparison import Comparison, Difference
from mmsearch.errors import MMSearchError
from mmsearch.evaluation import METRICS, summary
from mmsearch.feedback import Judgement
from mmsearch.holding import Holder
from mmsearch.jobs import Job
from mmsearch.places import clock, place
from mmsearch.preview import Preview
from mmsearch.progress import Progress
from mmsearch.reports import Failure, Report
from mmsearch.types import Ranking, Result

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

COLOURS = {"text": "cyan", "table": "green", "image": "magenta", "audio": "yellow"}
SHOWN_FAILURES = 20
SHOWN_COPIES = 5


@contextmanager
def progress(quiet: bool, doing: str = "indexing") -> Iterator[Callable[[Progress], None]]:
    """Shows how far a job is, with its rate and the time left, on stderr; nothing when quiet or piped."""
    columns = (
        TextColumn(doing),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[pace]}"),
        TextColumn("{task.fields[name]}", style="dim", markup=False),
    )
    with Bar(*columns, console=err, transient=True, disable=quiet or not err.is_terminal) as bar:
        task = bar.add_task("", total=None, name="", pace="")

        def show(step: Progress) -> None:
            bar.update(task, completed=step.done, total=step.total, name=step.uri[-48:], pace=pace(step))

        yield show


def pace(step: Progress) -> str:
    """What is known of how much is done, how fast, and what is left: "12.0/340.0 MB  3.4/s  0:05:20 left"."""
    parts = []
    if step.done_bytes or step.total_bytes:
        of = f"/{step.total_bytes / 1e6:.1f}" if step.total_bytes else ""
        parts.append(f"{step.done_bytes / 1e6:.1f}{of} MB")
    if step.rate:
        parts.append(f"{step.rate:.1f}/s")
    if step.eta_s is not None:
        parts.append(f"{timedelta(seconds=round(step.eta_s))} left")
    return "  ".join(parts)


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
    if report.reused:
        out.print(f"{report.reused} vectors taken over from the same content elsewhere", style="dim")
    show_skipped(report.skipped)
    show_failed(report.failed)
    show_closed(report.closed_spaces)
    if report.stopped:
        err.print("stopped; what was done is kept, the same command goes on from here")


def show_outcome(outcome: Report | MMSearchError) -> None:
    """What an indexing did while folders are watched, with the time of day, or why there is none for now."""
    now = datetime.now().strftime("%H:%M:%S")
    if isinstance(outcome, Report):
        out.print(now, style="dim", end=" ")
        show_report(outcome)
    else:
        err.print(f"{now} [yellow]waiting[/] {escape(str(outcome))}", soft_wrap=True)


STATES = {"running": "cyan", "done": "green", "cancelled": "yellow", "interrupted": "yellow", "failed": "red"}


def show_jobs(jobs: Sequence[Job]) -> None:
    """The jobs as a table, the newest first."""
    if not jobs:
        out.print("no jobs yet")
        return
    grid = Table("job", "state", "started", "documents", "failed", "what", box=None, padding=(0, 2, 0, 0))
    for job in jobs:
        done = _of(job.progress.get("done", 0), job.progress.get("total", 0), "{:,}".format)
        state = Text(job.state, style=STATES[job.state])
        grid.add_row(job.id, state, _local(job.started), done, str(len(job.failed)), Text(job.subject))
    out.print(grid)


def show_job(job: Job) -> None:
    """One job: what was asked, how far it is or how it ended, and what failed."""
    head = Text.assemble((f"{job.id} ", "bold"), (job.state, STATES[job.state]), f", started {_local(job.started)}")
    out.print(head.append(f", ended {_local(job.ended)}") if job.ended else head)
    if (engine := job.how["engine"]) != "local":
        out.print(f"by the engine {engine}")
    for what in [root.place for root in job.roots] or [job.subject]:
        out.print(Text(what), soft_wrap=True)
    if step := job.progress:
        left = f", about {duration(step['eta_s'])} left" if job.state == "running" and step["eta_s"] else ""
        media = ", ".join(f"{count:,} {modality}" for modality, count in step["by_modality"].items())
        size = "" if job.space else f", {_of(step['done_bytes'], step['total_bytes'] or None, decimal)}"
        out.print(
            f"{_of(step['done'], step['total'], '{:,}'.format)} documents{size}, "
            f"{step['rate']:.1f}/s{left}{f'; {media}' if media else ''}"
        )
    if job.error:
        err.print(f"[red]error:[/] {escape(job.error)}", soft_wrap=True)
    for failure in job.failed:
        err.print(f"[red]failed[/] [dim]{failure.code}[/] {escape(failure.reason)}", soft_wrap=True)


def _of(done: int, total: int | None, form: Callable[[int], str]) -> str:
    """So much, and of how much where that is known."""
    return form(done) if total is None else f"{form(done)} of {form(total)}"


def _local(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def show_preview(found: Preview) -> None:
    """What an indexing would do: counts, what is to be read by ending, and the estimate."""
    filled = f"{found.incomplete} to be completed, " if found.incomplete else ""
    out.print(
        f"would index {found.new} new and {found.changed} changed, {filled}"
        f"{found.unchanged} unchanged, {found.removed} to be removed"
    )
    grid = Table("", "documents", "size", box=None, padding=(0, 1, 0, 0))
    for column in grid.columns[1:]:
        column.justify = "right"
    for name, amount in {**found.by_modality, **found.by_ending}.items():
        grid.add_row(name or "without ending", f"{amount.documents:,}", decimal(amount.size_bytes))
    if found.by_ending:
        out.print(grid)
        estimate = found.estimate
        out.print(
            f"about {duration(estimate.seconds)} and {decimal(estimate.disk_bytes)} in the library, "
            f"going by {estimate.sampled} documents that were read and encoded",
            soft_wrap=True,
        )
        if estimate.unsampled:
            out.print(f"not sampled, taken for alike: {', '.join(estimate.unsampled)}", style="dim")
    show_skipped(found.skipped)
    show_failed(found.failed)
    show_closed(found.closed_spaces)


def duration(seconds: float) -> str:
    """A time for people: "40 s", "12 min", "3:05:00"."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min" if seconds < 7200 else clock(seconds)


def show_failed(failed: Sequence[Failure]) -> None:
    """The first of the documents that failed, each with its reason."""
    for failure in failed[:SHOWN_FAILURES]:
        err.print(f"[red]failed[/] [dim]{failure.code}[/] {escape(failure.reason)}", soft_wrap=True)
    if len(failed) > SHOWN_FAILURES:
        err.print(f"… and {len(failed) - SHOWN_FAILURES} more; --json names all of them")


SKIPPED = {
    "no_reader": "no reader takes them",
    "hidden": "hidden",
    "excluded": "excluded",
    "ignored": "in an ignore file",
    "not_included": "not included",
    "link": "links that are not followed",
}
"""Why places are passed over, in words."""


def show_skipped(skipped: Mapping[str, Mapping[str, int]]) -> None:
    """What was passed over, a line for each reason."""
    for reason, kinds in skipped.items():
        counted = ", ".join(f"{count} {_KINDS.get(kind, kind)}" for kind, count in sorted(kinds.items()))
        err.print(f"passed over, {SKIPPED[reason]}: {counted}", style="dim", markup=False)


_KINDS = {"": "without ending", "/": "folders"}


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
    took_ms = ranking.took_ms
    reranked = f", {took_ms['rerank']:.0f} ms of them for reranking" if "rerank" in took_ms else ""
    refined = ", scores refined by judgements" if ranking.calibration == "judgements" else ""
    out.print(f"{len(ranking.results)} results in {took_ms['total']:.0f} ms{reranked}{refined}", style="dim")


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
    if result.answer:
        grid.add_row(
            "", Text.assemble((result.answer.text, "bold green"), (f"  {result.answer.confidence:.2f}", "dim"))
        )
    grid.add_row("", body)
    out.print(grid)
    out.print(Text(f"    {segment.uri}", style="dim"), soft_wrap=True)  # whole, to be copied
    for copy in result.duplicates[:SHOWN_COPIES]:
        out.print(Text(f"    also as: {copy.uri}", style="dim"), soft_wrap=True)
    if len(result.duplicates) > SHOWN_COPIES:
        out.print(f"    … and {len(result.duplicates) - SHOWN_COPIES} more copies; --json names all", style="dim")


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
    reranked = f", the first {found['reranker']['depth']} reranked" if found["reranker"] else ""
    out.print(
        f"fusion {found['fusion']}{reranked}, search p50 {latency['p50']} ms, p99 {latency['p99']} ms, "
        f"indexing {indexing['seconds']} s",
        style="dim",
    )
    _show_warnings(found["warnings"])
    show_closed(found["closed_spaces"])
    out.print(f"saved in {found['run']}", style="dim", soft_wrap=True, markup=False)


def show_calibration(found: Mapping[str, Any]) -> None:
    """How scores keep their promise before and after, over all and by medium, and whether that was stored."""
    title = f"{found['results']} judged results of {found['queries']} queries, {found['relevant']} relevant"
    grid = Table(title=title, title_justify="left")
    for name in ("scores of", "results", "relevant"):
        grid.add_column(name, justify="left" if name == "scores of" else "right")
    for name in ("calibration error", "Brier score", "log loss"):
        grid.add_column(name, justify="right")
    for group, measured in found["measures"].items():
        pairs = zip(measured["before"].values(), measured["after"].values(), strict=True)
        cells = (f"{before:.3f} → {after:.3f}" for before, after in pairs)
        grid.add_row(group, str(measured["results"]), str(measured["relevant"]), *cells)
    out.print(grid)
    out.print(
        f"lower is better; each query scored by a fit to the others, in {found['folds']} parts of the queries",
        style="dim",
    )
    if assumed := found["assumed_not_relevant"]:
        out.print(f"{assumed} of the set's results were judged by nobody and count as not relevant", style="dim")
    _show_warnings(found["warnings"])
    if found["stored"]:
        out.print(f"stored in {found['stored']}; searches use it from now on", soft_wrap=True, markup=False)
    else:
        err.print("[yellow]not stored[/] scores keep their promise no better with it; more judgements may help")


def show_forgotten(forgotten: bool) -> None:
    """Whether there was a refinement to forget."""
    out.print("scores are as the evidence has them again" if forgotten else "no refinement of scores was stored")


def show_judgements(judgements: Sequence[Judgement]) -> None:
    """The judgements as a table, the documents' places whole."""
    if not judgements:
        out.print('nothing is judged yet: "mmsearch feedback add QUERY DOCUMENT --relevant"', markup=False)
        return
    grid = Table("query", "relevant", "document", box=None, padding=(0, 1, 0, 0))
    for column in grid.columns:
        column.overflow = "fold"
    for judgement in judgements:
        grid.add_row(escape(judgement.query), "yes" if judgement.grade else "no", escape(judgement.uri))
    out.print(grid)


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
