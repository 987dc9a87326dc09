"""When an answer to a question of WikiTableQuestions is right: the rules of the official evaluation.

Written after the docstring of evaluator.py 1.0.2 of github.com/ppasupat/WikiTableQuestions (Pasupat and Liang 2015): as
many items as the gold answer has, and each of its items matched: by the normalised string, or as equal numbers
(within 1e-6). The official targets are annotated with numbers beforehand; ours are only strings, so that a gold item
counts as a number where it is one in digits, grouped by commas or not, alone or before a single unit ("17 years", as
the annotation has it). Dates match by their string.
"""

import re
import unicodedata
from collections.abc import Sequence

_QUOTES = str.maketrans(dict.fromkeys("‘’´`", "'") | dict.fromkeys("“”", '"') | dict.fromkeys("‐‑‒–—−", "-"))
_CITATIONS = re.compile(r"((?<!^)\[[^\]]*\]|\[\d+\]|[•♦†‡*#+])*$")
_DETAILS = re.compile(r"(?<!^)( \([^)]*\))*$")
_QUOTED = re.compile(r'^"([^"]*)"$')
_NUMBER = re.compile(
    r"([-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)(?: (?:years?|days?|months?|points?|minutes?|seconds?))?"
)
TOLERANCE = 1e-6


def normalised(text: str) -> str:
    """The string as the evaluation compares it: no accents, citations, details in brackets, outer quotes, case."""
    decomposed = unicodedata.normalize("NFKD", text)
    text = "".join(character for character in decomposed if unicodedata.category(character) != "Mn").translate(_QUOTES)
    before = None
    while text != before:
        before = text
        text = _CITATIONS.sub("", text.strip())
        text = _DETAILS.sub("", text.strip())
        text = _QUOTED.sub(r"\1", text.strip())
    return re.sub(r"\s+", " ", text.removesuffix(".")).lower().strip()


def is_right(predicted: Sequence[str | float], gold: str) -> bool:
    """Whether the answer is right; items of the gold answer are set apart by "|"."""
    targets = gold.split("|")
    return len(set(predicted)) == len(set(targets)) and all(
        any(_matches(target, value) for value in predicted) for target in targets
    )


def _matches(target: str, value: str | float) -> bool:
    if normalised(target) == normalised(_string(value)):
        return True
    wanted, said = _number(target), value if isinstance(value, float) else _number(value)
    return wanted is not None and said is not None and abs(wanted - said) < TOLERANCE


def _string(value: str | float) -> str:
    return value if isinstance(value, str) else str(int(value)) if value.is_integer() else str(value)


def _number(text: str) -> float | None:
    found = _NUMBER.fullmatch(text.strip().lower())
    return float(found[1].replace(",", "")) if found else None
