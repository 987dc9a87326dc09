"""Which of several saved runs is better: differences to a baseline, query by query, and whether they may be chance.

The test is the paired randomisation test, which Smucker, Allan and Carterette (CIKM 2007,
https://doi.org/10.1145/1321440.1321528) recommend for retrieval: under the null hypothesis the two runs' values of a
query may change places. Its p is corrected over all comparisons of a metric (Holm 1979). Intervals are those of the
percentile bootstrap.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmsearch.errors import ConfigError, InputError
from mmsearch.evaluation import METRICS, Outcome, summary
from mmsearch.runs import SavedRun

RESAMPLES = 20_000
"""Random sign changes: a p of 0.01 is known to about 0.0014. Fewer queries than 14 are counted out exactly."""

SEED = 20_07
LEVEL = 0.05
"""A corrected p below it is called significant."""

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Difference:
    """Run minus baseline in one metric: the mean over the queries, its 95 % interval, and p before and after Holm."""

    mean: float
    low: float
    high: float
    p: float
    p_holm: float
    wins: int
    ties: int
    losses: int

    @property
    def significant(self) -> bool:
        """Whether the corrected p is below LEVEL."""
        return self.p_holm < LEVEL


@dataclass(frozen=True, slots=True)
class LabelledRun:
    """A saved run with the label that is unique within its set."""

    label: str
    saved: SavedRun

    def by_query(self) -> dict[str, Outcome]:
        """Its outcomes by query id."""
        return {outcome.id: outcome for outcome in self.saved.outcomes}


@dataclass(frozen=True, slots=True)
class Contrast:
    """A run against the baseline of its set, by metric."""

    run: LabelledRun
    baseline: LabelledRun
    by_metric: Mapping[str, Difference]


@dataclass(frozen=True, slots=True)
class SetComparison:
    """The runs of one set, the baseline first, and each other run's contrast with it."""

    set: str
    queries: int
    runs: tuple[LabelledRun, ...]
    contrasts: tuple[Contrast, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The sets that have at least two runs; `warnings` name what makes a comparison unfair or was left out."""

    sets: tuple[SetComparison, ...]
    warnings: tuple[str, ...]


def compare(runs: Sequence[SavedRun]) -> Comparison:
    """The runs compared set by set; the first run, or the one of its name in another set, is the baseline.

    Raises InputError when no two runs are of one set, or when two runs of a set were judged differently.
    """
    by_set: dict[str, list[SavedRun]] = {}
    for run in runs:
        by_set.setdefault(run.set, []).append(run)
    warnings = []
    for name, of_set in by_set.items():
        _check_judgements(name, of_set)
        warnings += _warnings(name, of_set)
    paired = {name: of_set for name, of_set in by_set.items() if len(of_set) > 1}
    if not paired:
        raise InputError(f"nothing to compare: give two runs of one set; these are of {', '.join(by_set) or 'none'}")
    labelled = {name: _baseline_first(_labelled(of_set), runs[0].label) for name, of_set in paired.items()}
    pairs = [(name, run, of_set[0]) for name, of_set in labelled.items() for run in of_set[1:]]
    tested = {metric: _differences(metric, [(run, baseline) for _, run, baseline in pairs]) for metric in METRICS}
    contrasts = [
        (name, Contrast(run, baseline, {metric: tested[metric][number] for metric in METRICS}))
        for number, (name, run, baseline) in enumerate(pairs)
    ]
    return Comparison(
        tuple(
            SetComparison(name, len(of_set[0].saved.outcomes), of_set, tuple(c for of, c in contrasts if of == name))
            for name, of_set in labelled.items()
        ),
        tuple(warnings),
    )


def differences(metric: str, run: LabelledRun, baseline: LabelledRun) -> dict[str, float]:
    """Run minus baseline by query id."""
    before, after = baseline.by_query(), run.by_query()
    return {id: round(after[id].metrics[metric] - before[id].metrics[metric], 6) for id in before}


def _differences(metric: str, pairs: Sequence[tuple[LabelledRun, LabelledRun]]) -> list[Difference]:
    """One difference a pair, with p corrected over all of them."""
    values = [np.array(list(differences(metric, run, baseline).values())) for run, baseline in pairs]
    raw = [randomisation_test(of_pair) for of_pair in values]
    found = []
    for of_pair, p, p_holm in zip(values, raw, holm(raw), strict=True):
        low, high = bootstrap_interval(of_pair)
        counts = Counter(np.sign(of_pair).tolist())
        found.append(Difference(float(of_pair.mean()), low, high, p, p_holm, counts[1], counts[0], counts[-1]))
    return found


def randomisation_test(values: Values) -> float:
    """Two-sided p of the mean of paired differences under random signs; 1 where at most one query differs."""
    moved = values[values != 0]  # a zero changes no sign: without them it is the same test, sooner
    if moved.size < 2:
        return 1.0
    return float(
        _stats()
        .permutation_test(
            (moved,),
            np.mean,
            permutation_type="samples",
            n_resamples=RESAMPLES,
            batch=1000,
            vectorized=True,
            rng=SEED,
        )
        .pvalue
    )


def bootstrap_interval(values: Values) -> tuple[float, float]:
    """The 95 % percentile interval of the mean over resampled queries."""
    if values.size < 2:
        return float(values.mean()), float(values.mean())
    found = _stats().bootstrap((values,), np.mean, n_resamples=10_000, batch=1000, method="percentile", rng=SEED)
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values corrected for being that many, in the order given: Holm's step-down."""
    corrected, highest = [0.0] * len(p_values), 0.0
    for step, place in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, p_values[place] * (len(p_values) - step)))
        corrected[place] = highest
    return corrected


def _stats() -> Any:
    try:
        from scipy import stats
    except ModuleNotFoundError as error:
        raise ConfigError('a comparison needs scipy; pip install "mmsearch[evaluation]"') from error
    return stats


def _check_judgements(name: str, runs: Sequence[SavedRun]) -> None:
    for run in runs[1:]:
        if run.facts["judgements"] != runs[0].facts["judgements"]:
            raise InputError(
                f'{runs[0].folder} and {run.folder} are runs of a set "{name}" with other queries or judgements; '
                "evaluate both on the same set"
            )


def _warnings(name: str, runs: Sequence[SavedRun]) -> list[str]:
    if len(runs) == 1:
        return [f"{name}: only {runs[0].folder} is a run of it, which is left out"]
    said = []
    if len({run.facts["corpus"] for run in runs}) > 1:
        said.append(f"{name}: the runs searched different corpora")
    machines = {(run.facts["machine"]["host"], run.facts["machine"]["processor"]) for run in runs}
    if len(machines) > 1:
        said.append(f"{name}: the runs were made on different machines, their latencies do not compare")
    said += [f"{name}, {run.label}: {warning}" for run in runs for warning in run.facts["warnings"]]
    return said


def _labelled(runs: Sequence[SavedRun]) -> list[LabelledRun]:
    """The runs with labels that differ; equal ones are numbered."""
    seen: Counter[str] = Counter()
    labelled = []
    for run in runs:
        seen[run.label] += 1
        labelled.append(LabelledRun(f"{run.label} ({seen[run.label]})" if seen[run.label] > 1 else run.label, run))
    return labelled


def _baseline_first(runs: Sequence[LabelledRun], label: str) -> tuple[LabelledRun, ...]:
    return tuple(sorted(runs, key=lambda run: run.label != label))


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """The comparison as plain values: `compare --json`."""
    return {
        "sets": [
            {
                "set": of_set.set,
                "queries": of_set.queries,
                "baseline": of_set.runs[0].label,
                "runs": [_run_json(run) for run in of_set.runs],
                "comparisons": [
                    {"run": c.run.label, "metrics": {name: _difference_json(d) for name, d in c.by_metric.items()}}
                    for c in of_set.contrasts
                ],
            }
            for of_set in comparison.sets
        ],
        "warnings": list(comparison.warnings),
    }


def _run_json(run: LabelledRun) -> dict[str, Any]:
    facts = run.saved.facts
    settings = {key: facts[key] for key in ("date", "documents", "spaces", "fusion")}
    settings["reranker"] = facts.get("reranker")  # runs from before there was one do not say
    return {"name": run.label, "run": str(run.saved.folder), **settings, **summary(run.saved.outcomes)}


def _difference_json(difference: Difference) -> dict[str, Any]:
    return {
        "difference": round(difference.mean, 4),
        "interval": [round(difference.low, 4), round(difference.high, 4)],
        "p": round(difference.p, 5),
        "p_holm": round(difference.p_holm, 5),
        "significant": difference.significant,
        "wins": difference.wins,
        "ties": difference.ties,
        "losses": difference.losses,
    }
