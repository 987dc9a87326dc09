"""A library that changes, and its job or its server killed again and again at drawn moments: what is left of it."""

import argparse
import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import IO, Any

from benchmarks.indexing_kills import SETTINGS, differences, draw_mixed, held
from benchmarks.indexing_runs import OFF, start
from benchmarks.quality_report import Measured, Target, table
from mmsearch.settings import MANIFEST_FILE

CHANGED = 24
"""Files that come, change or go before each kill."""
MOST_ROUNDS = 2
"""For each kill that is to come in time."""
LONGEST_S = 12.0
"""From the start of the process to its end; a job of the changes is over before that on an idle machine."""


def kills(options: argparse.Namespace, folder: Path) -> Measured:
    """Change files, begin to index them, kill -9 at a drawn moment, have the doctor look; in the end index in peace."""
    drawn, files, library = random.Random(11), draw_mixed(folder / "files"), folder / "library"
    assert start(files, library, SETTINGS).wait() == 0
    counts: Counter[str] = Counter()
    number = 0
    while counts["job killed"] + counts["server killed"] < options.kills and number < MOST_ROUNDS * options.kills:
        _change(files, number, drawn)
        before = places(library, "where done")
        who = ("job", "server")[number % 2]
        moment_s = drawn.uniform(0.5, LONGEST_S)
        running = _killed(files, library, who, moment_s)
        counts[f"{who} killed"] += running
        counts["ended before"] += not running
        still = {place for place in before if Path(place).exists()}
        counts["lost"] += len(still - places(library))  # those at hand are known, and read again
        code, said = mmsearch(library, "doctor", "--repair")
        audit = said["audit"]
        counts["clean"] += code == 0 and audit["whole"]
        counts["mended"] += bool(audit["mended"])
        counts["says more than there is"] += sum(d["mending"] != "remove" for d in audit["mended"])
        number += 1
    assert start(files, library, SETTINGS).wait() == 0
    code, said = mmsearch(library, "doctor", "--deep")
    assert start(files, folder / "undisturbed", SETTINGS).wait() == 0
    differ = differences(held(folder / "undisturbed"), held(library))
    rows = [
        ("kill -9 of a job while it ran", counts["job killed"]),
        ("kill -9 of a server with a job in it", counts["server killed"]),
        ("ended before the moment came", counts["ended before"]),
        ("recoveries after which store and manifest are equal", counts["clean"]),
        ("... of which rows or pictures of half written documents had to be removed", counts["mended"]),
        ("documents of which the manifest said more than there was", counts["says more than there is"]),
    ]
    shown = table(f"{number} times", ("", "times"), [(what, f"{count:,}") for what, count in rows])
    whole = code == 0 and said["audit"]["whole"] and not said["audit"]["unread"]
    return Measured(
        f"{shown}\n\nIn the end the library of {said['audit']['documents']:,} documents differs from one that was left "
        f"alone in {len(differ)} of its rows, pictures, entries and sketches.",
        [
            Target(
                "kills",
                "kills while something was indexed",
                counts["job killed"] + counts["server killed"],
                options.kills,
            ),
            Target("kills", "share of clean recoveries", counts["clean"] / number, 1.0),
            Target("kills", "acknowledged documents that are missing", counts["lost"], 0, at_most=True),
            Target("kills", "differences from an undisturbed library", len(differ) + (not whole), 0, at_most=True),
        ],
    )


def _change(files: Path, number: int, drawn: random.Random) -> None:
    """Files come, others get another text, others go."""
    there = sorted(file for file in files.rglob("*.txt") if file.name.startswith(("note", "more")))
    for file in drawn.sample(there, CHANGED // 3):
        file.write_text(f"Changed in round {number}. " + "It is another text now. " * drawn.randint(1, 200))
    for file in drawn.sample(there, CHANGED // 3):
        file.unlink()
    for new in range(CHANGED // 3):
        (files / f"more-{number}-{new}.txt").write_text(f"New in round {number}. " + "word " * drawn.randint(5, 3_000))


def _killed(files: Path, library: Path, who: str, moment_s: float) -> bool:
    """Index by a job of its own or by one in a server, and kill that; whether it still ran."""
    if who == "job":
        process = start(files, library, SETTINGS)
        time.sleep(moment_s)
        running = process.poll() is None
        process.kill()
        process.wait()
        return running
    server = begin(library, "serve", "--no-page", "--port", "0")
    assert server.stdout
    address = server.stdout.readline().split(" at ")[1].split()[0].rstrip("/")
    job = begin(address, "index", str(files), "--json")
    time.sleep(moment_s)
    running = job.poll() is None
    server.kill()
    server.communicate()
    job.communicate()
    return running


def begin(
    library: Path | str,
    *arguments: str,
    settings: Mapping[str, Any] = SETTINGS,
    log: IO[str] | int = subprocess.DEVNULL,
) -> "subprocess.Popen[str]":
    """A command under way, on a library or through the server at an address; `log` gets what it says on stderr."""
    options = {key: json.dumps(value) for key, value in {**settings, "recognizer": OFF, "ocr": OFF}.items()}
    return subprocess.Popen(
        [sys.executable, "-m", "mmsearch.cli", *arguments, "--library", str(library)],
        env={**os.environ, **{f"MMSEARCH_{key.upper()}": value for key, value in options.items()}},
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )


def mmsearch(library: Path, *arguments: str, settings: Mapping[str, Any] = SETTINGS) -> tuple[int, Mapping[str, Any]]:
    """(exit code, what it said as JSON)"""
    process = begin(library, *arguments, "--json", settings=settings)
    said, _ = process.communicate()
    return process.returncode, json.loads(said)


def places(library: Path, which: str = "") -> set[str]:
    """The places of the documents that the library knows: of all, or of those "where done", which it says it holds."""
    with closing(sqlite3.connect(f"file:{library / MANIFEST_FILE}?mode=ro", uri=True)) as sql:
        return {str(uri) for (uri,) in sql.execute(f"select uri from documents {which}")}
