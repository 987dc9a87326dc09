"""What parts learned from judged sets, for a person at a terminal."""

from collections.abc import Mapping
from typing import Any

from mmsearch.terminal import err, out


def show_table_fit(found: Mapping[str, Any]) -> None:
    """How well questions find their tables with the map, without and by chance, and whether it was stored."""
    mrr = found["mrr"]
    out.print(
        f"{found['questions']} questions, {found['tables']} tables: mean reciprocal rank {mrr['mapped']:.3f} of tables "
        f"that were not learned from, {mrr['without']:.3f} without the map, {mrr['chance']:.3f} by chance",
        soft_wrap=True,
    )
    if found["stored"]:
        out.print(f'stored in {found["stored"]}; run "mmsearch index" to use it', soft_wrap=True, markup=False)
    else:
        err.print("[yellow]not stored[/] tables are found no better with it; more judged questions may help")


def show_answer_fit(found: Mapping[str, Any]) -> None:
    """How many answers are given and right at the floor before and after, and whether that was stored."""
    out.print(
        f"{found['questions']} questions, {found['answers']} answers, {found['right']} of them right", soft_wrap=True
    )
    for when, counts in found["at_floor"].items():
        out.print(
            f"{when}: {counts['own']} answers of the right table, {counts['own_right']} of them right; "
            f"{counts['other']} of another table, {counts['other_right']} of them right; "
            f"log loss {found['log_loss'][when]:.3f}",
            soft_wrap=True,
        )
    if found["stored"]:
        out.print(f"stored in {found['stored']}; answers go by it from now on", soft_wrap=True, markup=False)
    else:
        err.print("[yellow]not stored[/] it is no better than before; more judged answers may help")
