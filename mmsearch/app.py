"""Builds the parts that the settings name; the only place that meets concrete classes."""

import shutil
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from filelock import FileLock, Timeout

from mmsearch.errors import ConfigError, LibraryLocked, ModelUnavailable, NotFound
from mmsearch.indexing import Indexer, Progress
from mmsearch.manifest import Manifest
from mmsearch.passages import PassageSplitter
from mmsearch.protocols import Encoder, OcrEngine, Reader, SpeechRecognizer, Store
from mmsearch.readers import default_readers
from mmsearch.renditions import Renditions
from mmsearch.search import Searcher
from mmsearch.settings import MANIFEST_FILE, Part, Settings
from mmsearch.sources import Copies, Unread
from mmsearch.spaces import open_for_search, retire_unnamed
from mmsearch.stores.memory import MemoryStore
from mmsearch.types import Document, Query, Ranking, Report, Root, RootKind


class App:
    """One open library with its parts. A library is held by one process at a time; close it, or use `with`."""

    def __init__(self, settings: Settings, create: bool = True) -> None:
        """Open the library of the settings, or make it unless `create` is off.

        Raises NotFound when it is not there and not to be made, LibraryLocked, ConfigError.
        """
        self.settings = settings
        folder = settings.library.absolute()
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
        self.encoders = build_encoders(settings)
        self.manifest = Manifest(folder / MANIFEST_FILE)
        self.renditions = Renditions(folder / "pictures")
        uri = settings.store.uri or str(folder / "milvus.db")
        store = settings.store.model_dump(exclude={"part", "uri"})
        self.store = cast(Store, load(settings.store.part)(uri, **store))

    def index(
        self,
        roots: Iterable[Path | Root],
        on_progress: Callable[[Progress], None] = lambda _: None,
        spaces: Container[str] = (),
        *,
        verify: bool = False,
        prune: bool = False,
        records: Mapping[str, Iterable[Document | Unread]] | None = None,
        keep: bool = False,
    ) -> Report:
        """Index the roots, into some spaces only if any are named; see Indexer.index."""
        retire_unnamed(self.encoders, self.manifest, self.store)
        indexer = Indexer(
            {name: encoder for name, encoder in self.encoders.items() if not spaces or name in spaces},
            self.readers,
            self.store,
            self.manifest,
            self.renditions,
            self.settings.indexing.batch_segments,
            self.settings.indexing.max_file_bytes,
            copies_in(self.settings, self.settings.library.absolute()),
        )
        try:
            report = indexer.index(roots, on_progress, verify=verify, prune=prune, records=records, keep=keep)
            return replace(report, closed_spaces={**report.closed_spaces, **closed_aids(self.settings)})
        finally:
            self.__dict__.pop("searcher", None)

    def search(self, query: Query) -> Ranking:
        """Search; see Searcher.search."""
        return self.searcher.search(query)

    def require(self, spaces: Iterable[str]) -> None:
        """Raises ModelUnavailable when one of the spaces is closed, ConfigError when there is none of that name."""
        for name in spaces:
            if name not in self.encoders:
                raise ConfigError(f'no space is called "{name}"; there are {", ".join(self.encoders)}')
            _ = self.encoders[name].space

    @cached_property
    def searcher(self) -> Searcher:
        """The search over the spaces as they are since the last indexing."""
        spaces, closed = open_for_search(self.encoders, self.manifest, self.store)
        limits = self.settings.search
        return Searcher(spaces, closed, self.store, self.manifest, limits.depth, limits.fusion)

    @cached_property
    def readers(self) -> tuple[Reader, ...]:
        """The readers, with what the open models give them: the recogniser, the OCR, the token limit."""
        return build_readers(self.settings, self.encoders)

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


def root_at(
    settings: Settings,
    place: str | Path,
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
    kind: RootKind = "files",
    columns: Mapping[str, str] | None = None,
) -> Root:
    """The place as a root, with the globs of the settings and these on top."""
    said = settings.indexing
    return Root.at(
        place,
        kind=kind,
        columns=tuple(f"{role}={name}" for role, name in (columns or {}).items()),
        include=(*said.include, *include),
        exclude=(*said.exclude, *exclude),
        follow_symlinks=said.follow_symlinks,
    )


def build_encoders(settings: Settings) -> dict[str, Encoder]:
    """The encoders of the settings by space name."""
    return {name: cast(Encoder, build(part)) for name, part in settings.encoders.items()}


def build_readers(settings: Settings, encoders: Mapping[str, Encoder]) -> tuple[Reader, ...]:
    """The readers, with what the open models give them: the recogniser, the OCR, the token limit."""
    limits = settings.indexing
    text = encoders.get("text")
    tokenizer_file = getattr(text, "tokenizer_file", None) if text and not closed_reason(text) else None
    tokens = min(limits.passage_tokens, getattr(text, "max_tokens", limits.passage_tokens))
    return default_readers(
        PassageSplitter(tokens, tokenizer_file),
        limits.table_rows,
        cast(SpeechRecognizer | None, ready(settings.recognizer)),
        cast(OcrEngine | None, ready(settings.ocr)),
    )


def closed_aids(settings: Settings) -> dict[str, str]:
    """Why recordings go without transcripts or pictures without their lettering, where they do."""
    aids = {"recognizer": settings.recognizer, "ocr": settings.ocr}
    built = {name: build(part) for name, part in aids.items() if part and part.part}
    reasons = {name: closed_reason(aid, "fingerprint") for name, aid in built.items()}
    return {name: reason for name, reason in reasons.items() if reason}


def copies_in(settings: Settings, folder: Path) -> Copies:
    """Where what is elsewhere stands while it is read, in the library's folder or another, with its limits."""
    return Copies(folder / "fetched", settings.indexing.max_file_bytes, settings.remote.timeout_s)


def rehearsal(settings: Settings, scratch: Path) -> Indexer:
    """An indexer with the parts of the settings that knows what the library holds and cannot change it.

    It works in the folder `scratch`, on a copy of the library's manifest and on a store in memory.
    """
    for name in (MANIFEST_FILE, f"{MANIFEST_FILE}-wal"):
        if (settings.library / name).is_file():
            shutil.copyfile(settings.library / name, scratch / name)
    encoders = build_encoders(settings)
    return Indexer(
        encoders,
        build_readers(settings, encoders),
        MemoryStore(),
        Manifest(scratch / MANIFEST_FILE),
        Renditions(scratch / "pictures"),
        settings.indexing.batch_segments,
        settings.indexing.max_file_bytes,
        copies_in(settings, scratch),
    )


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
