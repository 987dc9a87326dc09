"""The tables of ANSWERS.md about tables: accuracy, coverage, precision, refusal and calibration, out of fold."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.answering_sets import Asked
from mmsearch.answering.features import Features
from mmsearch.answering.questions import read_question

FLOORS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
BINS = ((0.0, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 0.9), (0.9, 1.01))


@dataclass(frozen=True)
class Outcome:
    """What came of a question: whether the choice is right, its signs (None without a choice), and its confidence."""

    asked: Asked
    part: int
    right: bool
    signs: Features | None
    confidence: float = 0.0

    def with_confidence(self, confidence: float) -> "Outcome":
        return replace(self, confidence=confidence)


def write_section(file: Path, name: str, text: str) -> None:
    """Put the text between the marks of that name in the file, in place of what stood there."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, _, rest = file.read_text("utf-8").partition(begin)
    file.write_text(before + begin + "\n" + text + "\n" + end + rest.partition(end)[2], "utf-8")


def report(outcomes: list[Outcome], floor: float, reachable: float) -> str:
    own, drawn, near = (
        [outcome for outcome in outcomes if outcome.asked.whose == whose] for whose in ("own", "random", "nearest")
    )
    accuracy = np.mean([outcome.right for outcome in own])
    lines = [
        f"{len(own)} questions on {len({o.asked.table for o in own})} tables; a right candidate is among the proposed "
        f"for {reachable:.3f} of them; without refusing, {accuracy:.3f} are answered right.",
        "",
        "| confidence at least | coverage | precision | right of all | answered of a random other table "
        "| of the nearest other | right there |",
        "|---|---|---|---|---|---|---|",
    ]
    for least in sorted({*FLOORS, floor}):
        answered = [outcome for outcome in own if outcome.confidence >= least]
        wrongly, nearly = ([o for o in group if o.confidence >= least] for group in (drawn, near))
        right = sum(outcome.right for outcome in answered)
        mark = " (the floor)" if least == floor else ""
        lines.append(
            f"| {least:.2f}{mark} | {len(answered) / len(own):.3f} | {right / max(1, len(answered)):.3f} "
            f"| {right / len(own):.3f} | {len(wrongly) / len(drawn):.3f} | {len(nearly) / len(near):.3f} "
            f"| {sum(o.right for o in nearly)} of {len(nearly)} |"
        )
    lines += [
        "",
        "| question | questions | accuracy | coverage at the floor | precision there |",
        "|---|---|---|---|---|",
    ]
    lines += _by(own, floor, lambda outcome: read_question(outcome.asked.question).asks)
    lines += ["", "| confidence | questions, own and other tables | said | right |", "|---|---|---|---|"]
    for low, high in BINS:
        inside = [outcome for outcome in outcomes if low <= outcome.confidence < high]
        if inside:
            said, right_share = np.mean([o.confidence for o in inside]), np.mean([o.right for o in inside])
            lines.append(f"| {low:.1f} to {min(high, 1.0):.1f} | {len(inside)} | {said:.3f} | {right_share:.3f} |")
    return "\n".join(lines) + "\n"


def _by(own: list[Outcome], floor: float, group: Callable[[Outcome], str]) -> Iterable[str]:
    groups: dict[str, list[Outcome]] = {}
    for outcome in own:
        groups.setdefault(group(outcome), []).append(outcome)
    for name, members in sorted(groups.items(), key=lambda each: -len(each[1])):
        answered = [outcome for outcome in members if outcome.confidence >= floor]
        precision = f"{np.mean([o.right for o in answered]):.3f}" if answered else "–"
        yield (
            f"| {name} | {len(members)} | {np.mean([o.right for o in members]):.3f} "
            f"| {len(answered) / len(members):.3f} | {precision} |"
        )
