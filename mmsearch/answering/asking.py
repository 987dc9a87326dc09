"""The last word of a search: the first results are asked for the answer itself, within a time."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from mmsearch.errors import ModelUnavailable
from mmsearch.protocols import Answerer
from mmsearch.types import Answer, Modality, Query, Result, Segment, Table

FIRST = 3
"""How many results are asked: an answer further down has hardly anybody's eye. Of pictures all are: their lettering is
marked like the words of a snippet, and looked at in no time."""
LEAST_SCORE = 0.3
"""A result that is less likely to be relevant is not asked: who reads an answer takes it to be about the question."""
BUDGET_S = 1.0
"""No further result is asked after so long: a large table takes some 50 ms, a passage one."""
MOST_SEGMENTS = 200
"""A table in a document of more segments is not put together again for an answer."""


@dataclass(frozen=True)
class Answering:
    """Who is asked, and whether also where a query does not say. Who is ready is looked at once."""

    answerers: Sequence[Answerer] = ()
    usual: bool = False

    def asked(self, query: Query) -> Sequence[Answerer]:
        """The answerers for this query: none for a picture or a sound. One that is not ready is left out.

        Raises ModelUnavailable when the query insists on answers, and without one that is not ready there are none
        from a medium that it reads.
        """
        if query.kind != "text" or not (self.usual if query.answer is None else query.answer):
            return ()
        ready, missing = self._readiness
        read = frozenset[Modality]().union(*(answerer.modalities for answerer in ready))
        for answerer, reason in missing:
            if query.answer and not answerer.modalities <= read:
                raise reason.with_traceback(None)
        return ready

    @cached_property
    def _readiness(self) -> tuple[Sequence[Answerer], Sequence[tuple[Answerer, ModelUnavailable]]]:
        """Those who are ready, and the others with what is missing."""
        ready, missing = list[Answerer](), list[tuple[Answerer, ModelUnavailable]]()
        for answerer in self.answerers:
            try:
                _ = answerer.fingerprint
            except ModelUnavailable as error:
                missing.append((answerer, error))
            else:
                ready.append(answerer)
        return ready, missing


def answered(
    answerers: Sequence[Answerer],
    question: str,
    results: Sequence[Result],
    whole: Callable[[Segment], Segment | None],
    good_match: bool = True,
) -> tuple[Result, ...]:
    """The results, the first of them with the answer that their segment gives, if it gives one.

    Without a `good_match` among them lettering alone is looked at, as a snippet is marked then too. `whole` is the
    segment with all rows of its table, or None where that is too long: the rows of a piece are no count.
    """
    end = time.monotonic() + BUDGET_S

    def told(result: Result) -> Result:
        asked = good_match and result.rank <= FIRST and result.score >= LEAST_SCORE
        if time.monotonic() > end or not (asked or result.segment.lettering):
            return result
        able = (answerer for answerer in answerers if result.segment.modality in answerer.modalities)
        answers = (_answer(answerer, question, result, whole) for answerer in able)
        return replace(result, answer=next(filter(None, answers), None))

    return tuple(map(told, results))


def whole_table(segment: Segment, stored: Iterable[Segment]) -> Segment | None:
    """The segment with the rows of all pieces of its table among the stored; None where they are not all there."""
    if segment.table is None:
        return segment
    place = _place(segment)
    pieces = {piece.span.start_row or 0: piece.table for piece in stored if piece.table and _place(piece) == place}
    rows: list[tuple[str, ...]] = []
    for start in sorted(pieces):
        if start != len(rows):
            return None
        rows += pieces[start].rows
    span = replace(segment.span, start_row=0, end_row=len(rows))
    return replace(segment, table=Table(segment.table.header, tuple(rows)), span=span)


def _place(segment: Segment) -> tuple[object, ...]:
    """What the pieces of one table share."""
    span = replace(segment.span, start_row=None, end_row=None)
    return span, segment.headings, segment.table and segment.table.header


def _answer(
    answerer: Answerer, question: str, result: Result, whole: Callable[[Segment], Segment | None]
) -> Answer | None:
    segment = whole(result.segment)
    return answerer.answer(question, [segment])[0] if segment else None
