"""Make the demo library again: run `python assets/make_library.py` in an environment with the readers' extra.

The short texts and small tables in `assets/library/` are kept by hand and left alone. Everything that cannot
be typed is made here from `assets/sources/` and `assets/maker/`: the Word, PowerPoint and PDF documents, the
computed and binary tables, the pictures, and the recordings with their transcripts (this needs espeak-ng).
The same sources and the same versions of the tools give the same files.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

from maker.gallery import PICTURES, hang
from maker.office import write_docx, write_pptx
from maker.pdf import write_pdf
from maker.source import scripts
from maker.speech import record
from maker.tables import write_tables

ASSETS = Path(__file__).resolve().parent
LIBRARY = ASSETS / "library"
LIMIT_MB = 15
MEDIA = {
    "text": {".md", ".txt", ".html", ".docx", ".pptx", ".pdf"},
    "table": {".csv", ".tsv", ".xlsx", ".parquet", ".json"},
    "image": {".png", ".jpg", ".webp"},
    "audio": {".ogg", ".mp3", ".flac", ".wav", ".m4a"},
}
EXPECTED = {"text": 25, "table": 14, "image": 14, "audio": 10}


def documents() -> dict[str, list[Path]]:
    """The library's documents by medium; captions and transcripts belong to theirs and are not counted."""
    found: dict[str, list[Path]] = {medium: [] for medium in MEDIA}
    files = sorted(path for path in LIBRARY.rglob("*") if path.is_file())
    pictured = {path.with_suffix("") for path in files if path.suffix in MEDIA["image"]}
    for path in files:
        for medium, suffixes in MEDIA.items():
            caption = path.suffix == ".txt" and path.with_suffix("") in pictured
            if path.suffix in suffixes and not caption:
                found[medium].append(path)
    return found


def make() -> None:
    """Make every document that is made and not kept by hand."""
    for topic in {Path(picture.target).parent for picture in PICTURES}:
        (LIBRARY / topic).mkdir(parents=True, exist_ok=True)
    write_docx("festival_programme", LIBRARY / "festival/programme.docx")
    write_docx("crew_training", LIBRARY / "lifeboat/crew_training.docx")
    write_pptx("lantern_workshop", LIBRARY / "festival/lantern_workshop.pptx")
    write_pdf("wall_repair", LIBRARY / "harbour/wall_repair.pdf")
    write_pdf("petition_1851", LIBRARY / "history/petition_1851.pdf")
    write_tables(LIBRARY)
    for picture in PICTURES:
        hang(picture, LIBRARY)
    for script in scripts():
        record(script, LIBRARY)


def check() -> str:
    """What the library holds, in one line; stops with a message where something is missing or too large."""
    found = documents()
    counts = {medium: len(paths) for medium, paths in found.items()}
    if counts != EXPECTED:
        raise SystemExit(f"the library should hold {EXPECTED}, it holds {counts}")
    searches = json.loads((ASSETS / "searches.json").read_text(encoding="utf-8"))
    for search in [*searches["searches"], *searches["more"]]:
        target = LIBRARY / search["expect_document"]
        if target not in found[search["expect_modality"]]:
            raise SystemExit(f"{search['query']!r} expects {target}, which is not there as {search['expect_modality']}")
    files = [path for path in LIBRARY.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files) / 1e6
    if size > LIMIT_MB:
        raise SystemExit(f"the library is {size:.1f} MB, more than {LIMIT_MB} MB")
    kinds = Counter(path.suffix for paths in found.values() for path in paths)
    formats = ", ".join(f"{count} {suffix[1:]}" for suffix, count in kinds.most_common())
    return f"{sum(counts.values())} documents in {len(files)} files, {size:.1f} MB: {formats}"


if __name__ == "__main__":
    if shutil.which("espeak-ng") is None:
        raise SystemExit("espeak-ng is needed for the recordings: install it and run this again")
    make()
    print(check())
