"""What an indexing would do, how long it would take and how much room it would need: nothing is written."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from mmsearch.app import closed_aids, rehearsal
from mmsearch.errors import MMSearchError
from mmsearch.estimating import Amount, Estimate, Work, Workload, estimate, read_samples
from mmsearch.indexing import BAD_DOCUMENT, Indexer, Look, gone, missing
from mmsearch.settings import Settings
from mmsearch.sources import find_documents, is_there, kind_of, reader_of, size_bytes, stat_signature
from mmsearch.spaces import OpenSpace, open_for_indexing
from mmsearch.types import Document, Failure, Root


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
    looks: dict[str, Look] = field(default_factory=dict)

    def fail(self, uri: str, error: MMSearchError) -> None:
        self.failed.append(Failure(uri, error.code, str(error)))


def preview_of(settings: Settings, roots: Iterable[Root], *, verify: bool = False, prune: bool = False) -> Preview:
    """What indexing the roots would do now. The library need not be there, and may be open elsewhere.

    Raises NotFound when a root does not exist, InputError for a glob or a column that is none.
    """
    with TemporaryDirectory(prefix="mmsearch-") as scratch:
        indexer = rehearsal(settings, Path(scratch))
        opened, closed = open_for_indexing(indexer.encoders, indexer.manifest, indexer.store)
        spaces = tuple(opened.values())
        together = indexer.roots(list(roots), spaces, prune)
        found, started = _Found(), time.perf_counter()
        for root in together:
            _look(indexer, spaces, root, verify, found)
        for root in together:
            left = gone(indexer.manifest, root, found.looks)
            if left and found.looks[root.place].empty and not prune:
                found.fail(root.place, missing(root, left))
            else:
                found.counts["removed"] += len(left)
        deciding_s = time.perf_counter() - started
        samples = read_samples(found.work, indexer.copies)
        estimated = estimate(found.work, samples, spaces, deciding_s)
        indexer.manifest.close()
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


def _look(indexer: Indexer, spaces: tuple[OpenSpace, ...], root: Root, verify: bool, found: _Found) -> None:
    """Decide for each document of the root as an indexing would."""
    look = found.looks.setdefault(root.place, Look())
    for place in find_documents(root, indexer.readers) if is_there(root) else ():
        look.take(place)
        if not isinstance(place, Document):
            if place.error is None:
                found.skipped[place.reason][place.kind] += 1
            else:
                found.fail(place.uri, place.error)
            continue
        try:
            _decide(indexer, spaces, place, verify, found)
        except BAD_DOCUMENT as error:
            found.fail(place.uri, error)


def _decide(indexer: Indexer, spaces: tuple[OpenSpace, ...], document: Document, verify: bool, found: _Found) -> None:
    """As Indexer.task, but what is new is not opened and what is elsewhere is not fetched."""
    reader, ending = reader_of(document, indexer.readers), kind_of(document)
    entry = indexer.manifest.entry(document.id)
    if entry and entry.modality:
        found.modalities[ending] = entry.modality
    known = entry is not None and entry.done and entry.reader == reader.fingerprint
    whole, lacking = True, spaces
    if known and entry and not (document.remote and entry.stat != stat_signature(document)):
        with indexer.copies.lent(document):
            task = indexer.task(document, reader, spaces, verify and not document.remote)
        if task is None:
            found.counts["unchanged"] += 1
            return
        whole, lacking = task.whole, task.spaces
    indexer.check_size(document)
    found.work.add(Work(document, reader, lacking, ending, size_bytes(document)))
    new = entry is None or not entry.done
    found.counts["new" if new else "changed" if whole else "incomplete"] += 1
