"""A mixed job killed at random moments, run again, and compared with one that was left alone."""

import random
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.indexing_runs import OFF, PARTS, start
from mmsearch.client import Client
from mmsearch.types import Segment

PAUSE_S = 0.01
"""For each row, so that the job is long enough to be killed in the middle."""
SETTINGS: Mapping[str, Any] = {
    "spaces": {
        "table": OFF,
        "text": {"part": f"{PARTS}:DrawnTextEncoder", "pause_s": PAUSE_S},
        "image": {"part": f"{PARTS}:DrawnImageEncoder", "pause_s": PAUSE_S},
    },
    "indexing": {"batch_segments": 16},
}
TOLERANCE = 1e-4


def killed_at_random(folder: Path, count: int) -> Iterator[tuple[float, bool, list[str]]]:
    """(seconds to the kill, whether it was still running, where the library differs in the end), kill after kill.

    The moments are drawn from the time that the whole job takes.
    """
    files = draw_mixed(folder / "files")
    started = time.perf_counter()
    assert start(files, folder / "undisturbed", SETTINGS).wait() == 0
    whole_s = time.perf_counter() - started
    expected = held(folder / "undisturbed")
    moments = random.Random(7)
    for number in range(count):
        library, moment_s = folder / f"killed-{number}", moments.uniform(0, whole_s)
        process = start(files, library, SETTINGS)
        time.sleep(moment_s)
        running = process.poll() is None
        process.kill()
        process.wait()
        assert start(files, library, SETTINGS).wait() == 0
        yield moment_s, running, differences(expected, held(library))


def held(library: Path) -> dict[str, Any]:
    """All that a library holds: rows by space and id, entries and sketches by place, pictures by name."""
    with Client(library, create=False, recognizer=OFF, ocr=OFF, **SETTINGS) as client:
        app = client.app
        entries = app.manifest.entries()
        sketches = app.manifest.sketches(entry.id for entry in entries)
        ids = [entry.id for entry in entries]
        spaces = app.searcher.spaces
        rows = {
            f"{name} {segment.id}": (segment, content)
            for name, space in spaces.items()
            for segment, content in app.store.scan(space.collection, ids)
        }
        counts = {f"rows of {name}": app.store.count(space.collection) for name, space in spaces.items()}
        pictures = {f"picture {file.name}": file.read_bytes() for file in (library / "pictures").rglob("*.*")}
        remembered = {
            f"entry {entry.uri}": (entry.content, entry.modality, entry.segments, dict(entry.spaces), entry.done)
            for entry in entries
        }
        return {
            **rows,
            **counts,
            **pictures,
            **remembered,
            **{f"sketch {id}": sketch for id, sketch in sketches.items()},
        }


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """What is in one alone, or not the same in both; vectors within 1e-4."""
    return sorted(key for key in one.keys() | other.keys() if not _same(one.get(key), other.get(key)))


def _same(one: Any, other: Any) -> bool:
    match one, other:
        case (Segment() as a, np.ndarray() as v), (Segment() as b, np.ndarray() as w):
            return a == b and bool(np.allclose(v, w, atol=TOLERANCE))
        case _:
            return bool(one == other)


def draw_mixed(folder: Path) -> Path:
    """Texts of one passage and of many, tables, pictures with captions, and a page of Markdown, in sub-folders."""
    drawn = random.Random(7)
    words = [f"word{number}" for number in range(400)]
    for number in range(60):
        place = folder / f"{number % 6}"
        place.mkdir(parents=True, exist_ok=True)
        text = ". ".join(" ".join(drawn.choices(words, k=12)) for _ in range(60 if number % 10 == 0 else 3))
        (place / f"note-{number}.txt").write_text(f"{text}.\n")
        rows = "\n".join(f"{row},{drawn.choice(words)},{drawn.random():.3f}" for row in range(30))
        (place / f"table-{number}.csv").write_text(f"number,name,value\n{rows}\n")
        (place / f"page-{number}.md").write_text(
            f"# {drawn.choice(words)}\n\n{text[:200]}\n\n## Rest\n\n{text[200:]}\n"
        )
        noise = np.random.default_rng(number).integers(0, 255, (60, 80, 3), dtype=np.uint8)
        Image.fromarray(noise).resize((320, 240)).save(place / f"picture-{number}.jpg")
        (place / f"picture-{number}.txt").write_text(f"A {drawn.choice(words)} of {drawn.choice(words)}.")
    return folder
