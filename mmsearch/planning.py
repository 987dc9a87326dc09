"""What an indexing would do, how long it would take and how much room it would need: nothing is written."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from mmsearch.app import closed_aids, rehearsal
from mmsearch.estimating import Amount, Estimate, Work, estimate, read_samples
from mmsearch.indexing import BAD_DOCUMENT, Indexer, gone
from mmsearch.settings import Settings
from mmsearch.sources import find_documents, kind_of, lies_at, reader_of, size_bytes
from mmsearch.spaces import OpenSpace, open_for_indexing
from mmsearch.types import Document, Failure, Root
from mmsearch.writing import Task


@dataclass(frozen=True, slots=True)
class Plan:
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
    work: list[Work] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    skipped: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    modalities: dict[str, str] = field(default_factory=dict)


def plan(settings: Settings, roots: Iterable[Root]) -> Plan:
    """What indexing the roots would do now. The library need not be there, and may be open elsewhere.

    Raises NotFound when a root does not exist, InputError for a glob that is no pattern.
    """
    with TemporaryDirectory(prefix="mmsearch-") as scratch:
        indexer = rehearsal(settings, Path(scratch))
        opened, closed = open_for_indexing(indexer.encoders, indexer.manifest, indexer.store)
        spaces = tuple(opened.values())
        together = indexer.roots(list(roots), spaces)
        found, started = _Found(), time.perf_counter()
        for root in together:
            others = [other.place for other in together if other != root and lies_at(other.place, root.place)]
            _look(indexer, spaces, root, others, found)
        deciding_s = time.perf_counter() - started
        samples = read_samples(found.work)
        estimated = estimate(found.work, samples, spaces, deciding_s)
        indexer.manifest.close()
    modalities = found.modalities | {ending: sample.modality for ending, sample in samples.items() if sample.modality}
    by_ending, by_modality = defaultdict[str, Amount](Amount), defaultdict[str, Amount](Amount)
    for work in found.work:
        medium = modalities.get(work.ending, "unknown")
        by_ending[work.ending] = by_ending[work.ending].plus(work.size_bytes)
        by_modality[medium] = by_modality[medium].plus(work.size_bytes)
    counts = {name: found.counts[name] for name in ("new", "changed", "incomplete", "unchanged", "removed")}
    return Plan(
        **counts,
        by_ending=dict(sorted(by_ending.items())),
        by_modality=dict(sorted(by_modality.items())),
        failed=tuple(found.failed),
        skipped={reason: dict(kinds) for reason, kinds in found.skipped.items()},
        closed_spaces={**closed, **closed_aids(settings)},
        estimate=estimated,
    )


def _look(indexer: Indexer, spaces: tuple[OpenSpace, ...], root: Root, others: Sequence[str], found: _Found) -> None:
    """Decide for each document of the root as an indexing would."""
    seen, unreadable = set[str](), list[str]()
    for place in find_documents(root, indexer.readers):
        if not isinstance(place, Document):
            if place.error is None:
                found.skipped[place.reason][place.kind] += 1
            else:
                unreadable.append(place.uri)
                found.failed.append(Failure(place.uri, place.error.code, str(place.error)))
            continue
        seen.add(place.id)
        try:
            reader = reader_of(place, indexer.readers)
            entry = indexer.manifest.entry(place.id)
            if entry and entry.modality:
                found.modalities[kind_of(place)] = entry.modality
            task = indexer.task(place, reader, spaces)
            if task is not None:
                found.work.append(Work(place, reader, task, kind_of(place), size_bytes(place)))
            done = entry is not None and entry.done
            found.counts["unchanged" if task is None else _verb(task, done)] += 1
        except BAD_DOCUMENT as error:
            found.failed.append(Failure(place.uri, error.code, str(error)))
    found.counts["removed"] += len(gone(indexer.manifest, root, seen, unreadable, others))


def _verb(task: Task, done: bool) -> str:
    if not done:
        return "new"
    return "changed" if task.whole else "incomplete"
