"""A recording to the second: a Whisper trained here, saved as it is published, in a library on Milvus Lite."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import speaking
from speaking import RATE, SENTENCES, speak

from mmsearch.client import Client
from mmsearch.sounds import Samples, flac

pytestmark = [pytest.mark.encoders, pytest.mark.slow]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return speaking.save(tmp_path_factory.mktemp("speech") / "learned.pt", speaking.train())


def _at(*spoken: tuple[float, str], length_s: float) -> Samples:
    """A recording in which the words are said from these seconds on."""
    whole, random = np.zeros(round(length_s * RATE), np.float32), Random(5)
    for start_s, words in spoken:
        heard = speak(words, random)
        whole[round(start_s * RATE) : round(start_s * RATE) + len(heard)] = heard
    return whole


def test_words_are_written_down_with_their_seconds(checkpoint: Path) -> None:
    from mmsearch_encoders.speech import WhisperRecognizer

    recognizer = WhisperRecognizer(str(checkpoint), language="en", sample_len=16, temperature=0)
    recording = _at((0.3, "storm lamp"), (40, "lamp tide ferry"), length_s=60)
    language, utterances = recognizer.transcribe(recording)
    assert language == "en"
    assert [u.text for u in utterances] == ["storm lamp.", "lamp tide ferry."]
    first, second = utterances
    assert first.start_s == pytest.approx(0.3, abs=0.6)
    assert first.end_s == pytest.approx(0.3 + speaking.length_s("storm lamp"), abs=0.6)
    assert second.start_s == pytest.approx(40, abs=0.8)
    assert second.end_s == pytest.approx(40 + speaking.length_s("lamp tide ferry"), abs=0.8)
    assert ["".join(word.text for word in u.words) for u in utterances] == ["storm lamp.", "lamp tide ferry."]
    for utterance in utterances:
        assert utterance.start_s <= utterance.words[0].start_s
        assert utterance.words[-1].end_s <= utterance.end_s


def test_windows_together_say_what_each_says_alone(checkpoint: Path) -> None:
    from mmsearch_encoders.speech import WhisperRecognizer

    recording = _at(*((30.0 * n + 1, words) for n, words in enumerate(SENTENCES[:5])), length_s=150)
    options: dict[str, Any] = {"language": "en", "sample_len": 16, "temperature": 0}
    together = WhisperRecognizer(str(checkpoint), windows=4, **options).transcribe(recording)[1]
    alone = WhisperRecognizer(str(checkpoint), windows=1, **options).transcribe(recording)[1]
    assert [u.text for u in together] == [f"{words}." for words in SENTENCES[:5]]
    assert [u.text for u in alone] == [u.text for u in together]
    np.testing.assert_allclose([u.start_s for u in alone], [u.start_s for u in together], atol=0.05)


@pytest.fixture(scope="module")
def client(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    home = tmp_path_factory.mktemp("recordings")
    files = home / "files"
    files.mkdir()
    walk = _at((2, "gull gull tide"), (395, "storm lamp"), (430, "ferry harbour"), length_s=460)
    (files / "0001.flac").write_bytes(flac(walk, RATE))
    (files / "0002.flac").write_bytes(flac(_at((1, "harbour tide"), length_s=8), RATE))
    off = {"part": ""}
    options = {"language": "en", "sample_len": 16, "temperature": 0}
    recognizer = {"part": "mmsearch_encoders.speech:WhisperRecognizer", "model": str(checkpoint), **options}
    spaces = {"image": off, "table": off, "sound": off}
    with Client(home / "library", spaces=spaces, ocr=off, recognizer=recognizer, indexing={"workers": 1}) as client:
        report = client.index(files)
        assert (report.indexed, report.failed) == (2, ())
        yield client


def test_a_search_finds_the_second_beyond_the_first_window(client: Client) -> None:
    first = client.search("the storm and the lamp").results[0]
    assert Path(first.segment.uri).name == "0001.flac"
    assert first.segment.text == "storm lamp."
    assert first.segment.span.start_s == pytest.approx(395, abs=1)
    assert first.segment.span.end_s == pytest.approx(396.2, abs=1)
    assert len({result.segment.document_id for result in client.search("tide").results}) == 2
    assert len(client.search("tide").results) == 2, "one result for a recording"
