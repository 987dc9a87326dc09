"""A library's folder copied while it is used, and put back.

    backup.json          format, version, how much there is, and every other file with its size and SHA-256
    library/...          the folder of the library, databases as single files

What is written by an indexing stands in several files: entries in the manifest, rows in Milvus Lite's file, pictures.
They are copied while nobody is between two of them (`Manifest.changing`); an indexing waits that long, searches do not.
Pictures and other files are copied before, and in that moment only those that changed since.
"""

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict, ValidationError

from mmsearch.errors import InputError, NotFound, StoreError
from mmsearch.library_files import copy_database, is_database, library_files
from mmsearch.manifest import Manifest
from mmsearch.portable.layout import checksum
from mmsearch.progress import Progress
from mmsearch.reports import BackedUp
from mmsearch.settings import MANIFEST_FILE

CONTENTS, FILES = "backup.json", "library"
FORMAT, VERSION = "mmsearch backup", 1


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    size_bytes: int
    sha256: str


class Contents(BaseModel):
    """What backup.json says; `library` is where the library was, `files` are below the folder of that name here."""

    model_config = ConfigDict(frozen=True)

    format: str
    version: int
    library: str
    documents: int
    mmsearch: str
    made: str
    files: Mapping[str, _File]


def back_up(folder: Path, library: Path, manifest: Manifest) -> BackedUp:
    """Copy the library into a new folder, which is there when all of it is.

    Raises InputError when something is at the place already or it lies in the library, StoreError when it cannot be
    written: then nothing is left of it.
    """
    started = time.perf_counter()
    if folder.resolve().is_relative_to(library.resolve()):
        raise InputError(f"{folder} lies in the library: name a folder elsewhere")
    _check_free(folder)
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        copy = partial / FILES
        copy.mkdir(parents=True)
        _copy_changed(library, copy)
        with manifest.changing:
            paused = time.perf_counter()
            _copy_changed(library, copy)
            for file in filter(is_database, library_files(library)):
                copy_database(file, copy / file.relative_to(library))
            documents = sum(manifest.census().values())
            paused_s = time.perf_counter() - paused
        files = {
            file.relative_to(copy).as_posix(): _File(size_bytes=file.stat().st_size, sha256=checksum(file))
            for file in sorted(copy.rglob("*"))
            if file.is_file()
        }
        made = datetime.now(UTC).isoformat(timespec="seconds")
        contents = Contents(
            format=FORMAT,
            version=VERSION,
            library=library.as_posix(),
            documents=documents,
            mmsearch=version("mmsearch"),
            made=made,
            files=files,
        )
        (partial / CONTENTS).write_text(contents.model_dump_json(indent=1) + "\n", "utf-8")
        _put(partial, folder)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{folder} cannot be written: {error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    size_bytes = sum(file.size_bytes for file in files.values())
    return BackedUp(str(folder), documents, len(files), size_bytes, time.perf_counter() - started, paused_s)


def put_back(folder: Path, library: Path, on_progress: Callable[[Progress], None] = lambda _: None) -> Contents:
    """Make a library of a backup: a new folder, which is there when all of it is and every byte as it was.

    Raises NotFound for what is no backup, InputError when it is damaged or a library is there already, StoreError.
    """
    contents = read_contents(folder)
    _check_free(library)
    partial = library.with_name(f".{library.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    total_bytes, done_bytes = sum(file.size_bytes for file in contents.files.values()), 0
    try:
        partial.mkdir(parents=True)
        for number, (name, expected) in enumerate(contents.files.items(), 1):
            source, copy = folder / FILES / name, partial / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            if not source.is_file():
                raise InputError(f"{source} is missing: this backup is not whole")
            if _copied(source, copy) != (expected.size_bytes, expected.sha256):
                raise InputError(f"{source} was changed since the backup: its SHA-256 is not the one in {CONTENTS}")
            done_bytes += expected.size_bytes
            on_progress(Progress(number, len(contents.files), name, done_bytes, total_bytes))
        _put(partial, library)
    except OSError as error:
        raise StoreError(f"{library} cannot be written: {error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return contents


def read_contents(folder: Path) -> Contents:
    """What the folder's backup.json says. Raises NotFound where there is none, InputError where it is not ours."""
    file = folder / CONTENTS
    try:
        value = json.loads(file.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(f'{folder} is not a backup: it has no {CONTENTS}; "mmsearch backup" makes one') from error
    except (OSError, ValueError) as error:
        raise InputError(f"{file} cannot be read: {error}") from error
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise InputError(f"{file} was not written by mmsearch backup")
    if value.get("version") != VERSION:
        raise InputError(f"{folder} has version {value.get('version')}, this mmsearch reads version {VERSION}")
    try:
        contents = Contents.model_validate(value)
    except ValidationError as error:
        raise InputError(f"{file} is damaged: {error.error_count()} of its values are not as they were") from error
    places = [PurePosixPath(name) for name in contents.files]
    outside = [str(p) for p in places if p.is_absolute() or ".." in p.parts or "\\" in str(p) or ":" in p.parts[0]]
    if outside or MANIFEST_FILE not in contents.files:
        raise InputError(f"{file} is damaged: {outside[0] if outside else MANIFEST_FILE} cannot be what it says")
    return contents


def _check_free(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is there already and not empty: name a new folder")


def _copy_changed(library: Path, copy: Path) -> None:
    """Let the copy have what the library has now, but its databases; what is the same by size and time stays."""
    wanted = {file.relative_to(library): file for file in library_files(library) if not is_database(file)}
    for place in [file.relative_to(copy) for file in copy.rglob("*") if file.is_file()]:
        if place not in wanted:
            (copy / place).unlink()
    for place, file in wanted.items():
        target = copy / place
        try:
            if not target.exists() or _looks(target) != _looks(file):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(file, target)
        except FileNotFoundError:
            target.unlink(missing_ok=True)  # it went meanwhile; the last look is at a library that holds still


def _looks(file: Path) -> tuple[int, int]:
    seen = file.stat()
    return seen.st_size, seen.st_mtime_ns


def _copied(source: Path, copy: Path) -> tuple[int, str]:
    """(size in bytes, SHA-256) of what was copied."""
    digest, size_bytes = sha256(), 0
    with source.open("rb") as read, copy.open("wb") as written:
        while chunk := read.read(1 << 20):
            written.write(chunk)
            digest.update(chunk)
            size_bytes += len(chunk)
    return size_bytes, digest.hexdigest()


def _put(partial: Path, folder: Path) -> None:
    """Give the whole folder its name, once all of it is on the disk."""
    if hasattr(os, "sync"):
        os.sync()
    if folder.exists():
        folder.rmdir()
    partial.rename(folder)
    if hasattr(os, "sync"):
        os.sync()
