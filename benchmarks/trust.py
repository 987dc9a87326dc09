"""What it survives: `make bench-trust` measures and fills benchmarks/TRUST.md.

Each section is a function in a file of its own, named in MEASUREMENTS; its place in the report is a pair of marks.
"""

import argparse
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks import quality_report as report
from benchmarks.quality_report import Measured
from benchmarks.trust_attacks import requests, scripts
from benchmarks.trust_kills import kills
from benchmarks.trust_load import load
from benchmarks.trust_malformed import malformed

HERE = Path(__file__).parent

MEASUREMENTS: Mapping[str, Callable[[argparse.Namespace, Path], Measured]] = {
    "malformed": malformed,
    "kills": kills,
    "load": load,
    "scripts": scripts,
    "requests": requests,
}
"""By the name of its section: what measures it, with the options below, in a folder that is gone afterwards."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is asked for, print the tables, and write them into the report."""
    options = _options(arguments)
    wanted = options.only or list(MEASUREMENTS)
    report.check(options.report, wanted)
    for name in wanted:
        with tempfile.TemporaryDirectory() as folder:
            measured = MEASUREMENTS[name](options, Path(folder))
        print(f"{measured.text}\n\n{report.targets(measured.targets)}\n", flush=True)
        report.write(options.report, name, measured)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=list(MEASUREMENTS), help="measure this; may be repeated")
    parser.add_argument("--report", type=Path, default=HERE / "TRUST.md")
    parser.add_argument("--seeds", type=int, default=20, help="of damage: every format in every way, each")
    parser.add_argument(
        "--kills", type=int, default=50, help="that come while something is indexed, by a job or a server in turn"
    )
    parser.add_argument("--minutes", type=float, default=10.0, help="of mixed load")
    parser.add_argument("--cases", type=int, default=200, help="requests made up for each operation")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
