"""Measured outcomes as Markdown tables, and their place between the marks of a report."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev

from mmsearch.evaluation import Outcome
from mmsearch.runs import surroundings
from mmsearch.types import Modality

BANDS = ((0.0, 0.1), (0.1, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 0.99), (0.99, 1.01))
"""Scores that are looked at together: from, below."""

TARGET_HEADER = ("set", "what", "measured", "to reach", "reached")


@dataclass(frozen=True, slots=True)
class Target:
    """A figure with what it is to reach, or not to exceed."""

    set: str
    what: str
    measured: float
    reach: float
    at_most: bool = False

    @property
    def row(self) -> tuple[str, ...]:
        """The cells of its row; reached is what the unrounded figure says."""
        reached = self.measured <= self.reach if self.at_most else self.measured >= self.reach
        sign = "at most" if self.at_most else "at least"
        reach = max(f"{self.reach:.2f}", f"{self.reach:g}", key=len)
        return self.set, self.what, f"{self.measured:.4f}", f"{sign} {reach}", "yes" if reached else "**no**"


@dataclass(frozen=True, slots=True)
class Measured:
    """The tables of a set, and the targets that it speaks of."""

    text: str
    targets: Sequence[Target]


def ndcg(found: Mapping[str, Mapping[str, Sequence[Outcome]]]) -> str:
    """nDCG@10 of each configuration by group, with the standard error of the mean."""
    groups = list(next(iter(found.values())))
    sizes = {group: len(found[next(iter(found))][group]) for group in groups}
    rows = [(way, *(_mean(by_group[group]) for group in groups)) for way, by_group in found.items()]
    return table("nDCG@10 ± standard error", ("", *(f"{group} ({sizes[group]})" for group in groups)), rows)


def four_media(title: str, found: Mapping[str, Mapping[str, Sequence[Outcome]]], oracle: Mapping[str, float]) -> str:
    """nDCG@10 by intended medium and the mean of the four, beside the oracle and as a share of it."""
    rows = []
    for way, by_medium in found.items():
        means = {medium: fmean(o.metrics["ndcg@10"] for o in outcomes) for medium, outcomes in by_medium.items()}
        cells = (f"{means[medium]:.4f} ({means[medium] / oracle[medium]:.3f})" for medium in oracle)
        overall = fmean(means.values())
        rows.append((way, *cells, f"{overall:.4f} ({overall / fmean(oracle.values()):.3f})"))
    rows.append(("oracle", *(f"{best:.4f}" for best in oracle.values()), f"{fmean(oracle.values()):.4f}"))
    return table(f"{title}: nDCG@10 (share of the oracle)", ("", *oracle, "mean of four"), rows)


def oracles(found: Mapping[Modality, Mapping[str, float]]) -> str:
    """Every configuration that the oracle chose from, searching the intended medium only."""
    rows = [(medium, way, f"{value:.4f}") for medium, by_way in found.items() for way, value in by_way.items()]
    return table("The oracle's choices (pictures: last seed)", ("only", "configuration", "nDCG@10"), rows)


def no_good_match(found: Mapping[str, tuple[Sequence[Outcome], Mapping[str, float]]]) -> str:
    """The share of queries that were answered as good: judged ones by medium, and those without an answer."""
    header: tuple[str, ...] = ()
    rows = []
    for name, (outcomes, false) in found.items():
        media = sorted({outcome.intended for outcome in outcomes} - {""})
        groups = {medium: [o for o in outcomes if o.intended == medium] for medium in media} | {"all judged": outcomes}
        kept = [f"{fmean(not outcome.no_good_match for outcome in group):.3f}" for group in groups.values()]
        header = ("", *groups, *false, "all without an answer")
        rows.append((name, *kept, *(f"{share:.3f}" for share in false.values()), f"{fmean(false.values()):.3f}"))
    return table("Answered as good (`no_good_match` is false)", header, rows)


def reliability(outcomes: Sequence[Outcome]) -> str:
    """Of the first ten results by score and medium, the share that is judged relevant."""
    shown = [result for outcome in outcomes for result in outcome.found]
    media = sorted({result.modality for result in shown})
    rows = []
    for low, high in BANDS:
        inside = [result for result in shown if low <= result.score < high]
        groups = [[result for result in inside if result.modality == medium] for medium in media]
        mean_score = f"{fmean(result.score for result in inside):.2f}" if inside else ""
        band = f"{low:g} to {high:g}" if high < 1 else f"{low:g} and more"
        rows.append((band, mean_score, *map(_share, groups), _share(inside)))
    header = ("score", "mean score", *media, "all")
    return table("Judged relevant, of the first ten results with that score (how many)", header, rows)


def _share(results: Sequence[object]) -> str:
    grades = [getattr(result, "grade", 0) > 0 for result in results]
    return f"{fmean(grades):.2f} ({len(grades)})" if grades else ""


def _mean(outcomes: Sequence[Outcome]) -> str:
    values = [outcome.metrics["ndcg@10"] for outcome in outcomes]
    return f"{fmean(values):.4f} ± {stdev(values) / sqrt(len(values)):.3f}"


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table below its title."""
    return "\n".join([f"{title}:", "", _row(header), _rule(header), *map(_row, rows)])


def targets(found: Sequence[Target]) -> str:
    """The targets as a table."""
    return "\n".join([_row(TARGET_HEADER), _rule(TARGET_HEADER), *(_row(target.row) for target in found)])


def check(file: Path, names: Iterable[str]) -> None:
    """Raises SystemExit when the file has no place for the tables of a set."""
    if not file.is_file():
        raise SystemExit(f"{file} is not there: name a report that has places for the tables with --report")
    for name in (*names, "targets"):
        _inside(file.read_text(encoding="utf-8"), name, file)


def write(file: Path, name: str, measured: Measured) -> None:
    """Put the tables of a set between its marks, and its targets in place of its earlier ones, sets in marks' order."""
    written = file.read_text(encoding="utf-8")
    written = _between(written, name, f"{_facts()}\n\n{measured.text}", file)
    earlier = _inside(written, "targets", file).splitlines()[2:]
    rows = [row for row in earlier if not _is_of(name, row)] + [_row(target.row) for target in measured.targets]
    order = re.findall(r"<!-- measured: (.*?) -->", written)
    rows.sort(key=lambda row: [_is_of(each, row) for each in order], reverse=True)
    reached = "\n".join([_row(TARGET_HEADER), _rule(TARGET_HEADER), *rows])
    file.write_text(_between(written, "targets", reached, file), encoding="utf-8")


def _is_of(name: str, row: str) -> bool:
    return row.startswith((f"| {name} |", f"| {name}, "))


def _facts() -> str:
    found = surroundings()
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    return f"Measured {found['date'][:10]} with {versions}."


def _marks(name: str) -> tuple[str, str]:
    return f"<!-- measured: {name} -->", f"<!-- end: {name} -->"


def _inside(text: str, name: str, file: Path) -> str:
    start, end = map(re.escape, _marks(name))
    found = re.search(f"{start}\n(.*?){end}", text, re.DOTALL)
    if not found:
        raise SystemExit(f"{file} has no place for {name}: write the lines {' and '.join(_marks(name))} into it")
    return found[1]


def _between(text: str, name: str, new: str, file: Path) -> str:
    start, end = _marks(name)
    return text.replace(f"{start}\n{_inside(text, name, file)}{end}", f"{start}\n{new}\n{end}")


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _rule(header: Sequence[str]) -> str:
    return f"|{'---|' * len(header)}"
