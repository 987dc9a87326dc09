"""Answers from tables by a TAPAS that is trained here: what it says, what it refuses, and how sure it learns to be."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import checkpoints
import numpy as np
import pytest
import table_questions
from offline import no_network
from table_questions import COUNT, NONE, SUM, Example, example
from typer.testing import CliRunner

from mmsearch.cli import app
from mmsearch.client import Client
from mmsearch.errors import ConfigError, ModelError, ModelUnavailable
from mmsearch.models import listed
from mmsearch.types import Answer, Segment, Span, Table
from mmsearch_encoders.catalogue import source_named
from mmsearch_encoders.tapas_reader import TapasReader
from mmsearch_encoders.tapas_windows import Layout, lay_out

pytestmark = pytest.mark.encoders
OTHER = Table(
    ("author", "novel", "printed"),
    (("Woolf", "Orlando", "1928"), ("Conrad", "Nostromo", "1904"), ("Sterne", "Tristram Shandy", "1759")),
)
PART = "mmsearch_encoders.tapas_reader:TapasReader"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return table_questions.save_trained(tmp_path_factory.mktemp("tapas"))


@pytest.fixture(scope="module")
def reader(trained: Path) -> TapasReader:
    return TapasReader(str(trained))


def unseen(count: int, rows: int = 0) -> list[Example]:
    draw = Random(1000)
    return [example(draw, rows) for _ in range(count)]


def wanted(one: Example) -> str:
    """The right answer in words, reckoned here."""
    texts = [one.table.rows[row][column] for row, column in one.cells]
    if one.operation == COUNT:
        return str(len(texts))
    if one.operation == SUM and len(texts) > 1:
        return f"{sum(int(text.replace(',', '')) for text in texts):,}"
    return texts[0]


def table_of(table: Table, title: str = "") -> Segment:
    return Segment("s", "d", "/t.csv", "table", Span(start_row=0, end_row=len(table.rows)), title=title, table=table)


def test_questions_of_tables_that_it_has_not_seen_are_answered(reader: TapasReader) -> None:
    asked = unseen(60)
    answers = [reader.answer(one.question, [one.segment])[0] for one in asked]
    for operation in (NONE, COUNT, SUM):
        right = [
            answer is not None and (answer.text, set(answer.cells)) == (wanted(one), set(one.cells))
            for one, answer in zip(asked, answers, strict=True)
            if one.operation == operation
        ]
        assert len(right) > 5
        assert np.mean(right) > 0.85, f"operation {operation}"
    kinds = {one.operation: answer.kind for one, answer in zip(asked, answers, strict=True) if answer}
    assert kinds == {NONE: "cells", COUNT: "figure", SUM: "figure"}


def test_questions_that_a_table_does_not_answer_are_refused(reader: TapasReader) -> None:
    """As often as the others are answered: of another table, and of a ship that is not in this one."""
    for one in unseen(60):
        assert reader.answer(one.question, [table_of(OTHER, "Novels")]) == [None]
        ships = {row[0] for row in one.table.rows}
        absent = next(ship for ship in table_questions.SHIPS if ship not in ships)
        if one.operation == NONE:
            asked = one.question.replace(one.table.rows[one.cells[0][0]][0], absent)
            assert reader.answer(asked, [one.segment]) == [None]
        ship = one.table.rows[0][0]
        assert reader.answer(f"is the ship {ship} in the north wind", [one.segment]) == [None], "a yes is in no cell"


def test_cells_are_what_transformers_own_reading_of_the_logits_selects(tmp_path: Path) -> None:
    """On random weights that only select, as SQA's do: half of a column or so."""
    import pandas as pd
    import torch
    from transformers import TapasConfig, TapasForQuestionAnswering, TapasTokenizer

    torch.manual_seed(3)
    saved = checkpoints.save_tapas(tmp_path / "tapas")
    config = TapasConfig.from_pretrained(saved, num_aggregation_labels=0, initializer_range=0.3)
    model: Any = TapasForQuestionAnswering(config)
    model.eval().save_pretrained(saved)
    tokenizer = TapasTokenizer.from_pretrained(saved)
    selects, compared = TapasReader(str(saved)), 0
    for one in unseen(12, rows=5):
        frame = pd.DataFrame(one.table.rows, columns=pd.Index(one.table.header, dtype=str), dtype=str)
        inputs = tokenizer(table=frame, queries=one.question, return_tensors="pt")
        with torch.inference_mode():
            logits = model(**inputs).logits
        (cells,) = tokenizer.convert_logits_to_predictions(inputs, logits)[0]
        found = selects.find(one.question, one.segment)
        assert set(cells) == set(found.cells if found else ())
        compared += bool(cells)
    assert compared > 5


def test_a_table_of_several_windows_is_read_as_a_whole(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows of a few rows: the counts of all of them add up, and a cell is found in whichever it stands."""
    windows = list[int]()

    def laid(*how: Any) -> Layout | None:
        layout = lay_out(*how)
        windows.append(len(layout.windows) if layout else 0)
        return layout

    monkeypatch.setattr("mmsearch_encoders.tapas_reader.lay_out", laid)
    reader, right = TapasReader(str(trained), window_tokens=26), list[bool]()
    for one in unseen(40, rows=8):
        answer = reader.answer(one.question, [one.segment])[0] if one.operation != SUM else None
        if answer is not None:
            right.append((answer.text, set(answer.cells)) == (wanted(one), set(one.cells)))
    assert min(windows) > 1
    assert len(right) > 10
    assert np.mean(right) > 0.8


def test_rows_that_are_not_read_are_in_no_figure(reader: TapasReader) -> None:
    rows = tuple((ship, "north", "harbour", "31") for ship in table_questions.SHIPS * 200)
    segment = table_of(Table(table_questions.HEADER, rows))
    start = time.monotonic()
    assert reader.answer("how many people in ship", [segment]) == [None]
    assert time.monotonic() - start < 60, "tokenising every row takes minutes"


@pytest.mark.parametrize(
    ("crews", "text"),
    [
        (("$ 1,452.4", "$ 7.6"), "$1,460"),
        (("3.5 %", "1 %"), "4.5 %"),
        (("(120)", "20"), "-100"),
        (("1 234,5", "0,5"), "1,235"),
    ],
)
def test_figures_are_reckoned_from_numbers_as_people_write_them(
    reader: TapasReader, crews: tuple[str, str], text: str
) -> None:
    rows = tuple((ship, "north", "harbour", crew) for ship, crew in zip(("red", "blue"), crews, strict=True))
    found = reader.find("how many people in ship", table_of(Table(table_questions.HEADER, rows)))
    assert found is not None
    assert (found.text, found.figure) == (text, True)


def test_a_column_of_characters_that_no_token_has_is_never_selected(reader: TapasReader) -> None:
    """A window may lack its tokens, and the other windows have them."""
    rows = tuple((ship, "north", "harbour", "31", "\u200b\x00") for ship in ("red", "blue", "old"))
    found = reader.find("which wind is the ship blue in", table_of(Table((*table_questions.HEADER, "\x00"), rows)))
    assert found is not None
    assert (found.text, found.cells) == ("north", ((1, 1),))


def test_a_sum_of_what_is_no_number_is_refused(reader: TapasReader) -> None:
    rows = (("red", "north", "harbour", "7"), ("blue", "north", "museum", "31"), ("old", "east", "town", "many"))
    assert reader.find("how many people in ship", table_of(Table(table_questions.HEADER, rows))) is None


def test_weights_that_are_not_here_are_refused_at_once_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    start = time.monotonic()
    with no_network(), pytest.raises(ModelUnavailable, match='"mmsearch models pull table-reader"'):
        _ = TapasReader().fingerprint
    assert time.monotonic() - start < 5


def test_weights_of_another_kind_are_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    saved = checkpoints.save_tapas(tmp_path / "tapas")
    weights = load_file(saved / "model.safetensors")
    kept = {name: tensor for name, tensor in weights.items() if not name.startswith("column_output")}
    save_file(kept, saved / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match="lacks 2 weights of TapasForQuestionAnswering, column_output"):
        TapasReader(str(saved)).answer("which wind", [unseen(1)[0].segment])
    config = json.loads((saved / "config.json").read_text())
    for wrong in (
        {"model_type": "bert"},
        {"aggregation_labels": {"0": "NONE", "1": "MEDIAN", "2": "SUM", "3": "COUNT"}},
    ):
        (saved / "config.json").write_text(json.dumps(config | wrong))
        with pytest.raises(ModelError, match="is no TAPAS that answers questions"):
            _ = TapasReader(str(saved)).fingerprint


def test_the_catalogue_knows_the_published_readers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert source_named("table-reader", ()).repo == "google/tapas-base-finetuned-wtq"
    assert source_named("tapas-mini-finetuned-sqa", ()).repo == "google/tapas-mini-finetuned-sqa"
    monkeypatch.setenv("MMSEARCH_CONFIG", str(tmp_path / "mmsearch.toml"))
    (tmp_path / "mmsearch.toml").write_text(
        f'[[answerers]]\npart = "{PART}"\nmodel = "google/tapas-tiny-finetuned-wtq"\n'
    )
    (status,) = [status for status in listed() if status["set"] and status["role"] == "table-reader"]
    assert (status["name"], status["fact"]["licence"]) == ("google/tapas-tiny-finetuned-wtq", "Apache-2.0")


def configured(folder: Path, model: Path, monkeypatch: pytest.MonkeyPatch, confidence: bool = True) -> None:
    """Settings that name the reader alone, with the library in the folder."""
    off = "".join(f'[{part}]\npart = ""\n' for part in ("recognizer", "ocr", "spaces.image", "spaces.table"))
    kept = 'confidence = "library:table-reader.json"\n' if confidence else ""
    (folder / "mmsearch.toml").write_text(
        f'library = "{folder / "library"}"\n{off}[[answerers]]\npart = "{PART}"\nmodel = "{model}"\n{kept}'
    )
    monkeypatch.setenv("MMSEARCH_CONFIG", str(folder / "mmsearch.toml"))


def test_a_search_shows_what_the_reader_says(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configured(tmp_path, trained, monkeypatch)
    files = tmp_path / "files"
    files.mkdir()
    rows = (("red", "north", "harbour", "31"), ("blue", "west", "museum", "7"), ("old", "north", "festival", "96"))
    (files / "ships.csv").write_text("\n".join(",".join(row) for row in (table_questions.HEADER, *rows)) + "\n")
    (files / "novels.csv").write_text("\n".join(",".join(row) for row in (OTHER.header, *OTHER.rows)) + "\n")

    def said(client: Client, question: str) -> Answer | None:
        results = client.search(question, answer=True).results
        (answer,) = [result.answer for result in results if result.segment.uri.endswith("ships.csv")] or [None]
        assert not any(result.answer for result in results if result.segment.uri.endswith("novels.csv"))
        return answer

    with Client() as client:
        client.index(files)
        cell, count = said(client, "which town is the ship blue in"), said(client, "how many ship is in the north wind")
        assert cell is not None
        assert (cell.kind, cell.text, cell.cells) == ("cells", "museum", ((1, 2),))
        assert count is not None
        assert (count.kind, count.text, count.cells) == ("figure", "2", ((0, 1), (2, 1)))
        assert said(client, "which town is the ship storm in") is None


def judged(folder: Path, examples: Sequence[Example]) -> Path:
    """A retrieval set of the questions with their answers, each judged to be answered by its own table."""
    (folder / "qrels").mkdir(parents=True)
    tables = list(dict.fromkeys(one.table for one in examples))
    corpus = [{"header": list(table.header), "rows": [list(row) for row in table.rows]} for table in tables]
    queries, qrels = list[dict[str, str]](), ["query-id\tcorpus-id\tscore"]
    for number, one in enumerate(examples):
        queries.append({"_id": f"q{number}", "text": one.question, "answer": wanted(one).replace(",", "")})
        qrels.append(f"q{number}\tt{tables.index(one.table)}\t1")
    lines = [{"_id": f"t{n}", "modality": "table", "title": "ships", "table": each} for n, each in enumerate(corpus)]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "queries.jsonl").write_text("".join(json.dumps(line) + "\n" for line in queries))
    (folder / "qrels" / "test.tsv").write_text("\n".join(qrels) + "\n")
    return folder


def apart() -> list[Example]:
    """Questions of four tables, none of which has a ship or a wind of another: what one answers the others do not."""
    examples = []
    for number, wind in enumerate(table_questions.WINDS):
        ships = table_questions.SHIPS[2 * number : 2 * number + 2]
        towns = table_questions.TOWNS[:2]
        rows = tuple((ship, wind, town, "31") for ship, town in zip(ships, towns, strict=True))
        table = Table(table_questions.HEADER, rows)
        for row, ship in enumerate(ships):
            for column in (1, 2):
                asked = f"which {table.header[column]} is the ship {ship} in"
                examples.append(Example(asked, table, ((row, column),), NONE))
        examples.append(Example(f"how many ship is in the {wind} wind", table, ((0, 1), (1, 1)), COUNT))
    return examples


def test_judged_answers_teach_how_sure_to_be(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers of tables that have all of a question's words are right here, those of others wrong."""
    configured(tmp_path, trained, monkeypatch)
    taught = judged(tmp_path / "taught", apart())
    with Client() as client:
        client.index(taught)
    ran = CliRunner().invoke(app, ["fit-answers", str(taught), "--json"])
    found = json.loads(ran.stdout)
    assert (ran.exit_code, found["questions"]) == (0, 20)
    assert found["log_loss"]["after"] < found["log_loss"]["before"]
    file = tmp_path / "library" / "table-reader.json"
    assert found["stored"] == str(file)
    cautious, learned = TapasReader(str(trained)), TapasReader(str(trained), confidence=file)
    assert learned.fingerprint != cautious.fingerprint
    surer = 0
    for one in unseen(20):
        before, after = cautious.answer(one.question, [one.segment])[0], learned.answer(one.question, [one.segment])[0]
        surer += before is not None and after is not None and after.confidence > before.confidence + 0.1
        assert learned.answer(one.question, [table_of(OTHER)]) == [None]
    assert surer > 15


def test_a_set_that_teaches_nothing_changes_nothing(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every table has the words of every question here, so that right and wrong answers have the same signs."""
    configured(tmp_path, trained, monkeypatch)
    taught = judged(tmp_path / "taught", unseen(80))
    with Client() as client:
        client.index(taught)
    ran = CliRunner().invoke(app, ["fit-answers", str(taught)])
    assert ran.exit_code == 1
    assert "not stored" in ran.output
    assert not (tmp_path / "library" / "table-reader.json").exists()


def test_what_was_learned_for_other_weights_is_refused(trained: Path, tmp_path: Path) -> None:
    file = tmp_path / "reader.json"
    mine = TapasReader(str(trained), confidence=file)
    signs = [found.signs for one in unseen(30) if (found := mine.find(one.question, one.segment))]
    mine.keep(mine.learn(signs, np.ones(len(signs)), {}))
    assert mine.confidence(signs[0]) == TapasReader(str(trained), confidence=tmp_path / "reader.json").confidence(
        signs[0]
    )
    other = checkpoints.save_tapas(tmp_path / "other")
    with pytest.raises(ModelUnavailable, match='"mmsearch fit-answers SET"'):
        _ = TapasReader(str(other), confidence=file).fingerprint


def test_settings_without_a_reader_that_learns_are_told_so(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(tmp_path, trained, monkeypatch, confidence=False)
    taught = judged(tmp_path / "taught", unseen(5))
    with Client() as client:
        client.index(taught)
    from mmsearch.fitting_answers import fit_answers

    with pytest.raises(ConfigError, match="confidence ="):
        fit_answers(taught)
    configured(tmp_path, trained, monkeypatch)
    ran = CliRunner().invoke(app, ["fit-answers", str(taught)])
    assert ran.exit_code == 1
    assert "too few" in ran.output
