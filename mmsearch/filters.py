"""The filter language: text to tree, and what a tree means for a segment. Stores only translate this meaning.

    modality = "image" and (date >= 2024-05 or tags contains "sea") and not uri prefix "/private/"
    year in [2023, 2024] and "page label" != 'iv' and rating > 3.5 and published = true

A field is a bare word (letters, digits, `_ . : -`) or any string in quotes; keywords are not case-sensitive.
Strings stand in single or double quotes; inside, the quote is doubled or has a backslash before it, and
`\\\\ \\n \\r \\t \\uXXXX` are understood. Dates need no quotes. They compare as the ISO strings they are, cut to what
is known: `date prefix 2024-05` is the month.
"""

import math
import re
from functools import cache
from typing import Any, Literal, cast

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken, v_args
from lark.exceptions import VisitError

from mmsearch.errors import InvalidFilter
from mmsearch.types import And, Compare, Contains, Filter, In, Not, Or, Prefix, Scalar, Segment

Kind = Literal["string", "number", "bool", "list"]

GRAMMAR = r"""
?start: or
?or: and (_OR and)* -> any_of
?and: not (_AND not)* -> all_of
?not: _NOT not -> negation
    | "(" or ")"
    | field OPERATOR value -> compare
    | field _IN "[" [value ("," value)*] "]" -> within
    | field _NOT _IN "[" [value ("," value)*] "]" -> not_within
    | field _CONTAINS text -> contains
    | field _PREFIX text -> prefix
field: WORD | STRING
value: STRING | DATE | NUMBER | BOOLEAN
text: STRING | DATE | NUMBER
_OR.3: /or(?![\w.:-])/i
_AND.3: /and(?![\w.:-])/i
_NOT.3: /not(?![\w.:-])/i
_IN.3: /in(?![\w.:-])/i
_CONTAINS.3: /contains(?![\w.:-])/i
_PREFIX.3: /prefix(?![\w.:-])/i
BOOLEAN.3: /(true|false)(?![\w.:-])/i
OPERATOR: "!=" | "<=" | ">=" | "=" | "<" | ">"
DATE.2: /\d{4}-\d\d(-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?(?![\w.:-])/
NUMBER.1: /[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?(?![\w.:-])/i
STRING: /"([^"\\]|\\.|"")*"|'([^'\\]|\\.|'')*'/s
WORD: /[^\W\d][\w.:-]*/
%ignore /\s+/
"""
WORDS = {
    "_OR": "or",
    "_AND": "and",
    "_NOT": "not",
    "_IN": "in",
    "_CONTAINS": "contains",
    "_PREFIX": "prefix",
    "BOOLEAN": "true or false",
    "OPERATOR": "= != < <= > >=",
    "DATE": "a date",
    "NUMBER": "a number",
    "STRING": "a string in quotes",
    "WORD": "a field",
    "LPAR": '"("',
    "RPAR": '")"',
    "LSQB": '"["',
    "RSQB": '"]"',
    "COMMA": '","',
    "$END": "the end",
}
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"', "'": "'"}
YEAR = re.compile(r"\d{4}")
MAX_DEPTH = 50
TOO_DEEP = f"the filter is nested more than {MAX_DEPTH} deep; write it with fewer parentheses and nots"


def parse(expression: str) -> Filter:
    """The filter that the words say. Raises InvalidFilter: the column, the line, what was expected."""
    try:
        filter = _Tree().transform(_parser().parse(expression))
    except UnexpectedInput as error:
        raise _invalid(expression, error) from error
    except VisitError as error:
        if isinstance(error.orig_exc, InvalidFilter):
            raise error.orig_exc from error
        raise
    except RecursionError as error:
        raise InvalidFilter(TOO_DEEP) from error
    if _depth(filter) > MAX_DEPTH:
        raise InvalidFilter(TOO_DEEP)
    return filter


def expression(filter: Filter) -> str:
    """The words that `parse` reads as this filter; a part that stands alone in an And or Or loses that.

    Raises InvalidFilter for what no words say: infinity, a number as a date, an And or Or of nothing.
    """
    match filter:
        case And(parts) | Or(parts):
            if not parts:
                raise InvalidFilter("a filter joins no parts; leave it out")
            word = " and " if isinstance(filter, And) else " or "
            return word.join(f"({expression(part)})" for part in parts)
        case Not(part):
            return f"not ({expression(part)})"
        case Compare(field, op, value):
            return f"{_quoted(field)} {op} {_written(field, value)}"
        case In(field, values):
            return f"{_quoted(field)} in [{', '.join(_written(field, value) for value in values)}]"
        case Contains(field, text):
            return f"{_quoted(field)} contains {_quoted(text)}"
        case Prefix(field, text):
            return f"{_quoted(field)} prefix {_quoted(text)}"


def _quoted(text: str) -> str:
    """As a string of the language; half characters, which names of files may hold, as escapes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub("[\ud800-\udfff]", lambda half: f"\\u{ord(half[0]):04x}", escaped) + '"'


def _written(field: str, value: Scalar) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return _quoted(value)
        case _ if field == "date" or not math.isfinite(value):
            raise InvalidFilter(f"no filter says {field} and the number {value}")
        case _:
            return repr(value)


def kind(value: object) -> Kind | None:
    """What a value can be compared with; None for what no filter ever matches (None, NaN, infinity, nested values)."""
    match value:
        case bool():
            return "bool"
        case str():
            return "string"
        case int():
            return "number"
        case float():
            return "number" if math.isfinite(value) else None
        case list() | tuple():
            return "list"
        case _:
            return None


def field_value(segment: Segment, field: str) -> object:
    """The segment's value of a filter field, None where it has none; its own fields hide metadata of their names."""
    match field:
        case "modality":
            return segment.modality
        case "document":
            return segment.document_id
        case "uri":
            return segment.uri
        case "title":
            return segment.title
        case _:
            return segment.metadata.get(field)


def matches(filter: Filter, segment: Segment) -> bool:
    """Whether the segment passes: the one definition that every store reproduces.

    A comparison is false where the field is missing or holds a value of another kind, `!=` too; `not` is the
    plain complement and therefore true there. Strings compare by code point, true and false are not numbers
    and have no order, and a list is only ever asked whether it contains a string.
    """
    match filter:
        case And(parts):
            return all(matches(part, segment) for part in parts)
        case Or(parts):
            return any(matches(part, segment) for part in parts)
        case Not(part):
            return not matches(part, segment)
        case Compare(field, op, value):
            return _compares(field_value(segment, field), op, value)
        case In(field, values):
            found = field_value(segment, field)
            same = kind(found)
            return same is not None and any(value == found and kind(value) == same for value in values)
        case Contains(field, part):
            found = field_value(segment, field)
            return part in found if isinstance(found, str | list | tuple) else False
        case Prefix(field, start):
            found = field_value(segment, field)
            return isinstance(found, str) and found.startswith(start)


def _compares(found: Any, op: str, value: Scalar) -> bool:
    same = kind(found)
    if same is None or same != kind(value):
        return False
    match op:
        case "=":
            return bool(found == value)
        case "!=":
            return bool(found != value)
        case _ if same == "bool":
            return False
        case "<":
            return bool(found < value)
        case "<=":
            return bool(found <= value)
        case ">":
            return bool(found > value)
        case _:
            return bool(found >= value)


@cache
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", lexer="contextual", maybe_placeholders=False)


def _depth(filter: Filter) -> int:
    match filter:
        case And(parts) | Or(parts):
            return 1 + max(map(_depth, parts))
        case Not(part):
            return 1 + _depth(part)
        case _:
            return 0


def _unquote(token: Token) -> str:
    quote, body = token[0], token[1:-1]

    def escaped(found: re.Match[str]) -> str:
        if found[0] == quote * 2:
            return quote
        if found["code"]:
            return chr(int(found["code"], 16))
        if found["char"] not in ESCAPES:
            raise InvalidFilter(
                f"filter, column {(token.column or 1) + 1 + found.start()}: there is no escape {found[0]}; "
                "write \\\\ for a backslash, \\\" \\' \\n \\r \\t or \\uXXXX"
            )
        return ESCAPES[found["char"]]

    return re.sub(rf"{quote}{quote}|\\u(?P<code>[0-9a-fA-F]{{4}})|\\(?P<char>.)", escaped, body, flags=re.DOTALL)


@v_args(inline=True)
class _Tree(Transformer[Token, Filter]):
    """Builds the nodes; a chain of one part stays that part."""

    def any_of(self, *parts: Filter) -> Filter:
        return parts[0] if len(parts) == 1 else Or(parts)

    def all_of(self, *parts: Filter) -> Filter:
        return parts[0] if len(parts) == 1 else And(parts)

    def negation(self, part: Filter) -> Filter:
        return Not(part)

    def field(self, token: Token) -> str:
        return _unquote(token) if token.type == "STRING" else str(token)

    def text(self, token: Token) -> str:
        return _unquote(token) if token.type == "STRING" else str(token)

    def value(self, token: Token) -> Token:
        return token

    def compare(self, field: str, op: Token, value: Token) -> Filter:
        return Compare(field, cast(Any, str(op)), _literal(field, value))

    def within(self, field: str, *values: Token) -> Filter:
        return In(field, tuple(_literal(field, value) for value in values))

    def not_within(self, field: str, *values: Token) -> Filter:
        return Not(self.within(field, *values))

    def contains(self, field: str, value: str) -> Filter:
        return Contains(field, value)

    def prefix(self, field: str, value: str) -> Filter:
        return Prefix(field, value)


def _literal(field: str, token: Token) -> Scalar:
    match token.type:
        case "STRING":
            return _unquote(token)
        case "DATE":
            return str(token)
        case "BOOLEAN":
            return token.lower() == "true"
    if field == "date":
        if YEAR.fullmatch(token):
            return str(token)
        raise InvalidFilter(
            f"filter, column {token.column}: {token} is not a date; write 2024, 2024-05, 2024-05-31 or a time in quotes"
        )
    try:
        number = float(token) if re.search("[.eE]", token) else int(token)
        finite = math.isfinite(number)
    except (ValueError, OverflowError):  # more digits than Python reads, or than a float has room for
        finite = False
    if not finite:
        raise InvalidFilter(f"filter, column {token.column}: {token[:40]} is too large a number")
    return number


def _invalid(expression: str, error: UnexpectedInput) -> InvalidFilter:
    at_end = isinstance(error, UnexpectedEOF) or (isinstance(error, UnexpectedToken) and error.token.type == "$END")
    position = len(expression) if at_end else cast(int, error.pos_in_stream)
    match error:
        case UnexpectedToken():
            names = error.accepts or error.expected
        case UnexpectedCharacters():
            names = error.allowed
        case _:
            names = set()
    line_start = expression.rfind("\n", 0, position) + 1
    line = expression[line_start:].split("\n", 1)[0]
    column = position - line_start + 1
    expected = ", ".join(sorted(WORDS.get(name, name) for name in names or ()))
    return InvalidFilter(
        f"filter, column {column}: expected {expected or 'a condition'}\n  {line}\n  {' ' * (column - 1)}^"
    )
