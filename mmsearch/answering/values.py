"""Cells as values: numbers with their units, dates, durations and scores, as people write them.

dateutil and its kind fill in what a date leaves open ("May 1978" becomes the tenth of something); here a date keeps
what it says, for `May 1978` and `1978` must sort and count as themselves.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

ValueKind = Literal["empty", "number", "date", "duration", "score", "text"]

DAYS_A_MONTH, DAYS_A_YEAR = 31, 372
"""Of the scale on which dates are ordered, where every month has 31 days: the date 1978-05-10 is 735,973."""

_SPACES = "\u00a0\u202f\u2009 "
_DIGITS = (
    rf"(?P<grouped>\d{{1,3}}(?:[,'’{_SPACES}]\d{{3}})+(?:\.\d+)?)(?!\d|[,.]\d)"
    rf"|(?P<european>\d{{1,3}}(?:[.{_SPACES}]\d{{3}})*,\d+)(?!\d|[,.]\d)"
    r"|(?P<plain>\d+(?:\.\d+)?|\.\d+)"
)
_NUMBER = re.compile(
    rf"(?P<sign>[-+−–±~<>≈]?)\s?(?P<before>US\$|A\$|C\$|Rs\.?|[$€£¥₹#])?\s?(?P<inner>[-+−–]?)(?:{_DIGITS})"
    r"(?P<ordinal>(?:st|nd|rd|th)\b)?\s?(?P<after>[^\W\d_]{1,12}\.?²?³?(?:/[^\W\d_]+)?|[%‰°$€£¥])?"
)
_BEFORE = ("$", "€", "£", "¥", "₹", "US$", "A$", "C$")
"""Units that are written before the figure."""
_SCALES = {"thousand": 1e3, "million": 1e6, "mil": 1e6, "billion": 1e9, "bn": 1e9, "trillion": 1e12}
_CITATION = re.compile(r"\s*\[[^\]]{1,20}\]|[†‡♦•*♠♥]+$")
_ACCOUNTING = re.compile(r"\(\s?((?:US\$|[$€£¥])?\s?\d[\d,. ]*)\)")
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):(\d{2}(?:\.\d+)?)")
_SPELT_TIME = re.compile(
    r"(?:(\d+)\s?h(?:ours?|rs?)?)?\s?,?(?:(\d+)\s?m(?:in(?:ute)?s?)?)?\s?,?(?:(\d+(?:\.\d+)?)\s?s(?:ec(?:ond)?s?)?)?"
)
_SCORE = re.compile(r"(?:[^\W\d]{1,6}[.,:]?\s)?(\d{1,3})\s?[-–—−:]\s?(\d{1,3})(?!\d)(?:\s?\(.{0,24}\)|\s\D{0,24})?")
_NOTHING = frozenset({"", "-", "–", "—", "−", "n/a", "na", "none", "null", "nan", "?", "tba", "tbd", "unknown"})

_MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
         "september sep sept", "october oct", "november nov", "december dec"), 1
    )
    for name in names.split()
}  # fmt: skip
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_YEAR = r"(?:1[0-9]|20|21)\d\d"
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?P<y>\d{4})-(?P<m>\d{1,2})(?:-(?P<d>\d{1,2}))?(?:[T ]\d\d:\d\d\S*)?",
        rf"(?P<month>{_MONTH})\.?\s(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?:\s?[-–—]\s?(?:{_MONTH})?\s?\d{{1,2}})?(?:,?\s(?P<y>{_YEAR}))?",
        rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?:\s?[-–—]\s?\d{{1,2}})?\.?[\s-](?P<month>{_MONTH})\.?,?(?:[\s-](?P<y>{_YEAR}))?",
        rf"(?P<month>{_MONTH})\.?,?\s(?P<y>{_YEAR})",
        rf"(?P<month>{_MONTH})\.?",
        r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4}|\d\d)",
        r"(?P<first>\d{1,2})/(?P<second>\d{1,2})/(?P<y>\d{4}|\d\d)",
        rf"(?:(?:c|ca|circa)\.?\s?)?(?P<y>{_YEAR})(?:\s?[-–—/]\s?(?:{_YEAR}|\d\d|present|now)?)?s?",
    )
)
_WEEKDAY = re.compile(r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Date:
    """A date as far as it is said."""

    year: int | None = None
    month: int | None = None
    day: int | None = None

    @property
    def order(self) -> int:
        """Its place among dates, in days of a calendar whose months all have 31; what is not said is the first."""
        return DAYS_A_YEAR * (self.year or 0) + DAYS_A_MONTH * ((self.month or 1) - 1) + (self.day or 1) - 1


@dataclass(frozen=True, slots=True)
class Value:
    """A cell read. `number` is in `unit` (seconds for a duration, the first side of a score whose other is `against`).

    A bare year is a date and a number. `whole` says that nothing else stands in the cell.
    """

    kind: ValueKind
    number: float | None = None
    unit: str = ""
    date: Date | None = None
    against: float | None = None
    whole: bool = True


@lru_cache(maxsize=1 << 16)
def read(cell: str) -> Value:
    """What the cell says: `$ 1,452.4`, `3.5 %`, `1 234,5`, `(120)`, `May 10, 1978`, `1:32.45`, `3–2`."""
    text = _CITATION.sub("", " ".join(cell.replace("\u200b", "").split())).strip()
    if text.lower() in _NOTHING:
        return Value("empty")
    if found := _ACCOUNTING.fullmatch(text):
        inner = read_number(found[1])
        return Value("number", -inner[0], inner[1]) if inner else Value("text")
    if (date := read_date(text)) is not None:
        year = float(date.year) if date.year and date.month is None else None
        return Value("date", year, date=date)
    if (seconds := _duration(text)) is not None:
        return Value("duration", seconds, "s")
    if score := _SCORE.fullmatch(text):
        return Value("score", float(score[1]), against=float(score[2]))
    if number := read_number(text):
        return Value("number", number[0], number[1], whole=number[2] == len(text))
    return Value("text")


def number_text(figure: float, unit: str = "") -> str:
    """The figure as it is written: `1,452.4`, `$1,452.4`, `12.5 %`."""
    digits = f"{figure:,.4f}".rstrip("0").rstrip(".")
    if not unit:
        return digits
    return f"{unit}{digits}" if unit in _BEFORE else f"{digits} {unit}"


def read_number(text: str) -> tuple[float, str, int] | None:
    """(number, unit, characters read) of the number that the text starts with; None where it does not."""
    found = _NUMBER.match(text)
    if found is None:
        return None
    if found["grouped"]:
        amount = float(re.sub(rf"[,'’{_SPACES}]", "", found["grouped"]))
    elif found["european"]:
        amount = float(re.sub(rf"[.{_SPACES}]", "", found["european"]).replace(",", "."))
    else:
        amount = float(found["plain"])
    if found["sign"] in ("-", "−", "–") or found["inner"] in ("-", "−", "–"):
        amount = -amount
    after, end = found["after"] or "", found.end()
    if scale := _SCALES.get(after.lower().rstrip(".")):
        return amount * scale, found["before"] or "", end
    return amount, (found["before"] or after).rstrip("."), end


def read_date(text: str) -> Date | None:
    """The date that the whole text is, years alone and ranges by their beginning among them."""
    text = _WEEKDAY.sub("", text, count=1)
    for pattern in _DATES:
        if found := pattern.fullmatch(text):
            date = _date(found.groupdict())
            if date:
                return date
    return None


def _date(said: dict[str, str | None]) -> Date | None:
    year = _whole(said, "y")
    if year is not None and year < 100:
        year += 1900 if year > 30 else 2000
    if (one := _whole(said, "first")) is not None:
        two = _whole(said, "second")
        month, day = (two, one) if one > 12 else (one, two)
    else:
        name = said.get("month")
        # Without regard to case ſ and İ match s and i too, and only the former is one in the end.
        month, day = (_MONTHS.get(name.casefold(), 13) if name else _whole(said, "m")), _whole(said, "d")
    if (month or 0) > 12 or (day or 0) > 31:
        return None
    return Date(year, month or None, day or None)


def _whole(said: dict[str, str | None], name: str) -> int | None:
    digits = said.get(name)
    return int(digits) if digits else None


def _duration(text: str) -> float | None:
    """Seconds of a time on the clock or a spelt one: `1:32.45`, `2:03:21`, `1 h 20 min`."""
    if found := _CLOCK.fullmatch(text):
        return 3600 * float(found[1] or 0) + 60 * float(found[2]) + float(found[3])
    if (found := _SPELT_TIME.fullmatch(text)) and sum(part is not None for part in found.groups()) > 1:
        return 3600 * float(found[1] or 0) + 60 * float(found[2] or 0) + float(found[3] or 0)
    return None
