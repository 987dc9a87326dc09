"""Which candidate is meant, and how surely: a log-linear model over features, then a line through the log odds.

The model gives each candidate a share, exp of its weighted features over the sum of all; candidates that come to the
same are one answer and add up. It was trained to give most to candidates that come to the right answer, whichever they
are (Pasupat and Liang, ACL 2015). How surely is the product of two logistic regressions (Platt) on signs of the choice:
that the question is about this table and not another, and that the choice is right if it is. Both were fitted on tables
that the model had not seen. benchmarks/train_answerer.py makes all three.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from mmsearch.answering.denotations import Denotation, Values
from mmsearch.answering.features import Described, Features

WEIGHTS_FILE = "programs.json"
SURE = 1e-6
"""A share nearer to 0 or 1 counts as this near."""


SIGNS = (
    "left", "left share", "ignored", "ignored exact", "figures left", "used", "named", "exact", "inexact", "links",
    "column share named", "key share named", "better elsewhere", "votes",
)  # fmt: skip
"""The features of the chosen candidate that are signs of how sure it is."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Of features, and of the signs that the table `fits` and that the choice is `right` ("" for what is added).

    `floor` is the confidence below which there is no answer.
    """

    features: Mapping[str, float]
    fits: Mapping[str, float]
    right: Mapping[str, float]
    floor: float

    def confidence(self, signs: Features) -> float:
        """The probability that the choice is right, if one in three questions meets the table it is about.

        Nothing for a question to be answered with yes or no, which no program says, nor for one without a word that a
        table could have.
        """
        if "asks whether" in signs or not signs["told"]:
            return 0.0
        return _chance(self.fits, signs) * _chance(self.right, signs)


@dataclass(frozen=True, slots=True)
class Choice:
    """The answer with the greatest share, the best program that comes to it, and the signs of how sure it is."""

    denotation: Denotation
    signs: Features


def choose(described: Described, weights: Features) -> Choice | None:
    """The choice by the weights of the features; None where there is no candidate."""
    if not described.found:
        return None
    features = described.features
    scores = np.array([sum(weights.get(name, 0.0) * v for name, v in each.items()) for each in features])
    numbers: dict[Values, int] = {}
    answers = [numbers.setdefault(each.values, len(numbers)) for each in described.found]
    picked = pick(scores, np.array(answers))
    signs = {**question_signs(described), **choice_signs(features[picked.best], picked)}
    return Choice(described.found[picked.best], signs)


@dataclass(frozen=True, slots=True)
class Picked:
    """The place of the best candidate of the best answer, the share of that answer, and that of the second."""

    best: int
    share: float
    second: float


def pick(scores: NDArray[np.float64], answers: NDArray[np.int64]) -> Picked:
    """The best by the candidates' scores and the numbers of the answers that they come to."""
    shares = np.exp(scores - scores.max())
    by_answer = np.bincount(answers, shares / shares.sum())
    first = int(by_answer.argmax())
    second = float(np.delete(by_answer, first).max(initial=0.0))
    best = int(np.where(answers == first, scores, -np.inf).argmax())
    return Picked(best, float(by_answer[first]), second)


def question_signs(described: Described) -> Features:
    """What the table has of the question, whatever is chosen."""
    links = described.links
    told = links.told - links.question.reckoning
    unlinked, many = told - links.linked, max(1, len(told))
    return {
        "unlinked": len(unlinked) / many,
        "unlinked many": float(min(len(unlinked), 5)),
        "told": float(min(len(told), 10)),
        "linked cells": float(min(sum(link.exact for link in links.cells), 3)),
        "longest link": max((link.weight for link in links.cells), default=0.0),
        "title": len(links.in_title) / many,
        "candidates": float(np.log1p(len(described.found))),
        f"asks {links.question.asks}": 1.0,
    }


def choice_signs(features: Features, picked: Picked) -> Features:
    """How far the choice is ahead, and what speaks for and against it."""
    share, second = (min(max(each, SURE), 1 - SURE) for each in (picked.share, picked.second))
    end, op, _ = next(name for name in features if name.count("|") == 2).split("|")
    signs = {f"best {name}": features.get(name, 0.0) for name in SIGNS}
    odds = {"share": float(np.log(share / (1 - share))), "second": float(np.log(second / (1 - second)))}
    return {**signs, **odds, f"ends {end}": 1.0, f"operation {op}": 1.0}


def _chance(weights: Features, signs: Features) -> float:
    line = weights.get("", 0.0) + sum(weights.get(name, 0.0) * value for name, value in signs.items())
    return float(1 / (1 + np.exp(-line)))


@cache
def trained() -> Weights:
    """The weights that come with mmsearch."""
    held = json.loads(files(__package__).joinpath(WEIGHTS_FILE).read_text("utf-8"))
    return Weights(held["features"], held["fits"], held["right"], held["floor"])
