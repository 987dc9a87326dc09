"""The recogniser on a tiny Whisper with random weights: its words mean nothing, its seconds and its silences do."""

import shutil
import time
from pathlib import Path
from typing import Any

import checkpoints
import numpy as np
import pytest
from numpy.typing import NDArray
from offline import no_network

from mmsearch import liveness
from mmsearch.errors import ConfigError, ModelError, ModelUnavailable
from mmsearch.sounds import FRAME_S
from mmsearch_encoders.speech import SAMPLE_RATE, WhisperRecognizer, between_times, heard, official, placed, spoken

pytestmark = pytest.mark.encoders


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.save_whisper(tmp_path_factory.mktemp("speech") / "tiny-random.pt")


def recording(*stretches: tuple[float, float], length_s: float, level: float = 0.1) -> NDArray[np.float32]:
    """Noise in the stretches, digital silence elsewhere."""
    samples = np.zeros(round(length_s * SAMPLE_RATE), np.float32)
    for start_s, end_s in stretches:
        part = slice(round(start_s * SAMPLE_RATE), round(end_s * SAMPLE_RATE))
        samples[part] = np.random.default_rng(0).normal(0, level, part.stop - part.start)
    return samples


def test_silence_is_neither_decoded_nor_made_words_of() -> None:
    """The weights are not even looked for."""
    recognizer = WhisperRecognizer("/no/such/file.pt")
    assert recognizer.transcribe(recording(length_s=3600)) == ("", [])
    assert recognizer.transcribe(recording((0, 20), length_s=20, level=0.0005)) == ("", [])
    assert recognizer.transcribe(np.zeros(0, np.float32)) == ("", [])


def test_what_is_heard_between_long_pauses() -> None:
    assert heard(recording((5, 9), (12, 14), (50, 54), length_s=80)) == [
        pytest.approx((4.7, 14.3)),
        pytest.approx((49.7, 54.3)),
    ]
    assert heard(recording((0, 1), length_s=1)) == [pytest.approx((0, 1))]


def test_windows_for_whisper_are_cut_where_it_is_quiet_and_leave_long_pauses_out() -> None:
    samples = recording((0, 27), (27.6, 40), (60, 70), length_s=75)
    windows = [(start_s, start_s + len(heard) / SAMPLE_RATE) for start_s, heard in spoken(samples)]
    assert windows == [
        pytest.approx((0, 27.3), abs=0.31),
        pytest.approx((27.3, 40.3), abs=0.31),
        pytest.approx((59.7, 70.3)),
    ]


def test_times_that_run_over_the_end_of_a_window_are_brought_back() -> None:
    assert placed(5.0, 8.0, 9.3) == (5.0, 8.0)
    assert placed(9.0, 12.0, 9.3) == (9.0, 9.3)
    assert placed(9.48, 9.5, 9.3) == pytest.approx((9.3 - FRAME_S, 9.3))
    assert placed(0.0, 1.0, 0.05) == (0.0, 0.05)


def test_what_stands_between_the_times_of_a_window() -> None:
    time = 1000
    said = [time, 7, 8, time + 100, time + 150, 9, time + 200, 10]
    assert list(between_times(said, time, 6.5)) == [(0.0, 2.0, [7, 8]), (3.0, 4.0, [9]), (4.0, 6.5, [10])]
    assert list(between_times([7, 8], time, 6.5)) == [(0.0, 6.5, [7, 8])]
    assert list(between_times([time, time + 5], time, 6.5)) == []


def test_utterances_lie_where_something_is_heard_and_in_order(saved: Path) -> None:
    samples = recording((5, 9), (50, 54), length_s=80)
    language, utterances = WhisperRecognizer(str(saved), sample_len=6, temperature=0).transcribe(samples)
    assert 2 <= len(language) <= 3
    assert utterances
    assert [u.start_s for u in utterances] == sorted(u.start_s for u in utterances)
    for utterance in utterances:
        assert 4.7 <= utterance.start_s < utterance.end_s <= 54.31
        assert utterance.end_s <= 9.31 or utterance.start_s >= 49.69, "in the pause"
        assert utterance.text


def test_a_long_recording_gives_signs_of_life_in_each_window(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four windows of less than 30 s, each encoded once, decoded token by token, four at most, and looked at again."""
    signs: list[None] = []
    monkeypatch.setattr(liveness, "_watching", [lambda _: signs.append(None)])
    options: dict[str, Any] = {"language": "de", "sample_len": 4, "temperature": 0}
    WhisperRecognizer(str(saved), windows=1, **options).transcribe(recording((0, 90), length_s=90))
    assert 4 * 2 <= len(signs) <= 4 * (1 + 4 + 1)


def test_a_language_that_is_given_is_not_detected(saved: Path) -> None:
    recognizer = WhisperRecognizer(str(saved), language="de", sample_len=4, temperature=0)
    assert recognizer.transcribe(recording((0, 2), length_s=2))[0] == "de"


def test_the_fingerprint_changes_with_the_weights_and_the_decoding(saved: Path, tmp_path: Path) -> None:
    other = checkpoints.save_whisper(tmp_path / saved.name, seed=1)
    prints = {
        WhisperRecognizer(str(saved)).fingerprint,
        WhisperRecognizer(str(other)).fingerprint,
        WhisperRecognizer(str(saved), language="de").fingerprint,
    }
    assert len(prints) == 3
    assert WhisperRecognizer(str(shutil.copy(saved, other))).fingerprint in prints


def test_an_official_name_is_found_in_whispers_cache(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    recognizer = WhisperRecognizer("base", sample_len=4, temperature=0)
    start = time.monotonic()
    with no_network():
        with pytest.raises(
            ModelUnavailable, match=r'whisper base is not in the cache .* "mmsearch models pull speech"'
        ):
            _ = recognizer.fingerprint
        (tmp_path / "whisper").mkdir()
        shutil.copy(saved, tmp_path / "whisper" / "base.pt")
        assert recognizer.transcribe(recording((0, 2), length_s=2))[1]
    assert time.monotonic() - start < 60


def test_the_official_models_are_whispers() -> None:
    import whisper

    assert official() == whisper._MODELS
    with pytest.raises(ConfigError, match='no model "huge"; known are tiny'):
        WhisperRecognizer("huge")


def test_a_checkpoint_that_is_cut_off_is_named(saved: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.pt"
    cut.write_bytes(saved.read_bytes()[:100_000])
    with pytest.raises(ModelError, match=r"loading whisper cut.pt from .*cut\.pt failed"):
        WhisperRecognizer(str(cut)).transcribe(recording((0, 1), length_s=1))
