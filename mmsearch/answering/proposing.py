"""The candidate programs of a question over a table: all that its links, figures and cues allow, some hundreds.

Proposing is generous, choosing is `ranking`'s. A floating grammar in the sense of Pasupat and Liang (ACL 2015,
arXiv:1508.00305): words that trigger nothing may still be meant, so that operations are tried without a cue too where
they are few.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from mmsearch.answering.linking import Link, Links
from mmsearch.answering.programs import (
    Aggregate,
    Alike,
    All,
    Beside,
    Beyond,
    Both,
    Cells,
    Comparison,
    Count,
    Difference,
    Either,
    End,
    Exceeding,
    Except,
    Extreme,
    Filled,
    Frequent,
    Gap,
    Measured,
    Program,
    Repeats,
    Rows,
    Run,
    Streak,
)
from mmsearch.answering.typed import Key
from mmsearch.answering.values import DAYS_A_YEAR

MOST_FILTERS = 16
MOST_KEYS = 7
MOST_CELLS = 12
"""More cells than this are no answer that a person would read."""
MOST_COLUMNS = 16
REST_OF_YEAR = DAYS_A_YEAR - 1.0
"""From its first day to its last: what is after 1980 is after the whole of it."""

EVERY = All()


@dataclass(frozen=True, slots=True)
class Filter:
    """A row set that the question describes, with the places of the words that describe it."""

    rows: Rows
    places: frozenset[int]
    links: tuple[Link, ...] = ()
    compared: tuple[Key, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A program and the filter that it started from."""

    program: Program
    filter: Filter
    other: Filter | None = None


def propose(links: Links, run: Run) -> list[Candidate]:
    """The candidates, each program once. Row sets have been run when it returns."""
    filters = _filters(links, run)
    keys = _keys(links)
    sets = list(_row_sets(links, filters, keys))
    run.rows([filter.rows for filter in sets])
    found: dict[Program, Candidate] = {}
    for candidate in _programs(links, run, filters, sets, keys):
        found.setdefault(candidate.program, candidate)
    return list(found.values())


def _filters(links: Links, run: Run) -> list[Filter]:
    """What the question describes directly: everything, one link or several together, figures compared."""
    single = [Filter(link.holds, link.places, (link,)) for link in links.cells]
    compared = list(_comparisons(links))
    run.rows([filter.rows for filter in [*single, *compared]])
    single, compared = ([f for f in group if run.mask(f.rows).any()] for group in (single, compared))
    joined: list[Filter] = []
    for one, other in combinations([*single[:10], *compared], 2):
        if one.places.isdisjoint(other.places) and (one.links or other.links):
            joined.append(_both(one, other))
    for one, other in combinations(single[:8], 2):
        if one.places.isdisjoint(other.places) and _column(one) == _column(other):
            joined.append(Filter(Either(one.rows, other.rows), one.places | other.places, one.links + other.links))
    run.rows([filter.rows for filter in joined])
    joined = [filter for filter in joined if run.mask(filter.rows).any()]
    triples = [
        _both(pair, third)
        for pair in sorted((f for f in joined if isinstance(f.rows, Both)), key=_said(links))[:6]
        for third in [*single[:6], *compared[:6]]
        if pair.places.isdisjoint(third.places)
    ]
    run.rows([filter.rows for filter in triples])
    triples = [filter for filter in triples if run.mask(filter.rows).any()]
    ranked = sorted([*single, *compared, *joined, *triples], key=_said(links))
    kept: dict[bytes, Filter] = {}
    for filter in ranked:
        kept.setdefault(run.mask(filter.rows).tobytes() + repr(sorted(filter.places)).encode(), filter)
    chosen = list(kept.values())[:MOST_FILTERS]
    if links.question.cues & {"not", "other"}:
        chosen += [Filter(Except(EVERY, f.rows), f.places, f.links) for f in chosen[:4]]
    return [Filter(EVERY, frozenset()), *chosen]


def _both(one: Filter, other: Filter) -> Filter:
    return Filter(
        Both(one.rows, other.rows), one.places | other.places, one.links + other.links, one.compared + other.compared
    )


def _column(filter: Filter) -> int:
    return filter.links[0].holds.column


def _said(links: Links) -> Callable[[Filter], tuple[float, int]]:
    """Orders filters by how much of the question they say, the most first."""

    def key(filter: Filter) -> tuple[float, int]:
        exact = sum(link.exact for link in filter.links)
        return -len(filter.places & links.told) - 0.5 * exact, len(filter.links)

    return key


def _comparisons(links: Links) -> Iterator[Filter]:
    """Rows compared with the figures of the question, by every key that they may be meant of."""
    cues = links.question.cues
    ops: list[Comparison] = []
    if cues & {"more than", "after"}:
        ops += [">", ">="]
    if cues & {"less than", "before"}:
        ops += ["<", "<="]
    figures = links.question.figures
    for mention in figures:
        for key in _keys(links):
            figure = _figure_for(mention.figure, mention.may_be_year, key)
            if figure is None:
                continue
            for op in (*ops, "="):
                shift = REST_OF_YEAR if key.kind == "date" and op in (">", "<=") else 0.0
                if op == "=" and key.kind in ("number", "date") and not mention.spelt:
                    continue  # words find it already
                yield Filter(Measured(key, op, figure + shift), frozenset({mention.place}), (), (key,))
    years = [mention for mention in figures if mention.may_be_year]
    for pair in (figures[:2], years[:2]):
        if "between" in cues and len(pair) == 2:
            low, high = sorted(pair, key=lambda mention: mention.figure)
            for key in _keys(links):
                ends = [_figure_for(mention.figure, mention.may_be_year, key) for mention in (low, high)]
                if ends[0] is not None and ends[1] is not None:
                    top = ends[1] + (REST_OF_YEAR if key.kind == "date" else 0.0)
                    rows = Both(Measured(key, ">=", ends[0]), Measured(key, "<=", top))
                    yield Filter(rows, frozenset({low.place, high.place}), (), (key,))


def _figure_for(figure: float, may_be_year: bool, key: Key) -> float | None:
    if key.kind == "date":
        return figure * DAYS_A_YEAR if may_be_year else None
    return figure


def _keys(links: Links) -> list[Key]:
    """What to order by, the columns that the question names first."""
    keys = links.typed.keys
    named = [key for key in keys if links.headers[key.column]]
    return [*named, *(key for key in keys if key not in named)][:MOST_KEYS]


def _row_sets(links: Links, filters: Sequence[Filter], keys: Sequence[Key]) -> Iterator[Filter]:
    """The filters, and what the cues make of them: ends, extremes, neighbours, likes."""
    cues = links.question.cues
    yield from filters
    extremes = bool(cues & {"most", "least", "superlative", "first", "last"})
    for place, filter in enumerate(filters):
        made: list[Rows] = []
        if cues & {"first", "last", "superlative", "before", "after", "or"} or links.question.asks == "name":
            made += [End(filter.rows, False), End(filter.rows, True)]
        if extremes or "or" in cues:
            made += [Extreme(filter.rows, key, most) for key in keys for most in (True, False)]
        if cues & {"most", "least", "times", "superlative"} and place < 6:
            made += [
                Frequent(filter.rows, column, most)
                for column in range(min(MOST_COLUMNS, links.typed.width))
                if links.typed.kinds[column] != "empty"
                for most in ((True, False) if "least" in cues else (True,))
            ]
        if filter.links:
            if cues & {"after", "before", "last", "most", "least"}:
                made += [Beside(filter.rows, True), Beside(filter.rows, False)]
                made += [Beyond(filter.rows, True), Beyond(filter.rows, False)]
            if cues & {"more than", "less than", "most", "least", "after", "before"}:
                made += [Exceeding(filter.rows, key, more) for key in keys for more in (True, False)]
            if cues & {"same", "other"}:
                made += [Alike(filter.rows, column) for column in range(min(MOST_COLUMNS, links.typed.width))]
        for rows in made:
            yield Filter(rows, filter.places, filter.links, filter.compared)
    if "after" in cues or "before" in cues:
        for filter in [f for f in filters if f.links][:5]:
            for after, last in ((True, False), (False, True)):
                beside = [g for g in filters if g.links and g.places.isdisjoint(filter.places)][:3]
                for among in beside:
                    later = Both(Beyond(filter.rows, after), among.rows)
                    joint = filter.places | among.places
                    yield Filter(later, joint, filter.links + among.links)
                    yield Filter(End(later, last), joint, filter.links + among.links)
                if extremes or "after" in cues:
                    yield Filter(End(Beyond(End(filter.rows, False), after), last), filter.places, filter.links)


def _programs(
    links: Links, run: Run, filters: Sequence[Filter], sets: Sequence[Filter], keys: Sequence[Key]
) -> Iterator[Candidate]:
    question, typed = links.question, links.typed
    columns = range(min(MOST_COLUMNS, typed.width))
    for filter in sets:
        size = int(run.mask(filter.rows).sum())
        if size == 0:
            continue
        if size <= MOST_CELLS:
            for column in columns:
                yield Candidate(Cells(filter.rows, column), filter)
                if question.asks in ("how many", "how much", "how long", "what") and _has_units(links, column):
                    yield Candidate(Cells(filter.rows, column, number=True), filter)
    if question.asks not in ("who", "where", "whether"):
        yield from _counts(links, filters, sets, columns)
        yield from _amounts(links, run, filters, keys, columns)
        yield from _differences(links, run, filters, keys)


def _counts(links: Links, filters: Sequence[Filter], sets: Sequence[Filter], columns: range) -> Iterator[Candidate]:
    """How many rows, different cells, filled cells."""
    cues = links.question.cues
    if links.question.asks not in ("how many", "other", "name", "what", "how much"):
        return
    for place, filter in enumerate(sets):
        described = place < len(filters)
        if not isinstance(filter.rows, End | Beside | Extreme):
            yield Candidate(Count(filter.rows), filter)
            if described and place < 6 and (cues & {"different", "total"} or place < 3):
                for column in columns:
                    yield Candidate(Count(filter.rows, column), filter)
        if described and place < 5 and filter.rows != EVERY:
            for column in columns:
                if links.headers[column]:
                    filled = Filter(Both(filter.rows, Filled(column)), filter.places, filter.links, filter.compared)
                    yield Candidate(Count(filled.rows), filled)


def _amounts(
    links: Links, run: Run, filters: Sequence[Filter], keys: Sequence[Key], columns: range
) -> Iterator[Candidate]:
    """What is reckoned from the numbers of rows."""
    cues = links.question.cues
    for filter in filters[:9]:
        for key in keys:
            if key.kind != "date":
                if "average" in cues:
                    yield Candidate(Aggregate("mean", filter.rows, key), filter)
                else:
                    yield Candidate(Aggregate("sum", filter.rows, key), filter)
                if "most" in cues:
                    yield Candidate(Aggregate("max", filter.rows, key), filter)
                if "least" in cues:
                    yield Candidate(Aggregate("min", filter.rows, key), filter)
            if cues & {"difference", "years", "between"}:
                yield Candidate(Aggregate("range", filter.rows, key), filter)
        if cues & {"most", "times", "superlative"}:
            for column in columns:
                yield Candidate(Repeats(filter.rows, column), filter)
        if "consecutive" in cues and filter.rows != EVERY:
            yield Candidate(Streak(filter.rows), filter)
        if cues & {"difference", "more than", "less than", "most", "least", "years"} and filter.rows != EVERY:
            for key, other in combinations(keys, 2):
                if key.kind == other.kind and run.mask(filter.rows).sum() == 1:
                    yield Candidate(Gap(filter.rows, key, other), filter)


def _differences(links: Links, run: Run, filters: Sequence[Filter], keys: Sequence[Key]) -> Iterator[Candidate]:
    """How far what two links find is apart."""
    if not links.question.cues & {"difference", "more than", "less than", "most", "least", "between", "years"}:
        return
    linked = [filter for filter in filters if filter.links][:8]
    for one, other in combinations(linked, 2):
        if one.places.isdisjoint(other.places):
            joint = Filter(one.rows, one.places | other.places, one.links + other.links)
            yield Candidate(Difference(one.rows, other.rows), joint, other)
            if all(run.mask(each.rows).sum() == 1 for each in (one, other)):
                for key in keys:
                    yield Candidate(Difference(one.rows, other.rows, key), joint, other)


def _has_units(links: Links, column: int) -> bool:
    values = links.typed.values[column]
    return any(value.number is not None and (value.unit or not value.whole) for value in values[:20])
