"""Files that are broken or mean harm: every format damaged in every way, and the bombs of the files here.

All are made by a seed, so that a file that does harm can be made again by its name.
"""

import random
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from media import (
    HARBOUR,
    photo,
    write_audio,
    write_docx,
    write_parquet,
    write_pdf,
    write_pptx,
    write_rich_pdf,
    write_xlsx,
)
from pillow_heif import register_heif_opener

from hostile import office, pdfs, pictures, sounds, tables, texts

ROWS = [["ship", "built"], ["Aurora", "1901"], ["Borealis", "1912"], ["Corona", "1923"]]
LINES = "\n".join(",".join(row) for row in ROWS)
OBJECTS = '{"ship": "Aurora", "built": 1901}\n{"ship": "Borealis", "built": 1912}\n'


def _saved(name: str) -> Callable[[Path], object]:
    return lambda path: photo().save(path, name)


def _written(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(text)


def _heif(path: Path) -> None:
    register_heif_opener()
    photo().save(path, "HEIF")


WRITERS: Mapping[str, Callable[[Path], object]] = {
    "txt": _written(f"{HARBOUR}\n" * 20),
    "md": _written(f"---\ntitle: Coast\n---\n# Harbour\n\n{HARBOUR}\n\n| ship | built |\n|---|---|\n| Aurora | 1 |\n"),
    "html": _written(f"<html><title>Coast</title><h1>Harbour</h1><p>{HARBOUR}</p><table><tr><th>a<th>b<tr><td>1<td>2"),
    "pdf": write_rich_pdf,
    "plain.pdf": lambda path: write_pdf(path, [HARBOUR, HARBOUR], compress=0),
    "docx": write_docx,
    "pptx": write_pptx,
    "csv": _written(LINES),
    "tsv": _written(LINES.replace(",", "\t")),
    "xlsx": lambda path: write_xlsx(path, {"fleet": ROWS}),
    "parquet": lambda path: write_parquet(path, {"ship": ["Aurora"] * 50, "built": range(50)}),
    "json": _written(f"[{OBJECTS.strip().replace(chr(10), ',')}]"),
    "jsonl": _written(OBJECTS),
    "png": _saved("PNG"),
    "jpg": _saved("JPEG"),
    "webp": _saved("WEBP"),
    "gif": _saved("GIF"),
    "tiff": _saved("TIFF"),
    "bmp": _saved("BMP"),
    "avif": _saved("AVIF"),
    "heic": _heif,
    "wav": lambda path: write_audio(path, "pcm_s16le"),
    "flac": lambda path: write_audio(path, "flac"),
    "mp3": lambda path: write_audio(path, "libmp3lame"),
    "ogg": lambda path: write_audio(path, "libopus"),
    "m4a": lambda path: write_audio(path, "aac"),
}  # fmt: skip
"""By ending (the last part of the key): what writes a good file."""


@dataclass(frozen=True, slots=True)
class Hostile:
    """A file, and what lies beside it, by name."""

    name: str
    files: Mapping[str, bytes]

    def write(self, folder: Path) -> Path:
        """Write it into the folder; the path of the document."""
        for name, content in self.files.items():
            (folder / name).write_bytes(content)
        return folder / self.name


@cache
def good() -> Mapping[str, bytes]:
    """A good file of every format, by the keys of WRITERS."""
    with TemporaryDirectory() as folder:
        made = {}
        for key, write in WRITERS.items():
            path = Path(folder) / f"good.{key}"
            write(path)
            made[key] = path.read_bytes()
    return made


def _flipped(content: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(content)
    for _ in range(chance.choice((1, 10, 100))):
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def _torn(content: bytes, chance: random.Random) -> bytes:
    """A stretch is missing from the middle."""
    start = chance.randrange(len(content))
    return content[:start] + content[start + chance.randrange(1, 1 + len(content) // 3) :]


def _oversized(content: bytes, chance: random.Random) -> bytes:
    """Four bytes near the beginning, where headers hold sizes, are as large as can be."""
    place = chance.randrange(4, min(64, len(content)))
    return content[:place] + b"\xff\xff\xff\x7f" + content[place + 4 :]


DAMAGES: Mapping[str, Callable[[bytes, random.Random], bytes]] = {
    "empty": lambda content, chance: b"",
    "beginning": lambda content, chance: content[: chance.randrange(1, min(64, len(content)))],
    "truncated": lambda content, chance: content[: chance.randrange(len(content) // 4, len(content))],
    "flipped": _flipped,
    "torn": _torn,
    "oversized": _oversized,
    "magic": lambda content, chance: chance.randbytes(8) + content[8:],
    "noise": lambda content, chance: chance.randbytes(chance.randrange(1, 4096)),
    "zeros": lambda content, chance: bytes(chance.randrange(1, 4096)),
    "doubled": lambda content, chance: content + content,
}


def damaged(seed: int) -> Iterator[Hostile]:
    """Every format with every damage, as this seed deals them out."""
    formats = list(good().items())
    for place, (key, content) in enumerate(formats):
        suffix = key.rpartition(".")[2]
        for damage, change in DAMAGES.items():
            chance = random.Random(zlib.crc32(f"{seed} {key} {damage}".encode()))
            name = f"{damage}-{seed}-{key.replace('.', '-')}.{suffix}"
            yield Hostile(name, {name: change(content, chance)})
        other_key, other = formats[(place + 1 + seed) % len(formats)]
        name = f"{other_key.replace('.', '-')}-called-{seed}-{key.replace('.', '-')}.{suffix}"
        yield Hostile(name, {name: other})


def bombs() -> Iterator[Hostile]:
    """Files of a few bytes that ask for far more, one after another, as each is made only when it is asked for."""
    families = (pictures.BOMBS, office.BOMBS, pdfs.BOMBS, sounds.BOMBS, tables.BOMBS, texts.BOMBS)
    for name, make in chain.from_iterable(family.items() for family in families):
        made = make()
        yield Hostile(name, made if isinstance(made, dict) else {name: made})
