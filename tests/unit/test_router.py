"""Which spaces a query goes to, which media it wants, and why."""

import math
from collections.abc import Mapping

import numpy as np
import pytest

from mmsearch.router import media, route
from mmsearch.router.classifier import TRUST, Classifier, trained
from mmsearch.router.form import Form, form_of
from mmsearch.types import MODALITIES, Modality, Query, Space, Vector

EVERYTHING = frozenset(MODALITIES)
SPACES = {
    "words": Space("words", "lexical", EVERYTHING, frozenset({"text"}), "bm25", "1"),
    "text": Space("text", "dense", EVERYTHING, frozenset({"text"}), "minilm", "1", 384),
    "image": Space("image", "dense", frozenset({"image"}), frozenset({"text", "image"}), "clip", "1", 512),
    "table": Space("table", "dense", frozenset({"table"}), frozenset({"text"}), "tapas", "1", 768),
}
CENSUS: dict[Modality, int] = {"text": 60, "image": 20, "table": 10, "audio": 10}
KNOWN = Space("text", "dense", EVERYTHING, frozenset({"text"}), trained().model, "1", 384)


def _names(query: Query) -> list[str]:
    return [step.space for step in route(query, SPACES, 50, CENSUS).routes]


def _shares(text: str, census: Mapping[Modality, int] = CENSUS) -> Mapping[Modality, float]:
    return media(route(Query(text), SPACES, 50, census), census, SPACES, {}).shares


def test_words_go_to_every_space_that_answers_them() -> None:
    plan = route(Query("old boats"), SPACES, 50, CENSUS)
    assert sorted(step.space for step in plan.routes) == ["image", "table", "text", "words"]
    assert all(step.reason and step.depth == 50 and step.weight == 1 and not step.modalities for step in plan.routes)
    assert plan.text == "old boats"


def test_a_picture_goes_to_the_spaces_that_answer_pictures() -> None:
    assert _names(Query(image=b"...")) == ["image"]
    assert _names(Query("photo of a boat", image=b"...")) == ["image"], "its words are not routed by"


HEARING = SPACES | {
    "sound": Space("sound", "dense", frozenset({"audio"}), frozenset({"text", "audio"}), "clap", "1", 8)
}


def test_a_sound_goes_to_the_space_that_hears() -> None:
    assert [step.space for step in route(Query(audio=b"..."), HEARING, 50, CENSUS).routes] == ["sound"]
    assert route(Query(audio=b"..."), SPACES, 50, CENSUS).routes == ()


@pytest.mark.parametrize(
    "text", ["the sound of waves", "Geräusch von Wellen", "le bruit des vagues", "bruit d'eau", "el sonido de las olas"]
)
def test_words_that_ask_for_a_sound_are_left_whole_and_weigh_in_full(text: str) -> None:
    plan = route(Query(text), HEARING, 50, CENSUS)
    assert plan.text == text
    assert {(step.weight, step.depth) for step in plan.routes if step.space == "sound"} == {(1.0, 250)}
    assert media(plan, CENSUS, HEARING, {}).shares["audio"] == pytest.approx(0.6 + 0.4 * CENSUS["audio"] / 100)
    deaf = route(Query(text), SPACES, 50, CENSUS)
    assert (deaf.cue, deaf.text) == (None, text), "nothing hears"


def test_other_words_weigh_half_in_the_space_that_hears() -> None:
    plan = route(Query("old boats"), HEARING, 50, CENSUS)
    assert {step.space: step.weight for step in plan.routes} == dict.fromkeys(SPACES, 1.0) | {"sound": 0.5}


@pytest.mark.parametrize("text", ["sound advice", "soundtrack of the film", "a sound mind", "Puget Sound"])
def test_what_is_sound_and_no_sound_is_no_cue(text: str) -> None:
    assert route(Query(text), HEARING, 50, CENSUS).cue is None


def test_wanted_modalities_leave_out_spaces_that_hold_none_of_them() -> None:
    assert sorted(_names(Query("boats", modalities=frozenset({"table", "audio"})))) == ["table", "text", "words"]


def test_named_spaces_are_the_only_ones() -> None:
    assert _names(Query("boats", spaces=frozenset({"text"}))) == ["text"]


SURE_CUES: list[tuple[str, Modality, str]] = [
    ("photo of a lighthouse", "image", "a lighthouse"),
    ("Pictures showing gulls", "image", "gulls"),
    ("show me some images of gulls", "image", "gulls"),
    ("lighthouse photo", "image", "lighthouse"),
    ("lighthouse, as a picture", "image", "lighthouse"),
    ("Bild von einem Boot", "image", "einem Boot"),
    ("Bild eines Leuchtturms", "image", "Leuchtturms"),
    ("zeig mir Fotos vom Hafen", "image", "Hafen"),
    ("Leuchtturm als Bild", "image", "Leuchtturm"),
    ("photo d'un phare", "image", "un phare"),
    ("des photos de bateaux", "image", "bateaux"),
    ("foto de un faro", "image", "un faro"),
    ("imágenes que muestran barcos", "image", "barcos"),
    ("table of tides in May", "table", "tides in May"),
    ("Tabelle mit Einwohnerzahlen", "table", "Einwohnerzahlen"),
    ("tableau des marées", "table", "marées"),
    ("tabla de precios", "table", "precios"),
    ("where does someone say that the bell rang", "audio", "the bell rang"),
    ("where does someone say the bell rang", "audio", "the bell rang"),
    ("recording about herring", "audio", "herring"),
    ("wo sagt jemand, dass die Glocke läutet", "audio", "die Glocke läutet"),
    ("où quelqu'un dit que la cloche sonne", "audio", "la cloche sonne"),
    ("enregistrement sur la grève", "audio", "la grève"),
    ("dónde dice alguien que no hay pan", "audio", "no hay pan"),
    ("article about fog", "text", "fog"),
    ("Artikel über Nebel", "text", "Nebel"),
    ("texte sur le brouillard", "text", "le brouillard"),
    ("artículo sobre la niebla", "text", "la niebla"),
]


@pytest.mark.parametrize(("text", "modality", "rest"), SURE_CUES)
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
    wanted = media(plan, CENSUS, SPACES, {})
    assert wanted.shares[modality] == pytest.approx(0.9 + 0.1 * CENSUS[modality] / 100)
    assert sum(wanted.shares.values()) == pytest.approx(1)
    assert all(share > 0 for share in wanted.shares.values())
    assert f"asks for {modality}" in wanted.reason


@pytest.mark.parametrize(
    ("text", "modality"),
    [
        ("old photo of a lighthouse", "image"),
        ("Leuchtturmfoto", "image"),
        ("tide table", "table"),
        ("Gezeitentabelle", "table"),
        ("strike interview", "audio"),
        ("newspaper article", "text"),
    ],
)
def test_a_cue_that_may_be_the_subject_is_searched_for_too(text: str, modality: Modality) -> None:
    assert route(Query(text), SPACES, 50, CENSUS).text == text
    assert _shares(text)[modality] == pytest.approx(0.6 + 0.4 * CENSUS[modality] / 100)


def test_a_cue_for_a_medium_that_the_library_lacks_says_nothing() -> None:
    plan = route(Query("photo of a boat"), SPACES, 50, {"text": 3})
    assert (plan.cue, plan.text) == (None, "photo of a boat")
    assert media(plan, {"text": 3}, SPACES, {}).shares == {"text": 1.0}
    assert not any(step.modalities for step in plan.routes)


@pytest.mark.parametrize(
    "text",
    [
        "photography of the sea",
        "periodic table",
        "periodic table of elements",
        "table of contents",
        "talk",
        "the table is of oak",
        "a table with a vase of flowers",
        "cat on the table",
        "cup on a wooden table",
        "a man talks on a phone",
        "woman taking pictures",
        "best picture",
        "figures of speech",
        "who took this photo?",
        "she wrote him a letter",
        "Fotosynthese",
    ],
)
def test_words_that_only_look_like_a_cue_are_searched_for(text: str) -> None:
    plan = route(Query(text), SPACES, 50, CENSUS)
    assert (plan.text, plan.cue) == (text, None)
    assert not any(step.modalities for step in plan.routes)
    assert _shares(text) == pytest.approx({medium: count / 100 for medium, count in CENSUS.items()})


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("lighthouse storm", "keywords"),
        ("the 1990s", "keywords"),
        ("vitamin b12 deficiency", "keywords"),
        ("3-year-old boy", "keywords"),
        ("who kept the light", "question"),
        ("the light was kept by whom?", "question"),
        ("wie hoch ist die Flut", "question"),
        ("¿dónde está el faro?", "question"),
        ("Aspirin reduces pain in adults.", "statement"),
        ("the tide was high in May", "statement"),
        ("SKU-4711", "code"),
        ("error 0x80070057", "code"),
        ("ORA-00942", "code"),
        ("ISBN 978-3-16-148410-0", "code"),
        ("user_id", "code"),
        ("asdfgh", "nonsense"),
        ("xkrtpl zzzzzz", "nonsense"),
        ("?!", "nonsense"),
        ("Angstschweiß", "keywords"),
        ("rhythm", "keywords"),
        ("東京", "keywords"),
    ],
)
def test_the_form_of_the_words(text: str, form: Form) -> None:
    assert form_of(text)[0] == form


def test_a_code_weighs_by_its_letters_and_excludes_no_space() -> None:
    steps = {step.space: step for step in route(Query("SKU-4711"), SPACES, 50, CENSUS).routes}
    assert steps.keys() == SPACES.keys()
    assert steps["words"].weight > 1 > steps["text"].weight > 0
    assert "SKU-4711 is a code" in steps["words"].reason
    assert "SKU-4711 is a code" in steps["text"].reason


def test_likelihoods_are_the_softmax_of_the_logits_as_far_as_it_is_trusted() -> None:
    classifier = Classifier(
        "m", ("text", "image"), np.array([[2, 0], [0, 1]], np.float32), np.array([0, 1], np.float32)
    )
    found = classifier.likelihoods(np.array([1, 0], np.float32))
    assert found["text"] == pytest.approx(TRUST * math.e**2 / (math.e**2 + math.e) + (1 - TRUST) / 2)
    assert sum(found.values()) == pytest.approx(1)


def _vector_for(medium: Modality) -> Vector:
    row = trained().weights[trained().media.index(medium)]
    return np.asarray(row / np.linalg.norm(row), dtype=np.float32)


@pytest.mark.parametrize("medium", MODALITIES)
def test_a_vector_speaks_for_a_medium_by_documents_times_likelihood(medium: Modality) -> None:
    vector = _vector_for(medium)
    likelihoods = trained().likelihoods(vector)
    assert likelihoods[medium] == pytest.approx(TRUST + (1 - TRUST) / 4, abs=0.01)
    plan = route(Query("boats"), SPACES, 50, CENSUS)
    wanted = media(plan, CENSUS, {"text": KNOWN}, {"text": vector})
    total = sum(CENSUS[m] * likelihoods[m] for m in CENSUS)
    assert wanted.shares == pytest.approx({m: CENSUS[m] * likelihoods[m] / total for m in CENSUS})
    assert medium in wanted.reason


def test_a_cue_and_a_vector_are_mixed() -> None:
    likelihoods = trained().likelihoods(_vector_for("table"))
    plan = route(Query("photo of boats"), SPACES, 50, {"image": 1, "table": 1})
    shares = media(plan, {"image": 1, "table": 1}, {"text": KNOWN}, {"text": _vector_for("table")}).shares
    spoken = likelihoods["image"] / (likelihoods["image"] + likelihoods["table"])
    assert shares["image"] == pytest.approx(0.9 + 0.1 * spoken)


def test_vectors_of_another_model_say_nothing() -> None:
    plan = route(Query("boats"), SPACES, 50, CENSUS)
    wanted = media(plan, CENSUS, SPACES, {"text": _vector_for("image"), "words": "boat"})
    assert wanted.shares == pytest.approx({medium: count / 100 for medium, count in CENSUS.items()})
    assert "no medium" in wanted.reason


@pytest.mark.encoders
def test_the_trained_classifier_tells_plain_cases_apart() -> None:
    """Sentences that were not trained with, by the encoder that a library uses."""
    from mmsearch_encoders.text import TextEncoder

    encoder = TextEncoder()
    assert trained().knows(encoder.space)
    for text, medium in (
        ("two puppies sleeping in a basket", "image"),
        ("how many gold medals were won by Finland in 1952", "table"),
        ("she tells how she crossed the ice as a girl", "audio"),
        ("green tea lowers cholesterol in adults", "text"),
    ):
        likelihoods = trained().likelihoods(encoder.encode_query(Query(text)))
        assert max(likelihoods, key=lambda m: likelihoods[m]) == medium, text
