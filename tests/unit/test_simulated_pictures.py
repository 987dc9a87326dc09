"""The simulated picture space: its geometry by hand, and the promises of every encoder."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from encoder_contract import EncoderContract, rows_of
from hashing import HashingEncoder

from benchmarks.simulated_pictures import SimulatedPictures
from mmsearch.types import Query, Segment, Span

CAPTIONS = {
    "coco-1": ("a bear in the grass", "a brown bear"),
    "coco-2": ("two men play baseball",),
    "coco-3": ("a red bus on a road", "the bus is red"),
    "coco-4": ("a plate of food",),
    "coco-5": ("a clock tower at night",),
    "coco-6": ("children fly a kite on the beach",),
}


def photograph(record_id: str) -> Segment:
    return Segment(record_id, f"d-{record_id}", "/p", "image", Span(), metadata={"record_id": record_id})


@pytest.fixture
def captions(tmp_path: Path) -> str:
    file = tmp_path / "captions.jsonl"
    lines = [{"image": image, "caption": caption} for image, said in CAPTIONS.items() for caption in said]
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return str(file)


def pictures(captions: str, seed: int = 7, noise: float = 0.0) -> SimulatedPictures:
    return SimulatedPictures(captions, seed, noise, sentences="hashing:HashingEncoder")


class TestPromises(EncoderContract):
    @pytest.fixture
    def encoder(self, captions: str) -> SimulatedPictures:
        return pictures(captions, noise=0.6)

    @pytest.fixture
    def segments(self) -> Sequence[Segment]:
        return [photograph(id) for id in CAPTIONS]

    @pytest.fixture
    def queries(self) -> Sequence[Query]:
        return [Query("a bear"), Query("something else altogether")]


def test_the_cosine_is_a_quarter_of_the_sentences_and_an_offset(captions: str) -> None:
    simulated, sentences = pictures(captions), HashingEncoder()
    query = Query("two men near a red bus")
    [row] = rows_of(simulated, [photograph("coco-2")])
    told = Segment("s", "d", "/", "text", Span(), text="two men play baseball")
    expected = 0.25 * float(sentences.encode([told])[0] @ sentences.encode_query(query)) + 0.15
    assert expected > 0.2
    assert float(row @ simulated.encode_query(query)) == pytest.approx(expected, abs=1e-5)


def test_the_very_caption_has_the_highest_cosine_there_is(captions: str) -> None:
    simulated = pictures(captions)
    [row] = rows_of(simulated, [photograph("coco-5")])
    assert float(row @ simulated.encode_query(Query("a clock tower at night"))) == pytest.approx(0.40, abs=1e-5)


def test_a_picture_is_the_mean_of_its_captions(captions: str) -> None:
    simulated = pictures(captions)
    [row] = rows_of(simulated, [photograph("coco-3")])
    one, other = (simulated.encode_query(Query(caption)) for caption in CAPTIONS["coco-3"])
    assert float(row @ one) == pytest.approx(float(row @ other), abs=1e-5)
    assert 0.3 < float(row @ one) < 0.4


def test_pictures_lie_closer_to_each_other_than_to_any_words(captions: str) -> None:
    simulated = pictures(captions, noise=0.6)
    rows = rows_of(simulated, [photograph(id) for id in CAPTIONS])
    asked = np.stack([simulated.encode_query(Query(said[0])) for said in CAPTIONS.values()])
    assert (rows @ rows.T).min() > 0.6
    assert (rows @ asked.T).max() < 0.4


def test_the_seed_turns_the_space_and_makes_it_another_one(captions: str) -> None:
    first, second = pictures(captions, seed=7), pictures(captions, seed=8)
    assert first.space.fingerprint != second.space.fingerprint
    rows = [rows_of(encoder, [photograph(id) for id in CAPTIONS]) for encoder in (first, second)]
    assert not np.allclose(rows[0], rows[1], atol=0.01)
    np.testing.assert_allclose(rows[0] @ rows[0].T, rows[1] @ rows[1].T, atol=1e-5)


def test_only_photographs_with_captions_get_a_row(captions: str) -> None:
    simulated = pictures(captions)
    assert simulated.windows(photograph("coco-1")) == [photograph("coco-1")]
    assert simulated.windows(photograph("coco-9")) == []
