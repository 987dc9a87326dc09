"""Which words of a question stand in which cells and headers of a table."""

from dataclasses import dataclass
from functools import cached_property

from mmsearch.answering.programs import Holds
from mmsearch.answering.questions import Question
from mmsearch.answering.typed import TypedTable

LONGEST_PHRASE = 9
MOST_LINKS = 24


@dataclass(frozen=True, slots=True)
class Link:
    """Words [start, end) of the question that stand in cells of a column, in how many rows, and whether alone there."""

    holds: Holds
    start: int
    end: int
    rows: int
    exact: bool
    weight: float
    """How many of its words say something; a number that stands among other words of a cell counts half."""

    @property
    def places(self) -> frozenset[int]:
        return frozenset(range(self.start, self.end))


@dataclass(frozen=True)
class Links:
    """A question laid over a table."""

    question: Question
    typed: TypedTable

    @cached_property
    def cells(self) -> tuple[Link, ...]:
        """The longest phrases in each column, those that say most first."""
        found = [link for column in range(self.typed.width) for link in self._in_column(column)]
        found.sort(key=lambda link: (-link.weight, not link.exact, link.rows, link.holds.column))
        return tuple(found[:MOST_LINKS])

    @cached_property
    def headers(self) -> tuple[tuple[int, ...], ...]:
        """For each column the places of the question's words that its header has."""
        by_stem: dict[str, list[int]] = {}
        for place, word in enumerate(self.question.words):
            if word.says_something or word.text in ("time", "times", "name", "number", "total"):
                by_stem.setdefault(word.stem, []).append(place)
        return tuple(
            tuple(sorted({place for stem in stems for place in by_stem.get(stem, ())}))
            for stems in self.typed.header_stems
        )

    @cached_property
    def told(self) -> frozenset[int]:
        """The places of words that say something, and so should be found in the table if it is the one meant."""
        return frozenset(place for place, word in enumerate(self.question.words) if word.says_something)

    @cached_property
    def in_title(self) -> frozenset[int]:
        """The places of words that the table's title has."""
        return frozenset(p for p in self.told if self.question.words[p].stem in self.typed.title_stems)

    @cached_property
    def linked(self) -> frozenset[int]:
        """The places of words found in cells, headers or title."""
        places = {place for link in self.cells for place in link.places}
        return frozenset(places.union(*self.headers, self.in_title) & self.told)

    def _in_column(self, column: int) -> list[Link]:
        cells = self.typed.cell_stems[column]
        holding: dict[str, set[int]] = {}
        for row, cell in enumerate(cells):
            for stem in cell:
                holding.setdefault(stem, set()).add(row)
        asked = self.question.words
        joined = [f" {' '.join(cell)} " for cell in cells]
        links: list[Link] = []
        taken: set[tuple[int, int]] = set()
        for length in range(min(LONGEST_PHRASE, len(asked)), 0, -1):
            for start in range(len(asked) - length + 1):
                end = start + length
                if any(s <= start and end <= e for s, e in taken):
                    continue
                phrase = tuple(word.stem for word in asked[start:end])
                if any(stem not in holding for stem in phrase):
                    continue
                text = f" {' '.join(phrase)} "
                rarest = min((holding[stem] for stem in phrase), key=len)
                rows = [row for row in rarest if text in joined[row]]
                if not rows:
                    continue
                exact = sum(cells[row] == phrase for row in rows) * 2 > len(rows)
                trimmed = asked[start].says_something and asked[end - 1].says_something
                weight = sum(word.says_something for word in asked[start:end])
                if not weight or not (trimmed or exact):
                    continue
                taken.add((start, end))
                bare = length == 1 and asked[start].is_number and not exact
                holds = Holds(column, phrase)
                links.append(Link(holds, start, end, len(rows), exact, weight - (0.5 if bare else 0.0)))
        return links
