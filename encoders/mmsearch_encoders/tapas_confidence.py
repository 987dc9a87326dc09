"""How sure an answer of TAPAS is: a logistic regression (Platt) on signs of the answer, fitted to judged questions.

TAPAS answers every question, of any table, and is sure of it. So its own probability is one sign of four; whether the
table has the words of the question says more. Signs never speak against an answer, by whatever they are fitted to, and
few judgements move the line little: it is drawn to the cautious one that comes without any.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mmsearch.answering.linking import Links
from mmsearch.calibration import Floats, posterior
from mmsearch.errors import Forbidden, ModelError
from mmsearch.platt import optimiser, smoothed

FORMAT = 1
SURE = 4.0
"""Log odds of the model's own probability, beyond which they tell nothing more."""
RIDGE = 2.0
"""Judgements that the cautious line weighs as."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for an answer: each is the greater, the surer.

    `model` are the log odds of what TAPAS gives to just these cells, their column and the operation; `known` is the
    share of the question's telling words that the table has; `agreement` the share of windows that answer from the
    same column; `kind` is 1 where the answer is of the kind that is asked for.
    """

    model: float
    known: float
    agreement: float
    kind: float

    def row(self) -> list[float]:
        return [self.model, self.known, self.agreement, self.kind, 1.0]


@dataclass(frozen=True, slots=True)
class Confidence:
    """Weights of the signs, and what is added to their sum; `facts` say what it was fitted to."""

    model: float = 0.25
    known: float = 2.5
    agreement: float = 1.0
    kind: float = 1.0
    offset: float = -5.0
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, signs: Signs) -> float:
        """The probability that the answer is right."""
        return float(posterior(np.array([np.dot(self.line(), signs.row())]))[0])

    def line(self) -> list[float]:
        return [self.model, self.known, self.agreement, self.kind, self.offset]


CAUTIOUS = Confidence()
"""Without judgements: at best 0.62, and under one half where the table lacks a quarter of the telling words, or the
answer is not of the kind that is asked for, or TAPAS itself is not sure. Set by hand: no weights could be measured."""


def odds(log_probability: float) -> float:
    """The log odds, between -SURE and SURE."""
    chance = float(np.clip(np.exp(log_probability), 1e-9, 1 - 1e-9))
    return float(np.clip(np.log(chance / (1 - chance)), -SURE, SURE))


def known_share(links: Links) -> float:
    """The share of the question's telling words that the table or its title has; 0 where no word tells anything."""
    telling = links.told - links.question.reckoning
    return len(telling & links.linked) / len(telling) if telling else 0.0


def fit(signs: Sequence[Signs], right: Floats, facts: Mapping[str, Any] | None = None) -> Confidence:
    """The line with the least log loss, no sign against, drawn to the cautious one by RIDGE judgements.

    Raises ConfigError when the evaluation extra is not installed.
    """
    rows = np.array([each.row() for each in signs])
    targets, start = smoothed(right), np.array(CAUTIOUS.line())

    def loss(line: Floats) -> tuple[float, Floats]:
        fitted, away = rows @ line, line - start
        slope = rows.T @ (posterior(fitted) - targets) + RIDGE * away
        return float((np.logaddexp(0.0, fitted) - targets * fitted).sum() + RIDGE / 2 * away @ away), slope

    bounds = [(0.0, None)] * (len(start) - 1) + [(None, None)]
    found = optimiser()(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    model, known, agreement, kind, offset = map(float, found.x)
    return Confidence(model, known, agreement, kind, offset, dict(facts or {}))


def save(confidence: Confidence, file: Path) -> None:
    """Write one JSON file, whole or not at all. Raises Forbidden."""
    content = json.dumps({"format": FORMAT, **asdict(confidence)}, indent=2, ensure_ascii=False) + "\n"
    partial = file.with_name(f".{file.name}.partial")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(content, encoding="utf-8")
        partial.replace(file)
    except OSError as error:
        raise Forbidden(f"{file} cannot be written: {error.strerror}") from error


def load(file: Path) -> Confidence:
    """What the file holds. Raises ModelError naming the way out."""
    try:
        held = json.loads(file.read_text(encoding="utf-8"))
        if held.pop("format") != FORMAT:
            raise ValueError("it has another format")
        line = {name: float(held[name]) for name in ("model", "known", "agreement", "kind", "offset")}
        return Confidence(**line, facts=dict(held["facts"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{file} cannot be read as a confidence ({error!r}): delete it, or learn it again with "
            '"mmsearch fit-answers SET"'
        ) from error
