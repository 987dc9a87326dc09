"""A comparison as one HTML file that needs nothing else: verdicts in words, plots, the queries behind the figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mmsearch.comparison import Comparison, Contrast, LabelledRun, SetComparison, comparison_json, differences
from mmsearch.errors import ConfigError, Forbidden
from mmsearch.evaluation import CUTOFF, Outcome, Wanted

METRIC = "ndcg@10"
"""The metric that is plotted and by which queries are chosen."""

SHOWN_LOST, SHOWN_WON, SHOWN_FAILED = 6, 3, 5
"""Queries shown of each kind."""

SHOWN_RESULTS = 5
SHOWN_WANTED = 3


@dataclass(frozen=True, slots=True)
class Card:
    """A query for a person: its outcome in each of the runs shown, by label."""

    outcomes: dict[str, Outcome]

    @property
    def query(self) -> Outcome:
        """Any outcome: they agree on the query and on what was wanted."""
        return next(iter(self.outcomes.values()))

    @property
    def wanted(self) -> tuple[Wanted, ...]:
        """The relevant documents as the run says them that found the most: a recording has words where it was found."""
        return max(
            (o.wanted for o in self.outcomes.values()), key=lambda wanted: sum(w.rank is not None for w in wanted)
        )

    def place(self, id: str) -> str:
        """Where each run has the relevant document, in words."""
        ranks = {label: next(w.rank for w in o.wanted if w.id == id) for label, o in self.outcomes.items()}
        said = [f"{label}: {f'rank {rank}' if rank else f'not in the first {CUTOFF}'}" for label, rank in ranks.items()]
        return " · ".join(said)


def write_report(comparison: Comparison, file: Path) -> None:
    """Write the report. Raises ConfigError when the evaluation extra is not installed, Forbidden."""
    page = report(comparison)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise Forbidden(f"{file} cannot be written: {error.strerror}") from error


def report(comparison: Comparison) -> str:
    """The report as HTML; everything that comes from runs is escaped."""
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined

        from mmsearch import comparison_plots as plots
    except ModuleNotFoundError as error:
        raise ConfigError(
            f'the report needs {error.name}, which is not installed; pip install "mmsearch[evaluation]"'
        ) from error
    labels = list(dict.fromkeys(run.label for of_set in comparison.sets for run in of_set.runs))
    environment = Environment(
        loader=PackageLoader("mmsearch"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("comparison.html").render(
        comparison=comparison,
        values=comparison_json(comparison)["sets"],
        labels=labels,
        markers=[plots.marker(number) for number in range(len(labels))],
        metric=METRIC,
        overview=plots.metric_plot(comparison.sets, labels, METRIC),
        difference_plot=lambda contrast: plots.difference_plot(contrast, METRIC),
        latency_plot=lambda of_set: plots.latency_plot(of_set.runs, labels),
        verdict=verdict,
        cards=cards,
        failed=failed,
        shown_results=SHOWN_RESULTS,
        shown_wanted=SHOWN_WANTED,
    )


def verdict(contrast: Contrast) -> str:
    """A contrast in a sentence or two."""
    found = contrast.by_metric[METRIC]
    side = "above" if found.mean >= 0 else "below"
    p = f"p = {found.p_holm:.3f}" if found.p_holm >= 0.001 else "p < 0.001"
    chance = f"that is hardly chance ({p})" if found.significant else f"that may be chance ({p})"
    return (
        f"{contrast.run.label} is {abs(found.mean):.4f} {METRIC} {side} {contrast.baseline.label} "
        f"(95 % interval {found.low:+.4f} to {found.high:+.4f}); {chance}. "
        f"{found.wins} queries got better, {found.ties} stayed equal, {found.losses} got worse."
    )


def cards(contrast: Contrast) -> dict[str, list[Card]]:
    """The queries that lost the most against the baseline, and those that gained the most."""
    by_query = differences(METRIC, contrast.run, contrast.baseline)
    worst_first = sorted(by_query, key=lambda id: by_query[id])
    lost = [id for id in worst_first if by_query[id] < 0][:SHOWN_LOST]
    won = [id for id in reversed(worst_first) if by_query[id] > 0][:SHOWN_WON]
    pair = (contrast.baseline, contrast.run)
    return {"lost": _cards(lost, pair), "won": _cards(won, pair)}


def failed(of_set: SetComparison) -> tuple[int, list[Card]]:
    """(how many queries have nothing relevant among the first ten in any run, the first of them)."""
    by_run = [run.by_query() for run in of_set.runs]
    hopeless = [id for id in by_run[0] if all(outcomes[id].metrics[METRIC] == 0 for outcomes in by_run)]
    return len(hopeless), _cards(hopeless[:SHOWN_FAILED], (of_set.runs[0], of_set.runs[-1]))


def _cards(ids: Sequence[str], runs: Sequence[LabelledRun]) -> list[Card]:
    by_run = {run.label: run.by_query() for run in runs}
    return [Card({label: outcomes[id] for label, outcomes in by_run.items()}) for id in ids]
