"""An export into a library, document by document: what a killed import left half done, the next one completes."""

import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import cast

import numpy as np

from mmsearch.errors import SpaceMismatch
from mmsearch.manifest import Entry, Manifest
from mmsearch.model_choice import names_model, same_model, serving
from mmsearch.parts import build, closed_reason
from mmsearch.portable.columns import Row
from mmsearch.portable.exporting import NOT_EXPORTED, batches
from mmsearch.portable.layout import (
    DOCUMENTS,
    FILES,
    PICTURES,
    SKETCHES,
    Contents,
    ExportedSpace,
    check_files,
    checksum,
    read_contents,
)
from mmsearch.portable.sheets import InOrder, check_schemas, read_documents, read_pictures, read_rows, read_sketches
from mmsearch.progress import Progress
from mmsearch.protocols import Encoder, Store
from mmsearch.renditions import Renditions
from mmsearch.settings import Settings
from mmsearch.sight import marked
from mmsearch.sketches import Sketch
from mmsearch.spaces import CATALOGUE, held_collections
from mmsearch.types import Content, Space

UPSERT_ROWS = 500


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did with the documents of the export.

    `documents` were written, `unchanged` were there already, and `kept` are in the library in another version, which
    stayed. `missing` says of each space whose vectors do not fit the library why, and how it is filled. `kept_files`
    are other files of the library that differ from the export's.
    """

    documents: int
    unchanged: int
    kept: int
    rows: Mapping[str, int]
    missing: Mapping[str, str]
    kept_files: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Importer:
    """The parts of the library that an import writes to; `words` encodes its catalogue."""

    library: Path
    manifest: Manifest
    store: Store
    renditions: Renditions
    words: Encoder
    settings: Settings

    def run(self, folder: Path, on_progress: Callable[[Progress], None] = lambda _: None) -> Imported:
        """Check the export, all of it, then take it in.

        Raises NotFound, InputError for what is no export or not whole, SpaceMismatch, StoreError.
        """
        started = time.perf_counter()
        contents = read_contents(folder)
        check_files(folder, contents)
        check_schemas(folder, contents)
        others = {name: exported for name, exported in contents.spaces.items() if name != CATALOGUE}
        missing = {name: reason for name, exported in others.items() if (reason := self._refusal(exported))}
        catalogue = self._catalogue()
        for exported in (exported for name, exported in others.items() if name not in missing):
            self._take_over(exported)
        run = _Run(self, folder, contents, frozenset(missing), catalogue)
        run.go(on_progress)
        kept_files = tuple(_copied(folder, contents, self.library))
        for root in contents.roots:
            self.manifest.add_root(root)
        counts = run.counts
        return Imported(
            counts["written"],
            counts["unchanged"],
            counts["kept"],
            dict(run.rows),
            missing,
            kept_files,
            time.perf_counter() - started,
        )

    def _refusal(self, exported: ExportedSpace) -> str:
        """Why the vectors of an exported space do not fit this library, with the way out; empty where they do."""
        space, maker = exported.space, exported.maker
        name, way_out = space.name, f'run "mmsearch reembed {space.name}" to make it from what was imported'
        if name not in self.settings.encoders:
            return f'the settings name no space "{name}"; it was left out'
        if held := self.manifest.spaces().get(name):
            same = held[1].fingerprint == space.fingerprint
            return "" if same else f"the export has it by {space.model}, the library by {held[1].model}; {way_out}"
        explicit = names_model(self.settings.spaces.get(name))
        part = serving(self.settings.encoders[name], explicit, maker, exported.instead_of, moving=False)
        if maker and not same_model(part, maker):
            return f"the export has it by {space.model}, the settings name another model; {way_out}"
        encoder = cast(Encoder, build(part))
        if closed_reason(encoder) or encoder.space.fingerprint == space.fingerprint:
            return ""  # vectors whose model is not here wait for it
        return f"the export has it by another version of {space.model}; {way_out}"

    def _catalogue(self) -> Space:
        """The library's space of words, made if it is new."""
        space = self.words.space
        held = self.manifest.spaces().get(CATALOGUE)
        if held and held[1].fingerprint != space.fingerprint:
            raise SpaceMismatch(
                'the words of this library were analysed by another version: run "mmsearch index", then import again'
            )
        self.manifest.activate(space)
        return space

    def _take_over(self, exported: ExportedSpace) -> None:
        """Let the export's space be the library's, unless it is already."""
        space, succession = exported.space, self.manifest.succession
        if space.name not in self.manifest.spaces():
            if exported.maker:
                succession.remember_makers({space.fingerprint: exported.maker})
            succession.choose(space.name, exported.instead_of)
            self.manifest.activate(space)


@dataclass(slots=True)
class _Planned:
    """A document of the export: how it is in the library, and the spaces of the export whose rows it still needs.

    `counts` are how many of its segments each space holds, by name.
    """

    entry: Entry
    held: Entry | None
    counts: Mapping[str, int]
    spaces: frozenset[str]
    ids: dict[str, set[str]] = field(default_factory=dict)
    filled: Counter[str] = field(default_factory=Counter)

    @property
    def access(self) -> tuple[str, ...]:
        """Who may see it: as the library has it, where it is there already."""
        return self.entry.access if self.whole or self.held is None else self.held.access

    @property
    def whole(self) -> bool:
        """Whether all of it is written, and not only vectors of a space that it lacks."""
        return CATALOGUE in self.spaces


class _Run:
    """An import under way."""

    def __init__(
        self, importer: Importer, folder: Path, contents: Contents, missing: frozenset[str], catalogue: Space
    ) -> None:
        self._to = importer
        self._contents = contents
        self._folder = folder
        exported = {name: space for name, space in contents.spaces.items() if name not in missing}
        self._spaces = {name: space.space for name, space in exported.items()}
        self._catalogue = catalogue
        self._collections = held_collections(importer.manifest, importer.store)
        self._files = {name: folder / space.file for name, space in exported.items()}
        self.counts: Counter[str] = Counter()
        self.rows: Counter[str] = Counter(dict.fromkeys(exported, 0))

    def go(self, on_progress: Callable[[Progress], None]) -> None:
        """Take in every document."""
        with ExitStack() as opened:
            entries = read_documents(opened, self._folder / DOCUMENTS)
            pictures = InOrder(read_pictures(opened, self._folder / PICTURES))
            sketches = InOrder(read_sketches(opened, self._folder / SKETCHES))
            streams = {name: InOrder(read_rows(opened, file, self._spaces[name])) for name, file in self._files.items()}
            done = 0
            for batch in batches(entries):
                with self._to.manifest.changing:
                    self._batch(batch, streams, pictures, sketches)
                done += len(batch)
                on_progress(Progress(done, self._contents.documents, batch[-1].uri))

    def _batch(
        self,
        batch: list[Entry],
        streams: Mapping[str, "InOrder[Row]"],
        pictures: "InOrder[tuple[str, str, bytes]]",
        sketches: "InOrder[tuple[str, Sketch]]",
    ) -> None:
        last = batch[-1].id
        planned = {entry.id: plan for entry in batch if (plan := self._plan(entry))}
        manifest = self._to.manifest
        manifest.write(replace(plan.entry, done=False) for plan in planned.values() if plan.whole)
        for document, segment, picture in pictures.until(last):
            if document in planned and planned[document].whole:
                self._to.renditions.put(document, segment, picture)
                planned[document].ids.setdefault("pictures", set()).add(segment)
        for name, stream in streams.items():
            wanted = (row for row in stream.until(last) if name in _spaces_of(planned, row[0].document_id))
            while chunk := list(islice(wanted, UPSERT_ROWS)):
                self._upsert(name, chunk, planned)
        for plan in planned.values():
            if plan.whole and plan.held:
                self._prune(plan)
        known = dict(sketches.until(last))
        manifest.write_sketches({id: known.get(id) for id, plan in planned.items() if plan.whole})
        manifest.write(self._complete(plan) for plan in planned.values())
        self.counts["written"] += len(planned)

    def _plan(self, exported: Entry) -> _Planned | None:
        """What is to be done for a document; None when the library has it, or another version of it."""
        entry, counts = replace(exported, spaces={}), exported.spaces
        held = self._to.manifest.entry(entry.id)
        offered = frozenset(name for name in counts if name in self._spaces)
        if held is None or not held.done:
            return _Planned(entry, held, counts, offered | {CATALOGUE})
        if (held.content, held.reader) != (entry.content, entry.reader):
            self.counts["kept"] += 1
            return None
        lacking = {name for name in offered - {CATALOGUE} if self._spaces[name].fingerprint not in held.spaces}
        if not lacking:
            self.counts["unchanged"] += 1
            return None
        return _Planned(entry, held, counts, frozenset(lacking))

    def _upsert(self, name: str, chunk: list[Row], planned: Mapping[str, _Planned]) -> None:
        segments = [marked(segment, planned[segment.document_id].access) for segment, _ in chunk]
        space = self._spaces[name]
        content: Content
        if name == CATALOGUE and space.fingerprint != self._catalogue.fingerprint:
            content = self._to.words.encode(segments)
        elif space.kind == "lexical":
            content = [str(terms) for _, terms in chunk]
        else:
            content = np.array([vector for _, vector in chunk], dtype=np.float32)
        self._to.store.upsert(self._collections[name], segments, content)
        self.rows[name] += len(chunk)
        for segment, value in zip(segments, content, strict=True):
            plan = planned[segment.document_id]
            plan.filled[name] += bool(len(value))
            if plan.held:
                plan.ids.setdefault(name, set()).add(segment.id)

    def _prune(self, plan: _Planned) -> None:
        """Take away what a stopped process left of the document."""
        for name, collection in self._collections.items():
            self._to.store.prune(collection, plan.entry.id, frozenset(plan.ids.get(name, ())))
        self._to.renditions.prune(plan.entry.id, frozenset(plan.ids.get("pictures", ())))

    def _complete(self, plan: _Planned) -> Entry:
        """The document as it is in the library now."""
        fingerprints = {name: space.fingerprint for name, space in self._spaces.items()}
        fingerprints[CATALOGUE] = self._catalogue.fingerprint
        counts = {fingerprints[name]: plan.counts.get(name, plan.filled[name]) for name in plan.spaces}
        if plan.whole:
            counts[fingerprints[CATALOGUE]] = plan.filled[CATALOGUE]
            return replace(plan.entry, spaces=counts, done=True)
        held = cast(Entry, plan.held)
        return replace(held, spaces={**held.spaces, **counts})


def _spaces_of(planned: Mapping[str, _Planned], document: str) -> frozenset[str]:
    return planned[document].spaces if document in planned else frozenset()


def _copied(folder: Path, contents: Contents, library: Path) -> Iterator[str]:
    """Put the export's other files into the library, and name those that are there in another version, which stay."""
    for name, (_, expected) in contents.files.items():
        top, _, place = name.partition("/")
        if top != FILES or place.startswith((".", *NOT_EXPORTED)):
            continue
        target = library / place
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_name(f".{target.name}.partial")
            shutil.copyfile(folder / name, partial)
            partial.replace(target)
        elif not target.is_file() or checksum(target) != expected:
            yield place
