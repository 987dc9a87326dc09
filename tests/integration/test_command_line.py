"""The command line on real parts: Milvus Lite, the shipped sentence encoder, real files, good and bad."""

import json
import os
import signal
import subprocess
import sys
import time
import wave
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mmsearch.client import Client

pytestmark = pytest.mark.slow

LIGHT = """
[spaces.image]
part = ""
[spaces.table]
part = ""
[recognizer]
part = ""
[ocr]
part = ""
"""
"""Words and the shipped sentence encoder; what needs other weights is left out."""

WORDS_ONLY = LIGHT + '[spaces.text]\npart = ""\n'


def _run(folder: Path, *arguments: str, settings: str = LIGHT) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "mmsearch.cli", *arguments],
        cwd=folder,
        env=_environment(folder, settings),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def _environment(folder: Path, settings: str) -> dict[str, str]:
    config = folder / "test.toml"
    config.write_text(settings)
    return {**os.environ, "MMSEARCH_CONFIG": str(config), "OMP_NUM_THREADS": "2"}


def _json(done: "subprocess.CompletedProcess[str]") -> Any:
    assert done.stdout.count("\n") == 1, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """One topic in four media."""
    files = tmp_path / "files"
    files.mkdir()
    (files / "keeper.md").write_text("# The keeper\n\nThe keeper trimmed the lamp every four hours and slept by day.\n")
    (files / "heights.csv").write_text("lighthouse,height m,built\nGannet Head,38,1857\nMorra,12,1901\n")
    picture = Image.new("RGB", (320, 200), "navy")
    ImageDraw.Draw(picture).ellipse((40, 40, 120, 120), fill="white")
    picture.save(files / "moon.jpg")
    (files / "moon.txt").write_text("The full moon above the bay.")
    seconds = np.arange(16_000 * 6) / 16_000
    write_wav(files / "talk.wav", 0.2 * np.sin(2 * np.pi * 220 * seconds))
    (files / "talk.vtt").write_text(
        "WEBVTT\n\n00:00:00.000 --> 00:00:02.500\nWelcome to the museum.\n\n"
        "00:00:03.000 --> 00:00:05.500\nThe bell rang when the ferry sank.\n"
    )
    return files


@pytest.mark.encoders
def test_index_and_search_keep_the_contract(files: Path, tmp_path: Path) -> None:
    report = _json(_run(tmp_path, "index", "files", "--json"))
    assert (report["found"], report["indexed"], report["failed"]) == (4, 4, [])
    again = _json(_run(tmp_path, "index", "files", "--json"))
    assert (again["indexed"], again["unchanged"], again["segments"]) == (0, 4, 0)

    found = _json(_run(tmp_path, "search", "when did the bell ring", "--json", "--top-k", "3"))
    assert found.keys() >= {"query", "routes", "closed_spaces", "took_ms", "results"}
    assert {route["space"] for route in found["routes"]} == {"words", "text"}
    assert all(route.keys() >= {"space", "weight", "reason"} for route in found["routes"])
    best = found["results"][0]
    assert best.keys() >= {"rank", "score", "modality", "document", "segment", "snippet", "answer", "hits"}
    assert best["document"].keys() >= {"id", "uri", "title"}
    assert (best["rank"], best["modality"]) == (1, "audio")
    assert best["document"]["uri"] == (files / "talk.wav").as_posix()
    assert best["segment"]["span"]["end_s"] == 5.5
    assert {hit["space"] for hit in best["hits"]} == {"words", "text"}
    assert all(hit.keys() == {"space", "rank", "score", "probability", "segment"} for hit in best["hits"])
    assert all(0 < hit["probability"] <= 1 for hit in best["hits"])

    by_meaning = _json(_run(tmp_path, "search", "how tall are the beacons", "--json", "--modality", "table"))
    assert [result["modality"] for result in by_meaning["results"]] == ["table"]

    plain = _run(tmp_path, "search", "moon over the bay")
    assert plain.returncode == 0
    assert "\x1b[" not in plain.stdout, "colours are off when piped"
    assert "moon.jpg" in plain.stdout


def test_bad_files_are_named_with_their_reason_and_nothing_else_is_lost(files: Path, tmp_path: Path) -> None:
    make_bad_files(files)
    done = _run(tmp_path, "index", "files", "--json", settings=WORDS_ONLY)
    assert done.returncode == 3, done.stderr
    report = _json(done)
    failed = {Path(failure["uri"]).name: failure for failure in report["failed"]}
    assert failed.keys() == {"half.jpg", "empty.txt", "locked.pdf", "silent.wav", "mixed.csv", "dot.png"}
    assert all(name in failure["reason"] and failure["code"] == "corrupt_media" for name, failure in failed.items())
    assert report["indexed"] == 4
    assert _json(_run(tmp_path, "search", "keeper", "--json", settings=WORDS_ONLY))["results"]

    readable = _run(tmp_path, "index", "files", settings=WORDS_ONLY)
    assert readable.returncode == 3
    assert all(name in readable.stderr for name in failed)


def make_bad_files(folder: Path) -> None:
    """A truncated JPEG, an empty file, a PDF with a password, a WAV of 0 seconds, a CSV in two encodings, a 1x1 PNG."""
    buffer = BytesIO()
    Image.effect_noise((300, 300), 90).convert("RGB").save(buffer, "JPEG")
    (folder / "half.jpg").write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])
    (folder / "empty.txt").write_bytes(b"")
    (folder / "locked.pdf").write_bytes(locked_pdf())
    write_wav(folder / "silent.wav", np.zeros(0))
    (folder / "mixed.csv").write_bytes("name,town\nZoë,Köln\n".encode() + "José,Málaga\n".encode("latin-1"))
    Image.new("RGB", (1, 1)).save(folder / "dot.png")


def test_errors_are_one_sentence_and_an_exit_code(tmp_path: Path) -> None:
    absent = _run(tmp_path, "search", "x", settings=WORDS_ONLY)
    assert absent.returncode == 1
    assert "mmsearch index" in absent.stderr
    assert "Traceback" not in absent.stderr
    wrong = _json(_run(tmp_path, "index", "nowhere", "--json", settings=WORDS_ONLY))
    assert wrong["error"]["code"] == "not_found"
    (tmp_path / "empty").mkdir()
    _run(tmp_path, "index", "empty", settings=WORDS_ONLY)
    assert _json(_run(tmp_path, "search", "x", "--json", settings=WORDS_ONLY))["results"] == []
    (tmp_path / "a.txt").write_text("Words.")
    _run(tmp_path, "index", "a.txt", settings=WORDS_ONLY)
    filtered = _json(_run(tmp_path, "search", "x", "--filter", "date >", "--json", settings=WORDS_ONLY))
    assert filtered["error"]["code"] == "invalid_filter"
    modality = _json(_run(tmp_path, "search", "x", "--modality", "smell", "--json", settings=WORDS_ONLY))
    assert "text, table, image, audio" in modality["error"]["message"]
    assert _run(tmp_path, "search", "  ", settings=WORDS_ONLY).returncode == 1
    assert _run(tmp_path, "serch", settings=WORDS_ONLY).returncode == 2


def test_a_library_that_is_open_elsewhere_says_so(files: Path, tmp_path: Path) -> None:
    _run(tmp_path, "index", "files", settings=WORDS_ONLY)
    with Client(tmp_path / "library", spaces={name: {"part": ""} for name in ("text", "image", "table", "sound")}):
        locked = _json(_run(tmp_path, "search", "x", "--wait", "0", "--json", settings=WORDS_ONLY))
    assert locked["error"]["code"] == "library_locked"
    assert locked["error"]["retryable"] is True


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is POSIX's")
def test_killed_at_any_time_and_run_again_nothing_is_lost_or_twice(tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    for number in range(400):
        (files / f"note-{number}.txt").write_text(f"Note {number} tells of harbour and lamp. word{number}")
    command = [sys.executable, "-m", "mmsearch.cli", "index", "files", "--json"]
    config = WORDS_ONLY + "[indexing]\nbatch_segments = 8\n"
    environment = _environment(tmp_path, config)
    killed = 0
    for _ in range(4):
        process = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 60
        while not (tmp_path / "library" / "manifest.sqlite3-wal").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(1.5 + 0.7 * killed)
        if process.poll() is None:
            killed += 1
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert killed >= 1
    report = _json(_run(tmp_path, "index", "files", "--json", settings=config))
    assert report["indexed"] + report["unchanged"] == 400
    with Client(
        tmp_path / "library", spaces={name: {"part": ""} for name in ("text", "image", "table", "sound")}
    ) as client:
        app = client.app
        collection = app.searcher.spaces["words"].collection
        assert app.store.count(collection) == 400
        for number in (0, 57, 199, 399):
            ranking = client.search(f"word{number}", top_k=5)
            names = [Path(result.segment.uri).name for result in ranking.results]
            assert names[0] == f"note-{number}.txt"
            assert len(set(names)) == len(names)


def write_wav(path: Path, samples: NDArray[np.float64]) -> None:
    """16 kHz mono, 16 bit."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((samples * 32_767).astype("<i2").tobytes())


def locked_pdf() -> bytes:
    """A PDF that asks for a password."""
    from pypdf import PdfWriter

    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    writer.encrypt("secret")
    buffer = BytesIO()
    writer.write(buffer)
    return buffer.getvalue()
