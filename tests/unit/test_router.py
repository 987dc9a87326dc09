"""Which spaces a query goes to, and why."""

import pytest

from mmsearch.router import route
from mmsearch.types import MODALITIES, Modality, Query, Space

EVERYTHING = frozenset(MODALITIES)
SPACES = {
    "words": Space("words", "lexical", EVERYTHING, frozenset({"text"}), "bm25", "1"),
    "text": Space("text", "dense", EVERYTHING, frozenset({"text"}), "minilm", "1", 384),
    "image": Space("image", "dense", frozenset({"image"}), frozenset({"text", "image"}), "clip", "1", 512),
    "table": Space("table", "dense", frozenset({"table"}), frozenset({"text"}), "tapas", "1", 768),
}


CENSUS: dict[Modality, int] = {"text": 60, "image": 20, "table": 10, "audio": 10}


def _names(query: Query) -> list[str]:
    return [step.space for step in route(query, SPACES, 50, CENSUS).routes]


def test_words_go_to_every_space_that_answers_them() -> None:
    plan = route(Query("old boats"), SPACES, 50, CENSUS)
    assert sorted(step.space for step in plan.routes) == ["image", "table", "text", "words"]
    assert all(step.reason and step.depth == 50 and not step.modalities for step in plan.routes)
    assert plan.text == "old boats"


def test_a_picture_goes_to_the_spaces_that_answer_pictures() -> None:
    assert _names(Query(image=b"...")) == ["image"]


def test_wanted_modalities_leave_out_spaces_that_hold_none_of_them() -> None:
    assert sorted(_names(Query("boats", modalities=frozenset({"table", "audio"})))) == ["table", "text", "words"]


def test_named_spaces_are_the_only_ones() -> None:
    assert _names(Query("boats", spaces=frozenset({"text"}))) == ["text"]


@pytest.mark.parametrize(
    ("text", "modality", "rest"),
    [
        ("photo of a lighthouse", "image", "a lighthouse"),
        ("Pictures showing gulls", "image", "gulls"),
        ("table of tides in May", "table", "tides in May"),
        ("where does someone say that the bell rang", "audio", "the bell rang"),
        ("where does someone say the bell rang", "audio", "the bell rang"),
        ("recording about herring", "audio", "herring"),
        ("article about fog", "text", "fog"),
    ],
)
def test_a_media_cue_adds_lists_of_that_medium_and_is_not_searched_for(
    text: str, modality: Modality, rest: str
) -> None:
    plan = route(Query(text), SPACES, 50, CENSUS)
    assert plan.text == rest
    cued = [step for step in plan.routes if step.modalities]
    assert {step.modalities for step in cued} == {frozenset({modality})}
    assert {step.space for step in cued} == {name for name, space in SPACES.items() if modality in space.stores}
    assert all(modality in step.reason for step in cued)
    assert {step.space for step in plan.routes if not step.modalities} == SPACES.keys(), "a cue excludes nothing"
    assert max(plan.media, key=lambda medium: plan.media[medium]) == modality
    assert sum(plan.media.values()) == pytest.approx(1)
    assert all(share > 0 for share in plan.media.values())


def test_a_cue_for_a_medium_that_the_library_lacks_says_nothing() -> None:
    plan = route(Query("photo of a boat"), SPACES, 50, {"text": 3})
    assert plan.media == {}
    assert not any(step.modalities for step in plan.routes)


@pytest.mark.parametrize("text", ["photography of the sea", "periodic table", "talk", "the table is of oak"])
def test_words_that_only_look_like_a_cue_are_searched_for(text: str) -> None:
    plan = route(Query(text), SPACES, 50, CENSUS)
    assert plan.text == text
    assert not any(step.modalities for step in plan.routes)
