"""Phrases that a segment must hold and words that it must not, in whatever space it was found."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from mmsearch.lexical import analyze
from mmsearch.protocols import Store
from mmsearch.serialisation import for_words
from mmsearch.types import Filter, Hit, In, Segment, Vector
from mmsearch.windows import segment_of

MOST_READ = 5_000
"""Segments that are read at most for one query and space. A phrase whose rarest word stands in more of them is looked
for where that word weighs most."""


@dataclass(frozen=True, slots=True)
class Wording:
    """Runs of analysed terms that a segment holds, and others that it does not, each without a gap.

    Being analysed, "the running dog" also finds "run, dogs": as the words space does, a phrase overlooks case, accents,
    endings, common words and punctuation. Title, headings and table cells are words of the segment.
    """

    required: tuple[tuple[str, ...], ...] = ()
    excluded: tuple[tuple[str, ...], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.required or self.excluded)

    def holds(self, segment: Segment) -> bool:
        """Whether the segment is worded so."""
        text = f" {' '.join(analyze(for_words(segment)))} "  # terms hold no blanks
        held = (f" {' '.join(run)} " in text for run in self.required)
        unwanted = (f" {' '.join(run)} " in text for run in self.excluded)
        return all(held) and not any(unwanted)


@dataclass(frozen=True, slots=True)
class Sieve:
    """Searches a store for segments of a wording; `catalogue` is the collection that holds every segment."""

    store: Store
    catalogue: str
    wording: Wording
    _verdicts: dict[str, bool] = field(default_factory=dict)

    def search(self, collection: str, asked: Vector | str, depth: int, limit: Filter | None) -> list[Hit]:
        """At most `depth` hits of the wording, best first; looks deeper while it refuses some."""
        reach = depth
        while True:
            hits = self.store.search(collection, asked, reach, limit)
            passing = self._passing(hits)[:depth]
            if len(passing) == depth or len(hits) < reach or reach >= MOST_READ:
                return [replace(hit, rank=rank) for rank, hit in enumerate(passing, 1)]
            reach = min(4 * reach, MOST_READ)

    def documents(self, idf: Callable[[str], float], limit: Filter | None) -> Filter | None:
        """The documents with a segment that holds every phrase, as a filter; None when no phrase is asked for.

        A segment that holds a phrase holds its rarest word: the segments with that word are read.
        """
        if not self.wording.required:
            return None
        rarest = max((term for run in self.wording.required for term in run), key=idf)
        hits = self._passing(self.store.search(self.catalogue, rarest, MOST_READ, limit))
        return In("document", tuple(sorted({hit.document_id for hit in hits})))

    def _passing(self, hits: Sequence[Hit]) -> list[Hit]:
        if not self.wording:
            return list(hits)
        unread = sorted({segment_of(hit.segment_id) for hit in hits} - self._verdicts.keys())
        for id, segment in self.store.segments(self.catalogue, unread).items():
            self._verdicts[id] = self.wording.holds(segment)
        return [hit for hit in hits if self._verdicts.get(segment_of(hit.segment_id))]
