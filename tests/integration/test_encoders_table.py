"""The table encoder on a TAPAS in a folder and in the hub's cache, alone and mapped into the text space."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import checkpoints
import numpy as np
import pytest
from offline import no_network

from mmsearch.errors import ModelError, ModelUnavailable
from mmsearch.types import Query, Segment, Span, Table
from mmsearch_encoders.projection import Projection
from mmsearch_encoders.table import TableEncoder, fitting, reciprocal_ranks
from mmsearch_encoders.tapas import MAX_COLUMNS, MAX_ROWS

pytestmark = pytest.mark.encoders
SHIPS = Table(("year", "ships"), (("1871", "12"), ("1902", "7"), ("", "old")))


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.save_tapas(tmp_path_factory.mktemp("table") / "tapas")


def segment(table: Table, number: int = 1) -> Segment:
    return Segment(str(number), "d", "/d.csv", "table", Span(), title=table.header[0], table=table)


def towns(n: int) -> list[Segment]:
    words = checkpoints.WORDS.split()
    return [segment(Table((words[i % 30], words[(i * 7) % 31]), ((words[(i * 3) % 29], str(i)),)), i) for i in range(n)]


def fitted(model: Path, tables: list[Segment], file: Path) -> Projection:
    """The map that the tables' own titles as questions make, in the file."""
    projection = TableEncoder(str(model)).fit(tables, [[table.title] for table in tables]).projection
    projection.save(file)
    return projection


def test_a_vector_is_the_pooled_output_of_tapas_for_the_table_under_its_title(saved: Path) -> None:
    import pandas as pd
    import torch
    from transformers import TapasModel, TapasTokenizer

    frame = pd.DataFrame([["1871", "12"], ["1902", "7"], ["", "old"]], columns=["year", "ships"])
    inputs = TapasTokenizer.from_pretrained(saved)(table=frame, queries="ships of the town", return_tensors="pt")
    with torch.inference_mode():
        model: Any = TapasModel.from_pretrained(saved)
        pooled = model.eval()(**inputs).pooler_output[0].numpy()
    titled = replace(segment(SHIPS), title="ships", headings=("of the town",))
    row = TableEncoder(str(saved)).encode([titled])[0]
    np.testing.assert_allclose(row, pooled / np.linalg.norm(pooled), atol=1e-5)


def test_questions_and_tables_may_have_a_tower_each(saved: Path, tmp_path: Path) -> None:
    """As weights trained for Dense Table Retrieval have."""
    other = checkpoints.save_tapas(tmp_path / "questions", seed=1)
    towers = TableEncoder(str(saved), question_model=str(other))
    query = Query(text="how many ships")
    np.testing.assert_allclose(towers.encode([segment(SHIPS)]), TableEncoder(str(saved)).encode([segment(SHIPS)]))
    np.testing.assert_allclose(towers.encode_query(query), TableEncoder(str(other)).encode_query(query), atol=1e-6)
    assert [source.role for source in towers.sources] == ["table", "table-questions"]
    assert towers.space.fingerprint != TableEncoder(str(saved)).space.fingerprint
    with pytest.raises(ModelUnavailable, match="nowhere is not there"):
        _ = TableEncoder(str(saved), question_model=str(tmp_path / "nowhere")).space


def test_rows_are_cut_before_they_cost_time() -> None:
    long = Table(("a", "b"), (("one two", ""),) * 10_000)
    header, rows = fitting(long)
    assert header == ["a", "b"]
    assert len(rows) == MAX_ROWS
    assert len(fitting(Table(("a",), (("word " * 12,),) * 100))[1]) == 512 // 12
    wide, _ = fitting(Table(("a long name of a column",) * 300, ()))
    assert len(wide) == MAX_COLUMNS
    assert sum(map(len, wide)) <= 400


@pytest.mark.parametrize("cell", ["灯台" * 300, "", "\x00", "word " * 300])
def test_any_table_can_be_read(saved: Path, cell: str) -> None:
    for columns in (1, 3, 40):
        strange = segment(Table((cell,) * columns, ((cell,) * columns,) * 70))
        assert np.isfinite(TableEncoder(str(saved)).pooled([strange])).all()


def test_mapped_into_the_text_space_a_query_is_the_text_encoders(saved: Path, tmp_path: Path) -> None:
    tables = towns(40)
    projection = fitted(saved, tables, tmp_path / "map.safetensors")
    encoder = TableEncoder(str(saved), projection=tmp_path / "map.safetensors")
    text = np.stack([encoder.text.encode_query(Query(text=table.title)) for table in tables])
    np.testing.assert_allclose(
        encoder.encode_query(Query(text="old ships")), encoder.text.encode_query(Query(text="old ships"))
    )
    rows = encoder.encode(tables)
    np.testing.assert_allclose(rows, projection(TableEncoder(str(saved)).pooled(tables)), atol=1e-5)
    ranks = reciprocal_ranks(text, rows, np.arange(len(tables)))
    assert ranks.mean() > 4 * (1 / np.arange(1, len(tables) + 1)).mean(), "hardly better than chance"
    plain = TableEncoder(str(saved)).space
    assert encoder.space.fingerprint != plain.fingerprint
    assert (plain.dim, encoder.space.dim) == (32, 384)


def test_a_projection_for_other_models_is_refused(saved: Path, tmp_path: Path) -> None:
    fitted(saved, towns(10), tmp_path / "map.safetensors")
    other = checkpoints.save_tapas(tmp_path / "other", seed=1)
    with pytest.raises(ModelUnavailable, match="made for another table model"):
        _ = TableEncoder(str(other), projection=tmp_path / "map.safetensors").space
    with pytest.raises(ModelUnavailable, match='"mmsearch fit-tables SET" learns it'):
        _ = TableEncoder(str(saved), projection=tmp_path / "nothing").space


def test_a_name_is_found_in_the_cache_of_the_hub(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    checkpoints.as_hub_cache(tmp_path, "google/tapas-base-finetuned-wtq", saved)
    with no_network():
        rows = TableEncoder().encode([segment(SHIPS)])
    np.testing.assert_allclose(rows, TableEncoder(str(saved)).encode([segment(SHIPS)]), atol=1e-6)


def test_weights_that_are_not_here_are_refused_at_once_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    start = time.monotonic()
    with no_network(), pytest.raises(ModelUnavailable, match='"mmsearch models pull table"'):
        TableEncoder().encode([segment(SHIPS)])
    assert time.monotonic() - start < 5


def test_a_checkpoint_without_the_pooler_is_refused_instead_of_filled_with_noise(saved: Path, tmp_path: Path) -> None:
    import shutil

    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(saved, tmp_path / "poolerless")
    weights = load_file(folder / "model.safetensors")
    save_file({k: v for k, v in weights.items() if "pooler" not in k}, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match="lacks 2 weights of TapasModel, pooler"):
        TableEncoder(str(folder)).encode([segment(SHIPS)])


def test_a_table_ranks_behind_those_that_are_nearer_and_amid_those_that_are_as_near() -> None:
    tables = np.array([[1, 0], [0, 1], [0, 1]], np.float32)
    asked = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    np.testing.assert_allclose(reciprocal_ranks(asked, tables, [0, 1, 1]), [1, 1 / 2.5, 1 / 1.5])
