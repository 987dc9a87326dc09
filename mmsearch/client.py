"""The Python client: a library in this process, or behind a server."""

from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mmsearch.app import App, load
from mmsearch.errors import ConfigError, LibraryLocked, ModelUnavailable
from mmsearch.evaluation import evaluate
from mmsearch.filters import parse
from mmsearch.holding import Holder
from mmsearch.indexing import Progress
from mmsearch.library import Library
from mmsearch.opening import open_library
from mmsearch.remote import Remote
from mmsearch.retrieval_sets import read_set
from mmsearch.runs import check_name, default_runs, run_facts, save_run, surroundings
from mmsearch.spaces import CATALOGUE
from mmsearch.types import Filter, IndexedDocument, Modality, Query, Ranking, Report, SpaceState, Stats


class Client:
    """Index and search one library.

    >>> with Client("./library") as client:
    ...     report = client.index("photos", "notes")
    ...     for result in client.search("boats at night").results:
    ...         print(result.score, result.segment.uri, result.snippet)
    """

    def __init__(
        self,
        library: str | Path | None = None,
        create: bool = True,
        on_wait: Callable[[Holder | None, float], None] = lambda _holder, _seconds: None,
        **settings: Any,
    ) -> None:
        """Open the library at the path, or make it, or use the one that a server at `http://host:port` has open.

        A path that is served on this machine is used through its server. Further settings by name override file and
        environment. `on_wait` is called, with who it is and the seconds, before waiting for a process that has the
        library open. Raises ConfigError, LibraryLocked, StoreUnavailable, and NotFound with `create` off.
        """
        opened = open_library(library, create, on_wait, **settings)
        self._app = opened if isinstance(opened, App) else None
        self.library: Library = opened

    @property
    def app(self) -> App:
        """The library in this process, with its parts. Raises ConfigError when a server has it."""
        if self._app is None:
            raise ConfigError(f"the library is open in another process, {self.address}; this needs it in its own")
        return self._app

    @property
    def address(self) -> str:
        """The address of the server that is used, empty for a library in this process."""
        return self.library.address if isinstance(self.library, Remote) else ""

    def index(self, *paths: str | Path, on_progress: Callable[[Progress], None] = lambda _: None) -> Report:
        """Bring the library to the state of the paths, which are on the machine that has it.

        Raises NotFound when one does not exist, Forbidden for a server on another machine: see `add`.
        """
        return self.library.index([Path(path).expanduser() for path in paths], on_progress)

    def add(
        self, *files: str | Path, replace: bool = False, on_progress: Callable[[Progress], None] = lambda _: None
    ) -> Report:
        """Have the library keep copies of the files, and index them.

        Raises InputError when it keeps one of that name already (unless `replace`), UnsupportedMedia, TooLarge.
        """
        return self.library.add([Path(file).expanduser() for file in files], replace, on_progress)

    def remove(self, document_id: str) -> None:
        """Take a document out of the library, and its file if the library keeps it.

        A file elsewhere stays, and the next indexing of its folder brings it back. Raises NotFound, LibraryLocked.
        """
        self.library.remove(document_id)

    def search(
        self,
        text: str = "",
        *,
        image: str | Path | bytes | None = None,
        audio: str | Path | bytes | None = None,
        modalities: Iterable[Modality] = (),
        filter: str | Filter | None = None,
        top_k: int = 10,
        offset: int = 0,
    ) -> Ranking:
        """The ranking for words, a picture or a sound (a file or its bytes).

        `filter` is an expression such as `modality = "image" and date >= 2024-01-01`. `offset` passes over so many
        of the best. Raises InputError.
        """
        tree = parse(filter) if isinstance(filter, str) else filter
        query = Query(text, _bytes(image), _bytes(audio), top_k, frozenset(modalities), tree, offset=offset)
        return self.library.search(query)

    def documents(self, offset: int = 0, limit: int = 100) -> list[IndexedDocument]:
        """The documents of the library in the order of their places, so many from the offset on."""
        return self.library.documents(offset, limit)

    def spaces(self) -> list[SpaceState]:
        """The spaces as they are: facts, rows, and why the closed ones are closed."""
        return self.library.spaces()

    def stats(self) -> Stats:
        """What the library holds."""
        return self.library.stats()

    def evaluate(
        self,
        set_dir: str | Path,
        spaces: Iterable[str] = (),
        on_progress: Callable[[Progress], None] = lambda _: None,
        *,
        split: str = "",
        runs: str | Path | None = None,
        name: str = "",
    ) -> dict[str, Any]:
        """Index a retrieval set where that is still to be done, search its queries, measure, and save the run.

        `spaces` limits indexing and search to some spaces; `split` names other judgements than test. The run is
        the folder `run` of what comes back, below `runs` (else in the user's cache), called by the set and `name`.
        Raises InputError when the folder is no retrieval set or the name no file name.
        """
        check_name(name)
        retrieval_set = read_set(set_dir, split)
        wanted = frozenset(spaces)
        _require(wanted, self.spaces())
        report = self.library.index([retrieval_set.folder], on_progress, {CATALOGUE, *wanted} if wanted else ())
        outcomes = evaluate(retrieval_set, self.library.search, wanted, on_progress)
        states = {state.name: state for state in self.spaces()}
        used = {
            name: state.space
            for name, state in sorted(states.items())
            if state.space and (name in wanted if wanted else not state.closed)
        }
        settings = self.stats().search
        found = run_facts(retrieval_set, report, outcomes, settings["fusion"], list(used))
        made = {
            "search": settings,
            "models": {
                name: {"model": space.model, "revision": space.revision, "fingerprint": space.fingerprint}
                for name, space in used.items()
            },
            "closed_spaces": {} if wanted else {name: state.closed for name, state in states.items() if state.closed},
        }
        folder = save_run(Path(runs) if runs else default_runs(), name, found | made | surroundings(), outcomes)
        return found | {"closed_spaces": made["closed_spaces"], "run": str(folder)}

    def serve(self, host: str = "127.0.0.1", port: int = 7860, page: bool = True) -> None:
        """Serve the library over HTTP until interrupted, with the search page at `/` if it is installed and wanted.

        Raises ConfigError when the extra "server" is not installed or the address cannot be listened on, LibraryLocked
        when the library is served already.
        """
        if self.address:
            raise LibraryLocked(f"the library is served already, at {self.address}")
        load("mmsearch.server.serving:serve")(self, host, port, page)

    def picture(self, document_id: str, segment_id: str = "") -> Path | None:
        """The file with the upright copy of a segment's picture, at most 768 pixels a side; of any without a segment.

        From a server it is a copy, which is gone when this is closed.
        """
        return self.library.picture(document_id, segment_id)

    def document(self, document_id: str) -> Path | None:
        """The file that a document of the library is read from; None when it is not in the library or has no file.

        From a server it is a copy, which is gone when this is closed.
        """
        return self.library.file(document_id)

    def examples(self) -> list[str]:
        """A few searches to try on this library."""
        return self.library.examples()

    def close(self) -> None:
        """Release the library."""
        self.library.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _require(wanted: Iterable[str], states: Iterable[SpaceState]) -> None:
    """Raises ModelUnavailable when one of the spaces lacks its weights, ConfigError when there is none of that name."""
    known = {state.name: state for state in states}
    for name in sorted(wanted):
        if name not in known:
            raise ConfigError(f'no space is called "{name}"; there are {", ".join(known)}')
        if known[name].space is None:
            raise ModelUnavailable(known[name].closed)


def _bytes(media: str | Path | bytes | None) -> bytes | None:
    return Path(media).read_bytes() if isinstance(media, str | Path) else media
