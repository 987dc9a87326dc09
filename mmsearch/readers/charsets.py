"""Bytes into characters: UTF-8 unless the bytes say otherwise, and never half of one and half of another."""

import codecs
import re
from pathlib import Path

from mmsearch.errors import CorruptMedia
from mmsearch.readers.decoding import decoding, open_file, read_bytes

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
GUESSED_BYTES = 1 << 20
"""How much of a file without a mark is enough to tell its encoding by."""

_MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH = re.compile(rb"[\x80-\xff]")
_WIDE = frozenset(
    {"cp932", "shift_jis", "shift_jis_2004", "euc-jp", "euc_jis_2004", "gb18030", "gb2312", "gbk", "big5"}
)
_WIDE_KOREAN = frozenset({"cp949", "euc-kr", "johab", "hz", "big5hkscs", "big5-hkscs", "iso-2022-jp", "iso-2022-kr"})


def decode(path: Path, declared: str | None = None) -> tuple[str, str]:
    """(text, encoding) of a text file, line ends as they are.

    By its byte order mark, else as UTF-8, else as it declares itself, else by chardet's guess. Raises CorruptMedia
    for a file that is empty, that holds NUL bytes, or where part is UTF-8 and part is not.
    """
    content = read_bytes(path)
    encoding = _encoding(path, content, declared)
    with decoding(path, UnicodeError):
        text = content.decode(encoding)
    if not text.strip():
        raise CorruptMedia(f"{path} holds no text, only white space")
    return text, encoding


def encoding_of(path: Path) -> str:
    """The encoding of a text file that may be too large to hold; by the rule of `decode`."""
    with open_file(path) as file, decoding(path):
        head = file.read(4)
        if any(head.startswith(mark) for mark, _ in MARKS):
            return _encoding(path, head)
        utf8 = codecs.getincrementaldecoder("utf-8")()
        chunk, nul = head, False
        try:
            while chunk:
                nul = nul or b"\0" in chunk
                utf8.decode(chunk)
                chunk = file.read(1 << 20)
            utf8.decode(b"", final=True)
        except UnicodeDecodeError:
            nul = True
    return _encoding(path, read_bytes(path)) if nul else "utf-8"


def encoding_fact(encoding: str) -> dict[str, str]:
    """The metadata that names an encoding other than UTF-8."""
    return {} if encoding.startswith("utf-8") else {"encoding": encoding}


def _encoding(path: Path, content: bytes, declared: str | None = None) -> str:
    for mark, encoding in MARKS:
        if content.startswith(mark):
            return encoding
    if (nul := content.find(b"\0")) >= 0:
        raise CorruptMedia(f"{path} is no text: there is a NUL at byte {nul} (UTF-16 needs its byte order mark)")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        guess = _declared(content, declared) or _guess(path, content)
        if _mixes(content, wide=guess in _WIDE | _WIDE_KOREAN):
            raise CorruptMedia(f"{path} mixes encodings: UTF-8, and at byte {error.start} something else") from error
        return guess
    return "utf-8"


def _declared(content: bytes, declared: str | None) -> str | None:
    try:
        content.decode(declared or "undefined")
    except (UnicodeError, LookupError):
        return None
    return declared


def _guess(path: Path, content: bytes) -> str:
    """chardet's guess; of encodings that read these bytes alike, the usual Western one."""
    with decoding(path):
        import chardet
    sample = content[:GUESSED_BYTES]
    guess = chardet.detect(sample)["encoding"]
    if guess is None or not _HIGH.search(sample):
        raise CorruptMedia(f"{path} is text in no encoding that is known")
    try:
        if content.decode("cp1252") == content.decode(guess):
            return "cp1252"
    except (UnicodeDecodeError, LookupError):
        pass
    return guess.lower()


def _mixes(content: bytes, *, wide: bool) -> bool:
    """Whether part of it is UTF-8: most of the bytes beyond ASCII, or a fiftieth where each byte is a character.

    Two-byte encodings of East Asia hold such pairs by chance, about one in six.
    """
    inside = sum(len(match) for match in _MULTIBYTE.findall(content))
    return inside > (0.5 if wide else 0.02) * len(_HIGH.findall(content))
