"""What an indexing would do, how long it would take and how much room it would need: nothing is written."""

import shutil
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from mmsearch.errors import MMSearchError
from mmsearch.estimating import Amount, Estimate, Work, Workload, estimate, read_samples
from mmsearch.indexing import BAD_DOCUMENT
from mmsearch.manifest import Manifest
from mmsearch.parts import closed_aids, copies_in, encoders_of, in_force, readers_of
from mmsearch.planning import Planner
from mmsearch.protocols import Reader
from mmsearch.reports import Failure
from mmsearch.roots import Looks, missing, roots_to_index
from mmsearch.settings import MANIFEST_FILE, Settings
from mmsearch.sources import Copies, find_documents, is_there, kind_of, reader_of
from mmsearch.spaces import open_for_indexing
from mmsearch.stores.memory import MemoryStore
from mmsearch.types import Document, Root
from mmsearch.writing import Task


@dataclass(frozen=True, slots=True)
class Preview:
    """What an indexing would do: documents by what would happen to them, those to be read by ending and medium.

    `incomplete` documents are unchanged and lack a space that has opened since. A medium that is only known once a
    document is read is "unknown".
    """

    new: int
    changed: int
    incomplete: int
    unchanged: int
    removed: int
    by_ending: Mapping[str, Amount]
    by_modality: Mapping[str, Amount]
    failed: tuple[Failure, ...]
    skipped: Mapping[str, Mapping[str, int]]
    closed_spaces: Mapping[str, str]
    estimate: Estimate


@dataclass(slots=True)
class _Found:
    counts: Counter[str] = field(default_factory=Counter)
    work: Workload = field(default_factory=Workload)
    failed: list[Failure] = field(default_factory=list)
    skipped: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    modalities: dict[str, str] = field(default_factory=dict)

    def fail(self, uri: str, error: MMSearchError) -> None:
        self.failed.append(Failure(uri, error.code, str(error)))


def preview_of(settings: Settings, roots: Sequence[Root], *, verify: bool = False, prune: bool = False) -> Preview:
    """What indexing the roots would do now. The library need not be there, and may be open elsewhere.

    Raises NotFound when a root does not exist, SourceUnavailable when nobody can say, InputError for a glob or a column
    that is none.
    """
    with TemporaryDirectory(prefix="mmsearch-") as scratch, closing(_copied(settings, Path(scratch))) as manifest:
        settings = in_force(settings, manifest)
        opened, closed = open_for_indexing(encoders_of(settings), manifest, MemoryStore())
        spaces, readers = tuple(opened.values()), readers_of(settings)
        together = roots_to_index(manifest, roots, spaces, prune)
        planner = Planner(readers, spaces, manifest, settings.indexing.max_file_bytes, verify)
        copies = copies_in(settings, Path(scratch))
        found, started = _Found(), time.perf_counter()
        with closing(Looks()) as looks:
            for root in together:
                _look(root, readers, planner, copies, looks, found)
            for root in together:
                gone = looks.gone(manifest, root)
                if gone and looks.empty(root) and not prune:
                    found.fail(root.place, missing(root, len(gone)))
                else:
                    found.counts["removed"] += len(gone)
        deciding_s = time.perf_counter() - started
        samples = read_samples(found.work, copies)
        estimated = estimate(found.work, samples, spaces, deciding_s)
    modalities = found.modalities | {ending: sample.modality for ending, sample in samples.items() if sample.modality}
    by_modality = defaultdict[str, Amount](Amount)
    for ending, amount in found.work.whole.items():
        by_modality[modalities.get(ending, "unknown")] += amount
    counts = {name: found.counts[name] for name in ("new", "changed", "incomplete", "unchanged", "removed")}
    return Preview(
        **counts,
        by_ending=dict(sorted(found.work.whole.items())),
        by_modality=dict(sorted(by_modality.items())),
        failed=tuple(found.failed),
        skipped={reason: dict(kinds) for reason, kinds in found.skipped.items()},
        closed_spaces={**closed, **closed_aids(settings)},
        estimate=estimated,
    )


def _copied(settings: Settings, scratch: Path) -> Manifest:
    """A copy of the library's manifest: what it holds is known, and nothing of it is changed."""
    for name in (MANIFEST_FILE, f"{MANIFEST_FILE}-wal"):
        if (settings.library / name).is_file():
            shutil.copyfile(settings.library / name, scratch / name)
    return Manifest(scratch / MANIFEST_FILE)


def _look(root: Root, readers: Sequence[Reader], planner: Planner, copies: Copies, looks: Looks, found: _Found) -> None:
    """Decide for each document of the root as an indexing would."""
    looks.begin(root)
    for place in find_documents(root, readers) if is_there(root) else ():
        looks.take(root, place)
        if isinstance(place, Document):
            try:
                _decide(place, readers, planner, copies, found)
            except BAD_DOCUMENT as error:
                found.fail(place.uri, error)
        elif place.error is None:
            found.skipped[place.reason][place.kind] += 1
        else:
            found.fail(place.uri, place.error)


def _decide(document: Document, readers: Sequence[Reader], planner: Planner, copies: Copies, found: _Found) -> None:
    plan = planner.plan(document)
    if plan.entry and plan.entry.modality:
        found.modalities[kind_of(document)] = plan.entry.modality
    task = plan.decided(copies)
    if task is not None:
        reader = reader_of(document, readers)
        found.work.add(Work(document, reader, tuple(task.spaces), kind_of(document), plan.size_bytes))
    done = plan.entry is not None and plan.entry.done
    found.counts["unchanged" if task is None else _verb(task, done)] += 1


def _verb(task: Task, done: bool) -> str:
    if not done:
        return "new"
    return "changed" if task.whole else "incomplete"
