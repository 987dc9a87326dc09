"""The Python client: a library in this process, or behind a server."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mmsearch.alike import name_of
from mmsearch.app import App
from mmsearch.errors import ConfigError, LibraryLocked
from mmsearch.feedback import Judgement
from mmsearch.filters import parse
from mmsearch.holding import Holder
from mmsearch.jobs import Job
from mmsearch.library import Library
from mmsearch.local_library import LocalLibrary
from mmsearch.measuring import measure
from mmsearch.notebook import Found
from mmsearch.opening import open_library
from mmsearch.parts import load
from mmsearch.portable.exporting import Exported
from mmsearch.portable.importing import Imported
from mmsearch.preview import Preview, preview_of
from mmsearch.progress import Progress
from mmsearch.reembedding import ReembedEstimate
from mmsearch.refinement import forget_refinement
from mmsearch.refining import refine
from mmsearch.remote_library import RemoteLibrary
from mmsearch.reports import IndexedDocument, Reembedded, Report, SpaceState, Stats
from mmsearch.roots import root_at
from mmsearch.sight import checked_principal
from mmsearch.types import Document, Engine, Filter, Modality, Query, Ranking, Result, Root, RootKind, Segment


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
        self.settings, opened = open_library(library, create, on_wait, **settings)
        self._app = opened if isinstance(opened, App) else None
        self.library: Library = LocalLibrary(opened) if isinstance(opened, App) else opened

    @property
    def app(self) -> App:
        """The library in this process, with its parts. Raises ConfigError when a server has it."""
        if self._app is None:
            raise ConfigError(
                f"the library is open in another process, which serves it at {self.address}: this needs it in its own, "
                "so stop the server first"
            )
        return self._app

    @property
    def address(self) -> str:
        """The address of the server that is used, empty for a library in this process."""
        return self.library.address if isinstance(self.library, RemoteLibrary) else ""

    def index(
        self,
        *paths: str | Path | Root,
        include: Iterable[str] = (),
        exclude: Iterable[str] = (),
        kind: RootKind = "files",
        columns: Mapping[str, str] | None = None,
        access: Iterable[str] = (),
        verify: bool = False,
        prune: bool = False,
        engine: Engine = "local",
        on_progress: Callable[[Progress], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Report:
        """Bring the library to the state of the paths; what is excluded now goes like what is no longer there.

        `include` and `exclude` are patterns as in gitignore(5), relative to each path, on top of those of the
        settings. A path may be an address such as "s3://bucket/folder". As "manifest" or "dataset" the paths are JSON
        Lines or Parquet, of which each record is a document; `columns` says by role which key or column is its text,
        bytes, path, ... `access` names who may see what lies at the paths; without it that stays as it was said
        before. `verify` compares bytes instead of size and times. The documents of a path that is empty or
        gone now stay, and the path is named as failed; `prune` removes them. Once `stop` says so, what is at hand is
        written, and the report says `stopped`; the next call goes on. A server reads the paths on its own machine.
        The engine "ray" reads and encodes on a Ray cluster (docs/cluster.md). Raises NotFound when a path does not
        exist, SourceUnavailable when nobody can say, InputError for a pattern or role that is none, Forbidden for a
        server elsewhere (see `add`), JobError when Ray does not start or its workers die.
        """
        roots = [root_at(self.settings, path, include, exclude, kind, columns, access) for path in paths]
        return self.library.index(roots, on_progress, stop=stop, verify=verify, prune=prune, engine=engine)

    def submit(
        self,
        *paths: str | Path | Root,
        include: Iterable[str] = (),
        exclude: Iterable[str] = (),
        kind: RootKind = "files",
        columns: Mapping[str, str] | None = None,
        access: Iterable[str] = (),
        verify: bool = False,
        prune: bool = False,
        engine: Engine = "local",
    ) -> Job:
        """The same, not waited for: the job, which `follow` follows and `cancel` cancels by its id. Raises Busy.

        In this process it ends with the client, after the batch at hand; what a server has taken on goes on there.
        """
        roots = [root_at(self.settings, path, include, exclude, kind, columns, access) for path in paths]
        return self.library.submit(roots, verify=verify, prune=prune, engine=engine)

    def follow(self, job_id: str) -> Iterator[Job]:
        """The job as it goes on, at least every second, to its end, with its report. Raises NotFound."""
        return self.library.jobs.follow(job_id)

    def cancel(self, job_id: str) -> Job:
        """Ask a job to stop: it finishes the batch at hand. Raises NotFound, JobOver when it has ended."""
        return self.library.jobs.cancel(job_id)

    def jobs(self) -> list[Job]:
        """The jobs, the newest first."""
        return self.library.jobs.all()

    def add(
        self,
        *files: str | Path,
        replace: bool = False,
        access: Iterable[str] = (),
        on_progress: Callable[[Progress], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Report:
        """Have the library keep copies of the files, for those whom `access` names where it does, and index them.

        Raises InputError when it keeps one of that name already (unless `replace`), UnsupportedMedia, TooLarge.
        """
        named = tuple(map(checked_principal, access))
        return self.library.add([Path(file).expanduser() for file in files], replace, on_progress, stop, named)

    def remove(self, document_id: str) -> None:
        """Take a document out of the library, and its file if the library keeps it.

        A file elsewhere stays, and the next indexing of its folder brings it back. Raises NotFound, LibraryLocked.
        """
        self.library.remove(document_id)

    def index_records(
        self,
        records: Iterable[Mapping[str, Any] | Document],
        name: str = "records",
        *,
        columns: Mapping[str, str] | None = None,
        complete: bool = False,
        on_progress: Callable[[Progress], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Report:
        """Index records that this program gives, one at a time: dicts with the keys of a manifest, or documents.

        `bytes` may be among the keys. Records of one `name` have ids of their own, and those with a known id replace
        the earlier ones. With `complete` the records are all there are of the name: others are removed. A space that
        opens later is filled when they are given again, and so is what was left when `stop` said so. To a server they
        are sent as they come, all before the first is indexed; one elsewhere takes no `path` and `url`.
        """
        root = Root(f"records:{name}", "records", columns=tuple(f"{r}={c}" for r, c in (columns or {}).items()))
        return self.library.index_records(root, records, complete, on_progress, stop)

    def preview(
        self,
        *paths: str | Path | Root,
        include: Iterable[str] = (),
        exclude: Iterable[str] = (),
        kind: RootKind = "files",
        columns: Mapping[str, str] | None = None,
        verify: bool = False,
        prune: bool = False,
    ) -> Preview:
        """What `index` would do with the paths, and an estimate of time and room; nothing is written."""
        roots = [root_at(self.settings, path, include, exclude, kind, columns) for path in paths]
        return preview_of(self.settings, roots, verify=verify, prune=prune)

    def search(
        self,
        text: str = "",
        *,
        image: str | Path | bytes | None = None,
        audio: str | Path | bytes | None = None,
        like: str | Path | Result = "",
        modalities: Iterable[Modality] = (),
        filter: str | Filter | None = None,
        top_k: int = 10,
        offset: int = 0,
        spaces: Iterable[str] = (),
        fusion: str = "",
        diversity: float | None = None,
        all_copies: bool = False,
        rerank: bool | None = None,
        answer: bool | None = None,
    ) -> Ranking:
        """The ranking for words, a picture or a sound (a file or its bytes), or for what is like a document.

        `like` is a result, or a document's path, uri or id: by its picture where a space answers those, else its words.
        `filter` is an expression such as `modality = "image" and date >= 2024-01-01`. `offset` passes over so many of
        the best. `spaces` are asked instead of those that the router chooses; `fusion`, `diversity` (0 to 1), `rerank`
        (have the best results read again) and `answer` (ask the first for the answer itself) take the place of the
        settings'; with `all_copies` near copies of a document are results of their own.
        Raises InputError, NotFound, and ModelUnavailable when the reranker is asked for and its weights are not here.
        """
        query = Query(
            text,
            _bytes(image),
            _bytes(audio),
            top_k,
            frozenset(modalities),
            parse(filter) if isinstance(filter, str) else filter,
            frozenset(spaces),
            fusion=fusion,
            diversity=diversity,
            all_copies=all_copies,
            rerank=rerank,
            offset=offset,
            answer=answer,
            like=name_of(like),
        )
        return Found.of(self.library.search(query), self.library)

    def evaluate(
        self,
        set_dir: str | Path,
        spaces: Iterable[str] = (),
        on_progress: Callable[[Progress], None] = lambda _: None,
        *,
        split: str = "",
        runs: str | Path | None = None,
        name: str = "",
        rerank: bool | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> dict[str, Any]:
        """Index a retrieval set where that is still to be done, search its queries, measure, and save the run.

        `spaces` limits indexing and search to some spaces; `split` names other judgements than test; `rerank` is as
        in `search`. The run is the folder `run` of what comes back, below `runs` (else in the user's cache), called
        by the set and `name`.
        Raises InputError when the folder is no retrieval set or the name no file name, and KeyboardInterrupt when
        `stop` says so.
        """
        return measure(self.app, set_dir, spaces, on_progress, split, runs, name, rerank, stop)

    def calibrate(
        self,
        set_dir: str | Path | None = None,
        on_progress: Callable[[Progress], None] = lambda _: None,
        *,
        split: str = "",
        judged_only: bool = False,
    ) -> dict[str, Any]:
        """Refine the library's scores by its judgements, and by those of a retrieval set where one is named.

        Of a set, the first ten results without a judgement count as not relevant unless `judged_only`. What comes back
        compares the scores before and after on queries that the fit has not seen; `stored` is None where they are no
        better. Raises InputError, with the numbers, when there is too little to fit.
        """
        return refine(self.app, set_dir, split, judged_only, on_progress)

    def forget_calibration(self) -> bool:
        """Let scores be as the evidence has them again; whether they were refined."""
        forgotten = forget_refinement(self.app.folder)
        self.app.renew()
        return forgotten

    def judge(self, query: str | Ranking, document: str | Path | Result, grade: int = 1) -> Judgement:
        """Keep that a document (a result, or its path, uri or id) answers the words: 1 and more yes, 0 or False no.

        With the ranking instead of its words, the spaces that it asked are kept as well. Judged again, it replaces
        what was said. Raises InputError, NotFound when the library has no such document.
        """
        return self.library.judge(query, document if isinstance(document, Result) else name_of(document), grade)

    def withdraw(self, query: str, document: str | Path) -> bool:
        """Forget what was judged of a document for the words; whether anything was. Raises NotFound."""
        return self.library.withdraw(query, name_of(document))

    def judgements(self, query: str = "") -> list[Judgement]:
        """What was judged, all or for the words of one query, by query and place."""
        return self.library.judgements(query)

    def reembed(
        self,
        space: str,
        model: str = "",
        pretrained: str = "",
        on_progress: Callable[[Progress], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Reembedded:
        """Take a space to another model, from what the library holds; searches go on with the old one meanwhile.

        Without a `model` to the one that the settings name. The library remembers it, and keeps the old collection
        for `roll_back`. Stopped or killed, the same call goes on from there. A server does it as a job of its own,
        with a model that is on its machine. Raises NotFound for an unknown space, InputError, ModelUnavailable,
        StoreError, and Forbidden for a model in a folder of a server elsewhere.
        """
        return self.library.reembed(space, model, pretrained, on_progress, stop)

    def estimate_reembed(self, space: str, model: str = "", pretrained: str = "") -> ReembedEstimate:
        """What `reembed` will take in time, measured for a few seconds, and in disk. Changes nothing."""
        return self.library.estimate_reembed(space, model, pretrained)

    def roll_back(
        self,
        space: str,
        on_progress: Callable[[Progress], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Reembedded:
        """Take a space back to its previous model; documents that came or changed since are filled in first.

        Raises NotFound when there is none, ConfigError, ModelUnavailable, SpaceMismatch when it is not the same now.
        """
        return self.library.roll_back(space, on_progress, stop)

    def forget_previous(self, space: str) -> int:
        """Drop what is kept for `roll_back`; how many rows it had. Raises NotFound, LibraryLocked while indexing."""
        return self.library.forget_previous(space)

    def export(self, folder: str | Path, on_progress: Callable[[Progress], None] = lambda _: None) -> Exported:
        """Write the library into a new folder: Parquet files, and one JSON file that vouches for them.

        Raises InputError when something is in the folder already or nothing in the library, StoreError.
        """
        return self.app.export(Path(folder).expanduser().absolute(), on_progress)

    def import_(self, folder: str | Path, on_progress: Callable[[Progress], None] = lambda _: None) -> Imported:
        """Take in what `export` wrote. Doing it again changes nothing, and completes what was stopped.

        Documents that the library holds in another version stay as they are. Raises NotFound, InputError when the
        folder is no export or not whole (then nothing is written), StoreError.
        """
        return self.app.import_(Path(folder).expanduser().absolute(), on_progress)

    def serve(self, host: str = "127.0.0.1", port: int = 7860, page: bool = True, mcp: bool = False) -> None:
        """Serve the library over HTTP until interrupted, with the search page at `/` if it is installed and wanted.

        With `mcp` assistants find their tools at `/mcp`. Raises ConfigError when the extra "server" or "mcp" is not
        installed or the address cannot be listened on, LibraryLocked when the library is served already.
        """
        if self.address:
            raise LibraryLocked(f"the library is served already, at {self.address}")
        load("mmsearch.server.serving:serve")(self, host, port, page, mcp)

    def picture(self, document_id: str, segment_id: str = "") -> Path | None:
        """The file with the upright copy of a segment's picture, at most 768 pixels a side; of any without a segment.

        From a server it is a copy, which is gone when this is closed.
        """
        return self.library.picture(document_id, segment_id)

    def document(self, document_id: str) -> Path | None:
        """The file that a document of the library is read from, None where there is none; see `picture`."""
        return self.library.file(document_id)

    def documents(self, offset: int = 0, limit: int = 100, part: str = "") -> list[IndexedDocument]:
        """The documents of the library, or those whose place holds the part, by place, so many from the offset on."""
        return self.library.documents(offset, limit, part)

    def segments(self, document_id: str, offset: int = 0, limit: int = 100) -> list[Segment]:
        """What a document holds, so many segments in the order of reading, without pictures. Raises NotFound."""
        return self.library.segments(document_id, offset, limit)

    def spaces(self) -> list[SpaceState]:
        """The spaces as they are: facts, rows, and why the closed ones are closed."""
        return self.library.spaces()

    def stats(self) -> Stats:
        """What the library holds."""
        return self.library.stats()

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


def _bytes(media: str | Path | bytes | None) -> bytes | None:
    return Path(media).read_bytes() if isinstance(media, str | Path) else media
