"""The table encoder on a TAPAS in a folder and in the hub's cache, alone and mapped into the text space."""

import time
from pathlib import Path
from typing import Any

import checkpoints
import numpy as np
import pytest
from offline import no_network

from mmsearch.client import Client
from mmsearch.errors import ModelError, ModelUnavailable
from mmsearch.models import align
from mmsearch.types import Query, Segment, Span, Table
from mmsearch_encoders.table import MAX_COLUMNS, MAX_ROWS, TableEncoder, fitting

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


def test_a_vector_is_the_pooled_output_of_tapas(saved: Path) -> None:
    import pandas as pd
    import torch
    from transformers import TapasModel, TapasTokenizer

    frame = pd.DataFrame([["1871", "12"], ["1902", "7"], ["", "old"]], columns=["year", "ships"])
    inputs = TapasTokenizer.from_pretrained(saved)(table=frame, queries="", return_tensors="pt")
    with torch.inference_mode():
        model: Any = TapasModel.from_pretrained(saved)
        pooled = model.eval()(**inputs).pooler_output[0].numpy()
    row = TableEncoder(str(saved)).encode([segment(SHIPS)])[0]
    np.testing.assert_allclose(row, pooled / np.linalg.norm(pooled), atol=1e-5)


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
        pooled = TableEncoder(str(saved)).pooled([Table((cell,) * columns, ((cell,) * columns,) * 70)])
        assert np.isfinite(pooled).all()


def test_mapped_into_the_text_space_a_query_is_the_text_encoders(saved: Path, tmp_path: Path) -> None:
    tables = towns(40)
    projection = TableEncoder(str(saved)).align(tables, tmp_path / "map.safetensors")
    encoder = TableEncoder(str(saved), projection=tmp_path / "map.safetensors")
    text = encoder.text.encode(tables)
    np.testing.assert_allclose(
        encoder.encode_query(Query(text="old ships")), encoder.text.encode_query(Query(text="old ships"))
    )
    rows = encoder.encode(tables)
    np.testing.assert_allclose(
        rows, projection(TableEncoder(str(saved)).pooled([t.table for t in tables if t.table])), atol=1e-5
    )
    assert (rows * text).sum(axis=1).mean() > (rows * np.roll(text, 1, axis=0)).sum(axis=1).mean() + 0.1
    plain = TableEncoder(str(saved)).space
    assert encoder.space.fingerprint != plain.fingerprint
    assert (plain.dim, encoder.space.dim) == (32, 384)


def test_a_projection_for_other_models_is_refused(saved: Path, tmp_path: Path) -> None:
    TableEncoder(str(saved)).align(towns(10), tmp_path / "map.safetensors")
    other = checkpoints.save_tapas(tmp_path / "other", seed=1)
    with pytest.raises(ModelUnavailable, match="made for another table model"):
        _ = TableEncoder(str(other), projection=tmp_path / "map.safetensors").space
    with pytest.raises(ModelUnavailable, match='"mmsearch models align" makes it'):
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


def test_the_table_space_opens_once_it_is_aligned(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the commands a user types: index, align, index, search."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("MMSEARCH_CONFIG", str(tmp_path / "mmsearch.toml"))
    (tmp_path / "mmsearch.toml").write_text(
        f'library = "{tmp_path / "library"}"\n[recognizer]\npart = ""\n[ocr]\npart = ""\n[spaces.image]\npart = ""\n'
        f'[spaces.table]\npart = "mmsearch_encoders.table:TableEncoder"\nmodel = "{saved}"\nprojection = "usual"\n'
    )
    (tmp_path / "files").mkdir()
    for town in towns(10):
        assert town.table
        rows = [",".join(row) for row in (town.table.header, *town.table.rows)]
        (tmp_path / "files" / f"{town.title or town.id}.csv").write_text("\n".join(rows) + "\n")
    with Client() as client:
        assert "models align" in client.index(tmp_path / "files").closed_spaces["table"]
    said = align()
    assert "explains" in said
    with Client() as client:
        report = client.index(tmp_path / "files")
        assert (report.indexed, dict(report.closed_spaces)) == (10, {})
        ranking = client.search("boats and people of a town")
        assert "table" in {route.space for route in ranking.routes}
        assert "table" in {hit.space for hit in ranking.results[0].hits}
