"""What speaks for and against each candidate: named figures, which `ranking` weighs.

The names hold no word of a question or a table but the cues and concepts of this package, so that weights learned on
some tables mean the same on all others.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np

from mmsearch.answering.concepts import concepts
from mmsearch.answering.denotations import Denotation
from mmsearch.answering.linking import Link, Links
from mmsearch.answering.programs import (
    Aggregate,
    Both,
    Cells,
    Count,
    Difference,
    Filled,
    Program,
    Rows,
    Run,
)
from mmsearch.answering.proposing import Filter
from mmsearch.answering.shapes import ENDS, columns_of, keys_of, operation, rows_class
from mmsearch.answering.typed import Key
from mmsearch.answering.words import stems

Features = Mapping[str, float]

KEY_CUES = frozenset(
    {"most", "least", "first", "last", "after", "before", "more than", "less than", "total", "average", "difference"}
)
"""The cues that say what is done with a number that rows have."""
ITS_CUES: Mapping[str, frozenset[str]] = {
    "sum": frozenset({"total"}),
    "mean": frozenset({"average"}),
    "max": frozenset({"most"}),
    "min": frozenset({"least"}),
    "range": frozenset({"difference", "years"}),
    "apart": frozenset({"difference", "years"}),
    "counts apart": frozenset({"difference"}),
    "streak": frozenset({"consecutive"}),
    "most": frozenset({"most", "last"}),
    "least": frozenset({"least", "first"}),
    "first": frozenset({"first", "before", "or"}),
    "last": frozenset({"last", "after", "or"}),
    "next": frozenset({"after"}),
    "previous": frozenset({"before"}),
    "frequent": frozenset({"most", "times"}),
    "alike": frozenset({"same"}),
    "except": frozenset({"not", "other"}),
}
"""By what one reckons or chooses rows -> the cues that ask for it."""


class Described:
    """The candidates of one question over one table, described."""

    def __init__(self, links: Links, run: Run, found: Sequence[Denotation]) -> None:
        self.links, self.run, self.found = links, run, found
        self.question, self.typed = links.question, links.typed
        self._covered: dict[tuple[int, frozenset[int]], dict[str, float]] = {}
        self._columns: dict[int, tuple[str, dict[str, float]]] = {}

    @cached_property
    def features(self) -> list[Features]:
        """The features of each denotation, in order."""
        votes = Counter(each.values for each in self.found)
        return [self._of(each, votes[each.values] / len(self.found)) for each in self.found]

    def _of(self, each: Denotation, share: float) -> Features:
        program = each.candidate.program
        end, op, inner = self._shape(program)
        asks, cues = self.question.asks, self.question.cues
        f: dict[str, float] = {
            f"{end}|{op}|{inner}": 1.0,
            f"{end}&{asks}": 1.0,
            f"{op}&{asks}": 1.0,
            f"{inner}&{op}": 1.0,
        }
        for cue in cues:
            f[f"{end}&{cue}"] = f[f"{op}&{cue}"] = f[f"{inner}&{cue}"] = 1.0
        for what in (end, op):
            if what in ITS_CUES:
                f[f"{what} {'with' if ITS_CUES[what] & cues else 'without'} its cue"] = 1.0
        self._cover(each, end, op, f)
        if isinstance(program, Cells):
            self._column(program.column, op, inner, each, f)
        elif isinstance(program, Count) and program.column is not None:
            self._counted(program.column, f)
        elif isinstance(program, Count):
            self._rows_counted(program.rows, f)
        for key, how in keys_of(program):
            self._key(key, how, f)
        self._value(each, end, op, f)
        f["votes"] = float(np.log(share))
        return f

    def _shape(self, program: Program) -> tuple[str, str, str]:
        """(how it ends, its outermost operation on rows, what that is applied to)."""
        rows = program.one if isinstance(program, Difference) else program.rows
        end = ENDS[type(program)]
        if isinstance(program, Cells) and program.number:
            end = "number"
        elif isinstance(program, Aggregate):
            end = program.how
        elif isinstance(program, Count) and program.column is not None:
            end = "different"
        elif isinstance(program, Difference) and program.key is None:
            end = "counts apart"
        op, inner = operation(rows)
        return end, op, rows_class(inner)

    def _cover(self, each: Denotation, end: str, op: str, f: dict[str, float]) -> None:
        """How much of the question the program accounts for."""
        filter, columns = each.candidate.filter, frozenset(columns_of(each.candidate.program))
        covered = self._covered.get((id(filter), columns))
        if covered is None:
            covered = self._covered[id(filter), columns] = self._coverage(filter, columns)
        f.update(covered)
        f[f"left&{end}"] = covered["left share"]
        f[f"ignored&{op}"] = float(covered["ignored"] > 0.5)

    def _coverage(self, filter: Filter, columns: frozenset[int]) -> dict[str, float]:
        links, told, used = self.links, self.links.told, filter.places
        named = {place for column in columns for place in links.headers[column]}
        explained = used | named
        left = told - explained - links.in_title - self.question.reckoning
        many = max(1, len(told))
        ignored = [link for link in links.cells if link.places.isdisjoint(explained)]
        f = {
            "left": float(len(left)),
            "left share": len(left) / many,
            "left out of any": len(left & links.linked) / many,
            "used": len(used & told) / many,
            "named": len((named - used) & told) / many,
            "twice": float(len(named & used)),
            "ignored": max((link.weight for link in ignored), default=0.0),
            "ignored exact": float(any(link.exact for link in ignored)),
            "exact": float(sum(link.exact for link in filter.links)),
            "inexact": float(sum(not link.exact for link in filter.links)),
            "links": float(len(filter.links)),
            "in header too": float(sum(any(link.places & set(h) for h in links.headers) for link in filter.links)),
            "figures left": float(sum(m.place not in explained and not m.spelt for m in self.question.figures)),
            "better elsewhere": float(sum(map(self._better_elsewhere, filter.links))),
        }
        for link in filter.links:
            column = link.holds.column
            if links.headers[column]:
                f["link's column named"] = 1.0
            kind = f"link {self.typed.kinds[column]}"
            f[kind] = f.get(kind, 0.0) + 1.0
            f["link's column first"] = float(column == 0)
        return f

    def _better_elsewhere(self, own: Link) -> bool:
        """Whether a longer or an exact link in another column takes the words."""
        return any(
            other.holds.column != own.holds.column
            and other.start <= own.start
            and own.end <= other.end
            and (other.end - other.start, other.exact) > (own.end - own.start, own.exact)
            for other in self.links.cells
        )

    def _column(self, column: int, op: str, inner: str, each: Denotation, f: dict[str, float]) -> None:
        """How well the column answers what is asked for."""
        if column not in self._columns:
            self._columns[column] = self._as_answer(column)
        hit, described = self._columns[column]
        f.update(described)
        f[f"column {hit}&{op}"] = 1.0
        linked = any(link.holds.column == column for link in each.candidate.filter.links)
        f[f"column linked&{op}&{inner}"] = float(linked)

    def _as_answer(self, column: int) -> tuple[str, dict[str, float]]:
        asks, named, kind = self.question.asks, self.links.headers[column], self.typed.kinds[column]
        focus = set(self.question.focus)
        hit = "focus" if focus & set(named) else "named" if named else "unnamed"
        f = {f"column {hit}": 1.0, f"column {hit}&{asks}": 1.0, f"column {kind}&{asks}": 1.0}
        f["column share named"] = len(named) / max(1, len(self.typed.header_stems[column]))
        f["column first focus"] = float(bool(named) and bool(self.question.focus) and self.question.focus[0] in named)
        if hit != "focus" and any(focus & set(other) for other in self.links.headers):
            f["another column is focus"] = 1.0
        here, wanted = self._header_concepts[column], self._focus_concepts
        f["column concept"] = float(bool(here & wanted))
        if not here & wanted and any(other & wanted for other in self._header_concepts):
            f["another column has concept"] = 1.0
        for concept in here:
            f[f"column is {concept}&{asks}"] = 1.0
        f[f"column at {min(column, 2)}"] = 1.0
        f["first text column"] = float(column == self._first_text)
        if asks in ("which", "what", "who", "name", "other"):
            f["first text column, unnamed"] = float(column == self._first_text and hit == "unnamed")
        if self._focus_in_cells(column):
            f["focus stands in cells"] = 1.0
        return hit, f

    def _counted(self, column: int, f: dict[str, float]) -> None:
        focus = set(self.question.focus)
        named = set(self.links.headers[column])
        f["different focus"] = float(bool(focus & named))
        f["different unnamed"] = float(not named)
        f["different concept"] = float(bool(self._header_concepts[column] & self._focus_concepts))
        f["different first"] = float(column == self._first_text)

    def _rows_counted(self, rows: Rows, f: dict[str, float]) -> None:
        """Whether the focus names an amount that stands in a column, which is then not to be counted."""
        focus = set(self.question.focus)
        for column, named in enumerate(self.links.headers):
            if focus & set(named):
                f[f"count, focus names {self.typed.kinds[column]}"] = 1.0
                first = self.question.focus[0] in named
                f[f"count, first of focus names {self.typed.kinds[column]}"] = float(first)
        if isinstance(rows, Both) and isinstance(rows.other, Filled):
            f[f"filled {self.typed.kinds[rows.other.column]}"] = 1.0
            f["filled named"] = len(self.links.headers[rows.other.column]) / 2
            holes = 1 - self.run.mask(Filled(rows.other.column)).mean() if self._has(rows.other) else 0.0
            f["filled holes"] = float(holes)

    def _has(self, rows: Rows) -> bool:
        self.run.rows([rows])
        return True

    def _key(self, key: Key, how: str, f: dict[str, float]) -> None:
        """How well what rows are ordered or reckoned by fits the question."""
        named = self.links.headers[key.column]
        hit = "named" if named else "unnamed"
        f[f"key {hit}&{how}"] = 1.0
        f[f"key {key.kind}&{how}"] = 1.0
        f[f"key {key.kind} {hit}"] = 1.0
        f["key share named"] = len(named) / max(1, len(self.typed.header_stems[key.column]))
        if named and self._superlatives and min(abs(p - s) for p in named for s in self._superlatives) <= 2:
            f["key beside superlative"] = 1.0
        here = self._header_concepts[key.column]
        f["key concept"] = float(bool(here & self._question_concepts))
        f["key concept of cue"] = float(bool(here & self._superlative_concepts))
        if not named and any(self.links.headers[other.column] for other in self.typed.keys):
            f["another key is named"] = 1.0
        f["only key"] = float(len({other.column for other in self.typed.keys}) == 1)
        for concept in here & {"rank", "date", "score", "duration", "age"}:
            f[f"key is {concept}&{how}"] = 1.0
            for cue in self.question.cues & {"most", "least", "first", "last"}:
                f[f"key is {concept}&{how}&{cue}"] = 1.0
        for cue in self.question.cues & KEY_CUES:
            f[f"key {key.kind}&{how}&{cue}"] = 1.0

    def _value(self, each: Denotation, end: str, op: str, f: dict[str, float]) -> None:
        asks, values = self.question.asks, each.values
        many = min(len(values), 4)
        f[f"values {many}&{asks}"] = 1.0
        f[f"values {many}&{op}"] = 1.0
        f[f"several&{'plural' if self._plural else 'singular'}"] = float(many > 1)
        if end not in ("cells", "number"):
            figure = float(values[0])
            f[f"{end} none"] = float(figure == 0)
            f[f"{end} one"] = float(figure == 1)
            f[f"{end} below"] = float(figure < 0)
            f[f"{end} all rows"] = float(figure == self.typed.height)
            f["in the question"] = float(any(figure == mention.figure for mention in self.question.figures))
        else:
            asked = {word.stem for word in self.question.words}
            repeated = [bool(said) and asked.issuperset(said) for said in (stems(str(v)) for v in values)]
            f[f"repeats the question&{op}"] = float(all(repeated))
            f[f"repeats the question&{'or' if 'or' in self.question.cues else 'no or'}"] = float(any(repeated))
            words = max(len(str(value).split()) for value in values)
            f["long cell"] = float(words > 12)
        rows = each.candidate.program.rows if not isinstance(each.candidate.program, Difference) else None
        if rows is not None and op != "none":
            outer, inner = self.run.mask(rows), self.run.mask(operation(rows)[1])
            f[f"idle&{op}"] = float(bool((outer == inner).all()))
            f[f"of one row&{op}"] = float(inner.sum() == 1)
        if rows is not None:
            size = int(self.run.mask(rows).sum())
            f[f"{end} from {'one row' if size == 1 else 'rows'}"] = 1.0
            f[f"{end} from every row"] = float(size == self.typed.height)

    @cached_property
    def _superlatives(self) -> list[int]:
        return sorted(self.question.reckoning)

    @cached_property
    def _header_concepts(self) -> list[frozenset[str]]:
        return [concepts(stems) for stems in self.typed.header_stems]

    @cached_property
    def _focus_concepts(self) -> frozenset[str]:
        said = [self.question.words[place].stem for place in self.question.focus[:1]]
        return concepts([*said, *(["who"] if self.question.asks == "who" else []), *self._asked_stem])

    @cached_property
    def _asked_stem(self) -> list[str]:
        return [self.question.asks] if self.question.asks in ("who", "when", "where") else []

    @cached_property
    def _question_concepts(self) -> frozenset[str]:
        return concepts(word.stem for word in self.question.words if word.says_something)

    @cached_property
    def _superlative_concepts(self) -> frozenset[str]:
        return concepts(self.question.words[place].stem for place in self._superlatives)

    @cached_property
    def _first_text(self) -> int:
        return next((column for column, kind in enumerate(self.typed.kinds) if kind == "text"), 0)

    @cached_property
    def _plural(self) -> bool:
        return any(
            self.question.words[p].text.endswith("s") and not self.question.words[p].text.endswith("ss")
            for p in self.question.focus[:2]
        )

    def _focus_in_cells(self, column: int) -> bool:
        said = {self.question.words[place].stem for place in self.question.focus[:1]}
        cells = self.typed.cell_stems[column]
        return bool(said) and sum(bool(said & set(cell)) for cell in cells) * 2 > len(cells)
