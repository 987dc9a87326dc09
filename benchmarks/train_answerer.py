"""Train the table answerer and measure it: python -m benchmarks.train_answerer DATA [--report FILE]

Writes mmsearch/answering/programs.json from the shared questions of `wikitablequestions`. Every figure that it prints
is out of fold: five parts in turn, a table with all its questions in one of them; confidence is fitted out of fold as
well, on questions each asked of its own table, of one drawn at random, and of the nearest other. Takes about three
minutes of one core.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

import mmsearch.answering.choosing
from benchmarks.answering_report import Outcome, report, write_section
from benchmarks.answering_sets import Example, Vocabulary, examples, read_asked, read_tables
from mmsearch.answering.choosing import Weights
from mmsearch.answering.features import Features
from mmsearch.platt import optimiser

PARTS = 5
LEAST_QUESTIONS = 5
"""A feature that fewer questions have gets no weight."""
RIDGE = 0.002
"""0.001 to 0.003 give the same within one point of accuracy."""
STEPS = 120
WRONG = 500
"""Candidates that are not right are many: so many of a question are learned from."""
SEED = 1
SIGN_RIDGE = 0.1
AHEAD = ("share", "second")
"""Whether a choice is right shows best in how far it is ahead: all signs together told less on tables left out."""
DECIMALS = 3
LEAST_WEIGHT = 0.01
PRECISION = 0.78
"""The floor is the least confidence from which so many answers to questions with their own table are right: some more
than the three of four that are wanted, for the next questions are others."""
OUT = Path(mmsearch.answering.choosing.__file__).with_name(mmsearch.answering.choosing.WEIGHTS_FILE)

Floats = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    tables = read_tables(options.data / "wikitablequestions")
    asked = read_asked(options.data / "wikitablequestions", tables)
    vocabulary = Vocabulary()
    held, drawn, near = (list(examples(tables, each, vocabulary)) for each in zip(*asked, strict=True))
    names = list(vocabulary)
    reachable = float(np.mean([example.right.any() for example in held]))
    print(f"{len(held)} questions, {len(names)} features, a right candidate for {reachable:.3f}", flush=True)

    outcomes: list[Outcome] = []
    by_table = [own.table for own, *_ in asked]
    for part, (kept, left_out) in enumerate(GroupKFold(PARTS).split(held, groups=by_table)):
        weights = trained([held[place] for place in kept], names)
        line = np.array([weights.get(name, 0.0) for name in names])
        for place in left_out:
            for example in (held[place], drawn[place], near[place]):
                signs, right = example.chosen(names, line)
                outcomes.append(Outcome(example.asked, part, right, signs))
        print(f"part {part + 1} of {PARTS}", flush=True)
    confident = with_confidence(outcomes)
    floor = floor_of(confident)
    weights = trained(held, names)
    OUT.write_text(as_json(weights, *signs_of(outcomes), floor))
    text = report(confident, floor, reachable)
    print(text)
    print(f"wrote {OUT} ({OUT.stat().st_size} bytes)")
    if options.report:
        write_section(options.report, "tables", text)


@dataclass(frozen=True)
class Matrix:
    """All candidates of some questions: features, which are right, and where each question's begin."""

    rows: csr_matrix
    right: NDArray[np.bool_]
    starts: NDArray[np.int64]


def trained(held: list[Example], names: list[str]) -> dict[str, float]:
    """The weights that make the right candidates of each question likeliest, all of them together."""
    held = [example for example in held if example.right.any()]
    seen = np.zeros(len(names))
    for example in held:
        seen[np.unique(np.concatenate(example.indices))] += 1
    kept = np.flatnonzero(seen >= LEAST_QUESTIONS)
    matrix = _matrix(held, len(names), kept)
    across, sizes = matrix.rows.T.tocsr(), np.diff([*matrix.starts, len(matrix.right)])

    def shares(scores: Floats) -> tuple[Floats, Floats]:
        top = np.maximum.reduceat(scores, matrix.starts)
        raised = np.exp(scores - np.repeat(top, sizes))
        total = np.add.reduceat(raised, matrix.starts)
        return top + np.log(total), raised / np.repeat(total, sizes)

    def loss(weights: Floats) -> tuple[float, Floats]:
        scores = matrix.rows @ weights
        every, share = shares(scores)
        right, right_share = shares(np.where(matrix.right, scores, -1e9))
        slope = across @ (share - right_share) / len(held) + RIDGE * weights
        return float((every - right).mean() + RIDGE / 2 * weights @ weights), slope

    found = optimiser()(loss, np.zeros(len(kept)), jac=True, method="L-BFGS-B", options={"maxiter": STEPS})
    return {names[place]: float(weight) for place, weight in zip(kept, found.x, strict=True)}


def _matrix(held: list[Example], width: int, kept: NDArray[np.int64]) -> Matrix:
    draw = np.random.default_rng(SEED)
    taken = [_taken(example, draw) for example in held]
    indices = [example.indices[place] for example, places in zip(held, taken, strict=True) for place in places]
    values = [example.values[place] for example, places in zip(held, taken, strict=True) for place in places]
    ends = np.cumsum([0, *map(len, indices)])
    held_in = (np.concatenate(values), np.concatenate(indices), ends)
    rows = csr_matrix(held_in, shape=(len(indices), width))  # type: ignore[no-untyped-call]
    starts = np.cumsum([0, *map(len, taken)])[:-1]
    right = np.concatenate([example.right[places] for example, places in zip(held, taken, strict=True)])
    return Matrix(rows[:, kept], right, starts)


def _taken(example: Example, draw: np.random.Generator) -> NDArray[np.int64]:
    """The places of the candidates that are learned from: the right ones, and WRONG of the others."""
    right, wrong = np.flatnonzero(example.right), np.flatnonzero(~example.right)
    return np.sort(np.concatenate([right, draw.choice(wrong, min(WRONG, len(wrong)), replace=False)]))


def signs_of(outcomes: list[Outcome]) -> tuple[Features, Features]:
    """The weights of the signs that the table fits, and that the choice is right if it does; "" for what is added."""
    chosen = [outcome for outcome in outcomes if outcome.signs is not None]
    own = [outcome for outcome in chosen if outcome.asked.whose == "own"]
    every = sorted({name for outcome in chosen for name in outcome.signs or ()})
    return (
        _logistic(chosen, every, [outcome.asked.whose == "own" for outcome in chosen]),
        _logistic(own, AHEAD, [outcome.right for outcome in own]),
    )


def _logistic(outcomes: list[Outcome], names: Sequence[str], true: list[bool]) -> Features:
    rows = np.array([[(outcome.signs or {}).get(name, 0.0) for name in names] for outcome in outcomes])
    scale = rows.std(axis=0) + 1e-9
    model = LogisticRegression(C=SIGN_RIDGE, max_iter=2000).fit(rows / scale, true)
    return {"": float(model.intercept_[0])} | dict(zip(names, map(float, model.coef_[0] / scale), strict=True))


def with_confidence(outcomes: list[Outcome]) -> list[Outcome]:
    """The outcomes, each with the confidence that the other parts' outcomes give it."""
    found = []
    for part in range(PARTS):
        fits, right = signs_of([outcome for outcome in outcomes if outcome.part != part])
        weights = Weights({}, fits, right, 0.0)
        found += [
            outcome.with_confidence(weights.confidence(outcome.signs) if outcome.signs is not None else 0.0)
            for outcome in outcomes
            if outcome.part == part
        ]
    return found


def floor_of(outcomes: list[Outcome]) -> float:
    """The least confidence from which PRECISION of the answers to questions with their own table are right."""
    own = sorted((o for o in outcomes if o.asked.whose == "own"), key=lambda o: -o.confidence)
    right = np.cumsum([outcome.right for outcome in own]) / np.arange(1, len(own) + 1)
    return round(own[int(np.flatnonzero(right >= PRECISION).max())].confidence, 2)


def as_json(features: Features, fits: Features, right: Features, floor: float) -> str:
    """A weight a line, in the order of the alphabet, so that a change can be read."""
    told = []
    for weights in (fits, right, features):
        kept = {name: round(weight, DECIMALS) for name, weight in weights.items() if abs(weight) >= LEAST_WEIGHT}
        told.append(",\n".join(f"{json.dumps(name)}:{kept[name]}" for name in sorted(kept)))
    made_by = '"made_by": "benchmarks/train_answerer.py"'
    parts = [f'"{name}": {{\n{lines}}}' for name, lines in zip(("fits", "right", "features"), told, strict=True)]
    return "{" + ",\n".join([made_by, f'"floor": {floor}', *parts]) + "}\n"


if __name__ == "__main__":
    main()
