"""What an export looks like on disk: which files, which columns, and the JSON file that vouches for them.

    export.json               format, version, spaces with their facts, and every other file with size and SHA-256
    documents.parquet         one row a document
    segments.parquet          one row a segment: what people read, and its analysed words (the space "words")
    spaces/NAME.parquet       one row a vector of another space, with the segment or the piece that it stands for
    pictures.parquet          the small upright copies of pictures
    sketches.parquet          one row a document: what its near copies are told by
    files/...                 what else lies in the library's folder

Rows of all Parquet files are in the order of their documents, so that they can be read side by side.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import ValidationError

from mmsearch.errors import ConfigError, InputError, NotFound
from mmsearch.settings import Part
from mmsearch.succession import facts_of, space_of
from mmsearch.types import Root, Space

CONTENTS, DOCUMENTS, SEGMENTS = "export.json", "documents.parquet", "segments.parquet"
PICTURES, SKETCHES, SPACES, FILES = "pictures.parquet", "sketches.parquet", "spaces", "files"
FORMAT, VERSION = "mmsearch export", 1


@dataclass(frozen=True, slots=True)
class ExportedSpace:
    """A space in an export: its facts, the part that made it, the setting that this was chosen over, its file."""

    space: Space
    maker: Part | None
    instead_of: Part | None
    file: str
    rows: int


@dataclass(frozen=True, slots=True)
class Contents:
    """What export.json says. `files` maps the other files to their size in bytes and their SHA-256."""

    documents: int
    segments: int
    roots: tuple[Root, ...]
    spaces: Mapping[str, ExportedSpace]
    files: Mapping[str, tuple[int, str]]
    mmsearch: str
    made: str

    def write(self, folder: Path) -> None:
        """Write export.json: the last file of an export."""
        value = {"format": FORMAT, "version": VERSION} | asdict(self)
        value["spaces"] = {name: _space_json(space) for name, space in self.spaces.items()}
        value["files"] = {name: {"size_bytes": size, "sha256": digest} for name, (size, digest) in self.files.items()}
        (folder / CONTENTS).write_text(json.dumps(value, indent=1) + "\n", "utf-8")


def read_contents(folder: Path) -> Contents:
    """What the folder's export.json says.

    Raises NotFound where there is none, InputError where it is not one of ours, or of another version.
    """
    try:
        value = json.loads((folder / CONTENTS).read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(f'{folder} is not an export: it has no {CONTENTS}; "mmsearch export" makes one') from error
    except (OSError, ValueError) as error:
        raise InputError(f"{folder / CONTENTS} cannot be read: {error}") from error
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise InputError(f"{folder / CONTENTS} was not written by mmsearch export")
    if value.get("version") != VERSION:
        raise InputError(
            f"{folder} has version {value.get('version')} of the export format, this mmsearch reads version {VERSION}: "
            "import it by the mmsearch that wrote it, or a later one"
        )
    try:
        return Contents(
            documents=int(value["documents"]),
            segments=int(value["segments"]),
            roots=tuple(_root(root) for root in value["roots"]),
            spaces={str(name): _space(space) for name, space in value["spaces"].items()},
            files={_plain(name): (int(f["size_bytes"]), str(f["sha256"])) for name, f in value["files"].items()},
            mmsearch=str(value["mmsearch"]),
            made=str(value["made"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, ValidationError) as error:
        raise InputError(f"{folder / CONTENTS} is damaged: {error!r}") from error


def check_files(folder: Path, contents: Contents) -> None:
    """Raises InputError naming the first file that is missing, cut off or changed."""
    needed = {DOCUMENTS, SEGMENTS, PICTURES, SKETCHES, *(space.file for space in contents.spaces.values())}
    if absent := needed - contents.files.keys():
        raise InputError(f"{folder / CONTENTS} is damaged: it says nothing of {', '.join(sorted(absent))}")
    for name, (size_bytes, expected) in contents.files.items():
        file = folder / name
        if not file.is_file():
            raise InputError(f"{file} is missing: copy the export again, all of it")
        if file.stat().st_size != size_bytes:
            raise InputError(f"{file} has {file.stat().st_size:,} bytes and should have {size_bytes:,}: copy it again")
        if checksum(file) != expected:
            raise InputError(f"{file} was changed: its SHA-256 is not the one in {CONTENTS}; copy it again")


def checksum(file: Path) -> str:
    """The SHA-256 of the file in hexadecimal digits, as sha256sum prints it."""
    total = sha256()
    with file.open("rb") as opened:
        while chunk := opened.read(1 << 20):
            total.update(chunk)
    return total.hexdigest()


def arrow() -> tuple[Any, Any]:
    """pyarrow and pyarrow.parquet. Raises ConfigError where they are not installed."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ModuleNotFoundError as error:
        raise ConfigError('export and import need pyarrow: pip install "mmsearch[readers]"') from error
    return pa, pq


def _space_json(exported: ExportedSpace) -> dict[str, Any]:
    named = {"maker": exported.maker, "instead_of": exported.instead_of}
    parts = {name: part and part.model_dump() for name, part in named.items()}
    facts = json.loads(facts_of(exported.space)) | {"fingerprint": exported.space.fingerprint}
    return {"facts": facts, **parts, "file": exported.file, "rows": exported.rows}


def _space(value: Mapping[str, Any]) -> ExportedSpace:
    facts = dict(value["facts"])
    fingerprint = facts.pop("fingerprint")
    space = space_of(facts)
    if space.fingerprint != fingerprint:
        raise ValueError(f"the facts of {space.name} do not give the fingerprint {fingerprint}")
    maker, instead_of = (value[name] and Part.model_validate(value[name]) for name in ("maker", "instead_of"))
    return ExportedSpace(space, maker or None, instead_of or None, _plain(value["file"]), int(value["rows"]))


def _root(value: Mapping[str, Any]) -> Root:
    said: dict[str, Any] = {name: tuple(map(str, v)) if isinstance(v, list) else v for name, v in value.items()}
    return Root(**said)


def _plain(name: str) -> str:
    """The name of a file below the export and nowhere else."""
    path = PurePosixPath(name)
    if path.is_absolute() or not path.parts or ".." in path.parts or "\\" in name or ":" in name:
        raise ValueError(f"{name!r} is no name of a file in an export")
    return path.as_posix()
