"""The plots of a comparison as SVG that takes its colours and its font from the page it stands in.

Colours are Okabe and Ito's, told apart by the colour-blind (https://jfly.uni-koeln.de/color/); a run has a marker too.
"""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmsearch.comparison import Contrast, LabelledRun, SetComparison, differences
from mmsearch.evaluation import summary

INK, FAINT, WON, LOST = "#010101", "#020202", "#030303", "#040404"
RUNS = tuple(f"#0505{number:02}" for number in range(10, 17))
"""Stand-ins that no plot uses otherwise: each becomes a custom property of the page's style sheet."""

PROPERTIES = {INK: "ink", FAINT: "faint", WON: "won", LOST: "lost"} | {
    colour: f"run-{number}" for number, colour in enumerate(RUNS)
}
MARKERS = "DosP^vX"
LINES = ("--", "-", "-.", ":", "-", "-.", ":")

STYLE = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.size": 11,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.5,
    "xtick.color": INK,
    "ytick.color": INK,
}
WIDTH_IN = 9.0


def metric_plot(comparison: Sequence[SetComparison], labels: Sequence[str], metric: str) -> str:
    """A row for each set and, below it, each intended modality; a dot for each run."""
    rows: list[tuple[str, Mapping[str, float]]] = []
    for of_set in comparison:
        found = {run.label: summary(run.saved.outcomes) for run in of_set.runs}
        rows.append((of_set.set, {label: values["metrics"][metric] for label, values in found.items()}))
        groups = next(iter(found.values()))["by_intended"]
        for group in groups if len(groups) > 1 else ():
            rows.append((f"{group}   ", {label: v["by_intended"][group][metric] for label, v in found.items()}))
    with _figure("metric", 0.8 + 0.42 * len(rows)) as (figure, axes):
        for row, (_, values) in enumerate(rows):
            axes.plot([min(values.values()), max(values.values())], [row, row], color=FAINT, linewidth=2, zorder=1)
            for label, value in values.items():
                style = labels.index(label) % len(RUNS)
                axes.plot(value, row, MARKERS[style], color=RUNS[style], markersize=8, zorder=2 + (style == 0))
        axes.set_yticks(range(len(rows)), [name for name, _ in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlabel(metric)
        axes.grid(axis="y", visible=False)
    return _svg(figure, "metric")


def difference_plot(contrast: Contrast, metric: str) -> str:
    """Every query's difference to the baseline, the greatest gain first: what lies above zero was won."""
    values = np.sort(list(differences(metric, contrast.run, contrast.baseline).values()))[::-1]
    found = contrast.by_metric[metric]
    name = f"differences {contrast.run.label} {contrast.run.saved.set}"
    with _figure(name, 2.7) as (figure, axes):
        place = np.arange(len(values))
        for chosen, colour in ((values > 0, WON), (values < 0, LOST)):
            axes.fill_between(
                np.append(place, len(values)),
                np.append(np.where(chosen, values, 0), 0),
                step="post",
                color=colour,
                linewidth=0,
            )
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.axhline(found.mean, color=INK, linewidth=0.8, linestyle="--")
        axes.text(len(values), found.mean, f" mean {found.mean:+.3f}", va="center")
        axes.text(0, 0, f"{found.wins} better  ", va="bottom", ha="left", color=WON, visible=False)
        axes.set_xlim(0, len(values))
        axes.set_ylim(-1.05, 1.05)
        axes.set_xlabel("queries, the greatest gain first")
        axes.set_ylabel(f"difference in {metric}")
        axes.grid(axis="x", visible=False)
    return _svg(figure, name)


def latency_plot(runs: Sequence[LabelledRun], labels: Sequence[str]) -> str:
    """The share of searches that took at most so many milliseconds, a line for each run."""
    name = f"latency {runs[0].saved.set}"
    with _figure(name, 2.7) as (figure, axes):
        for run in runs:
            style = labels.index(run.label) % len(RUNS)
            took_ms = [outcome.took_ms["total"] for outcome in run.saved.outcomes]
            axes.ecdf(took_ms, color=RUNS[style], linestyle=LINES[style], linewidth=2)
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter("")
        axes.set_yticks((0, 0.5, 0.9, 0.99), ("0", "50 %", "90 %", "99 %"))
        axes.set_ylim(0, 1.02)
        axes.set_xlabel("milliseconds a search, logarithmic")
        axes.set_ylabel("share of searches")
    return _svg(figure, name)


@contextmanager
def _figure(name: str, height_in: float) -> Iterator[tuple[Figure, Axes]]:
    """A figure without pyplot's global state; `name` makes its ids differ from those of others on the page."""
    with rc_context({**STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=(WIDTH_IN, height_in), layout="constrained")
        yield figure, figure.add_subplot()


def _svg(figure: Figure, name: str) -> str:
    with rc_context({**STYLE, "svg.hashsalt": name}):
        written = io.StringIO()
        nothing: dict[str, Any] = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(written, format="svg", transparent=True, metadata=nothing)
    svg = re.sub(r"^.*?(?=<svg)", "", written.getvalue(), flags=re.S)
    for colour, name_of in PROPERTIES.items():
        svg = svg.replace(colour, f"var(--{name_of})")
    return re.sub(r' (width|height)="[\d.]+pt"', "", svg, count=2)
