"""The language that a text is in, and those that a query may be in.

py3langid 0.4 (BSD-3, released in 2026, one wheel of 4.5 MB for every platform, needs numpy alone) was chosen by short
texts in nine languages: wrong in 4 of 1,000, and silent where it does not know. Lingua weighs 96 MB, fasttext's small
model is wrong more often, and stop words take Dutch for German: benchmarks/QUALITY.md has the figures.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from functools import cache
from itertools import chain, islice
from typing import Any

from mmsearch.serialisation import for_words
from mmsearch.types import Segment

REVISION = "1"
"""Changes when the same segments would be given other languages."""

SURE = 0.5
"""From which probability on a text is in a language."""
LIKELY = 0.1
"""From which probability on a query may be in a language, among those that come into question."""
NO_LANGUAGE = "zxx"
"""What py3langid calls numbers, names of files and code."""
READ_CHARS = 1_000
"""As much of a text tells its language."""
READ_SEGMENTS = 200
"""As many segments tell the language of their document."""


def with_languages(segments: Iterable[Segment]) -> Iterator[Segment]:
    """The segments of one document in order, each with its `language` in the metadata, an ISO 639-1 code.

    What the file says stays. A segment that does not tell by its own words (a table, a heading, a picture) has the
    language of its document's text; there is none where that does not tell either.
    """
    segments = iter(segments)
    head: list[Segment] = []
    for segment in islice(segments, READ_SEGMENTS):
        head.append(segment)
        if segment.sound is not None:  # what is heard comes last, has no words, and is large
            break

    @cache  # most segments tell
    def usual() -> str:
        return identified("\n".join(s.text for s in head if s.text and "language" not in s.metadata))

    for segment in chain(head, segments):
        if "language" in segment.metadata:
            yield segment
            continue
        language = (identified(_telling(segment)) if segment.sound is None else "") or usual()
        yield replace(segment, metadata={**segment.metadata, "language": language}) if language else segment


def _telling(segment: Segment) -> str:
    """What tells the language: of a table its title and the names of its columns, for cells are names of anywhere."""
    table = segment.table and replace(segment.table, rows=())
    return for_words(replace(segment, table=table))


def identified(text: str) -> str:
    """The ISO 639-1 code of the text's language; empty where none is sure."""
    if not text.strip():
        return ""
    code, probability = _identifier().classify(text[:READ_CHARS])
    return str(code) if probability >= SURE and code != NO_LANGUAGE else ""


def likely(text: str, among: Collection[str]) -> tuple[str, ...]:
    """Those of the languages that a query of these words may well be in, the likeliest first."""
    if len(among) < 2:
        return tuple(among)
    shares = {code: share for code, share in _identifier().rank(text) if code in among}
    least = LIKELY * sum(shares.values())
    return tuple(code for code, share in shares.items() if share >= least)


def load() -> None:
    """Load the model now and not on first use: it takes a second."""
    _identifier()


@cache
def _identifier() -> Any:
    """Loaded on first use; it keeps 75 MB. Languages without a code of two letters are left out."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages([code for code in identifier.labels if len(code) == 2 or code == NO_LANGUAGE])
    return identifier
