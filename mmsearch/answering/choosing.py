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

from mmsearch.answering.denotations import Denotation
from mmsearch.answering.features import Described, Features

WEIGHTS_FILE = "programs.json"
SURE = 1e-6
"""A share nearer to 0 or 1 counts as this near."""


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
        """The probability that the choice is right, if one in three questions meets the table it is about."""
        return _chance(self.fits, signs) * _chance(self.right, signs)


@dataclass(frozen=True, slots=True)
class Choice:
    """The answer with the greatest share, the best program that comes to it, and the signs of how sure it is."""

    denotation: Denotation
    signs: Features


def choose(described: Described, features: Mapping[str, float]) -> Choice | None:
    """The choice by the weights of the features; None where there is no candidate."""
    if not described.found:
        return None
    scores = np.array([sum(features.get(name, 0.0) * v for name, v in each.items()) for each in described.features])
    shares = np.exp(scores - scores.max())
    shares /= shares.sum()
    answers: dict[object, float] = {}
    for denotation, share in zip(described.found, shares, strict=True):
        answers[denotation.values] = answers.get(denotation.values, 0.0) + float(share)
    first, *rest = sorted(answers.items(), key=lambda each: -each[1])
    best = max(
        (place for place, each in enumerate(described.found) if each.values == first[0]), key=lambda p: scores[p]
    )
    second = rest[0][1] if rest else 0.0
    return Choice(described.found[best], _signs(described, best, first[1], second))


def _chance(weights: Features, signs: Features) -> float:
    line = weights.get("", 0.0) + sum(weights.get(name, 0.0) * value for name, value in signs.items())
    return float(1 / (1 + np.exp(-line)))


def _signs(described: Described, best: int, share: float, second: float) -> Features:
    links, features = described.links, described.features[best]
    told = max(1, len(links.told))
    share, second = (min(max(each, SURE), 1 - SURE) for each in (share, second))
    unlinked = links.told - links.linked
    signs = {
        "share": float(np.log(share / (1 - share))),
        "second": float(np.log(second / (1 - second))),
        "unlinked": len(unlinked) / told,
        "unlinked many": float(min(len(unlinked), 5)),
        "told": float(min(len(links.told), 10)),
        "linked cells": float(min(sum(link.exact for link in links.cells), 3)),
        "longest link": max((link.weight for link in links.cells), default=0.0),
        "title": len(links.in_title) / told,
        "candidates": float(np.log1p(len(described.found))),
        f"asks {links.question.asks}": 1.0,
    }
    for name in ("left", "left share", "ignored", "ignored exact", "figures left", "used", "named", "exact", "inexact",
                 "links", "column share named", "key share named", "better elsewhere", "votes"):  # fmt: skip
        signs[f"best {name}"] = features.get(name, 0.0)
    ends = [name for name in features if name.count("|") == 2]
    signs[f"shape {ends[0].split('|')[0]}"] = signs[f"shape {ends[0].split('|')[1]}"] = 1.0
    return signs


@cache
def trained() -> Weights:
    """The weights that come with mmsearch."""
    held = json.loads(files(__package__).joinpath(WEIGHTS_FILE).read_text("utf-8"))
    return Weights(held["features"], held["fits"], held["right"], held["floor"])
