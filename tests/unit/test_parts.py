"""What stands for a part that cannot be made, and which extra brings what is missing."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from mmsearch import parts
from mmsearch.errors import ConfigError, ModelUnavailable
from mmsearch.manifest import Manifest
from mmsearch.parts import build, closed_reason, encoders_of, load
from mmsearch.settings import Part, read_settings
from mmsearch.spaces import open_for_indexing
from mmsearch.stores.memory import MemoryStore
from mmsearch_encoders.weights import hub_cache


class Needy:
    """An encoder that says at once what it lacks."""

    def __init__(self) -> None:
        raise ModelUnavailable('torch is not installed: pip install "mmsearch[encoders]"')


NEEDY = {"part": f"{__name__}:Needy"}


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, __name__, sys.modules.get(__name__) or import_module(__name__))


def test_a_space_whose_part_cannot_be_made_is_closed_and_the_others_are_open(tmp_path: Path) -> None:
    off = {"part": ""}
    settings = read_settings(library=tmp_path, spaces={"text": NEEDY, "image": off, "table": off, "sound": off})
    with_manifest = Manifest(tmp_path / "manifest.sqlite3")
    opened, closed = open_for_indexing(encoders_of(settings), with_manifest, MemoryStore())
    with_manifest.close()
    assert opened.keys() == {"words"}
    assert closed == {"text": 'torch is not installed: pip install "mmsearch[encoders]"'}


def test_whatever_is_asked_of_what_stands_for_it_says_what_is_missing() -> None:
    stand_in: Any = build(Part(**NEEDY))
    assert "pip install" in closed_reason(stand_in)
    with pytest.raises(ModelUnavailable, match="pip install"):
        stand_in.encode([])


def test_models_without_their_extra_say_which_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ModelUnavailable, match=r'pip install "mmsearch\[encoders\]"'):
        hub_cache()


@pytest.mark.parametrize(
    ("module", "extra"),
    [
        ("mmsearch.server.serving", "server"),
        ("mmsearch.server.mcp", "mcp"),
        ("mmsearch_ui.page", "ui"),
        ("mmsearch.readers.word", "readers"),
    ],
)
def test_the_extra_is_told_by_the_module(module: str, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> None:
        raise ModuleNotFoundError(name="uvicorn")

    monkeypatch.setattr(parts, "import_module", missing)
    with pytest.raises(ConfigError, match=rf'uvicorn, which is not installed; .*"mmsearch\[{extra}\]"'):
        load(f"{module}:name")
