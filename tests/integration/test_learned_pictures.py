"""The cross-modal path whole: a picture model trained here, saved as open_clip saves, in a library on Milvus Lite."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import checkpoints
import pytest
from drawings import CLASSES, draw, png, train

from mmsearch.client import Client

pytestmark = [pytest.mark.encoders, pytest.mark.slow]

COPIES = 2


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A library of drawn pictures that the model has not seen, named by numbers, and one text."""
    home = tmp_path_factory.mktemp("pictures")
    model = checkpoints.save_clip_folder(home / "trained", train())
    files = home / "files"
    files.mkdir()
    for number, caption in enumerate(CLASSES * COPIES):
        (files / f"{number:04}.png").write_bytes(png(draw(caption, Random(2000 + number))))
    (files / "note.txt").write_text("The harbour master wrote that the red circle on the chart is a buoy.")
    with Client(home / "library", **_settings(model)) as client:
        report = client.index(files)
        assert (report.found, report.failed, dict(report.closed_spaces)) == (len(CLASSES) * COPIES + 1, (), {})
        yield client


def _settings(model: Path) -> dict[str, Any]:
    image = {"part": "mmsearch_encoders.image:ImageEncoder", "model": str(model)}
    return {
        "spaces": {"image": image, "table": {"part": ""}, "sound": {"part": ""}},
        "recognizer": {"part": ""},
        "ocr": {"part": ""},
    }


def _captions(client: Client, **query: Any) -> list[str]:
    results = client.search(modalities=["image"], top_k=COPIES, **query).results
    return [CLASSES[int(Path(result.segment.uri).stem) % len(CLASSES)] for result in results]


def test_words_find_pictures_without_a_word(client: Client) -> None:
    first = [_captions(client, text=caption)[0] for caption in CLASSES]
    right = sum(found == caption for found, caption in zip(first, CLASSES, strict=True))
    assert right >= 0.7 * len(CLASSES), dict(zip(CLASSES, first, strict=True))


def test_a_picture_finds_pictures_like_it(client: Client) -> None:
    found = [_captions(client, image=png(draw(caption, Random(9))))[0] for caption in CLASSES]
    assert sum(a == b for a, b in zip(found, CLASSES, strict=True)) >= 0.7 * len(CLASSES)


def test_a_picture_of_the_library_leads_to_the_other_one_like_it(client: Client) -> None:
    places = sorted(document.uri for document in client.documents() if document.uri.endswith(".png"))
    found = [_captions(client, like=place) for place in places[: len(CLASSES)]]
    right = sum(caption in captions for captions, caption in zip(found, CLASSES, strict=True))
    assert right >= 0.5 * len(CLASSES), (
        "one of the 31 others is like it: by chance one in sixteen is among the first two"
    )


def test_a_query_in_words_asks_every_space_and_says_so(client: Client) -> None:
    ranking = client.search("a red circle")
    assert {route.space for route in ranking.routes} == {"words", "text", "image"}
    assert {result.segment.modality for result in ranking.results} == {"text", "image"}
    picture = next(result for result in ranking.results if result.segment.modality == "image")
    assert "image" in {hit.space for hit in picture.hits}
    file = client.picture(picture.segment.document_id, picture.segment.id)
    assert file is not None
    assert file.read_bytes()


def test_a_model_that_is_taken_away_closes_its_space_and_nothing_else(client: Client, tmp_path: Path) -> None:
    home = client.app.settings.library
    client.close()
    with Client(home, **_settings(tmp_path / "gone")) as without:
        ranking = without.search("harbour master")
        assert "image" in ranking.closed_spaces
        assert ranking.results[0].segment.modality == "text"
