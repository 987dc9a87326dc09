"""Answers in the demo library, with what ships: the cell, the sentence, the second, and none where there is none."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mmsearch.answering.choosing import trained
from mmsearch.client import Client
from mmsearch.demo import demo_library
from mmsearch.schemas import ranking_json
from mmsearch.terminal import show_ranking
from mmsearch.types import Answer

pytestmark = [pytest.mark.encoders, pytest.mark.slow]

SETTINGS: dict[str, Any] = {
    "spaces": {name: {"part": ""} for name in ("image", "table", "sound")},
    "recognizer": {"part": ""},
    "ocr": {"part": ""},
}
FOLDERS = ("weather", "lifeboat", "harbour", "history", "lighthouse")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with Client(tmp_path_factory.mktemp("demo"), **SETTINGS) as client:
        assert not client.index(*(demo_library() / name for name in FOLDERS)).failed
        yield client


def _answers(client: Client, question: str) -> dict[str, Answer]:
    """The answers by the file that gives them."""
    results = client.search(question).results
    return {Path(result.segment.uri).name: result.answer for result in results if result.answer}


def test_a_cell_of_a_table(client: Client) -> None:
    answer = _answers(client, "what was the landed value in December")["landings_2024.csv"]
    assert (answer.kind, answer.text, answer.cells) == ("cells", "71300", ((11, 7),))
    assert trained().floor <= answer.confidence < 1


def test_a_sentence_of_a_text_stands_where_it_says(client: Client) -> None:
    ranking = client.search("who was given a silver medal")
    (result,) = [r for r in ranking.results if r.segment.uri.endswith("silver_dawn_rescue.md")]
    assert result.answer is not None
    assert result.answer.kind == "sentence"
    assert "Hamish Orde" in result.answer.text
    assert result.answer.characters is not None
    start, end = result.answer.characters
    assert " ".join(result.segment.text[start:end].split()) == result.answer.text


def test_the_second_of_a_recording(client: Client) -> None:
    answer = _answers(client, "who wired a lamp to tractor batteries")["keeper_memories.mp3"]
    assert answer.kind == "moment"
    assert "batteries" in answer.text
    assert answer.seconds is not None
    start_s, end_s = answer.seconds
    assert 0 < start_s < end_s < 120


@pytest.mark.parametrize(
    "question",
    [
        "what is the price of gold in Tokyo",
        "who won the football world cup in 1966",
        "how many moons does Jupiter have",
        "which composer wrote the opera about the barber",
    ],
)
def test_no_answer_where_the_library_has_none(client: Client, question: str) -> None:
    assert _answers(client, question) == {}


def test_programs_and_people_are_told(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    ranking = client.search("what was the landed value in December")
    (told,) = [
        result["answer"]
        for result in json.loads(json.dumps(ranking_json(ranking)))["results"]
        if result["document"]["uri"].endswith("landings_2024.csv")
    ]
    assert told.keys() == {"kind", "text", "confidence", "cells", "characters", "seconds", "boxes"}
    assert (told["kind"], told["text"], told["cells"], told["characters"]) == ("cells", "71300", [[11, 7]], None)
    show_ranking(ranking)
    assert f"71300  {told['confidence']:.2f}" in capsys.readouterr().out


def test_the_query_may_do_without(client: Client) -> None:
    ranking = client.search("what was the landed value in December", answer=False)
    assert "answer" not in ranking.took_ms
    assert not any(result.answer for result in ranking.results)
    assert "answer" in client.search("what was the landed value in December").took_ms
