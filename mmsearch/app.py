"""Builds the parts that the settings name; the only place that meets concrete classes."""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, cast

from mmsearch.errors import ConfigError, LibraryLocked, ModelUnavailable, NotFound
from mmsearch.examples import examples
from mmsearch.holding import Hold
from mmsearch.indexing import Indexer, Progress
from mmsearch.manifest import Entry, Manifest
from mmsearch.passages import PassageSplitter
from mmsearch.protocols import Encoder, OcrEngine, Reader, SpeechRecognizer, Store
from mmsearch.readers import default_readers
from mmsearch.renditions import Renditions
from mmsearch.search import Searcher
from mmsearch.settings import MANIFEST_FILE, Part, Settings
from mmsearch.sources import original, reachable
from mmsearch.spaces import held_collections, open_for_search, retire_unnamed
from mmsearch.types import IndexedDocument, Query, Ranking, Report, SpaceState, Stats
from mmsearch.uploads import Uploads
from mmsearch.writing import Writer

PATIENCE_S = 5.0
"""How long a small change waits for an indexing to end."""


class App:
    """One open library with its parts. A library is held by one process at a time; close it, or use `with`.

    Any thread may use it: searches go on while the library is changed, and changes wait for each other.
    """

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
        self.folder = folder
        self.hold = Hold(folder)
        try:
            self._open()
        except BaseException:
            self.hold.release()
            raise

    def _open(self) -> None:
        settings, folder = self.settings, self.folder
        self._changing, self._opening = threading.Lock(), threading.Lock()
        self._searcher: Searcher | None = None
        self.encoders = {name: cast(Encoder, build(part)) for name, part in settings.encoders.items()}
        self.manifest = Manifest(folder / MANIFEST_FILE)
        self.renditions = Renditions(folder / "pictures")
        self.uploads = Uploads(folder / "uploads", settings.indexing.max_file_bytes)
        uri = settings.store.uri or str(folder / "milvus.db")
        store = settings.store.model_dump(exclude={"part", "uri"})
        self.store = cast(Store, load(settings.store.part)(uri, **store))

    def index(
        self,
        roots: Iterable[Path],
        on_progress: Callable[[Progress], None] = lambda _: None,
        spaces: Collection[str] = (),
    ) -> Report:
        """Index the roots, into some spaces only if any are named; see Indexer.index. One indexing at a time."""
        with self._change():
            retire_unnamed(self.encoders, self.manifest, self.store)
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
                report = indexer.index(roots, self._renewing(on_progress))
                return replace(report, closed_spaces={**report.closed_spaces, **self._closed_aids()})
            finally:
                self._renew()

    def keep(self, name: str, content: BinaryIO, replace: bool = False) -> Path:
        """Keep a file in the library's own folder, where `index_kept` finds it; see Uploads.keep."""
        return self.uploads.keep(name, content, self.readers, replace)

    def add(
        self, files: Iterable[Path], replace: bool = False, on_progress: Callable[[Progress], None] = lambda _: None
    ) -> Report:
        """Keep copies of the files in the library's own folder, and index them. Raises what Uploads.keep raises."""
        kept = []
        for file in files:
            with reachable(file), file.open("rb") as content:
                kept.append(self.keep(file.name, content, replace))
        return self.index_kept(kept, on_progress)

    def index_kept(self, files: Collection[Path], on_progress: Callable[[Progress], None] = lambda _: None) -> Report:
        """Index the files that the library keeps. Of `files`, those that are bad and new are not kept any longer."""
        report = self.index([self.uploads.folder], on_progress)
        failed = {failure.uri for failure in report.failed}
        for file in files:
            place = file.resolve()
            if place.as_posix() in failed and not any(entry.done for entry in self.manifest.entries(place)):
                place.unlink(missing_ok=True)
        return report

    def remove(self, document_id: str) -> None:
        """Take a document out of the library, and its file if the library keeps it.

        A file elsewhere stays where it is, and the next indexing of its folder brings it back. Raises NotFound, and
        LibraryLocked while an indexing is under way.
        """
        with self._change(PATIENCE_S):
            entry = self._entry(document_id)
            self.uploads.remove(entry.uri, self.readers)
            held = held_collections(self.manifest, self.store)
            Writer(self.store, self.manifest, self.renditions, held, 1).remove([entry])

    def search(self, query: Query) -> Ranking:
        """Search; see Searcher.search. A page is cut from the one ranking that reaches down to its end."""
        found = self.searcher.search(replace(query, top_k=query.offset + query.top_k, offset=0))
        return replace(found, query=query, results=found.results[query.offset :])

    def documents(self, offset: int = 0, limit: int = 100) -> list[IndexedDocument]:
        """The documents of the library in the order of their places."""
        names = self._space_names()
        return [_indexed(entry, names) for entry in self.manifest.page(offset, limit)]

    def document(self, document_id: str) -> IndexedDocument:
        """The document of that id. Raises NotFound."""
        return _indexed(self._entry(document_id), self._space_names())

    def file(self, document_id: str) -> Path | None:
        """The file that a document of the library is read from; None when it is not in the library or has no file."""
        entry = self.manifest.entry(document_id)
        return original(entry.uri) if entry and entry.done else None

    def picture(self, document_id: str, segment_id: str = "") -> Path | None:
        """The file with the upright copy of a segment's picture, or of any picture of the document."""
        return self.renditions.path(document_id, segment_id)

    def examples(self) -> list[str]:
        """A few searches to try on this library."""
        return examples(self.manifest)

    def spaces(self) -> list[SpaceState]:
        """The spaces of the settings as they are now."""
        searcher, states = self.searcher, []
        for name, encoder in self.encoders.items():
            opened, space = searcher.spaces.get(name), None if closed_reason(encoder) else encoder.space
            rows = self.store.count(opened.collection) if opened else 0
            states.append(SpaceState(name, space, searcher.closed.get(name, ""), rows))
        return states

    def stats(self) -> Stats:
        """What the library holds."""
        return Stats(
            library=str(self.folder),
            documents=self.manifest.census(),
            roots=tuple(map(str, self.manifest.roots())),
            rows={state.name: state.rows for state in self.spaces() if not state.closed},
            store=self.settings.store.uri or "Milvus Lite in the folder",
            search=self.settings.search.model_dump(),
        )

    @property
    def searcher(self) -> Searcher:
        """The search over the spaces as they are since the library changed."""
        with self._opening:
            if self._searcher is None:
                spaces, closed = open_for_search(self.encoders, self.manifest, self.store)
                limits = self.settings.search
                self._searcher = Searcher(spaces, closed, self.store, self.manifest, limits.depth, limits.fusion)
            return self._searcher

    def _renew(self) -> None:
        with self._opening:
            self._searcher = None

    def _renewing(self, on_progress: Callable[[Progress], None]) -> Callable[[Progress], None]:
        """Lets searches see new spaces once they are open, and calibrates anew whenever the work done has doubled."""
        seen = -1

        def step(progress: Progress) -> None:
            nonlocal seen
            if progress.done.bit_length() != seen:
                seen = progress.done.bit_length()
                self._renew()
            on_progress(progress)

        return step

    @contextmanager
    def _change(self, patience_s: float = -1) -> Iterator[None]:
        """One change of the library at a time; waits for the one under way, for ever by default."""
        if not self._changing.acquire(timeout=patience_s):
            raise LibraryLocked("an indexing of this library is under way; try again when it is done, or cancel it")
        try:
            yield
        finally:
            self._changing.release()

    def _entry(self, document_id: str) -> Entry:
        entry = self.manifest.entry(document_id)
        if entry is None or not entry.done:
            raise NotFound(f"the library has no document {document_id[:80]!r}")
        return entry

    def _space_names(self) -> dict[str, str]:
        return {space.fingerprint: name for name, (_, space) in self.manifest.spaces().items()}

    @cached_property
    def readers(self) -> tuple[Reader, ...]:
        """The readers, with what the open models give them: the recogniser, the OCR, the token limit."""
        limits = self.settings.indexing
        text = self.encoders.get("text")
        tokenizer_file = getattr(text, "tokenizer_file", None) if text and not closed_reason(text) else None
        tokens = min(limits.passage_tokens, getattr(text, "max_tokens", limits.passage_tokens))
        return default_readers(
            PassageSplitter(tokens, tokenizer_file),
            limits.table_rows,
            cast(SpeechRecognizer | None, ready(self.settings.recognizer)),
            cast(OcrEngine | None, ready(self.settings.ocr)),
        )

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
        self.hold.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _indexed(entry: Entry, names: Mapping[str, str]) -> IndexedDocument:
    spaces = {names[fingerprint]: count for fingerprint, count in entry.spaces.items() if fingerprint in names}
    return IndexedDocument(entry.id, entry.uri, entry.modality, entry.segments, spaces)


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
