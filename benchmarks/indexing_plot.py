"""The memory of indexing over its time, as a picture."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks.indexing_runs import Weighed


def plot_memory(runs: Mapping[str, tuple[Weighed, Weighed]], file: Path) -> None:
    """For each kind, the run with N and the one with ten times as many: all processes, and all but the store's."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3.5), layout="constrained")
    for axes, (kind, pair) in zip(figure.subplots(1, len(runs)), runs.items(), strict=True):
        for label, run, colour in zip(("N", "10 N"), pair, ("tab:blue", "tab:orange"), strict=True):
            share = np.linspace(0, 1, len(run.whole_mib))
            axes.plot(share, run.whole_mib, color=colour, label=label)
            axes.plot(share, run.rest_mib, color=colour, linestyle=":", label=f"{label}, without the store")
        axes.set(title=kind, xlabel="share of the run's time", ylim=(0, None))
        axes.legend()
    figure.supylabel("resident, MiB")
    figure.savefig(file, metadata={"Date": None})
