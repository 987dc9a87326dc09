"""Strings as Milvus' expressions can name them: without quotes, backslashes, wildcards and control characters.

The expression parsers of Milvus Lite and of the servers disagree about escapes (Lite leaves `\\n` as it stands and
knows no escaped `%` or `_`). So nothing is ever escaped: every string that a filter may compare is stored, and
named in expressions, with each character moved up by 0x100. Order, prefixes and parts stay what they were.
"""

MOVED = 0x100
SURROGATES = range(0xD800, 0xE000)
"""No UTF-8 holds these, so the alphabet jumps over them; names of files that did not decode have them."""
LIMIT = 0x10FFFE - MOVED - len(SURROGATES)
"""The first character without a place above it, at the end of the last private area of Unicode."""


class _Alphabet(dict[int, int]):
    def __missing__(self, point: int) -> int:
        moved = min(point, LIMIT) + MOVED
        self[point] = moved if moved < SURROGATES.start else moved + len(SURROGATES)
        return self[point]


class _Way(dict[int, int]):
    def __missing__(self, point: int) -> int:
        self[point] = point - MOVED if point < SURROGATES.start else point - MOVED - len(SURROGATES)
        return self[point]


_ALPHABET, _BACK = _Alphabet(), _Way()


def safe(text: str) -> str:
    """The text in the safe alphabet; equal for different texts only where `faithful` is false."""
    return text.translate(_ALPHABET)


def faithful(text: str) -> bool:
    """Whether every character has a place of its own in the safe alphabet."""
    return text.isascii() or all(ord(char) < LIMIT for char in text)


def plain(text: str) -> str:
    """The text that `safe` was given."""
    return text.translate(_BACK)


def after(text: str) -> str:
    """The least safe text that is greater than every safe text with this prefix; the prefix is not empty."""
    last = ord(text[-1]) + 1
    return text[:-1] + chr(last if last not in SURROGATES else SURROGATES.stop)
