"""Sounds: a CLAP trained here, saved as it is published, in a library on Milvus Lite, asked by words and by sounds."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from checkpoints import save_clap
from sounding import CLASSES, RATE, play, train

from mmsearch.client import Client
from mmsearch.errors import CorruptMedia, InputError
from mmsearch.sounds import Samples, flac

pytestmark = [pytest.mark.encoders, pytest.mark.slow]

HUM, WHISTLE, STEAM, CLOCK = CLASSES


def _quiet(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.float32)


def _recording(file: Path, *parts: Samples) -> Path:
    file.write_bytes(flac(np.concatenate(parts), RATE))
    return file


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings named by numbers, one of each sound, a longer one of three sounds and a talk; and the model."""
    home = tmp_path_factory.mktemp("sounds")
    save_clap(home / "trained", *train())
    files = home / "files"
    files.mkdir()
    for number, caption in enumerate(CLASSES):
        _recording(files / f"{number:04}.flac", play(caption, Random(50 + number), 12))
    _recording(files / "walk.flac", play(HUM, Random(1), 20), _quiet(40), play(CLOCK, Random(2), 10), _quiet(20))
    talk = _recording(files / "talk.flac", play(STEAM, Random(3), 15), play(WHISTLE, Random(4), 15))
    talk.with_suffix(".vtt").write_text("WEBVTT\n\n00:00.000 --> 00:15.000\nThe kettle is on.\n")
    (files / "note.txt").write_text("The harbour master wrote that the clock is slow.")
    return home


@pytest.fixture(scope="module")
def client(home: Path) -> Iterator[Client]:
    """The library, made while the weights were missing, then filled in."""
    with Client(home / "library", **_settings(home / "gone")) as without:
        report = without.index(home / "files")
        assert (report.failed, report.indexed) == ((), len(CLASSES) + 3)
        assert "give a folder or a file that is" in report.closed_spaces["sound"]
        before = without.stats().rows
        assert "sound" not in {route.space for route in without.search("the sound of a ticking clock").routes}
    with Client(home / "library", **_settings(home / "trained")) as client:
        report = client.index(home / "files")
        assert (report.failed, dict(report.closed_spaces)) == ((), {})
        assert report.indexed == len(CLASSES) + 3
        after = dict(client.stats().rows)
        assert after.pop("sound") == 2 * len(CLASSES) + (4 + 3) + 5, "silence is left out"
        assert after == before, "the other spaces are as they were"
        assert client.index(home / "files").unchanged == len(CLASSES) + 3
        yield client


def _settings(model: Path) -> dict[str, Any]:
    off = {"part": ""}
    sound = {"part": "mmsearch_encoders.sound:SoundEncoder", "model": str(model)}
    return {
        "spaces": {"sound": sound, "table": off, "image": off},
        "recognizer": off,
        "ocr": off,
        "indexing": {"workers": 0},
    }


def _found(client: Client, **query: Any) -> str:
    first = client.search(spaces=["sound"], top_k=1, **query).results[0]
    return Path(first.segment.uri).stem


def test_words_find_recordings_by_what_they_sound_like(client: Client) -> None:
    found = {caption: client.search(caption, spaces=["sound"], top_k=8).results for caption in CLASSES}
    for number, caption in enumerate(CLASSES):
        first = [Path(result.segment.uri).stem for result in found[caption][:2]]
        assert f"{number:04}" in first, (caption, first)


def test_a_sound_finds_its_like_and_the_second(client: Client) -> None:
    for number, caption in enumerate(CLASSES[:3]):
        query = flac(play(caption, Random(900 + number), 6), RATE)
        first = client.search(audio=query, top_k=2).results
        assert f"{number:04}" in [Path(result.segment.uri).stem for result in first], caption
    ticking = client.search(audio=flac(play(CLOCK, Random(77), 10), RATE))
    assert {route.space for route in ticking.routes} == {"sound"}
    assert Path(ticking.results[0].segment.uri).stem in {"0003", "walk"}
    walk = next(result for result in ticking.results if result.segment.uri.endswith("walk.flac"))
    assert 55 <= (walk.segment.span.start_s or 0) <= 65
    assert (walk.segment.span.end_s or 0) <= 75
    assert [hit.space for hit in walk.hits] == ["sound"]


def test_words_said_elsewhere_are_not_shown_with_a_sound(client: Client) -> None:
    whistle = client.search(audio=flac(play(WHISTLE, Random(78), 10), RATE), top_k=6).results
    talk = next(result for result in whistle if result.segment.uri.endswith("talk.flac"))
    assert (talk.segment.span.start_s or 0) >= 10
    assert talk.segment.text == ("The kettle is on." if talk.segment.span.start_s == 10 else "")


def test_words_ask_every_space_and_a_sound_that_one(client: Client) -> None:
    ranking = client.search("the sound of hissing steam")
    assert {route.space for route in ranking.routes} == {"words", "text", "sound"}
    assert '"sound of" asks for audio' in ranking.media_reason
    assert client.search("the clock is slow").results[0].segment.uri.endswith("note.txt")
    with pytest.raises(CorruptMedia, match="does not decode as a sound"):
        client.search(audio=b"no sound at all")
    with pytest.raises(CorruptMedia, match="silent"):
        client.search(audio=flac(_quiet(3), RATE))


def test_sounds_are_not_kept_so_that_another_model_needs_the_files(client: Client) -> None:
    with pytest.raises(InputError, match='keeps no sounds to make "sound" of'):
        client.reembed("sound")
