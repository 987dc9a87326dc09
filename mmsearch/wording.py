"""Phrases that a segment must hold and words that it must not, in whatever space it was found."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from mmsearch.bm25 import OR
from mmsearch.languages import language_of
from mmsearch.lexical import analyze, fold, tokens
from mmsearch.protocols import Store
from mmsearch.serialisation import for_words
from mmsearch.types import Filter, Hit, In, Segment, Vector
from mmsearch.windows import segment_of

_SPELLED = re.compile(r"[^\W_]+")
MOST_READ = 5_000
"""Segments that are read at most for one query and space. A phrase whose rarest word stands in more of them is looked
for where that word weighs most."""


@dataclass(frozen=True, slots=True)
class Wording:
    """Phrases that a segment holds word by word, and phrases or words that it does not.

    Words are analysed as for the words space, in the language of the segment: case, accents, endings and punctuation
    are overlooked ("red boat" is in "Red, boats") and numbers are one in all their spellings; but no word is left out,
    so that it is not in "red of the boat". Title, headings and table cells are words of the segment.
    """

    required: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.required or self.excluded)

    def holds(self, segment: Segment) -> bool:
        """Whether the segment is worded so."""
        language = language_of(segment)
        text = _line(for_words(segment), language)
        return all(_line(phrase, language) in text for phrase in self.required) and not any(
            _line(phrase, language) in text for phrase in self.excluded
        )


def _line(text: str, language: str) -> str:
    """The text's words as terms of the language, one blank before and behind each: terms hold none."""
    return f" {' '.join(_words(text, language))} "


def _words(text: str, language: str) -> Iterator[str]:
    """The terms, and the common words, which have none, as they are spelled."""
    end = 0
    for start, stop, terms in tokens(text, language):
        yield from _SPELLED.findall(fold(text[end:start]))
        yield from terms
        end = stop
    yield from _SPELLED.findall(fold(text[end:]))


@dataclass(frozen=True, slots=True)
class Sieve:
    """Searches a store for segments of a wording; `catalogue` is the collection that holds every segment.

    `languages` are those that segments may be in.
    """

    store: Store
    catalogue: str
    wording: Wording
    languages: Collection[str]
    _verdicts: dict[str, bool] = field(default_factory=dict)

    def search(self, collection: str, asked: Vector | str, depth: int, limit: Filter | None) -> list[Hit]:
        """At most `depth` hits of the wording, best first; looks deeper while it refuses some."""
        if not self.wording:
            return self.store.search(collection, asked, depth, limit)
        reach = depth
        while True:
            hits = self.store.search(collection, asked, reach, limit)
            passing = self._passing(hits)[:depth]
            if len(passing) == depth or len(hits) < reach or reach >= MOST_READ:
                return [replace(hit, rank=rank) for rank, hit in enumerate(passing, 1)]
            reach = min(4 * reach, MOST_READ)

    def documents(self, idf: Callable[[str], float], limit: Filter | None) -> Filter | None:
        """The documents with a segment that holds every phrase, as a filter.

        A segment that holds a phrase holds its rarest word, as the segment's language has it: the segments with that
        word are read. None, which limits nothing, when no phrase is asked for, or none but words that are too common
        in one of the languages to be looked for.
        """
        phrases = " ".join(self.wording.required)
        words = [analyze(phrases, language) for language in self.languages]
        if not all(words):
            return None
        rarest = {max(terms, key=idf) for terms in words}
        hits = self._passing(self.store.search(self.catalogue, OR.join(sorted(rarest)), MOST_READ, limit))
        return In("document", tuple(sorted({hit.document_id for hit in hits})))

    def _passing(self, hits: Sequence[Hit]) -> list[Hit]:
        unread = sorted({segment_of(hit.segment_id) for hit in hits} - self._verdicts.keys())
        for id, segment in self.store.segments(self.catalogue, unread).items():
            self._verdicts[id] = self.wording.holds(segment)
        return [hit for hit in hits if self._verdicts.get(segment_of(hit.segment_id))]
