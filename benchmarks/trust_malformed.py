"""Files that are broken or mean harm among good ones: what became of each, and what they took."""

import argparse
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from hostile import bombs, damaged
from hostile.among_good import MIB, index_among_good

from benchmarks.quality_report import Measured, Target, table
from mmsearch.errors import error_class

OFF = {"part": ""}
WORKER_BYTES = 1 << 30
SETTINGS: Mapping[str, Any] = {
    "spaces": {"image": OFF, "table": OFF},
    "recognizer": OFF,
    "ocr": OFF,
    "indexing": {"workers": 1, "read_timeout_s": 30.0, "worker_memory_bytes": WORKER_BYTES},
}


def malformed(options: argparse.Namespace, folder: Path) -> Measured:
    """Every format damaged in every way by each seed, and the bombs, indexed together; good files are looked for."""
    seeds = range(options.seeds)
    ended = index_among_good(chain(bombs(), *(damaged(seed) for seed in seeds)), folder, SETTINGS)
    tried = len(ended.failures)
    named = sum(not code or error_class(code) is not None for code, _ in ended.failures.values())
    rows = [(code or "indexed", f"{count:,}") for code, count in ended.codes.most_common()]
    of_limit = ended.worker_bytes / WORKER_BYTES
    return Measured(
        table(f"{tried:,} files by what became of them, in {ended.took_s:.0f} s", ("", "files"), rows)
        + f"\n\nThe process that reads held {ended.worker_bytes // MIB:,} MiB at most; it may hold "
        f"{WORKER_BYTES // MIB:,}. {ended.workers} such processes were needed, one after another. The library, with "
        f"what was on its way, took {ended.disk_bytes // MIB:,} MiB of disk, the files {ended.files_bytes // MIB:,}.",
        [
            Target("malformed", "share indexed or failed by name", named / tried, 1.0),
            Target("malformed", "share of good files found", ended.found / ended.good, 1.0),
            Target("malformed", "readers that crashed or tripped", ended.codes["reader_failed"], 0, at_most=True),
            Target("malformed", "memory of the reading process to its limit", of_limit, 1.2, at_most=True),
        ],
    )
