"""What judgements make of the scores: a line through the log odds of the calibrated posterior for each medium.

A refined score is 1 / (1 + e^-(slope * log odds + offset)), Platt's scaling (`mmsearch.platt` fits it). The lines of
two media cross, so that a picture that ranks before a text may promise less than it. Then the two, and what lies
between them, share the mean of their promises (pool adjacent violators: Ayer, Brunk, Ewing, Reid and Silverman, Annals
of Mathematical Statistics 26, 1955), and the order of a ranking stays the one of the evidence. It has to: a line says
how often a medium is relevant over all queries, and says nothing of which medium *this* query is after. Ranked by the
lines alone, tables can come 2.2 points of nDCG@10 later than they did: benchmarks/QUALITY.md has the figures.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np

from mmsearch.calibration import REVISION, Floats, log_odds, posterior
from mmsearch.errors import Forbidden, StoreError
from mmsearch.types import Modality

FORMAT = 1
"""Of the file below; a reader refuses another."""

REFINEMENT_FILE = "calibration.json"
"""Where the refinement stands in a library's folder."""


@dataclass(frozen=True, slots=True)
class Line:
    """slope * log odds + offset; the slope is above zero, so that better evidence never promises less."""

    slope: float
    offset: float


@dataclass(frozen=True, slots=True)
class Lines:
    """A line for each medium that was judged, and the pooled one for the others."""

    pooled: Line
    by_medium: Mapping[Modality, Line] = field(default_factory=dict)

    def refined(self, scores: Floats, media: Sequence[Modality]) -> Floats:
        """Calibrated scores of the documents of one ranking (any order) as probabilities in the same order of rank."""
        lines = [self.by_medium.get(medium, self.pooled) for medium in media]
        slopes, offsets = (np.array([getattr(line, part) for line in lines]) for part in ("slope", "offset"))
        promised = posterior(slopes * log_odds(scores), offsets)
        order = np.argsort(-scores, kind="stable")
        refined = np.empty_like(promised)
        refined[order] = falling(promised[order])
        return refined


def falling(values: Floats) -> Floats:
    """The nearest values, by least squares, that never rise: neighbours that do share their mean."""
    means, sizes = list[float](), list[int]()
    for value in values:
        mean, size = float(value), 1
        while means and means[-1] < mean:
            mean = (means[-1] * sizes[-1] + mean * size) / (sizes[-1] + size)
            size += sizes.pop()
            means.pop()
        means.append(mean)
        sizes.append(size)
    return np.repeat(np.array(means, dtype=np.float64), np.array(sizes, dtype=np.intp))


@dataclass(frozen=True, slots=True)
class Refinement:
    """Lines with what they were fitted to: the fingerprints of the spaces by name, and facts for a person.

    `facts` are the date, how many results and queries were judged, the measures before and after, and versions.
    """

    lines: Lines
    spaces: Mapping[str, str]
    facts: Mapping[str, Any] = field(default_factory=dict)
    evidence: str = REVISION

    def fits(self, spaces: Mapping[str, str]) -> bool:
        """Whether scores over these spaces, by name and fingerprint, are made as those that it was fitted to."""
        return self.evidence == REVISION and dict(self.spaces) == dict(spaces)


def write_refinement(folder: Path, refinement: Refinement) -> Path:
    """Store it in the library's folder; whoever reads meanwhile finds the old one or the new one whole.

    Raises Forbidden when the folder cannot be written.
    """
    file = folder / REFINEMENT_FILE
    content = {
        "format": FORMAT,
        "fusion": "calibrated",
        "evidence": refinement.evidence,
        "spaces": dict(refinement.spaces),
        "pooled": asdict(refinement.lines.pooled),
        "media": {medium: asdict(line) for medium, line in sorted(refinement.lines.by_medium.items())},
        "facts": dict(refinement.facts),
    }
    try:
        with NamedTemporaryFile("w", dir=folder, prefix=f".{file.name}.", delete=False, encoding="utf-8") as partial:
            try:
                partial.write(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
                partial.flush()
                os.fsync(partial.fileno())
                partial.close()
                Path(partial.name).replace(file)
            finally:
                Path(partial.name).unlink(missing_ok=True)
    except OSError as error:
        raise Forbidden(f"{file} cannot be written: {error.strerror}") from error
    return file


def read_refinement(folder: Path) -> Refinement | None:
    """The refinement of the library in the folder, None when it has none.

    Raises StoreError naming the file and the way out when it is not one, or of another format.
    """
    file = folder / REFINEMENT_FILE
    way_out = '"mmsearch calibrate --forget" removes it'
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise StoreError(f"{file} has format {content['format']}, this mmsearch reads format {FORMAT}: {way_out}")
        media = {medium: _line(line) for medium, line in content["media"].items()}
        lines = Lines(_line(content["pooled"]), media)
        return Refinement(lines, dict(content["spaces"]), dict(content["facts"]), str(content["evidence"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{file} cannot be read as a refinement of scores ({error!r}): {way_out}") from error


def _line(content: Mapping[str, float]) -> Line:
    line = Line(float(content["slope"]), float(content["offset"]))
    if not (line.slope > 0 and np.isfinite([line.slope, line.offset]).all()):
        raise ValueError(f"{line} is no rising line")
    return line


def forget_refinement(folder: Path) -> bool:
    """Remove the library's refinement, readable or not; whether there was one. Raises Forbidden."""
    file = folder / REFINEMENT_FILE
    try:
        file.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise Forbidden(f"{file} cannot be removed: {error.strerror}") from error
    return True
