"""Do scores keep what they promise? Measures of it, and whether lines through the log odds make it better.

Calibration error: the mean distance, over results, between the mean score and the share of relevant results in the ten
bands of score 0 to 0.1, ..., 0.9 to 1 (Naeini, Cooper and Hauskrecht, AAAI 2015). It can be small for scores that tell
nothing; the Brier score (mean square distance of score and relevance; Monthly Weather Review 78, 1950) and the log loss
(mean nats) are lowest for the true probabilities and nothing else (Gneiting and Raftery, JASA 102, 2007).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mmsearch.calibration import Floats, log_odds, posterior
from mmsearch.judged_rankings import JudgedRanking
from mmsearch.platt import fit
from mmsearch.refinement import Lines
from mmsearch.types import digest

BANDS = 10
FOLDS = 5
"""Parts of the queries; each is scored by lines that were fitted to the others."""

MEASURES = ("calibration_error", "brier", "log_loss")

EVERYTHING = "all"
"""The name of the measures over all media."""


@dataclass(frozen=True, slots=True)
class Reliability:
    """How well scores keep their promise over `results` judged results."""

    results: int
    relevant: int
    calibration_error: float
    brier: float
    log_loss: float


def reliability(promised: Floats, relevant: Floats) -> Reliability:
    """The measures of scores in [0, 1] for results that are relevant (1) or not (0)."""
    band = np.minimum((promised * BANDS).astype(int), BANDS - 1)
    excess = np.bincount(band, promised - relevant, BANDS)
    odds = log_odds(promised)
    return Reliability(
        len(promised),
        int(relevant.sum()),
        float(np.abs(excess).sum() / len(promised)),
        float(np.square(promised - relevant).mean()),
        float(np.logaddexp(0.0, np.where(relevant > 0, -odds, odds)).mean()),
    )


@dataclass(frozen=True, slots=True)
class Comparison:
    """The same results by their scores as they were and as lines make them: over all and by medium."""

    before: Mapping[str, Reliability]
    after: Mapping[str, Reliability]

    @property
    def better(self) -> bool:
        """Whether the lines raise neither the Brier score nor the log loss over all results."""
        before, after = self.before[EVERYTHING], self.after[EVERYTHING]
        return after.brier <= before.brier and after.log_loss <= before.log_loss


def fit_rankings(rankings: Sequence[JudgedRanking]) -> Lines:
    """The lines fitted to the judged results of all rankings. Raises ConfigError without the evaluation extra."""
    log_odds = np.concatenate([ranking.log_odds[ranking.judged] for ranking in rankings])
    relevant = np.concatenate([ranking.relevant[ranking.judged] for ranking in rankings])
    return fit(log_odds, relevant, [m for r in rankings for m, counts in zip(r.media, r.judged, strict=True) if counts])


def cross_validate(rankings: Sequence[JudgedRanking]) -> Comparison:
    """Every query by lines fitted to the queries of other folds; rankings of one query stand in one fold."""
    queries = sorted({ranking.query for ranking in rankings}, key=digest)
    fold = {query: place % FOLDS for place, query in enumerate(queries)}
    parts = [[ranking for ranking in rankings if fold[ranking.query] == number] for number in range(FOLDS)]
    tried = []
    for number, part in enumerate(parts):
        others = [ranking for other in parts[:number] + parts[number + 1 :] for ranking in other]
        if part:
            tried.append((part, fit_rankings(others)))
    return compare(tried)


def compare(tried: Sequence[tuple[Sequence[JudgedRanking], Lines]]) -> Comparison:
    """Rankings, each group with the lines that it is scored by."""
    pairs = [(ranking, lines) for group, lines in tried for ranking in group]
    counts = [ranking.judged for ranking, _ in pairs]
    before = [posterior(ranking.log_odds) for ranking, _ in pairs]
    after = [lines.refined(scores, ranking.media) for (ranking, lines), scores in zip(pairs, before, strict=True)]
    media = np.concatenate([np.array(r.media, dtype=str)[judged] for (r, _), judged in zip(pairs, counts, strict=True)])
    relevant = np.concatenate([r.relevant[judged] for (r, _), judged in zip(pairs, counts, strict=True)])

    def measured(scores: Sequence[Floats]) -> dict[str, Reliability]:
        of_judged = np.concatenate([s[judged] for s, judged in zip(scores, counts, strict=True)])
        groups = {EVERYTHING: np.full(len(media), True)} | {str(m): media == m for m in sorted(set(media))}
        return {name: reliability(of_judged[inside], relevant[inside]) for name, inside in groups.items()}

    return Comparison(measured(before), measured(after))
