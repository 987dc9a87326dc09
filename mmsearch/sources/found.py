"""What a look at a place gives: a document, or why there is none."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from mmsearch.errors import Forbidden, InputError, MMSearchError, NotFound, UnsupportedMedia
from mmsearch.types import Remote

SkipReason = Literal["no_reader", "hidden", "excluded", "ignored", "not_included", "link"]
"""Why a place was passed over: no reader takes the format; its name starts with a dot; a glob of the call or the
settings excludes it; an ignore file does; no `include` glob names it; it is a link that is not followed."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A name in a folder. A link is `link` when it is not followed, else what it leads to. `remote` if elsewhere."""

    name: str
    kind: Literal["file", "folder", "link"]
    remote: Remote | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """A place at or below the root that gave no document: passed over for a reason, or not to be had by an error."""

    uri: str
    reason: SkipReason = "no_reader"
    error: MMSearchError | None = None

    @property
    def kind(self) -> str:
        """The ending, lower case, by which places are counted; "/" for a whole folder."""
        return "/" if self.uri.endswith("/") else PurePosixPath(self.uri).suffix.lower()


class reachable:  # noqa: N801 - reads as a statement
    """Says in our words that a file is gone or must not be read."""

    def __init__(self, place: str | Path) -> None:
        self.place = place

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        match error:
            case FileNotFoundError():
                raise NotFound(f"{self.place} is no longer there") from error
            case PermissionError():
                raise Forbidden(f"{self.place}: no right to read it") from error
            case OSError():
                raise InputError(f"{self.place}: {error.strerror or error}") from error


def unsupported(uri: str) -> UnsupportedMedia:
    """No reader takes the file at this place."""
    suffix = PurePosixPath(uri).suffix
    kind = f'that end in "{suffix}"' if suffix else "without an ending"
    return UnsupportedMedia(f"{uri}: no reader takes files {kind}")
