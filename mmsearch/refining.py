"""Judgements in, a refinement of a library's scores out, if it proves better: what `mmsearch calibrate` does."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mmsearch.app import App
from mmsearch.errors import InputError
from mmsearch.evaluation import cached_library
from mmsearch.fusion import CALIBRATED
from mmsearch.judged_rankings import Judged, Search, check, of_feedback, of_set, pooled
from mmsearch.platt import optimiser
from mmsearch.progress import Progress
from mmsearch.refinement import Refinement, write_refinement
from mmsearch.reliability import FOLDS, MEASURES, Comparison, Reliability, cross_validate, fit_rankings
from mmsearch.retrieval_sets import RetrievalSet, read_set
from mmsearch.spaces import fingerprints


def refine(
    app: App,
    set_dir: str | Path | None = None,
    split: str = "",
    judged_only: bool = False,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> dict[str, Any]:
    """Fit the library's scores to its feedback, and to the judgements of a set where one is named, and store the fit.

    The set is searched in its own kept index, under the library's settings. `measures` compares the scores before and
    after on queries that the fit has not seen; `stored` is None where they were no better, and an earlier refinement
    stays. Raises InputError when there is too little to fit or the set is searched in other spaces than the library,
    ConfigError without the evaluation extra.
    """
    optimiser()  # before the long search, not after
    judged_set = read_set(set_dir, split) if set_dir is not None else None
    spaces = fingerprints(app.searcher.spaces)
    parts = {"set": _of_set(app, judged_set, spaces, judged_only, on_progress)} if judged_set else {}
    parts["feedback"] = of_feedback(app.feedback.judgements(), _evidence(app), on_progress)
    judged = pooled(parts.values())
    check(judged)
    compared = cross_validate(judged.rankings)
    lines = fit_rankings(judged.rankings)
    found = {
        "set": judged_set.name if judged_set else None,
        "queries": len({ranking.query for ranking in judged.rankings}),
        "results": judged.results,
        "relevant": judged.relevant,
        "from": {source: part.results for source, part in parts.items()},
        "assumed_not_relevant": judged.assumed,
        "folds": FOLDS,
        "measures": _measures(compared),
    }
    made = {
        "date": datetime.now().astimezone().isoformat(timespec="seconds"),
        "versions": {name: version(name) for name in ("mmsearch", "numpy", "scipy")},
    }
    refinement = Refinement(lines, spaces, found | made)
    stored = write_refinement(app.folder, refinement) if compared.better else None
    app.renew()
    return found | {
        "spaces": list(spaces),
        "lines": {"pooled": asdict(lines.pooled)} | {medium: asdict(line) for medium, line in lines.by_medium.items()},
        "stored": str(stored) if stored else None,
        "warnings": [*judged.notes, *_warnings(app)],
    }


def _of_set(
    app: App,
    judged_set: RetrievalSet,
    spaces: Mapping[str, str],
    judged_only: bool,
    on_progress: Callable[[Progress], None],
) -> Judged:
    place = cached_library(judged_set.folder)
    with App(app.in_force.model_copy(update={"library": place})) as of_its_own:
        of_its_own.index([judged_set.folder], on_progress)
        if (searched := fingerprints(of_its_own.searcher.spaces)) != spaces:
            raise InputError(
                f"{judged_set.name} is searched in {_named(searched)}, the library in {_named(spaces)}: scores of one "
                'say nothing of the other; run "mmsearch index" on the library\'s files, so that it has every space '
                "that is open here"
            )
        return of_set(judged_set, _evidence(of_its_own), judged_only, on_progress)


def _evidence(app: App) -> Search:
    """Searches with the scores as the evidence has them, whatever was fitted before and whichever fusion is set."""
    return replace(app.searcher, refinement=None, fusion=CALIBRATED).search


def _named(spaces: Mapping[str, str]) -> str:
    return ", ".join(f"{name} ({fingerprint[:6]})" for name, fingerprint in spaces.items()) or "no space"


def _measures(compared: Comparison) -> dict[str, Any]:
    """By medium and over all: how many results, and the three measures before and after."""
    measures = {}
    for name, before in compared.before.items():
        measures[name] = {
            "results": before.results,
            "relevant": before.relevant,
            "before": _rounded(before),
            "after": _rounded(compared.after[name]),
        }
    return measures


def _rounded(found: Reliability) -> dict[str, float]:
    return {name: round(getattr(found, name), 4) for name in MEASURES}


def _warnings(app: App) -> list[str]:
    fusion = app.settings.search.fusion
    if fusion == CALIBRATED:
        return []
    return [f'searches use the fusion "{fusion}", whose scores are not refined; "{CALIBRATED}" is']
