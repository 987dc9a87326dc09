"""A library into a folder of plain files, batch by batch: memory does not grow with the library."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mmsearch.errors import InputError, StoreError
from mmsearch.holding import HOLDER_FILE
from mmsearch.library_files import copy_database, is_database, library_files
from mmsearch.manifest import Entry, Manifest
from mmsearch.portable.columns import Row, document_schema, picture_schema, row_schema, sketch_schema, to_table
from mmsearch.portable.layout import (
    DOCUMENTS,
    FILES,
    PICTURES,
    SEGMENTS,
    SKETCHES,
    SPACES,
    Contents,
    ExportedSpace,
    arrow,
    checksum,
)
from mmsearch.portable.sheets import Sheet
from mmsearch.progress import Progress
from mmsearch.protocols import Store
from mmsearch.renditions import Renditions
from mmsearch.settings import MANIFEST_FILE
from mmsearch.spaces import CATALOGUE
from mmsearch.types import Space

BATCH_SEGMENTS = 2_000
"""Of the documents that are read together; a longer document is read alone, and streamed."""
BATCH_DOCUMENTS = 512
NOT_EXPORTED = (MANIFEST_FILE, HOLDER_FILE, "milvus.db", "lock", "pictures", "jobs", "reading")
"""What begins so in the library's folder is exported in another form, or means nothing elsewhere."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote; `left_out` documents were being written when a process was stopped: index them first."""

    folder: Path
    documents: int
    segments: int
    pictures: int
    rows: dict[str, int]
    size_bytes: int
    left_out: int
    seconds: float


def export_library(
    folder: Path,
    library: Path,
    manifest: Manifest,
    store: Store,
    renditions: Renditions,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Exported:
    """Write the whole library into a new folder, which is there when all of it is.

    Raises InputError when something is at the place already or nothing is in the library, StoreError.
    """
    started = time.perf_counter()
    arrow()
    if folder.resolve().is_relative_to(library.resolve()):
        raise InputError(f"{folder} lies in the library: name a folder elsewhere")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is there already and not empty: name a new folder")
    spaces = manifest.spaces()
    if CATALOGUE not in spaces:
        raise InputError('the library holds nothing yet: run "mmsearch index" first')
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        export = _Export(partial, manifest, store, renditions, spaces)
        export.write(on_progress)
        files = [*export.files(), *_copied(library, partial / FILES)]
        contents = _contents(export, manifest, partial, files)
        contents.write(partial)
        if folder.exists():
            folder.rmdir()
        partial.rename(folder)
    except OSError as error:
        raise StoreError(f"{folder} cannot be written: {error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return Exported(
        folder,
        contents.documents,
        contents.segments,
        export.pictures.rows,
        {name: space.rows for name, space in contents.spaces.items()},
        sum(size for size, _ in contents.files.values()),
        export.left_out,
        time.perf_counter() - started,
    )


def batches(entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    """Documents that together have a bounded number of segments; a longer one comes alone."""
    batch: list[Entry] = []
    segments = 0
    for entry in entries:
        if batch and (segments + entry.segments > BATCH_SEGMENTS or len(batch) == BATCH_DOCUMENTS):
            yield batch
            batch, segments = [], 0
        batch.append(entry)
        segments += entry.segments
    if batch:
        yield batch


class _Export:
    """An export under way."""

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        store: Store,
        renditions: Renditions,
        spaces: dict[str, tuple[str, Space]],
    ) -> None:
        pa, _ = arrow()
        self._manifest, self._store, self._renditions, self._spaces = manifest, store, renditions, spaces
        for collection, space in spaces.values():
            store.open(collection, space)

        def sheet(name: str, schema: Any) -> Sheet:
            return Sheet(folder / name, schema, lambda rows: pa.Table.from_pylist(rows, schema))

        def sheet_of(name: str, space: Space) -> Sheet:
            place = SEGMENTS if name == CATALOGUE else f"{SPACES}/{name}.parquet"
            return Sheet(folder / place, row_schema(space), lambda rows: to_table(space, rows))

        self.documents = sheet(DOCUMENTS, document_schema())
        self.pictures = sheet(PICTURES, picture_schema())
        self.sketches = sheet(SKETCHES, sketch_schema())
        self.rows = {name: sheet_of(name, space) for name, (_, space) in spaces.items()}
        self.left_out = 0

    def files(self) -> list[Path]:
        """The Parquet files."""
        return [sheet.file for sheet in self._sheets()]

    def write(self, on_progress: Callable[[Progress], None]) -> None:
        """Write all Parquet files side by side, in the order of the documents."""
        done = 0
        census = self._manifest.census()
        total = sum(census.values())
        with ExitStack() as open_files:
            for sheet in self._sheets():
                open_files.enter_context(sheet)
            for batch in batches(self._entries()):
                self._batch(batch)
                done += len(batch)
                on_progress(Progress(done, total, batch[-1].uri))

    def _sheets(self) -> list[Sheet]:
        return [self.documents, self.pictures, self.sketches, *self.rows.values()]

    def _entries(self) -> Iterator[Entry]:
        for entry in self._manifest.entries_by_id():
            if entry.done:
                yield entry
            else:
                self.left_out += 1

    def _batch(self, batch: list[Entry]) -> None:
        names = {space.fingerprint: name for name, (_, space) in self._spaces.items()}
        for entry in batch:
            held = {names[space]: count for space, count in entry.spaces.items() if space in names}
            columns = ("id", "uri", "stat", "content", "reader", "modality", "segments")
            row = {name: getattr(entry, name) for name in columns}
            row |= {"spaces": list(held.items()), "access": list(entry.access)}
            self.documents.add(row, 500)
        for document, sketch in sorted(self._manifest.sketches(entry.id for entry in batch).items()):
            self.sketches.add({"document": document, **asdict(sketch)}, 4 * len(sketch.shingles) + 100)
        for name, (collection, space) in self._spaces.items():
            documents = [entry.id for entry in batch if space.fingerprint in entry.spaces]
            for segment, content in self._in_order(collection, documents):
                self.rows[name].add((segment, content), _size(segment, content))
                if name == CATALOGUE and (picture := self._renditions.path(segment.document_id, segment.id)):
                    shown = {"document": segment.document_id, "segment": segment.id, "bytes": picture.read_bytes()}
                    self.pictures.add(shown, len(shown["bytes"]))

    def _in_order(self, collection: str, documents: list[str]) -> Iterator[Row]:
        """The rows by document; those of one alone, of which there may be many, are not held for that."""
        rows = self._store.scan(collection, documents)
        if len(documents) == 1:
            return rows
        return iter(sorted(rows, key=lambda row: (row[0].document_id, row[0].id)))


def _size(segment: Any, content: Any) -> int:
    cells = sum(len(cell) for row in segment.table.rows for cell in row) if segment.table else 0
    return len(segment.text) + cells + (len(content) if isinstance(content, str) else content.nbytes) + 300


def _copied(library: Path, folder: Path) -> list[Path]:
    """Copy what else lies in the library: judgements, settings learned from them; databases in a consistent state."""
    copies = []
    for file in library_files(library):
        place = file.relative_to(library)
        if place.parts[0].startswith(NOT_EXPORTED):
            continue
        copy = folder / place
        copy.parent.mkdir(parents=True, exist_ok=True)
        if is_database(file):
            copy_database(file, copy)
        else:
            shutil.copyfile(file, copy)
        copies.append(copy)
    return copies


def _contents(export: _Export, manifest: Manifest, folder: Path, files: list[Path]) -> Contents:
    succession = manifest.succession
    spaces = {
        name: ExportedSpace(
            space,
            succession.maker(space),
            succession.instead_of(name),
            export.rows[name].file.relative_to(folder).as_posix(),
            export.rows[name].rows,
        )
        for name, (_, space) in manifest.spaces().items()
    }
    return Contents(
        export.documents.rows,
        export.rows[CATALOGUE].rows,
        tuple(manifest.roots()),
        spaces,
        {file.relative_to(folder).as_posix(): (file.stat().st_size, checksum(file)) for file in files},
        version("mmsearch"),
        datetime.now(UTC).isoformat(timespec="seconds"),
    )
