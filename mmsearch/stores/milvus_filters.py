"""A filter as a Milvus expression.

Every row has the columns `document`, `modality`, `uri` and `title`, a number that stands for its document, and a JSON
column `facets`, `{"kinds": {field: kind}, "values": {field: value}}`, with a list as `{member: 1}`: what a value is and
whether a list holds a member are then plain comparisons, and `not` can be moved down to them (Milvus Lite has none).
Literals are written by `literal` alone, in an alphabet that needs no escapes (`safe_text`).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import assert_never

from mmsearch.filters import kind
from mmsearch.stores.safe_text import after, faithful, safe
from mmsearch.types import And, Compare, Contains, Filter, In, Not, Or, Prefix, Scalar

COLUMNS = frozenset({"document", "modality", "uri", "title"})
DOCUMENT_NUMBER = "document_number"
OPPOSITE = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
SPELLED = {"=": "=="}
LONGEST_LITERAL = 4_096
"""Milvus Lite reads a literal of a megabyte for seconds."""
EXACT_NUMBERS = 2**53
"""Beyond, Milvus rounds when an integer meets a float."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What Milvus can be asked: an expression, everything (True) or nothing (False).

    Where it is not `exact`, it lets through all that the filter does and more: the rows are to be looked at again.
    """

    expression: str | bool
    exact: bool = True


EVERYTHING = Condition(True)
NOTHING = Condition(False)
CANNOT_SAY = Condition(True, exact=False)


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a Milvus understands: `not` and `exists` (servers, not Lite), `like "%part%"` (Lite, servers from 2.4)."""

    negation: bool
    parts: bool


LITE = Dialect(negation=False, parts=True)


def compiled(filter: Filter, dialect: Dialect) -> Condition:
    """The filter as this Milvus can be asked it."""
    return _Compiler(dialect).condition(filter, wanted=True)


def document_number(id: str) -> int:
    """What stands for the document in lists: Milvus Lite compares 84 of them with a row five times sooner than ids.

    63 bits of a hash: that two of a hundred million documents share one has a chance of 1 in 2,000.
    """
    return int.from_bytes(blake2b(id.encode(errors="surrogatepass"), digest_size=8).digest(), "big") >> 1


def of_documents(ids: Iterable[str]) -> str:
    """That a row is of one of the documents, as an expression."""
    return f"{DOCUMENT_NUMBER} in [{', '.join(str(document_number(id)) for id in ids)}]"


def literal(value: Scalar) -> str:
    """The value as it stands in an expression: the only place that writes one."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{safe(value)}"'
        case _:
            return repr(value)


def facet_key(name: str) -> str:
    """The key of a field or a list's member in `facets`; never empty."""
    return "." + safe(name)


def all_of(parts: Sequence[Condition]) -> Condition:
    """Every part holds."""
    if any(part.expression is False for part in parts):
        return NOTHING
    return _joined(" and ", parts, neutral=True)


def any_of(parts: Sequence[Condition]) -> Condition:
    """At least one part holds."""
    if any(part.expression is True and part.exact for part in parts):
        return EVERYTHING
    if any(part.expression is True for part in parts):
        return CANNOT_SAY
    return _joined(" or ", parts, neutral=False)


def _joined(word: str, parts: Sequence[Condition], neutral: bool) -> Condition:
    exact = all(part.exact for part in parts)
    expressions = [part.expression for part in parts if isinstance(part.expression, str)]
    if not expressions:
        return Condition(neutral, exact)
    return Condition(_balanced(word, expressions), exact)


def _balanced(word: str, expressions: Sequence[str]) -> str:
    """In halves of halves: Milvus reads a long chain as so many levels, and takes about a hundred."""
    if len(expressions) == 1:
        return expressions[0]
    half = len(expressions) // 2
    return f"({_balanced(word, expressions[:half])}{word}{_balanced(word, expressions[half:])})"


@dataclass(frozen=True, slots=True)
class _Compiler:
    dialect: Dialect

    def condition(self, filter: Filter, wanted: bool) -> Condition:
        """That the filter is as `wanted`: true or false."""
        match filter:
            case Not(part):
                return self.condition(part, not wanted)
            case And(parts):
                join: Callable[[Sequence[Condition]], Condition] = all_of if wanted else any_of
                return join([self.condition(part, wanted) for part in parts])
            case Or(parts):
                join = any_of if wanted else all_of
                return join([self.condition(part, wanted) for part in parts])
            case Compare(field, op, value):
                return self._compare(field, op, value, wanted)
            case In(field, values):
                return self._within(field, values, wanted)
            case Prefix(field, start):
                return self._prefix(field, start, wanted)
            case Contains(field, part):
                return self._contains(field, part, wanted)
            case _:
                assert_never(filter)

    def _compare(self, field: str, op: str, value: Scalar, wanted: bool) -> Condition:
        same = kind(value)
        if same is None or (same == "bool" and op not in ("=", "!=")) or (field in COLUMNS and same != "string"):
            return NOTHING if wanted else EVERYTHING
        if not _writable(value):
            return CANNOT_SAY
        spelled = op if wanted else OPPOSITE[op]
        test = Condition(f"{_value(field)} {SPELLED.get(spelled, spelled)} {literal(value)}")
        return self._typed(field, same, test, wanted, differs=spelled == "!=")

    def _within(self, field: str, values: Sequence[Scalar], wanted: bool) -> Condition:
        """Alike kinds together: Milvus refuses a list that mixes them."""
        if not all(_writable(value) for value in values if kind(value) is not None):
            return CANNOT_SAY
        strings = [value for value in values if kind(value) == "string"]
        numbers = [float(value) for value in values if kind(value) == "number"]
        whole = all(number.is_integer() for number in numbers)
        truths = [value for value in values if kind(value) == "bool"]
        groups = [self._compare(field, "=", value, wanted) for value in truths]
        if strings:
            groups.append(self._typed(field, "string", _listed(field, strings, wanted), wanted))
        if numbers and field not in COLUMNS:
            alike = [int(number) for number in numbers] if whole else numbers
            groups.append(self._typed(field, "number", _listed(field, alike, wanted), wanted))
        return any_of(groups) if wanted else all_of(groups)

    def _prefix(self, field: str, start: str, wanted: bool) -> Condition:
        """As a range: the wildcards of `like` cannot be escaped everywhere."""
        if not _writable(start):
            return CANNOT_SAY
        if not start:
            return self._typed(field, "string", EVERYTHING if wanted else NOTHING, wanted)
        low, high = literal(start), f'"{after(safe(start))}"'
        name = _value(field)
        test = f"({name} >= {low} and {name} < {high})" if wanted else f"({name} < {low} or {name} >= {high})"
        return self._typed(field, "string", Condition(test), wanted)

    def _contains(self, field: str, part: str, wanted: bool) -> Condition:
        if not _writable(part):
            return CANNOT_SAY
        in_string = self._typed(field, "string", self._part_of_string(field, part, wanted), wanted)
        if field in COLUMNS:
            return in_string
        member = f'{_value(field)}["{facet_key(part)}"]'
        in_list = Condition(f"{member} == 1") if wanted else self._absent_or(member, f"{member} != 1")
        return any_of([in_string, in_list]) if wanted else all_of([in_string, in_list])

    def _part_of_string(self, field: str, part: str, wanted: bool) -> Condition:
        if not part:
            return EVERYTHING if wanted else NOTHING
        if not self.dialect.parts or not (wanted or self.dialect.negation):
            return CANNOT_SAY
        test = f'{_value(field)} like "%{safe(part)}%"'
        return Condition(test if wanted else f"not ({test})")

    def _typed(self, field: str, same: str, test: Condition, wanted: bool, differs: bool = False) -> Condition:
        """The test where the value is of this kind; where it is not, false if the filter is wanted, else true.

        `differs` says that the test is `!=`, the only one that holds for a value of another kind.
        """
        if field in COLUMNS:
            return test
        found = f'facets["kinds"]["{facet_key(field)}"]'
        if wanted and isinstance(test.expression, str) and not differs:
            return test  # Milvus compares only what is of one kind
        if wanted:
            return all_of([Condition(f'{found} == "{same}"'), test])
        return any_of([self._absent_or(found, f'{found} != "{same}"'), test])

    def _absent_or(self, path: str, test: str) -> Condition:
        """In Milvus Lite `!=` is true where there is no such key; a server says so with `exists`."""
        return Condition(f"(not (exists {path}) or {test})" if self.dialect.negation else test)


def _value(field: str) -> str:
    return field if field in COLUMNS else f'facets["values"]["{facet_key(field)}"]'


def _listed(field: str, values: Sequence[Scalar], wanted: bool) -> Condition:
    name = _value(field)
    if field == "document":
        name, values = DOCUMENT_NUMBER, [document_number(str(id)) for id in values]
    return Condition(f"{name} {'in' if wanted else 'not in'} [{', '.join(map(literal, values))}]")


def _writable(value: Scalar) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST_LITERAL and faithful(value)
    return abs(value) < EXACT_NUMBERS
