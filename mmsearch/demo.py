"""The demo library that comes with mmsearch: a small coastal town in four media."""

import json
from pathlib import Path

from mmsearch.errors import NotFound


def demo_library() -> Path:
    """The folder with the demo's documents."""
    return _assets() / "library"


def example_searches() -> list[dict[str, str]]:
    """The six searches that show each medium: `query`, `shows`, `expect_modality`, `expect_document`."""
    searches: list[dict[str, str]] = json.loads((_assets() / "searches.json").read_text("utf-8"))["searches"]
    return searches


def _assets() -> Path:
    """In an installed package inside it, in a checkout beside it."""
    package = Path(__file__).parent
    for folder in (package / "assets", package.parent / "assets"):
        if (folder / "library").is_dir():
            return folder
    raise NotFound(f"the demo library is not in {package}: install mmsearch again")
