"""Read the plain texts in `assets/sources/` that become documents and recordings."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

SOURCES = Path(__file__).resolve().parent.parent / "sources"

Kind = Literal["title", "heading", "paragraph", "bullet", "table"]


@dataclass
class Block:
    """One piece of a document: its kind and its text, or its rows where it is a table."""

    kind: Kind
    text: str = ""
    rows: list[list[str]] = field(default_factory=list)


def blocks(name: str) -> list[Block]:
    """The blocks of `sources/<name>.md`: headings, paragraphs, bullets and tables, in order."""
    found: list[Block] = []
    for raw in (SOURCES / f"{name}.md").read_text(encoding="utf-8").splitlines():
        line = raw.strip()
        if line.startswith("|"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if found and found[-1].kind == "table":
                found[-1].rows.append(cells)
            else:
                found.append(Block("table", rows=[cells]))
        elif line.startswith("## "):
            found.append(Block("heading", line[3:]))
        elif line.startswith("# "):
            found.append(Block("title", line[2:]))
        elif line.startswith("- "):
            found.append(Block("bullet", line[2:]))
        elif line:
            found.append(Block("paragraph", line))
    return found


@dataclass(frozen=True)
class Script:
    """What is spoken in one recording: where it goes, by which voice, and line by line."""

    target: str
    voice: str
    speed: int
    title: str
    lines: tuple[str, ...]


def scripts() -> list[Script]:
    """Every recording's script in `sources/speech/`, by name."""
    found = []
    for path in sorted((SOURCES / "speech").glob("*.txt")):
        head, _, body = path.read_text(encoding="utf-8").partition("\n\n")
        about = dict(line.split(": ", 1) for line in head.splitlines())
        lines = tuple(line.strip() for line in body.splitlines() if line.strip())
        found.append(Script(about["target"], about["voice"], int(about["speed"]), about["title"], lines))
    return found
