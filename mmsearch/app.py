"""Builds the parts that the settings name; the only place that meets concrete classes."""

import threading
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from filelock import FileLock, Timeout

from mmsearch.errors import ConfigError, LibraryLocked, ModelUnavailable, NotFound, StoreError
from mmsearch.indexing import Indexer, Progress
from mmsearch.manifest import Manifest
from mmsearch.model_choice import in_force, names_model, naming, same_model
from mmsearch.passages import PassageSplitter
from mmsearch.portable.exporting import Exported, export_library
from mmsearch.portable.importing import Imported, Importer
from mmsearch.portable.layout import ExportedSpace
from mmsearch.protocols import Encoder, OcrEngine, Reader, SpeechRecognizer, Store
from mmsearch.readers import default_readers
from mmsearch.renditions import Renditions
from mmsearch.search import Searcher
from mmsearch.settings import MANIFEST_FILE, Part, Settings
from mmsearch.spaces import CATALOGUE, drop_doomed, open_for_search, retire_unnamed
from mmsearch.types import Query, Ranking, Report


class App:
    """One open library with its parts. A library is held by one process at a time; close it, or use `with`."""

    def __init__(self, settings: Settings, create: bool = True) -> None:
        """Open the library of the settings, or make it unless `create` is off.

        Raises NotFound when it is not there and not to be made, LibraryLocked, ConfigError.
        """
        self.settings = settings
        folder = self._folder = settings.library.absolute()
        if not create and not (folder / MANIFEST_FILE).is_file():
            raise NotFound(
                f'{folder} is not a library yet; make it with "mmsearch index PATH --library {settings.library}"'
            )
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(folder / "lock")
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise LibraryLocked(
                f"{folder} is open in another mmsearch process; stop that one, or point store.uri at a Milvus server"
            ) from None
        self.writing = threading.RLock()
        """Held by whoever changes the library."""
        self.opening = threading.RLock()
        """Held while what serves the searches changes, and while it is put together."""
        self.moving = threading.Lock()
        """Held while a space changes over to another model."""
        self._searcher: Searcher | None = None
        self.manifest = Manifest(folder / MANIFEST_FILE)
        self._candidate: tuple[Part, Encoder] | None = None
        self.parts = {name: self.part(name) for name in settings.encoders}
        self.encoders = {name: cast(Encoder, build(part)) for name, part in self.parts.items()}
        self.renditions = Renditions(folder / "pictures")
        uri = settings.store.uri or str(folder / "milvus.db")
        store = settings.store.model_dump(exclude={"part", "uri"})
        self.store = cast(Store, load(settings.store.part)(uri, **store))

    def index(
        self,
        roots: Iterable[Path],
        on_progress: Callable[[Progress], None] = lambda _: None,
        spaces: Container[str] = (),
    ) -> Report:
        """Index the roots, into some spaces only if any are named; see Indexer.index."""
        with self.writing:
            retire_unnamed(self.encoders, self.manifest, self.store)
            self.remember_makers()
            indexer = Indexer(
                {name: encoder for name, encoder in self.encoders.items() if not spaces or name in spaces},
                self.readers,
                self.store,
                self.manifest,
                self.renditions,
                self.settings.indexing.batch_segments,
                self.settings.indexing.max_file_bytes,
            )
            try:
                report = indexer.index(roots, on_progress)
                return replace(report, closed_spaces={**report.closed_spaces, **self._closed_aids()})
            finally:
                self.reopen()

    def export(self, folder: Path, on_progress: Callable[[Progress], None] = lambda _: None) -> Exported:
        """Write the library into a folder of plain files; see export_library."""
        with self.writing:
            self.remember_makers()
            return export_library(folder, self._folder, self.manifest, self.store, self.renditions, on_progress)

    def import_(self, folder: Path, on_progress: Callable[[Progress], None] = lambda _: None) -> Imported:
        """Take an export in; see Importer.run."""
        words = self.encoders[CATALOGUE]
        importer = Importer(self._folder, self.manifest, self.store, self.renditions, words, self._refusal)
        with self.writing:
            drop_doomed(self.manifest, self.store)
            try:
                return importer.run(folder, on_progress)
            finally:
                self.reopen()

    def search(self, query: Query) -> Ranking:
        """Search; see Searcher.search. Where a space changed over to another collection meanwhile, search that."""
        searcher = self.searcher
        try:
            return searcher.search(query)
        except (NotFound, StoreError):
            if searcher is self.searcher:
                raise
            return self.searcher.search(query)

    def require_named(self, spaces: Iterable[str]) -> None:
        """Raises ConfigError when there is no space of one of the names."""
        for name in spaces:
            if name not in self.encoders:
                raise ConfigError(f'no space is called "{name}"; there are {", ".join(self.encoders)}')

    def require(self, spaces: Iterable[str]) -> None:
        """Raises ModelUnavailable when one of the spaces is closed, ConfigError when there is none of that name."""
        for name in spaces:
            self.require_named([name])
            _ = self.encoders[name].space

    @property
    def searcher(self) -> Searcher:
        """The search over the spaces as they are since the library last changed."""
        with self.opening:
            if self._searcher is None:
                spaces, closed = open_for_search(self.encoders, self.manifest, self.store)
                limits = self.settings.search
                self._searcher = Searcher(spaces, closed, self.store, self.manifest, limits.depth, limits.fusion)
            return self._searcher

    def part(self, name: str, moving: bool = False) -> Part:
        """The part that is to serve the space now, or while it is filled by another model.

        The settings' own, or with the model that the library has.
        """
        return part_in_force(self.settings, self.manifest, name, moving)

    def serve_by(self, name: str, part: Part, encoder: Encoder) -> None:
        """Let the encoder, built from the part, serve the space."""
        with self.opening:
            self.parts[name], self.encoders[name] = part, encoder
            self.__dict__.pop("readers", None)
            self._searcher = None

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
        part = in_force(self.settings.encoders[name], explicit, maker, exported.instead_of, moving=False)
        if maker and not same_model(part, maker):
            return f"the export has it by {space.model}, the settings name another model; {way_out}"
        encoder: Any = build(part)
        if closed_reason(encoder) or encoder.space.fingerprint == space.fingerprint:
            return ""  # vectors whose model is not here wait for it
        return f"the export has it by another version of {space.model}; {way_out}"

    def remember_makers(self) -> None:
        """Keep which model makes which space, so that the library knows it without the settings."""
        open_now = {name: encoder for name, encoder in self.encoders.items() if not closed_reason(encoder)}
        made = {encoder.space.fingerprint: naming(self.parts[name]) for name, encoder in open_now.items()}
        self.manifest.succession.remember_makers(made)

    def reopen(self) -> None:
        """Have the next search look at the library as it is now, by the models that it is made by now."""
        with self.opening:
            self._searcher = None
            for name, serving in list(self.parts.items()):
                if (part := self.part(name)) != serving:
                    self.serve_by(name, part, cast(Encoder, build(part)))

    @cached_property
    def readers(self) -> tuple[Reader, ...]:
        """The readers, with what the open models give them: the recogniser, the OCR, the token limit."""
        return self.readers_for(self.encoders.get("text"))

    def readers_for(self, text: Encoder | None) -> tuple[Reader, ...]:
        """The readers as they are where this encoder makes the text space."""
        limits = self.settings.indexing
        tokenizer_file = getattr(text, "tokenizer_file", None) if text and not closed_reason(text) else None
        tokens = min(limits.passage_tokens, getattr(text, "max_tokens", limits.passage_tokens))
        return default_readers(
            PassageSplitter(tokens, tokenizer_file),
            limits.table_rows,
            cast(SpeechRecognizer | None, ready(self.settings.recognizer)),
            cast(OcrEngine | None, ready(self.settings.ocr)),
        )

    def candidate(self, part: Part) -> Encoder:
        """The encoder of a part that may come to serve a space; asked for again, the same, with its model loaded."""
        for name, serving in self.parts.items():
            if serving == part:
                return self.encoders[name]
        if self._candidate is None or self._candidate[0] != part:
            self._candidate = (part, cast(Encoder, build(part)))
        return self._candidate[1]

    def _closed_aids(self) -> dict[str, str]:
        """Why recordings go without transcripts or pictures without their lettering, where they do."""
        aids = {"recognizer": self.settings.recognizer, "ocr": self.settings.ocr}
        built = {name: build(part) for name, part in aids.items() if part and part.part}
        reasons = {name: closed_reason(aid, "fingerprint") for name, aid in built.items()}
        return {name: reason for name, reason in reasons.items() if reason}

    def close(self) -> None:
        """Release the store, the manifest and the library."""
        self.store.close()
        self.manifest.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def part_in_force(settings: Settings, manifest: Manifest, name: str, moving: bool = False) -> Part:
    """The part that serves a space of the library under these settings; see in_force."""
    held, succession = manifest.spaces().get(name), manifest.succession
    return in_force(
        settings.encoders[name],
        names_model(settings.spaces.get(name)),
        succession.maker(held[1]) if held else None,
        succession.instead_of(name),
        moving or succession.spare(name, "filling") is not None,
    )


def parts_in_force(settings: Settings) -> dict[str, Part]:
    """The parts of the spaces by name, as the library of the settings uses them, if there is one."""
    file = settings.library / MANIFEST_FILE
    if not file.is_file():
        return settings.encoders
    manifest = Manifest(file)
    try:
        return {name: part_in_force(settings, manifest, name) for name in settings.encoders}
    finally:
        manifest.close()


def load(path: str) -> Callable[..., object]:
    """What an import path `module:name` names. Raises ConfigError saying what is missing."""
    module, _, name = path.partition(":")
    try:
        return cast(Callable[..., object], getattr(import_module(module), name))
    except ModuleNotFoundError as error:
        extra = EXTRAS.get(module.partition(".")[0], "")
        hint = f'; install it with pip install "mmsearch[{extra}]"' if extra and error.name != module else ""
        raise ConfigError(f'the part "{path}" needs the module {error.name}, which is not installed{hint}') from error
    except AttributeError as error:
        raise ConfigError(f'the part "{path}": {module} has no "{name}"') from error


EXTRAS: Mapping[str, str] = {"mmsearch_encoders": "encoders", "mmsearch_ui": "ui", "mmsearch": "readers"}
"""Top-level module -> the extra that brings what it imports."""


def build(part: Part) -> object:
    """The part, made with its options. Raises ConfigError when it does not take them."""
    try:
        return load(part.part)(**part.options)
    except TypeError as error:
        raise ConfigError(f"{part.part}: {error}") from error


def ready(part: Part | None) -> object | None:
    """The part if its model can be used now, else None."""
    if part is None or not part.part:
        return None
    model: Any = build(part)
    return None if closed_reason(model, "fingerprint") else cast(object, model)


def closed_reason(model: object, fact: str = "space") -> str:
    """Why the model cannot be used, with the command that gets it; empty when it can."""
    try:
        getattr(model, fact)
    except ModelUnavailable as error:
        return str(error)
    return ""
