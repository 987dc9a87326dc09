"""`mmsearch fit-tables`: what questions of one set teach the table space helps with the questions of another."""

import json
from pathlib import Path

import checkpoints
import pytest
from judged_tables import make_set
from typer.testing import CliRunner

from mmsearch.cli import app
from mmsearch.client import Client
from mmsearch.errors import ConfigError
from mmsearch.fitting import fit_tables

pytestmark = pytest.mark.encoders
TAUGHT, HELD_OUT = 150, 40


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of settings that name a tiny TAPAS, with a map that is kept with the library."""
    model = checkpoints.save_tapas(tmp_path / "tapas")
    off = "".join(f'[{part}]\npart = ""\n' for part in ("recognizer", "ocr", "spaces.image", "spaces.sound"))
    table = f'[spaces.table]\npart = "mmsearch_encoders.table:TableEncoder"\nmodel = "{model}"\n'
    file = tmp_path / "mmsearch.toml"
    file.write_text(f'library = "{tmp_path / "library"}"\n{off}{table}projection = "library:table-map.safetensors"\n')
    (tmp_path / "plain.toml").write_text(f'library = "{tmp_path / "plain"}"\n{off}{table}')
    monkeypatch.setenv("MMSEARCH_CONFIG", str(file))
    return tmp_path


def test_questions_find_tables_that_were_not_learned_from(settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the commands a user types: index, fit-tables, index, and a set that is measured."""
    held_out = make_set(settings / "held-out", HELD_OUT, seed=2)
    with Client() as client:
        assert "mmsearch fit-tables" in client.index(held_out).closed_spaces["table"]
    taught = make_set(settings / "taught", TAUGHT, seed=1)
    ran = CliRunner().invoke(app, ["fit-tables", str(taught), "--json"])
    found = json.loads(ran.stdout)
    assert (ran.exit_code, found["tables"], found["questions"]) == (0, TAUGHT, 2 * TAUGHT)
    assert found["mrr"]["mapped"] > max(found["mrr"]["without"], found["mrr"]["chance"])
    assert found["stored"] == str(settings / "library" / "table-map.safetensors")
    with Client() as client:
        assert client.index(held_out).closed_spaces == {}
        mapped = client.evaluate(held_out, ["table"], runs=settings / "runs")["metrics"]["mrr@10"]
    monkeypatch.setenv("MMSEARCH_CONFIG", str(settings / "plain.toml"))
    with Client() as client:
        client.index(held_out)
        without = client.evaluate(held_out, ["table"], runs=settings / "runs")["metrics"]["mrr@10"]
    chance = sum(1 / rank for rank in range(1, 11)) / HELD_OUT
    assert mapped > 2 * chance
    assert mapped > 1.5 * without


def test_another_map_is_another_space_whose_tables_are_encoded_anew(settings: Path) -> None:
    held_out = make_set(settings / "held-out", 12, seed=2)
    with Client() as client:
        client.index(held_out)
    fingerprints = list[str]()
    for seed in (1, 3):
        assert fit_tables(make_set(settings / f"taught{seed}", TAUGHT, seed))["stored"]
        with Client() as client:
            if fingerprints:
                assert '"mmsearch index"' in client.search("the rain of the town").closed_spaces["table"]
            client.index(held_out)
            (space,) = [state.space for state in client.spaces() if state.name == "table" and state.space]
            fingerprints.append(space.fingerprint)
            assert "table" not in client.search("the rain of the town").closed_spaces
    assert len(set(fingerprints)) == 2


def test_a_map_that_is_no_better_is_not_stored(settings: Path) -> None:
    """Questions that have nothing to do with their tables teach nothing."""
    taught = make_set(settings / "taught", 60, seed=1)
    lines = (taught / "queries.jsonl").read_text().splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    turned = [json.loads(line) | {"text": text} for line, text in zip(lines, texts[31:] + texts[:31], strict=True)]
    (taught / "queries.jsonl").write_text("".join(json.dumps(line) + "\n" for line in turned))
    with Client() as client:
        client.index(taught)
    ran = CliRunner().invoke(app, ["fit-tables", str(taught)])
    assert ran.exit_code == 1
    assert "not stored" in ran.output
    assert not (settings / "library" / "table-map.safetensors").exists()


def test_settings_without_a_map_have_nothing_to_learn(settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMSEARCH_CONFIG", str(settings / "plain.toml"))
    taught = make_set(settings / "taught", 12, seed=1)
    with Client() as client:
        client.index(taught)
    with pytest.raises(ConfigError, match='no "table" space with a projection'):
        fit_tables(taught)
