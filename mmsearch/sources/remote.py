"""Files elsewhere, by fsspec: what is there, and the bytes.

fsspec (BSD-3, a release a month) speaks to S3, Google Cloud Storage, Azure, web servers and more, and each of those
needs a package of its own. What they raise is translated here, in one place: a place that cannot be asked is never
one that is empty.
"""

import posixpath
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from mmsearch.errors import (
    ConfigError,
    Forbidden,
    InputError,
    MMSearchError,
    NotFound,
    SourceUnavailable,
    TooLarge,
)
from mmsearch.sources.found import Entry
from mmsearch.types import Remote

PACKAGES = {
    "s3": "s3fs",
    "s3a": "s3fs",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "az": "adlfs",
    "abfs": "adlfs",
    "abfss": "adlfs",
    "http": "aiohttp",
    "https": "aiohttp",
    "sftp": "paramiko",
    "hf": "huggingface_hub",
}
"""Protocol -> the package that speaks it, the user's to install."""

VERSIONS = ("ETag", "etag", "VersionId", "version_id", "generation", "md5Hash", "Content-MD5", "Digest")
TIMES = ("LastModified", "last_modified", "Last-Modified", "updated", "mtime", "modified", "created")
"""Facts that change with the bytes, and where there are none, times: the names that file systems give them."""

ATTEMPTS = 3
LISTING_S = 60.0
"""For one answer to a question about a place."""


class RemoteTree:
    """Folders elsewhere. Every name in a folder or an error: an answer that breaks off is one."""

    def __init__(self, url: str) -> None:
        """Raises ConfigError when no package for the protocol is installed."""
        self._fs, _ = _file_system(url)
        self._fs.invalidate_cache()

    def entries(self, folder: str) -> Sequence[Entry]:
        path = self._fs._strip_protocol(folder).rstrip("/")
        found = _asked(folder, self._fs, "ls", path, detail=True)
        entries = (self._entry(folder, facts) for facts in found if facts["name"].rstrip("/") != path)
        return sorted((entry for entry in entries if entry.name), key=lambda entry: entry.name)

    def text(self, file: str) -> str:
        content = _asked(file, self._fs, "cat_file", self._fs._strip_protocol(file))
        return bytes(content).decode("utf-8-sig", errors="replace")

    def _entry(self, folder: str, facts: Mapping[str, Any]) -> Entry:
        name = posixpath.basename(facts["name"].rstrip("/"))
        if facts.get("type") == "directory":
            return Entry(name, "folder")
        return Entry(name, "file", _remote(folder.rstrip("/") + "/" + name, facts))


def is_remote(place: str) -> bool:
    """Whether the place is an address and not a path of this machine."""
    return "://" in place


def looked_up(url: str) -> tuple[Remote | None, bool]:
    """(the file at the address, whether there is a folder); (None, False) where there is nothing.

    Raises SourceUnavailable when nobody can say, Forbidden, ConfigError.
    """
    fs, path = _file_system(url)
    fs.invalidate_cache()
    try:
        facts = _asked(url, fs, "info", path)
    except NotFound:
        return None, False
    return (None, True) if facts.get("type") == "directory" else (_remote(url, facts), False)


def fetch(remote: Remote, file: Path, max_bytes: int, timeout_s: float) -> None:
    """Write the bytes at the address into the file, tried again a few times where that may help.

    Raises TooLarge once more than `max_bytes` come, SourceUnavailable after `timeout_s` in all or when the bytes are
    not those that the listing spoke of, NotFound, Forbidden.
    """
    from fsspec.callbacks import Callback

    class Limits(Callback):  # type: ignore[misc]  # fsspec is untyped
        def relative_update(self, inc: int = 1) -> None:
            super().relative_update(inc)
            if self.value > max_bytes:
                raise TooLarge(f"{remote.url} has more than {max_bytes:,} bytes (indexing.max_file_bytes)")
            if time.monotonic() > ends_s:
                raise SourceUnavailable(f"{remote.url} was not there after {timeout_s:g} s (remote.timeout_s)")

    if remote.size_bytes is not None and remote.size_bytes > max_bytes:
        raise TooLarge(f"{remote.url} has {remote.size_bytes:,} bytes; indexing.max_file_bytes is {max_bytes:,}")
    ends_s = time.monotonic() + timeout_s
    fs, path = _file_system(remote.url)

    def attempt() -> None:
        left: dict[str, Any] = {"timeout": max(ends_s - time.monotonic(), 1.0)} if fs.async_impl else {}
        if _protocol(remote.url) in ("http", "https"):
            left["headers"] = {"Accept-Encoding": "identity"}
        fs.get_file(path, str(file), callback=Limits(), **left)

    with _translated(remote.url):
        _retrying(timeout_s)(attempt)
    if remote.size_bytes not in (None, file.stat().st_size):
        raise SourceUnavailable(
            f"{remote.url} gave {file.stat().st_size:,} bytes and its listing says {remote.size_bytes:,}: "
            "it was changed or cut; the next indexing tries again"
        )


def name_of(url: str) -> str:
    """The file's name at the address."""
    path = unquote(urlsplit(url).path) if _protocol(url) in ("http", "https") else url
    return posixpath.basename(path.rstrip("/"))


def _protocol(url: str) -> str:
    return url.partition("://")[0].lower()


def _file_system(url: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs
    except ModuleNotFoundError as error:
        raise ConfigError(f'{url} needs fsspec: pip install "mmsearch[remote]"') from error
    protocol = _protocol(url)
    if protocol in ("http", "https") and urlsplit(url).path.endswith("/"):
        raise InputError(f"{url}: a web server gives no listing; name a file, or index a manifest of addresses")
    with _translated(url):
        fs, path = url_to_fs(url)
        return fs, str(fs._strip_protocol(path))


def _remote(url: str, facts: Mapping[str, Any]) -> Remote:
    said = [str(facts[name]) for name in VERSIONS if facts.get(name)]
    said = said or [str(facts[name]) for name in TIMES if facts.get(name)]
    size = facts.get("size")
    return Remote(url, int(size) if size is not None else None, said[0] if said else "")


def _asked(url: str, fs: Any, question: str, *arguments: Any, **named: Any) -> Any:
    """The answer of a file system, asked again a few times where that may help."""
    if fs.async_impl:
        named["timeout"] = LISTING_S
    with _translated(url):
        return _retrying(LISTING_S)(getattr(fs, question), *arguments, **named)


def _retrying(within_s: float) -> Callable[..., Any]:
    from tenacity import Retrying, retry_if_exception, stop_after_attempt, stop_after_delay, wait_random_exponential

    return Retrying(
        retry=retry_if_exception(_may_pass),
        stop=stop_after_attempt(ATTEMPTS) | stop_after_delay(within_s),
        wait=wait_random_exponential(multiplier=0.2, max=5.0),
        reraise=True,
    )


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, MMSearchError):
        return False
    status = _status(error)
    if status is not None:
        return status in (408, 425, 429) or status >= 500
    if isinstance(error, FileNotFoundError) and error.__cause__ is not None:
        return _may_pass(error.__cause__)
    if isinstance(error, (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)):
        return False
    return isinstance(error, OSError | TimeoutError | EOFError) or type(error).__module__.startswith("aiohttp")


def _status(error: BaseException) -> int | None:
    """The HTTP status that the libraries hang on their errors."""
    for name in ("status", "status_code", "code"):
        value = getattr(error, name, None)
        if isinstance(value, int) and 100 <= value < 600:
            return value
    return None


@contextmanager
def _translated(url: str) -> Iterator[None]:
    """Says what went wrong at the address in our words.

    The HTTP file system says FileNotFoundError for whatever goes wrong when it asks for facts; the cause tells.
    """
    try:
        yield
    except MMSearchError:
        raise
    except ImportError as error:
        package = PACKAGES.get(_protocol(url))
        way_out = f"pip install {package}" if package else str(error)
        raise ConfigError(f"{url} needs {package or 'a package'} that is not installed: {way_out}") from error
    except Exception as error:
        raise _ours(url, error) from error


def _ours(url: str, error: Exception) -> MMSearchError:
    cause = error.__cause__ if isinstance(error, FileNotFoundError) and error.__cause__ is not None else error
    status = _status(cause)
    if status in (404, 410) or (status is None and isinstance(cause, FileNotFoundError | NotADirectoryError)):
        return NotFound(f"{url} does not exist")
    if status in (401, 403) or isinstance(cause, PermissionError):
        return Forbidden(f"{url}: no right to read it ({_words(cause)})")
    if isinstance(cause, ValueError) and "rotocol" in str(cause):
        return InputError(f"{url}: {cause}")
    if isinstance(cause, TimeoutError):
        return SourceUnavailable(f"{url} did not answer in time")
    return SourceUnavailable(f"{url} cannot be read: {_words(cause)}")


def _words(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
