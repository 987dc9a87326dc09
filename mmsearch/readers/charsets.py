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
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_LATIN = ("cp1252", "cp1250", "cp1254", "cp1257", "mac-roman")
_OTHER = ("cp1251", "koi8-r", "cp1253", "cp1255", "cp1256", "cp874")
_EAST_ASIAN = ("cp932", "euc-jp", "gb18030", "big5", "cp949")
_WESTERN = 1.6
"""How many times as likely as chardet thinks cp1252 is, short texts being what chardet is least sure of."""


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
        guess = declared if declared and _decodes(content, declared) else _guess(path, content)
        if _mixes(content, guess):
            raise CorruptMedia(f"{path} mixes encodings: UTF-8, and at byte {error.start} something else") from error
        return guess
    return "utf-8"


def _guess(path: Path, content: bytes) -> str:
    """chardet's guess among the encodings that documents are in; Windows' Western one where it is nearly as likely.

    Where bytes beyond ASCII stand alone between letters they are accents, not another script.
    """
    with decoding(path):
        import chardet
    sample = content[:GUESSED_BYTES]
    runs = _HIGH_RUN.findall(sample)
    accents = sum(map(len, runs)) < 2 * len(runs)
    likely = chardet.detect_all(
        sample,
        ignore_threshold=True,
        compat_names=False,
        include_encodings=_LATIN + _EAST_ASIAN + (() if accents else _OTHER),
    )
    found = {str(guess["encoding"]): guess["confidence"] for guess in likely if guess["encoding"]}
    for encoding in sorted(found, key=lambda name: found[name] * (_WESTERN if name == "cp1252" else 1), reverse=True):
        if _decodes(content, encoding):
            return encoding
    raise CorruptMedia(f"{path} is text in no encoding that is known")


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except (UnicodeError, LookupError):
        return False
    return True


def _mixes(content: bytes, guess: str) -> bool:
    """Whether more of the bytes beyond ASCII are whole UTF-8 characters than chance makes in the guessed encoding.

    Where they are accents chance makes hardly any; in other scripts about one in six, in Thai one in three.
    """
    inside = sum(len(match) for match in _MULTIBYTE.findall(content))
    chance = 0.02 if guess in _LATIN else 0.5
    return inside > chance * len(_HIGH.findall(content))
