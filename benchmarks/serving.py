"""How fast a library is that answers: `make bench-serving` measures and fills benchmarks/SERVING.md.

One library of 100,000 passages, made once. What is compared takes turns in one run; a time is that of single searches.
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks import quality_report as report
from benchmarks import serving_page as pages
from benchmarks.quality_report import Measured, Target
from benchmarks.serving_library import asked, made_library
from benchmarks.serving_runs import Load, Spent, first_result_s, loaded, serving
from mmsearch.client import Client

HERE = Path(__file__).parent
WARMING = 10
"""Searches before those that count."""
FEW = 10
"""Abstracts that a server indexes first."""
CLIENTS = 32
SETTLED = 0.1
"""The share of a long run after which its memory is to be flat."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is asked for, print the tables, and write them into the report."""
    options = _options(arguments)
    wanted = options.only or list(MEASUREMENTS)
    report.check(options.report, wanted)
    library = made_library(options.data, options.passages)
    for name in wanted:
        with tempfile.TemporaryDirectory() as folder:
            measured = MEASUREMENTS[name](options, library, Path(folder))
        print(f"{measured.text}\n\n{report.targets(measured.targets)}\n", flush=True)
        report.write(options.report, name, measured)


def engine(options: argparse.Namespace, library: Path, folder: Path) -> Measured:
    """One search after another in this process: what each step takes, as the answers say it."""
    ways: Mapping[str, bool | None] = {"as by default": None, "without answers": False}
    spent: dict[str, list[Spent]] = {way: [] for way in ways}
    with Client(library) as client:
        for words in asked(options.data, WARMING, seed=1):
            client.search(words)
        for number, words in enumerate(asked(options.data, options.searches)):
            for way in list(ways) if number % 2 else reversed(list(ways)):
                spent[way].append(Spent.of(client.search(words, answer=ways[way])))
    rows, targets = [], []
    for way, each in spent.items():
        own = [one.answering + one.rest for one in each]
        parts = {
            "embedding the query": [one.embedding for one in each],
            "the store's search": [one.store for one in each],
            "answering": [one.answering for one in each],
            "all else": [one.rest for one in each],
            "in all": [one.total for one in each],
        }
        rows += [(way, part, *_cells(values)) for part, values in parts.items()]
        ratio = median(parts["in all"]) / median(one.embedding + one.store for one in each)
        targets += [
            Target("engine", f"ms added at p50, {way}", _percentile(own, 50), 5.0, at_most=True),
            Target("engine", f"ms added at p99, {way}", _percentile(own, 99), 15.0, at_most=True),
            Target("engine", f"p50 to embedding and store, {way}", ratio, 1.3, at_most=True),
        ]
    title = f"{options.searches} searches, milliseconds"
    return Measured(report.table(title, ("", "step", "p50", "p90", "p99", "longest"), rows), targets)


def command(options: argparse.Namespace, library: Path, folder: Path) -> Measured:
    """A process that searches once, and one client of a server."""
    cold_s = [first_result_s(library, words) for words in asked(options.data, options.processes)]
    took_ms, own_ms = [], []
    with serving(library, "--no-page", log=folder / "log") as (address, _), Client(address) as client:
        for words in asked(options.data, WARMING, seed=1):
            client.search(words)
        for words in asked(options.data, options.searches):
            started = time.perf_counter()
            ranking = client.search(words)
            took_ms.append(1000 * (time.perf_counter() - started))
            spent = Spent.of(ranking)
            own_ms.append(spent.embedding + spent.store)
    rows = [
        ("`mmsearch search`, a new process, s", *_cells(cold_s, 2)),
        ("a search by a client of a server, ms", *_cells(took_ms)),
        ("embedding and the store's search of it, ms", *_cells(own_ms)),
    ]
    title = f"{options.processes} processes, and {options.searches} searches over HTTP, answers as by default"
    return Measured(
        report.table(title, ("", "p50", "p90", "p99", "longest"), rows),
        [
            Target("command", "seconds to the first result", median(cold_s), 4.0, at_most=True),
            Target("command", "p50 to embedding and store", median(took_ms) / median(own_ms), 1.3, at_most=True),
        ],
    )


def clients(options: argparse.Namespace, library: Path, folder: Path) -> Measured:
    """One client after another and thirty-two at once, in turns."""
    queries = asked(options.data, options.rounds * (options.one + options.many) + WARMING)
    turns: list[tuple[Load, Load]] = []
    with serving(library, "--no-page", log=folder / "log") as (address, server):
        loaded(address, queries[:WARMING], 1, WARMING, folder, server)
        left = iter(queries[WARMING:])
        for _ in range(options.rounds):
            alone = loaded(address, list(islice(left, options.one)), 1, options.one, folder, server)
            together = loaded(address, list(islice(left, options.many)), CLIENTS, options.many, folder, server)
            turns.append((alone, together))
    rows = [
        (
            str(number),
            str(load.clients),
            f"{load.rate:.1f}",
            f"{load.p50_ms:.0f}",
            f"{load.p99_ms:.0f}",
            f"{load.cores:.2f}",
            f"{load.failures}",
        )
        for number, turn in enumerate(turns, start=1)
        for load in turn
    ]
    ratio = median(together.rate / alone.rate for alone, together in turns)
    header = ("round", "clients", "searches/s", "p50, ms", "p99, ms", "cores busy", "failed")
    title = f"{options.one} searches by one client, {options.many} by {CLIENTS}"
    return Measured(
        report.table(title, header, rows) + _errors(load for turn in turns for load in turn),
        [
            Target("clients", f"throughput of {CLIENTS} to that of one", ratio, 2.0),
            Target("clients", "failed", sum(load.failures for turn in turns for load in turn), 0.0, at_most=True),
        ],
    )


def memory(options: argparse.Namespace, library: Path, folder: Path) -> Measured:
    """Thirty-two clients and many queries, no two alike: what the processes hold meanwhile."""
    queries = asked(options.data, options.queries, seed=2)
    with serving(library, "--no-page", log=folder / "log") as (address, server):
        load = loaded(address, queries, CLIENTS, options.queries, folder, server)
    shares = (0.0, SETTLED, 0.25, 0.5, 0.75, 1.0)
    rows, grown = [], dict[str, float]()
    for name, held in (("server", 0), ("store", 1), ("both", None)):
        mib = [sum(look) if held is None else look[held] for look in load.memory_mib]
        at = [median(_around(mib, share)) for share in shares]
        rows.append((name, *(f"{each:,.0f}" for each in at)))
        grown[name] = at[-1] / at[1] - 1
    title = f"{load.requests:,} searches by {CLIENTS} clients in {load.seconds:.0f} s ({load.rate:.1f}/s), resident MiB"
    header = ("", *(f"after {share:.0%}" for share in shares))
    return Measured(
        report.table(title, header, rows) + _errors([load]),
        [
            Target("memory", f"growth after the first {SETTLED:.0%}", grown["both"], 0.05, at_most=True),
            Target("memory", "failed", load.failures, 0.0, at_most=True),
        ],
    )


def page(options: argparse.Namespace, library: Path, folder: Path) -> Measured:
    """The page in Chromium."""
    queries = asked(options.data, options.pages + WARMING)
    with serving(library, log=folder / "log") as (address, _), pages.chromium() as browser:
        interactive = [pages.interactive_ms(browser, address) for _ in range(options.pages)]
        shown = pages.shown(browser, address, queries)[WARMING:]
        scrolled = [pages.scrolled(browser, address, words, pages.MOST) for words in queries[: options.scrolls]]
    added = [one.added_ms for one in shown]
    tasks = [one.task_ms for one in scrolled]
    rows = [
        ("until the page can be used", *_cells(interactive)),
        ("from Enter until the results are painted", *_cells([one.painted_ms for one in shown])),
        ("less what the search took", *_cells(added)),
        (f"longest task while {pages.MOST} results scroll", *_cells(tasks)),
        ("longest time between two frames of it", *_cells([one.frame_ms for one in scrolled])),
        (f"longest task while {pages.MOST} results come", *_cells([one.coming_ms for one in scrolled])),
    ]
    title = f"{options.pages} loads, {options.pages} searches, {options.scrolls} scrolls to the end; milliseconds"
    return Measured(
        report.table(title, ("", "p50", "p90", "p99", "longest"), rows),
        [
            Target("page", "ms until it can be used", median(interactive), 2000.0, at_most=True),
            Target("page", "ms from the answer to the results", median(added), 300.0, at_most=True),
            Target("page", "results that scroll", min(one.cards for one in scrolled), pages.MOST),
            Target("page", "ms of the longest task while they scroll", max(tasks), 100.0, at_most=True),
        ],
    )


def indexing(options: argparse.Namespace, library: Path, folder: Path) -> Measured:
    """Searches by one client, at rest and while the server indexes abstracts of scifact with the real model."""
    copy = folder / "library"
    shutil.copytree(library, copy)
    with (options.data / "scifact" / "corpus.jsonl").open(encoding="utf-8") as lines:
        first, more = (
            _set_of(islice(lines, FEW), folder / "few"),
            _set_of(islice(lines, options.abstracts), folder / "set"),
        )
    words = iter(asked(options.data, 20_000, seed=3))
    with serving(copy, "--no-page", log=folder / "log") as (address, _), Client(address) as client:
        for _ in range(WARMING):
            client.search(next(words))
        loading = _while_indexing(client, first, words)
        idle = [_took_ms(client, next(words)) for _ in range(options.searches)]
        busy = _while_indexing(client, more, words)
    rows = [
        ("at rest", str(len(idle)), *_cells(idle)),
        ("while a job indexes", str(len(busy)), *_cells(busy)),
        (f"while the first job loads the model, for {FEW} abstracts", str(len(loading)), *_cells(loading)),
    ]
    header = ("", "searches", "p50", "p90", "p99", "longest")
    ratio = _percentile(busy, 99) / _percentile(idle, 99)
    return Measured(
        report.table(f"One client of a server; {options.abstracts} abstracts are indexed; milliseconds", header, rows),
        [Target("indexing", "p99 while a job indexes to that at rest", ratio, 3.0, at_most=True)],
    )


def _set_of(lines: Iterable[str], folder: Path) -> Path:
    folder.mkdir()
    (folder / "corpus.jsonl").write_text("".join(lines), encoding="utf-8")
    (folder / "queries.jsonl").write_text("")
    return folder


def _while_indexing(client: Client, corpus: Path, words: Iterator[str]) -> list[float]:
    """Milliseconds of the searches during a job."""
    job, took = client.submit(corpus), list[float]()
    while not (now := next(each for each in client.jobs() if each.id == job.id)).over:
        took += [_took_ms(client, next(words)) for _ in range(5)]
    assert now.state == "done", now
    return took


MEASUREMENTS: Mapping[str, Callable[[argparse.Namespace, Path, Path], Measured]] = {
    "engine": engine,
    "command": command,
    "clients": clients,
    "memory": memory,
    "page": page,
    "indexing": indexing,
}


def _took_ms(client: Client, words: str) -> float:
    started = time.perf_counter()
    client.search(words)
    return 1000 * (time.perf_counter() - started)


def _percentile(values: Sequence[float], percent: float) -> float:
    return float(np.percentile(values, percent))


def _cells(values: Sequence[float], decimals: int = 1) -> tuple[str, ...]:
    """p50, p90, p99 and the longest."""
    return tuple(f"{_percentile(values, percent):.{decimals}f}" for percent in (50, 90, 99, 100))


def _around(values: Sequence[float], share: float) -> Sequence[float]:
    """The twentieth of the values around that share of the run."""
    width = max(1, len(values) // 20)
    start = min(max(0, round(share * len(values)) - width // 2), len(values) - width)
    return values[start : start + width]


def _errors(loads: "Sequence[Load] | Iterator[Load]") -> str:
    said = [error for load in loads for error in load.errors]
    return f"\n\nWhat failed: {'; '.join(dict.fromkeys(said))}." if said else ""


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder of the judged sets, for the texts of scifact")
    parser.add_argument("--only", action="append", choices=list(MEASUREMENTS), help="measure this; may be repeated")
    parser.add_argument("--report", type=Path, default=HERE / "SERVING.md")
    for name, default in (
        ("passages", 100_000),
        ("searches", 300),
        ("processes", 5),
        ("rounds", 3),
        ("one", 150),
        ("many", 600),
        ("queries", 20_000),
        ("pages", 20),
        ("scrolls", 5),
        ("abstracts", 500),
    ):
        parser.add_argument(f"--{name}", type=int, default=default)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
