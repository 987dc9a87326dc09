"""Where a document's bytes meet foreign parsers: opens files, and translates what the system and the parsers raise."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO

from mmsearch.errors import ConfigError, CorruptMedia, Forbidden, NotFound, TooLarge
from mmsearch.limits import FileLimits

TRIPPED: tuple[type[Exception], ...] = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    EOFError,
    RecursionError,
    NotImplementedError,
    SyntaxError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
)
"""What parsers written in Python trip over in damaged files, beside the errors that they document."""
DAMAGED: tuple[type[Exception], ...] = (OSError, *TRIPPED)
"""The same for parsers that report damage as OSError."""

RATIO_BYTES = 64 << 20
"""An archive that unpacks to no more is no bomb, however small it is."""
_COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1")
_LOCKED = "EncryptedPackage".encode("utf-16-le")
"""Office keeps an encrypted document in a compound file under this name ([MS-OFFCRYPTO] 2.3.1)."""


@contextmanager
def decoding(path: Path, *exceptions: type[BaseException]) -> Iterator[None]:
    """Turns what happens to the file at `path` into our errors, `exceptions` of a parser into CorruptMedia.

    PermissionError becomes Forbidden, a file that is gone NotFound, a library that is not installed ConfigError,
    want of memory TooLarge. Our own errors pass.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise NotFound(f"{path} is no longer there") from error
    except PermissionError as error:
        raise Forbidden(f"{path}: no right to read it") from error
    except ModuleNotFoundError as error:
        raise ConfigError(f'{path} needs {error.name} to be read: pip install "mmsearch[readers]"') from error
    except MemoryError as error:
        raise TooLarge(f"{path} does not fit into memory") from error
    except exceptions as error:
        raise undecodable(path, error) from error
    except OSError as error:
        raise CorruptMedia(f"{path} cannot be read: {error.strerror or error}") from error


def undecodable(path: Path, error: BaseException) -> CorruptMedia:
    """What a parser's error says of the file."""
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return CorruptMedia(f"{path} does not decode: {reason}")


def open_file(path: Path) -> IO[bytes]:
    """The file opened for reading. Raises CorruptMedia when it is empty, NotFound, Forbidden."""
    with decoding(path):
        file = path.open("rb")
        if not file.read(1):
            file.close()
            raise CorruptMedia(f"{path} is empty (0 bytes)")
        file.seek(0)
        return file


def read_bytes(path: Path) -> bytes:
    """The file's bytes, at least one. Raises CorruptMedia when it is empty, NotFound, Forbidden."""
    with open_file(path) as file, decoding(path):
        return file.read()


def is_blank(path: Path) -> bool:
    """Whether a file that describes another says nothing. Raises NotFound, Forbidden."""
    with decoding(path):
        return not path.read_bytes().strip()


def version_of(package: str) -> str:
    """The version of a parser, a part of what its reader gives. Raises ConfigError when it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError as error:
        raise ConfigError(f'{package} is not installed: pip install "mmsearch[readers]"') from error


def check_archive(path: Path, file: IO[bytes], limits: FileLimits) -> None:
    """Refuses office files that are locked, and archives that would unpack to more than the limits.

    Raises CorruptMedia, TooLarge; what is no archive passes.
    """
    with decoding(path, *TRIPPED):
        if file.read(len(_COMPOUND)) == _COMPOUND and _LOCKED in file.read():
            raise CorruptMedia(f"{path} is locked with a password")
        file.seek(0)
        if not zipfile.is_zipfile(file):
            file.seek(0)
            return
        with zipfile.ZipFile(file) as archive:
            packed, unpacked = 1, 0
            for member in archive.infolist():
                packed += member.compress_size
                unpacked += member.file_size
        file.seek(0)
    said = f"{path} unpacks to {unpacked >> 20} MiB, {unpacked // packed} times its size"
    limits.hold("unpacked_bytes", unpacked, said)
    if unpacked > RATIO_BYTES:
        limits.hold("unpacked_ratio", unpacked / packed, said)
