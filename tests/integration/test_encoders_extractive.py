"""The extractive answerer on a checkpoint that is trained here, in the published format: whole, broken, end to end."""

import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import checkpoints
import pointing
import pytest
from libraries import client
from offline import no_network

from mmsearch.answering.asking import Answering
from mmsearch.answering.sentences import SentenceAnswerer
from mmsearch.errors import ModelError, ModelUnavailable
from mmsearch.parts import answerers_of
from mmsearch.settings import read_settings
from mmsearch.types import Answer, Query, Segment, Span
from mmsearch_encoders.extractive import DEFAULT, ExtractiveAnswerer
from mmsearch_encoders.weights import find

pytestmark = pytest.mark.encoders


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained to point at who, where and when, or to refuse."""
    home = tmp_path_factory.mktemp("extractive")
    model, tokenizer = checkpoints.make_question_answerer(home)
    return checkpoints.save_question_answerer(home / "tiny-squad2", pointing.train(model, tokenizer), tokenizer)


@pytest.fixture(scope="module")
def never_refusing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained on questions that have an answer alone, as models of SQuAD 1.1 are."""
    home = tmp_path_factory.mktemp("never")
    model, tokenizer = checkpoints.make_question_answerer(home)
    trained = pointing.train(model, tokenizer, refuses=False)
    return checkpoints.save_question_answerer(home / "tiny-squad", trained, tokenizer)


def passage(text: str, **fields: Any) -> Segment:
    return Segment("1", "d", "/d", "text", Span(), text=text, **fields)


def asked(answerer: ExtractiveAnswerer, question: str, text: str) -> Answer | None:
    (answer,) = answerer.answer(question, [passage(text)])
    return answer


def test_it_points_at_phrases_that_it_has_never_seen_and_refuses_what_is_not_said(saved: Path) -> None:
    answerer, random = ExtractiveAnswerer(str(saved)), Random(5)
    right = refused = asked_of_none = wrong = 0
    for phrase in sorted(pointing.HELD_OUT) * 6:
        (kind,) = [kind for kind, phrases in pointing.KINDS.items() if phrase in phrases]
        words = [*random.choices(pointing.FILLERS, k=random.randint(4, 20)), phrase]
        random.shuffle(words)
        text = " ".join(words)
        for question in pointing.KINDS:
            answer = asked(answerer, f"{question} is the ship ?", text)
            if question == kind:
                right += answer is not None and answer.text == phrase
                wrong += answer is not None and answer.text != phrase
            else:
                refused += answer is None
                asked_of_none += 1
    assert right >= 0.9 * 6 * len(pointing.HELD_OUT)
    assert refused >= 0.9 * asked_of_none
    assert wrong <= 0.1 * 6 * len(pointing.HELD_OUT)


def test_the_answer_has_its_characters_and_a_probability(saved: Path) -> None:
    text = "The storm is in the\n  North   Museum of the rain."
    answer = asked(ExtractiveAnswerer(str(saved)), "Where is the storm?", text)
    assert answer is not None
    assert answer.characters is not None
    assert (answer.kind, answer.text) == ("phrase", "North Museum")
    assert re.fullmatch(r"North\s+Museum", text[slice(*answer.characters)])
    assert 0.5 <= answer.confidence < 1


def test_long_passages_are_read_to_their_end_in_windows_that_overlap(saved: Path) -> None:
    """The model takes 64 tokens; wherever the phrase stands, one window has all of it."""
    answerer, filler = ExtractiveAnswerer(str(saved)), "the storm and the rain in the wind of the sun "
    for before in range(0, 30, 3):
        text = filler * before + "north museum " + filler * (30 - before)
        answer = asked(answerer, "where is the ship ?", text)
        assert answer is not None, before
        assert answer.text == "north museum", before
        assert answer.characters == (len(filler) * before, len(filler) * before + len("north museum"))


def test_a_question_of_yes_or_no_gets_the_sentence_that_it_points_into(saved: Path) -> None:
    answerer = ExtractiveAnswerer(str(saved), floor=0.0)
    text = "The rain is of the sun. The ship is in the north museum. The wind is old."
    (answer,) = answerer.answer("Is the ship where the festival is?", [passage(text)])
    assert answer is not None
    assert answer.kind == "sentence"
    assert answer.text in ("The rain is of the sun.", "The ship is in the north museum.", "The wind is old.")
    audio = Segment("1", "d", "/d.ogg", "audio", Span(start_s=3.0, end_s=9.0), text=text)
    (moment,) = answerer.answer("Is the ship where the festival is?", [audio])
    assert moment is not None
    assert (moment.kind, moment.text, moment.seconds) == ("moment", answer.text, (3.0, 9.0))


def test_what_is_no_question_gets_no_answer(saved: Path) -> None:
    answerer = ExtractiveAnswerer(str(saved), floor=0.0)
    text = "the ship is in the north museum"
    assert asked(answerer, "ship museum", text) is None
    assert asked(answerer, "wo ist das Schiff?", text) is not None, "asked in any language"


def test_temperature_bias_and_floor_are_the_parts(saved: Path) -> None:
    import numpy as np

    def odds(**how: Any) -> float:
        answer = asked(
            ExtractiveAnswerer(str(saved), floor=0.0, **how), "where is the ship?", "the ship is in north museum"
        )
        assert answer is not None
        return float(np.log(answer.confidence / (1 - answer.confidence)))

    plain = odds()
    assert odds(temperature=2.0) == pytest.approx(plain / 2, abs=1e-3)
    assert odds(bias=-1.5) == pytest.approx(plain - 1.5, abs=1e-3)
    others: list[dict[str, Any]] = [{}, {"temperature": 2.0}, {"floor": 0.9}]
    prints = {ExtractiveAnswerer(str(saved), **how).fingerprint for how in others}
    assert len(prints) == 3
    assert (
        asked(ExtractiveAnswerer(str(saved), bias=-30.0), "where is the ship?", "the ship is in north museum") is None
    )


def test_a_model_that_never_refuses_is_held_back_by_a_margin(never_refusing: Path) -> None:
    """What it is sure of is answered, and where nothing stands out nothing is."""
    answerer = ExtractiveAnswerer(str(never_refusing))
    answer = asked(answerer, "where is the ship ?", "the ship of the storm is in the north museum and the rain")
    assert answer is not None
    assert answer.text == "north museum"
    always = ExtractiveAnswerer(str(never_refusing), refuses=True, bias=50.0)
    fillers = "the storm and the rain in the wind of the sun is a ship"
    assert asked(always, "where is the ship ?", fillers) is not None, "it points somewhere"
    assert asked(answerer, "where is the ship ?", "north museum and east harbour and west town") is None


def test_batches_do_not_change_the_answer(saved: Path) -> None:
    texts = [passage("the ship is in the " + "rain of the " * n + "north museum") for n in (1, 9, 3, 40)]
    together = ExtractiveAnswerer(str(saved)).answer("where is the ship?", texts)
    alone = [ExtractiveAnswerer(str(saved), batch_tokens=1).answer("where is the ship?", [text])[0] for text in texts]
    for one, other in zip(together, alone, strict=True):
        assert one is not None
        assert other is not None
        assert (one.text, one.characters) == (other.text, other.characters)
        assert one.confidence == pytest.approx(other.confidence, abs=1e-4)


def test_a_folder_of_another_kind_or_without_its_head_is_refused(saved: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    other = shutil.copytree(saved, tmp_path / "other")
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps(config | {"architectures": ["BertModel"]}))
    with pytest.raises(ModelError, match="no question-answering model, its files say BertModel"):
        _ = ExtractiveAnswerer(str(other)).fingerprint
    headless = shutil.copytree(saved, tmp_path / "headless")
    weights = load_file(headless / "model.safetensors")
    save_file(
        {name: each for name, each in weights.items() if "qa_outputs" not in name}, headless / "model.safetensors"
    )
    with pytest.raises(ModelError, match="the file lacks qa_outputs"):
        asked(ExtractiveAnswerer(str(headless)), "where is the ship?", "the ship")


def test_without_weights_it_is_left_out_and_says_what_gets_them(no_hub: None) -> None:
    answerer = ExtractiveAnswerer()
    started = time.monotonic()
    with pytest.raises(ModelUnavailable, match='run "mmsearch models pull answerer"'):
        _ = answerer.fingerprint
    with pytest.raises(ModelUnavailable, match="mmsearch models pull answerer"):
        answerer.answer("where is the ship?", [passage("the ship")])
    assert time.monotonic() - started < 5
    assert find(answerer.source) is None
    assert answerer.source.repo == DEFAULT


@pytest.fixture
def no_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine on which nothing was ever downloaded, and which asks nobody."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    with no_network():
        yield


def test_from_the_settings_to_the_result(saved: Path, tmp_path: Path) -> None:
    """Indexed, searched, answered; where it refuses, the next of the answerers is asked."""
    files = tmp_path / "files"
    files.mkdir()
    (files / "ship.md").write_text("The ship of the storm is in the north museum.\n")
    (files / "wind.md").write_text("The wind and the rain and the sun of the festival.\n")
    reader = {"part": "mmsearch_encoders.extractive:ExtractiveAnswerer", "model": str(saved)}
    with client(tmp_path / "library", answerers=[reader]) as library:
        library.index(files)
        found = {Path(r.segment.uri).name: r.answer for r in library.search("where is the ship of the storm?").results}
        answer = found["ship.md"]
        assert answer is not None
        assert (answer.kind, answer.text) == ("phrase", "north museum")
        assert found.get("wind.md") is None
        found = {Path(r.segment.uri).name: r.answer for r in library.search("who is in the ship of the storm?").results}
        assert found["ship.md"] is None


def test_the_default_settings_have_it_before_the_sentences(no_hub: None) -> None:
    """Closed as it is, answers are there without it, also where a query insists."""
    answerers = answerers_of(read_settings(), {})
    kinds = [type(answerer) for answerer in answerers]
    assert kinds.index(ExtractiveAnswerer) < kinds.index(SentenceAnswerer)
    asked_of = Answering(answerers).asked(Query("where is the ship?", answer=True))
    assert [type(answerer) for answerer in asked_of] == [kind for kind in kinds if kind is not ExtractiveAnswerer]
    only = [answerer for answerer in answerers if isinstance(answerer, ExtractiveAnswerer)]
    with pytest.raises(ModelUnavailable, match="mmsearch models pull answerer"):
        Answering(only).asked(Query("where is the ship?", answer=True))
    assert Answering(only, usual=True).asked(Query("where is the ship?")) == []
