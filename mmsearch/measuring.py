"""Measures a library on a retrieval set, and saves the run: what `mmsearch eval` does."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from mmsearch.app import App
from mmsearch.evaluation import evaluate
from mmsearch.progress import Progress
from mmsearch.retrieval_sets import read_set
from mmsearch.runs import check_name, default_runs, run_facts, save_run, surroundings
from mmsearch.spaces import CATALOGUE


def measure(
    app: App,
    set_dir: str | Path,
    spaces: Iterable[str],
    on_progress: Callable[[Progress], None],
    split: str,
    runs: str | Path | None,
    name: str,
    rerank: bool | None,
    stop: Callable[[], bool],
) -> dict[str, Any]:
    """Index the set where that is still to be done, search its queries, measure; see Client.evaluate."""
    check_name(name)
    retrieval_set = read_set(set_dir, split)
    wanted = frozenset(spaces)
    app.require(wanted)
    reranker = app.reranker_facts(rerank)
    report = app.index([retrieval_set.folder], on_progress, {CATALOGUE, *wanted} if wanted else (), stop)
    if report.stopped:
        raise KeyboardInterrupt

    def tell(step: Progress) -> None:
        if stop():
            raise KeyboardInterrupt
        on_progress(step)

    outcomes = evaluate(retrieval_set, app.search, wanted, tell, rerank)
    searcher = app.searcher
    used = {space: searcher.spaces[space].space for space in sorted(wanted or searcher.spaces)}
    found = run_facts(retrieval_set, report, outcomes, app.settings.search.fusion, list(used), reranker)
    made = {
        "search": app.settings.search.model_dump(),
        "models": {
            name: {"model": space.model, "revision": space.revision, "fingerprint": space.fingerprint}
            for name, space in used.items()
        },
        "closed_spaces": {} if wanted else dict(searcher.closed),
    }
    folder = save_run(Path(runs) if runs else default_runs(), name, found | made | surroundings(), outcomes)
    return found | {"closed_spaces": made["closed_spaces"], "run": str(folder)}
