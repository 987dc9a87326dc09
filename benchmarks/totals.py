"""Are bare totals over a whole column answered? python -m benchmarks.totals DATA [--report FILE]

Asked of the tables of WikiTableQuestions: one column of plain numbers each, in three ways; right is the column's sum.
By the weights that are shipped, which were trained on other questions about these tables.
"""

import argparse
import math
import random
import re
from pathlib import Path

from benchmarks.answering_report import write_section
from benchmarks.answering_sets import read_tables
from mmsearch.answering.table import TableAnswerer
from mmsearch.answering.typed import TypedTable
from mmsearch.types import Segment, Span

SEED = 1
TABLES = 200
FEWEST_ROWS = 4
WAYS = ("what is the total number of {}?", "what is the total {}?", "what is the sum of {}?")
NAMED = re.compile(r"[a-z][a-z ]+")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    text = report(options.data)
    print(text)
    if options.report:
        write_section(options.report, "totals", text)


def report(data: Path) -> str:
    tables = read_tables(data / "wikitablequestions").typed
    draw, answerer = random.Random(SEED), TableAnswerer()
    asked = [(typed, column) for typed in tables.values() if (column := _summable(typed, draw)) is not None]
    drawn = draw.sample(asked, min(TABLES, len(asked)))
    lines = ["| asked | tables | answered | right of the answered |", "|---|---|---|---|"]
    for way in WAYS:
        answered = right = 0
        for typed, column in drawn:
            segment = Segment("t", "d", "/t", "table", Span(start_row=0), title=typed.title, table=typed.table)
            (answer,) = answerer.answer(way.format(typed.table.header[column].lower()), [segment])
            if answer is not None:
                answered += 1
                right += _is_sum(answer.text, typed, column)
        share = f"{right / answered:.3f}" if answered else "–"
        lines.append(f"| {way.format('passengers')} | {len(drawn)} | {answered / len(drawn):.3f} | {share} |")
    return "\n".join(lines) + "\n"


def _summable(typed: TypedTable, draw: random.Random) -> int | None:
    """A column with a name in words in which every cell is a number, and no year; None where there is none."""
    years = {key.column for key in typed.keys if key.kind == "date"}
    fit = [
        column
        for column, values in enumerate(typed.values)
        if len(values) >= FEWEST_ROWS
        and NAMED.fullmatch(typed.table.header[column].lower())
        and any(key.column == column and key.kind == "number" for key in typed.keys)
        and column not in years
        and all(value.kind == "number" and value.whole for value in values)
    ]
    return draw.choice(fit) if fit else None


def _is_sum(text: str, typed: TypedTable, column: int) -> bool:
    total = math.fsum(value.number or 0.0 for value in typed.values[column])
    found = re.search(r"-?[\d,]+(?:\.\d+)?", text)
    return found is not None and math.isclose(float(found[0].replace(",", "")), total, rel_tol=1e-4, abs_tol=1e-4)


if __name__ == "__main__":
    main()
