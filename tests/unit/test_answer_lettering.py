"""Where on a picture the words of a question stand, by the boxes of its lettering."""

from collections.abc import Mapping

import pytest

from mmsearch.answering.lettering import LetteringAnswerer
from mmsearch.types import Answer, Box, Lettering, Segment, Span

POSTER = "The poster of 1924.\nHARBOUR REGATTA\nSaturday 12 June\nBoats leave the harbour at noon"
"""The first line is a caption."""


def _boxes(text: str, caption: str = "") -> Mapping[int, Box]:
    """A box for each word behind the caption, by where the word begins."""
    starts = [at for at in range(len(text)) if not text[at].isspace() and (at == 0 or text[at - 1].isspace())]
    return {at: (0.0, number / 100, 1.0, (number + 1) / 100) for number, at in enumerate(starts) if at >= len(caption)}


def _picture(text: str, caption: str = "", confidence: float = 0.9) -> Segment:
    words = tuple(
        Lettering(at, at + len(text[at:].split()[0]), box, confidence) for at, box in _boxes(text, caption).items()
    )
    return Segment("p", "d", "/p.png", "image", Span(), text=text, lettering=words)


def _asked(question: str, segment: Segment) -> Answer | None:
    (answer,) = LetteringAnswerer().answer(question, [segment])
    return answer


def _marked(answer: Answer | None, text: str) -> list[str]:
    assert answer is not None
    return [text[at:].split()[0] for at, box in _boxes(text).items() if box in answer.boxes]


def test_the_words_are_marked_in_any_inflection_wherever_they_stand() -> None:
    answer = _asked("harbours and boat", _picture(POSTER, POSTER.split("\n")[0]))
    assert _marked(answer, POSTER) == ["HARBOUR", "Boats", "harbour"]


def test_a_caption_stands_nowhere_on_the_picture() -> None:
    assert _asked("poster 1924", _picture(POSTER, POSTER.split("\n")[0])) is None
    assert _marked(_asked("poster 1924", _picture(POSTER)), POSTER) == ["poster", "1924."]


def test_it_says_the_fewest_lines_that_the_words_stand_in() -> None:
    picture = _picture(POSTER)
    for question, said in {
        "regatta": "HARBOUR REGATTA",
        "harbour at noon": "Boats leave the harbour at noon",
        "regatta in june": "HARBOUR REGATTA · Saturday 12 June",
        "harbour": "HARBOUR REGATTA",
    }.items():
        answer = _asked(question, picture)
        assert answer is not None
        assert (answer.kind, answer.text) == ("region", said), question


@pytest.mark.parametrize(
    ("question", "answers"),
    [("regatta", True), ("regatta trophy", True), ("regatta trophy 1931", False), ("the of at", False), ("", False)],
)
def test_half_of_the_words_that_say_something_must_stand_there(question: str, answers: bool) -> None:
    assert bool(_asked(question, _picture(POSTER))) == answers


def test_the_confidence_is_the_recognisers_over_what_is_marked() -> None:
    words = Lettering(0, 4, (0, 0, 0.1, 0.1), 0.9), Lettering(5, 10, (0, 0.2, 0.1, 0.3), 0.6)
    answer = _asked("pier cafe", Segment("p", "d", "/p.png", "image", Span(), text="Pier\nCafes", lettering=words))
    assert answer is not None
    assert answer.confidence == pytest.approx(0.75)
    assert answer.boxes == ((0, 0, 0.1, 0.1), (0, 0.2, 0.1, 0.3))


def test_a_word_over_several_boxes_and_words_in_one_box() -> None:
    """As a recogniser that boxes single signs, or whole lines, has it."""
    signs = Lettering(0, 3, (0, 0, 0.1, 0.1), 0.9), Lettering(3, 7, (0.1, 0, 0.3, 0.1), 0.9)
    line = Lettering(8, 17, (0, 0.5, 1, 0.6), 0.9)
    picture = Segment("p", "d", "/p.png", "image", Span(), text="HARBOUR Cafe noon", lettering=(*signs, line))
    for question, boxes in {
        "harbour": tuple(word.box for word in signs),
        "cafe": (line.box,),
        "noon": (line.box,),
        "cafe noon": (line.box,),
    }.items():
        answer = _asked(question, picture)
        assert answer is not None
        assert answer.boxes == boxes, question
