"""The words of a query are marked on pictures, from the file to the answer: with the OCR that ships."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import docx
import pytest
from lettered import Words, boxes, lettered, overlap
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from serving import OFF, TOKEN, on_a_port, served

from mmsearch.client import Client
from mmsearch.schemas import ranking_json
from mmsearch.terminal import show_ranking
from mmsearch.types import Result

pytestmark = [pytest.mark.encoders, pytest.mark.slow]

SETTINGS: dict[str, Any] = {
    "spaces": dict.fromkeys(("text", "image", "table", "sound"), OFF),
    "recognizer": OFF,
    "reranker": OFF,
}
POSTER: tuple[Words, ...] = ((60, 40, "REGATTA"), (420, 44, "TROPHY"), (60, 200, "Boats leave at noon"))
SIGN: tuple[Words, ...] = ((60, 60, "Keeper wanted"), (60, 160, "Lantern room"))
MAP: tuple[Words, ...] = ((300, 160, "BREAKWATER"),)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A poster, a sign on a page of a PDF, a map in a document for Word, and a text."""
    files = tmp_path_factory.mktemp("files")
    lettered(*POSTER).save(files / "poster.png")
    (files / "poster.txt").write_text("The regatta of 1924.")
    canvas = Canvas((files / "sign.pdf").as_posix())
    canvas.drawString(72, 760, "What was found in the tower.")
    canvas.drawImage(ImageReader(lettered(*SIGN)), 72, 400, 400, 200)
    canvas.save()
    written = docx.Document()
    written.add_paragraph("A plan of the coast.")
    lettered(*MAP).save(files / "map.png")
    written.add_picture((files / "map.png").as_posix())
    written.save((files / "coast.docx").as_posix())
    (files / "map.png").unlink()
    (files / "note.md").write_text("The breakwater is old.\n")
    return files


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory, files: Path) -> Iterator[Client]:
    with Client(tmp_path_factory.mktemp("marked") / "library", **SETTINGS) as client:
        assert not client.index(files).failed
        yield client


@pytest.fixture(params=["here", "far"], scope="module")
def client(local: Client, request: pytest.FixtureRequest) -> Iterator[Client]:
    if request.param == "here":
        yield local
    else:
        with on_a_port(served(local)) as address, Client(address, server={"token": TOKEN}) as far:
            yield far


def _found(client: Client, words: str, name: str) -> Result:
    (result,) = [r for r in client.search(words, modalities=["image"]).results if Path(r.segment.uri).name == name]
    return result


def test_the_words_of_the_query_are_marked_where_they_stand(client: Client) -> None:
    answer = _found(client, "when do boats leave for the regatta?", "poster.png").answer
    assert answer is not None
    assert (answer.kind, answer.text) == ("region", "REGATTA TROPHY · Boats leave at noon")
    drawn = boxes(POSTER)
    for box, word in zip(answer.boxes, ("REGATTA", "Boats", "leave"), strict=True):
        assert overlap(box, drawn[word]) > 0.5, word


def test_what_only_the_caption_says_is_not_marked(client: Client) -> None:
    assert _found(client, "1924", "poster.png").answer is None


def test_on_pictures_in_documents_too(client: Client) -> None:
    """Boxes are shares of the picture, whose own box lies on the page."""
    for words, name, drawn in (
        ("lantern", "sign.pdf", boxes(SIGN)["Lantern"]),
        ("breakwater", "coast.docx", boxes(MAP)["BREAKWATER"]),
    ):
        found = _found(client, words, name)
        assert found.answer is not None
        (box,) = found.answer.boxes
        assert overlap(box, drawn) > 0.5, name
    sign = _found(client, "lantern", "sign.pdf").segment
    assert sign.span.page == 1
    assert sign.span.box is not None


def test_programs_and_people_are_told(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    ranking = client.search("lantern room")
    (told,) = [
        r["answer"] for r in json.loads(json.dumps(ranking_json(ranking)))["results"] if r["modality"] == "image"
    ]
    assert (told["kind"], told["text"], told["cells"], told["characters"]) == ("region", "Lantern room", [], None)
    assert [len(box) for box in told["boxes"]] == [4, 4]
    show_ranking(ranking)
    assert "Lantern room  " in capsys.readouterr().out
    assert not any(result.answer for result in client.search("lantern room", answer=False).results)


def test_a_library_whose_pictures_were_read_without_boxes_is_read_anew(tmp_path: Path, files: Path) -> None:
    """As libraries of before: without the engine that says where words stand, nothing is marked."""
    with Client(tmp_path / "library", **SETTINGS, ocr=OFF) as client:
        client.index(files / "poster.png")
        assert _found(client, "regatta", "poster.png").answer is None
    with Client(tmp_path / "library", **SETTINGS) as client:
        assert client.index(files / "poster.png").indexed == 1
        assert _found(client, "regatta", "poster.png").answer is not None
        assert client.index(files / "poster.png").unchanged == 1


def test_marks_travel_with_an_export(tmp_path: Path, local: Client) -> None:
    local.export(tmp_path / "export")
    with Client(tmp_path / "library", **SETTINGS) as client:
        client.import_(tmp_path / "export")
        result = _found(client, "regatta", "poster.png")
        assert replace(result, hits=()) == replace(_found(local, "regatta", "poster.png"), hits=())
        assert result.answer is not None
