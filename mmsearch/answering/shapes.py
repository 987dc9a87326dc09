"""The shape of a program, whatever it holds: how it ends, what it does to rows, by what columns and keys."""

from collections.abc import Iterable

from mmsearch.answering.programs import (
    Aggregate,
    Alike,
    All,
    Beside,
    Beyond,
    Both,
    Cells,
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
    Holds,
    Measured,
    Program,
    Repeats,
    Rows,
    Streak,
)
from mmsearch.answering.typed import Key

ENDS = {
    Cells: "cells",
    Count: "count",
    Aggregate: "aggregate",
    Difference: "apart",
    Gap: "gap",
    Repeats: "repeats",
    Streak: "streak",
}


def operation(rows: Rows) -> tuple[str, Rows]:
    """The outermost operation by name, and the rows that it is applied to."""
    match rows:
        case End(inner, last):
            return ("last" if last else "first"), inner
        case Extreme(inner, _, most):
            return ("most" if most else "least"), inner
        case Beside(inner, after):
            return ("next" if after else "previous"), inner
        case Beyond(inner, after):
            return ("all after" if after else "all before"), inner
        case Exceeding(inner, _, more):
            return ("exceeding" if more else "falling short"), inner
        case Alike(inner, _):
            return "alike", inner
        case Frequent(inner, _, most):
            return ("frequent" if most else "rare"), inner
        case Except(_, inner):
            return "except", inner
        case _:
            return "none", rows


def rows_class(rows: Rows) -> str:
    """What kind of rows they are, whatever they hold."""
    match rows:
        case All():
            return "all"
        case Holds():
            return "link"
        case Measured():
            return "figure"
        case Both(Beyond(), _):
            return "link beyond link"
        case Both(one, Filled()):
            return f"filled {rows_class(one)}"
        case Both(one, other):
            return " ".join(sorted({rows_class(one), rows_class(other)})) + " both"
        case Either():
            return "either"
        case _:
            return f"{operation(rows)[0]} of {rows_class(operation(rows)[1])}"


def columns_of(program: Program) -> Iterable[int]:
    """The columns that the program reads, but for those that rows are found by."""
    if isinstance(program, Cells | Repeats) or (isinstance(program, Count) and program.column is not None):
        yield program.column  # type: ignore[misc]  # told above
    for key, _ in keys_of(program):
        yield key.column
    rows = program.one if isinstance(program, Difference) else program.rows
    if isinstance(rows, Alike | Frequent):
        yield rows.column
    if isinstance(rows, Both) and isinstance(rows.other, Filled):
        yield rows.other.column


def keys_of(program: Program) -> list[tuple[Key, str]]:
    """What the program orders or reckons by, and to what end."""
    found: list[tuple[Key, str]] = []
    match program:
        case Aggregate(how, _, key):
            found.append((key, how))
        case Gap(_, key, other):
            found += [(key, "gap"), (other, "gap")]
        case Difference(_, _, key) if key is not None:
            found.append((key, "apart"))
        case _:
            pass
    waiting: list[Rows] = [program.one, program.other] if isinstance(program, Difference) else [program.rows]
    while waiting:
        match waiting.pop():
            case Extreme(inner, key, most):
                found.append((key, "most" if most else "least"))
                waiting.append(inner)
            case Exceeding(inner, key, more):
                found.append((key, "exceeding" if more else "falling short"))
                waiting.append(inner)
            case Measured(key, op, _):
                found.append((key, op))
            case Both(one, two) | Either(one, two):
                waiting += [one, two]
            case Except(_, inner) | End(inner) | Beside(inner) | Beyond(inner) | Alike(inner) | Frequent(inner):
                waiting.append(inner)
            case _:
                pass
    return found
