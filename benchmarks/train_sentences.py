"""Train what tells whether a sentence answers, and measure it: python -m benchmarks.train_sentences [--report FILE]

Prints WEIGHTS, BIAS and FLOOR of mmsearch/answering/sentences.py, from `sentence_questions` on the texts of the demo
library. All figures are out of fold, a document with all its questions in one of five parts. A question is asked of
each passage of its own document, and of one passage of each of FOREIGN other documents.
"""

import argparse
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from benchmarks.answering_report import write_section
from benchmarks.sentence_questions import WHETHER, questions
from mmsearch.answering.questions import read_question
from mmsearch.answering.sentences import BIAS, SIGNS, WEIGHTS, Judged, judge
from mmsearch.demo import demo_library
from mmsearch.parts import readers_of
from mmsearch.settings import Settings
from mmsearch.types import Document, Segment
from mmsearch_encoders.text import TextEncoder

PARTS = 5
FOREIGN = 3
SEED = 1
RIDGE = 1.0
PRECISION = 0.8

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Asked:
    """A question asked of a passage: its sentences judged, and which of them answers."""

    document: str
    question: str
    own: bool
    answerable: bool
    judged: Sequence[Judged]
    right: NDArray[np.bool_]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    asked = read_asked()
    groups = [each.document for each in asked]
    found: list[tuple[Asked, int, float]] = []
    for kept, left_out in GroupKFold(PARTS).split(asked, groups=groups):
        weights = fitted([asked[place] for place in kept])
        found += [(asked[place], *best(asked[place], weights)) for place in left_out]
    final = fitted(asked)
    floor = floor_of(found)
    text = report(found, floor) + whether_report(floor)
    print(
        dict(zip(SIGNS, np.round(final[:-1], 2).tolist(), strict=True)),
        "bias",
        round(float(final[-1]), 2),
        "floor",
        floor,
    )
    print(text)
    if options.report:
        write_section(options.report, "sentences", text)


def read_asked(questions: Sequence[tuple[str, str, str]] = tuple(questions())) -> list[Asked]:
    encoder, draw = TextEncoder(), random.Random(SEED)
    readers = readers_of(Settings(recognizer=None, ocr=None))
    passages: dict[str, list[Segment]] = {}
    for name in sorted({document for document, _, _ in questions}):
        path = demo_library() / name
        reader = next(reader for reader in readers if path.suffix in reader.suffixes)
        read = reader.read(Document(path.as_posix(), path))
        passages[name] = [segment for segment in read if segment.modality == "text"]
    asked = []
    for document, question, phrase in questions:
        others = draw.sample(sorted(passages.keys() - {document}), FOREIGN)
        segments = passages[document] + [draw.choice(passages[name]) for name in others]
        judged = judge(read_question(question), segments, encoder)
        holders = [[bool(phrase) and phrase in " ".join(j.sentence.text.split()) for j in each] for each in judged]
        for place, each in enumerate(judged):
            own = place < len(passages[document])
            right = np.array(holders[place] if own else [False] * len(each), bool)
            asked.append(Asked(document, question, own, bool(right.any()), each, right))
        if phrase and not any(any(each) for each in holders[: len(passages[document])]):
            raise ValueError(f"no sentence of {document} holds {phrase!r}")
    return [each for each in asked if each.judged]


def fitted(asked: Sequence[Asked]) -> Floats:
    """Weights by sign, then the bias: by all sentences first, then set right on the best of each passage (Platt)."""
    rows = np.array([judged.signs for each in asked for judged in each.judged])
    right = np.concatenate([each.right for each in asked])
    model = LogisticRegression(C=RIDGE, max_iter=1000).fit(rows, right)
    weights = np.array([*model.coef_[0], model.intercept_[0]])
    lines = [_lines(each, weights) for each in asked]
    best_lines = np.array([[line.max()] for line in lines])
    best_right = [bool(each.right[line.argmax()]) for each, line in zip(asked, lines, strict=True)]
    platt = LogisticRegression(C=1e3).fit(best_lines, best_right)
    weights = weights * platt.coef_[0][0]
    weights[-1] += platt.intercept_[0]
    return np.asarray(weights, np.float64)


def best(asked: Asked, weights: Floats) -> tuple[int, float]:
    lines = _lines(asked, weights)
    return int(lines.argmax()), float(1 / (1 + np.exp(-lines.max())))


def _lines(asked: Asked, weights: Floats) -> Floats:
    return np.asarray(np.array([judged.signs for judged in asked.judged]) @ weights[:-1] + weights[-1], np.float64)


def floor_of(found: Sequence[tuple[Asked, int, float]]) -> float:
    """The least confidence from which PRECISION of all that is answered, of whatever passage, is right."""
    ranked = sorted(found, key=lambda each: -each[2])
    right = np.cumsum([each.right[place] for each, place, _ in ranked]) / np.arange(1, len(ranked) + 1)
    return round(ranked[int(np.flatnonzero(right >= PRECISION).max())][2], 2)


def report(found: Sequence[tuple[Asked, int, float]], floor: float) -> str:
    answerable = [each for each in found if each[0].answerable]
    silent = [each for each in found if each[0].own and not each[0].answerable]
    foreign = [each for each in found if not each[0].own]
    top = np.mean([each.right[place] for each, place, _ in answerable])
    lines = [
        f"{len({(f[0].document, f[0].question) for f in found})} questions, {len(answerable)} passages that answer "
        f"one; in {top:.3f} of these the best sentence is the right one.",
        "",
        "| confidence at least | answered, of passages that answer | precision there | of the document's other "
        "passages and questions without an answer | of other documents | precision of all |",
        "|---|---|---|---|---|---|",
    ]
    for least in sorted({0.3, 0.5, 0.7, floor}):
        shares = [[f for f in group if f[2] >= least] for group in (answerable, silent, foreign)]
        right = sum(bool(each.right[place]) for each, place, _ in shares[0])
        mark = " (the floor)" if least == floor else ""
        lines.append(
            f"| {least:.2f}{mark} | {len(shares[0]) / len(answerable):.3f} | {right / max(1, len(shares[0])):.3f} "
            f"| {len(shares[1]) / len(silent):.3f} | {len(shares[2]) / len(foreign):.3f} "
            f"| {right / max(1, sum(map(len, shares))):.3f} |"
        )
    return "\n".join(lines) + "\n"


def whether_report(floor: float) -> str:
    """What the weights that are shipped, which have not seen them, do with questions of yes or no."""
    asked = read_asked(questions(WHETHER))
    shipped = np.array([*(WEIGHTS[name] for name in SIGNS), BIAS])
    shown = [(each, place) for each in asked for place, chance in [best(each, shipped)] if chance >= floor]
    right = sum(bool(each.right[place]) for each, place in shown)
    answerable = sum(each.answerable for each in asked)
    wrong = Counter("own" if each.own else "other" for each, place in shown if not each.right[place])
    return (
        f"\n{len(questions(WHETHER))} questions to be answered with yes or no, {answerable} passages that decide one: "
        f"the sentence that decides is shown for {right} of these; {wrong['own']} other sentences of their documents "
        f"are shown, and {wrong['other']} of {sum(not each.own for each in asked)} passages of other documents.\n"
    )


if __name__ == "__main__":
    main()
