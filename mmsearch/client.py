"""The Python client: a library in this process."""

from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mmsearch import changeover
from mmsearch.app import App, load
from mmsearch.evaluation import evaluate
from mmsearch.examples import examples
from mmsearch.filters import parse
from mmsearch.indexing import Progress
from mmsearch.portable.exporting import Exported
from mmsearch.portable.importing import Imported
from mmsearch.reembedding import Estimate, Reembedded
from mmsearch.retrieval_sets import read_set
from mmsearch.runs import check_name, default_runs, run_facts, save_run, surroundings
from mmsearch.settings import read_settings
from mmsearch.sources import original
from mmsearch.spaces import CATALOGUE
from mmsearch.types import Filter, Modality, Query, Ranking, Report


class Client:
    """Index and search one library.

    >>> with Client("./library") as client:
    ...     report = client.index("photos", "notes")
    ...     for result in client.search("boats at night").results:
    ...         print(result.score, result.segment.uri, result.snippet)
    """

    def __init__(self, library: str | Path | None = None, create: bool = True, **settings: Any) -> None:
        """Open the library at the path, or make it; further settings by name override file and environment.

        Raises ConfigError, LibraryLocked, StoreUnavailable, and NotFound with `create` off.
        """
        self.app = App(read_settings(library=library, **settings), create)

    def index(self, *paths: str | Path, on_progress: Callable[[Progress], None] = lambda _: None) -> Report:
        """Bring the library to the state of the paths. Raises NotFound when one does not exist."""
        return self.app.index([Path(path).expanduser() for path in paths], on_progress)

    def search(
        self,
        text: str = "",
        *,
        image: str | Path | bytes | None = None,
        audio: str | Path | bytes | None = None,
        modalities: Iterable[Modality] = (),
        filter: str | Filter | None = None,
        top_k: int = 10,
    ) -> Ranking:
        """The ranking for words, a picture or a sound (a file or its bytes).

        `filter` is an expression such as `modality = "image" and date >= 2024-01-01`. Raises InputError.
        """
        tree = parse(filter) if isinstance(filter, str) else filter
        return self.app.search(Query(text, _bytes(image), _bytes(audio), top_k, frozenset(modalities), tree))

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
        self.app.require(wanted)
        changeover.follow_settings(self.app, wanted or self.app.encoders, on_progress)
        report = self.app.index([retrieval_set.folder], on_progress, {CATALOGUE, *wanted} if wanted else ())
        outcomes = evaluate(retrieval_set, self.app.search, wanted, on_progress)
        searcher = self.app.searcher
        used = {space: searcher.spaces[space].space for space in sorted(wanted or searcher.spaces)}
        found = run_facts(retrieval_set, report, outcomes, self.app.settings.search.fusion, list(used))
        made = {
            "search": self.app.settings.search.model_dump(),
            "models": {
                name: {"model": space.model, "revision": space.revision, "fingerprint": space.fingerprint}
                for name, space in used.items()
            },
            "closed_spaces": {} if wanted else dict(searcher.closed),
        }
        folder = save_run(Path(runs) if runs else default_runs(), name, found | made | surroundings(), outcomes)
        return found | {"closed_spaces": made["closed_spaces"], "run": str(folder)}

    def reembed(
        self,
        space: str,
        model: str = "",
        pretrained: str = "",
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> Reembedded:
        """Take a space to another model, from what the library holds; searches go on with the old one meanwhile.

        Without a `model` to the one that the settings name. The old collection is kept for `roll_back`. Stopped or
        killed, the same call goes on from there. Raises ConfigError, InputError, ModelUnavailable, StoreError.
        """
        return changeover.reembed(self.app, space, model, pretrained, on_progress)

    def estimate_reembed(self, space: str, model: str = "", pretrained: str = "") -> Estimate:
        """What `reembed` will take in time, measured for a few seconds, and in disk. Changes nothing."""
        return changeover.estimate_reembed(self.app, space, model, pretrained)

    def roll_back(self, space: str, on_progress: Callable[[Progress], None] = lambda _: None) -> Reembedded:
        """Take a space back to its previous model; what changed since is filled in first.

        Raises NotFound when there is none, ConfigError, ModelUnavailable, SpaceMismatch when it is not the same now.
        """
        return changeover.roll_back(self.app, space, on_progress)

    def forget_previous(self, space: str) -> int:
        """Drop what is kept for `roll_back`; how many rows it had. Raises NotFound when there is none."""
        return changeover.forget_previous(self.app, space)

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

    def serve(self, host: str = "127.0.0.1", port: int = 7860) -> None:
        """Serve the search page until interrupted. Raises ConfigError when the page's extra is not installed."""
        load(self.app.settings.page)(self, host, port)

    def picture(self, document_id: str, segment_id: str) -> Path | None:
        """The file with the upright copy of a segment's picture, at most 768 pixels a side."""
        return self.app.renditions.path(document_id, segment_id)

    def document(self, document_id: str) -> Path | None:
        """The file that a document of the library is read from; None when it is not in the library or has no file."""
        entry = self.app.manifest.entry(document_id)
        return original(entry.uri) if entry and entry.done else None

    def examples(self) -> list[str]:
        """A few searches to try on this library."""
        return examples(self.app.manifest)

    def close(self) -> None:
        """Release the library."""
        self.app.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _bytes(media: str | Path | bytes | None) -> bytes | None:
    return Path(media).read_bytes() if isinstance(media, str | Path) else media
