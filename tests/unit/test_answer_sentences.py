"""Sentences cut, judged and left alone."""

import pytest
from hashing import HashingEncoder, HashingPictures

from mmsearch.answering.questions import read_question
from mmsearch.answering.sentences import LONGEST, SIGNS, SentenceAnswerer, judge, sentences
from mmsearch.types import Segment, Span

TEXT = """# The light

Mr. Finn kept it until 1988. "It counts the houses," say children. It is 34.5 metres tall!
A new line does
not end a sentence.

- an item
- another item"""


def test_sentences_end_where_a_reader_ends_them() -> None:
    assert [" ".join(found.text.split()) for found in sentences(TEXT)] == [
        "# The light",
        "Mr. Finn kept it until 1988.",
        '"It counts the houses," say children.',
        "It is 34.5 metres tall!",
        "A new line does not end a sentence.",
        "- an item",
        "- another item",
    ]
    assert all(TEXT[found.start : found.end] == found.text for found in sentences(TEXT))


def test_what_is_no_sentence_is_left_out() -> None:
    assert sentences("") == []
    assert sentences(" \n\n ") == []
    assert sentences("x" * (LONGEST + 1)) == []


def test_signs_tell_the_kind_of_thing_and_what_the_passage_lacks() -> None:
    segment = Segment("s", "d", "/l.md", "text", Span(), title="Light", text="It was lit in 1857. Ask Finn about oil.")
    (judged,) = judge(read_question("when was the whale lit?"), [segment], HashingEncoder())
    first, second = (dict(zip(SIGNS, each.signs, strict=True)) for each in judged)
    assert (first["kind"], first["no kind"], second["kind"], second["no kind"]) == (1, 0, 0, 1)
    assert (first["shared"], second["shared"]) == (0.5, 0)  # of "whale" and "lit"
    assert first["missing"] == second["missing"] == 0.5
    assert first["lead"] == pytest.approx(first["cosine"] - second["cosine"])


def test_without_an_encoder_and_for_no_question_there_is_no_answer() -> None:
    segment = Segment("s", "d", "/l.md", "text", Span(), text="Finn lit the lamp in 1857.")
    assert SentenceAnswerer().answer("who lit the lamp?", [segment]) == [None]
    assert SentenceAnswerer(HashingPictures()).answer("who lit the lamp?", [segment]) == [None]
    sure = SentenceAnswerer(HashingEncoder(), floor=0.0)
    assert sure.answer("Finn lamp 1857", [segment]) == [None]
    assert sure.answer("who lit the lamp?", [segment]) != [None]


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("does the ferry run on Sundays?", "whether"),
        ("did the boat sink when the storm came?", "whether"),
        ("is there a quay where the ferry stops", "whether"),
        ("isn't the tower the one which was built first?", "whether"),
        ("the ferry runs on Sundays, doesn't it?", "whether"),
        ("do you know if the ferry runs on Sundays?", "whether"),
        ("please tell me whether the ferry runs", "whether"),
        ("do you sell tickets?", "whether"),
        ("can you tell me how many boats there are", "how many"),
        ("do you know when the ferry leaves?", "when"),
        ("could somebody list the boats?", "name"),
        ("how tall is it", "how long"),
        ("which boats sank, whether large or small", "which"),
        ("ferry on Sundays", "other"),
    ],
)
def test_a_question_of_yes_or_no_is_told_from_one_that_asks_for_something(question: str, asks: str) -> None:
    assert read_question(question).asks == asks


def test_to_a_question_of_yes_or_no_the_sentence_is_said_that_decides_it() -> None:
    text = "The ferry sails to the island. The ferry does not sail on Sundays. Dogs travel free."
    segment = Segment("s", "d", "/f.md", "text", Span(), title="The ferry", text=text)
    (answer,) = SentenceAnswerer(HashingEncoder()).answer("does the ferry sail on Sundays when it blows?", [segment])
    assert answer is not None
    assert (answer.kind, answer.text) == ("sentence", "The ferry does not sail on Sundays.")


def test_the_floor_refuses() -> None:
    segment = Segment("s", "d", "/l.md", "text", Span(), text="Finn lit the lamp in 1857.")
    (answer,) = SentenceAnswerer(HashingEncoder(), floor=0.0).answer("who lit the lamp?", [segment])
    assert answer is not None
    assert SentenceAnswerer(HashingEncoder(), floor=answer.confidence + 1e-6).answer(
        "who lit the lamp?", [segment]
    ) == [None]
