"""The plots of a comparison as SVG that takes its colours and its font from the page it stands in.

Colours are Okabe and Ito's, told apart by the colour-blind (https://jfly.uni-koeln.de/color/); a run has a marker too.
"""

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator
from matplotlib.typing import RcKeyType

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

STYLE: dict[RcKeyType, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.size": 11,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.5,
    "xtick.color": INK,
    "ytick.color": INK,
}
WIDTH_IN = 9.0


def metric_plot(comparison: Sequence[SetComparison], labels: Sequence[str], metric: str) -> str:
    """A row for each set and, below it, each intended modality; a dot for each run."""
    rows = _rows(comparison, metric)
    with _axes("metric", 0.8 + 0.4 * len(rows)) as (figure, axes):
        for row, (_, values) in enumerate(rows):
            axes.plot([min(values.values()), max(values.values())], [row, row], color=FAINT, linewidth=2, zorder=1)
            for label, value in values.items():
                style = labels.index(label) % len(RUNS)
                axes.plot(value, row, MARKERS[style], color=RUNS[style], markersize=8, zorder=3 - (style > 0))
        axes.set_yticks(range(len(rows)), [name for name, _ in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlabel(metric)
        axes.grid(axis="y", visible=False)
        return _svg(figure)


def _rows(comparison: Sequence[SetComparison], metric: str) -> list[tuple[str, dict[str, float]]]:
    """(name, value by run) of each set and of the modalities in it."""
    rows = []
    for of_set in comparison:
        found = {run.label: summary(run.saved.outcomes) for run in of_set.runs}
        rows.append((of_set.set, {label: values["metrics"][metric] for label, values in found.items()}))
        groups = next(iter(found.values()))["by_intended"]
        for group in groups if len(groups) > 1 else ():
            values = {label: of_run["by_intended"][group][metric] for label, of_run in found.items()}
            rows.append((f"{of_set.set}: {group}", values))
    return rows


def difference_plot(contrast: Contrast, metric: str) -> str:
    """Every query's difference to the baseline, the greatest gain first: what lies above zero was won."""
    values = np.sort(list(differences(metric, contrast.run, contrast.baseline).values()))[::-1]
    mean = contrast.by_metric[metric].mean
    with _axes(f"differences {contrast.run.label} {contrast.run.saved.set}", 2.5) as (figure, axes):
        edges = np.arange(len(values) + 1)
        for chosen, colour in ((values > 0, WON), (values < 0, LOST)):
            heights = np.append(np.where(chosen, values, 0), 0)
            axes.fill_between(edges, heights, step="post", color=colour, linewidth=0)
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.axhline(mean, color=INK, linewidth=1, linestyle="--")
        axes.annotate(f"mean {mean:+.3f}", (1, mean), xycoords=("axes fraction", "data"), va="bottom", ha="right")
        axes.set_xlim(0, len(values))
        axes.set_ylim(-1.05, 1.05)
        axes.set_xlabel("queries, the greatest gain first")
        axes.set_ylabel(f"difference in {metric}")
        axes.grid(axis="x", visible=False)
        return _svg(figure)


def latency_plot(runs: Sequence[LabelledRun], labels: Sequence[str]) -> str:
    """The share of searches that took at most so many milliseconds, a line for each run."""
    with _axes(f"latency {runs[0].saved.set}", 2.5) as (figure, axes):
        for run in runs:
            style = labels.index(run.label) % len(RUNS)
            took_ms = [outcome.took_ms["total"] for outcome in run.saved.outcomes]
            axes.ecdf(took_ms, color=RUNS[style], linestyle=LINES[style], linewidth=2)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_yticks((0, 0.5, 0.9, 0.99), ("0", "50 %", "90 %", "99 %"))
        axes.set_ylim(0, 1.02)
        axes.set_xlabel("milliseconds a search (logarithmic)")
        axes.set_ylabel("share of searches")
        return _svg(figure)


@contextmanager
def _axes(name: str, height_in: float) -> Iterator[tuple[Figure, Axes]]:
    """Axes without pyplot's global state; `name` makes the plot's ids differ from those of others on the page."""
    with rc_context({**STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=(WIDTH_IN, height_in), layout="constrained")
        yield figure, figure.add_subplot()


def _svg(figure: Figure) -> str:
    """The figure as an element of a page: as wide as it may be, without a prologue, in the page's colours."""
    written = io.StringIO()
    nothing: dict[str, Any] = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(written, format="svg", transparent=True, metadata=nothing)
    svg = written.getvalue()
    svg = svg[svg.index("<svg") :].replace("<svg", '<svg role="img"', 1)
    for colour, name in PROPERTIES.items():
        svg = svg.replace(colour, f"var(--{name})")
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)  # named alike in every plot, and nothing refers to them
    return re.sub(r' (width|height)="[\d.]+pt"', "", svg, count=2)


def marker(number: int) -> str:
    """The character that looks like the marker of a run, for the key."""
    return "◆●■▲✚▼✖"[number % len(RUNS)]
