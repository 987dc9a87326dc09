"""Secrets are never shown, and nothing else is hidden."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mmsearch.cli import app
from mmsearch.masking import MASK, masked, without_secrets
from mmsearch.settings import read_settings, shown

CONFIG = """
[store]
uri = "https://somebody:hunter2@milvus.example:19530/db?token=hunter2&x=1"
token = "root:hunter2"
[server]
token = "hunter2"
[indexing]
passage_tokens = 128
ray_address = "head:6379"
[spaces.far]
part = "far:Encoder"
api_key = "hunter2"
endpoint = "https://models.example/v1"
keys = ["hunter2", ""]
nested = {password = "hunter2", rows = 3}
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no Milvus answers at http://a:b@host:1/x", f"no Milvus answers at http://{MASK}@host:1/x"),
        ("s3://bucket/a?X-Amz-Signature=abc&page=2", f"s3://bucket/a?X-Amz-Signature={MASK}&page=2"),
        ("https://x.blob/y?sv=1&sig=abc%2B", f"https://x.blob/y?sv=1&sig={MASK}"),
        ("mail a@b.example about http://host/~user", "mail a@b.example about http://host/~user"),
    ],
)
def test_addresses_keep_what_is_no_secret(text: str, said: str) -> None:
    assert without_secrets(text) == said


def test_what_is_empty_and_what_is_a_number_stays() -> None:
    values = {"token": "", "passage_tokens": 128, "monkey": "George", "keyboard": "de", "api_keys": ["a"]}
    assert masked(values) == {**values, "api_keys": [MASK]}


def test_the_command_shows_all_settings_without_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mmsearch.toml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MMSEARCH_CONFIG", raising=False)
    for options in ([], ["--json"]):
        done = CliRunner().invoke(app, ["settings", *options])
        assert done.exit_code == 0
        assert "hunter2" not in done.stdout
        said = json.loads(done.stdout)
        assert said["store"]["uri"] == f"https://{MASK}@milvus.example:19530/db?token={MASK}&x=1"
        assert said["indexing"]["passage_tokens"] == 128
        assert said["indexing"]["ray_address"] == "head:6379"
        assert said["spaces"]["far"]["endpoint"] == "https://models.example/v1"
        assert said["spaces"]["far"]["keys"] == [MASK, ""]
        assert said["spaces"]["text"]["model"] == "all-MiniLM-L6-v2"
    settings = read_settings()
    assert shown(settings) == said
    assert "hunter2" not in repr(settings.store) + repr(settings.server)
