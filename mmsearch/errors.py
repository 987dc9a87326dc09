"""Every error that mmsearch raises on purpose.

    MMSearchError
    ├── ConfigError            settings that cannot work; at start-up, never in a request
    ├── InputError             what was given cannot be used
    │   ├── InvalidFilter      a filter that does not parse
    │   ├── UnsupportedMedia   a format that no reader takes
    │   ├── CorruptMedia       it has the format's name but does not decode, or is empty
    │   ├── TooLarge           over a limit of the settings
    │   └── TooSlow            a request that stopped in the middle
    ├── NotFound               no such document, space, run
    ├── ReaderFailed           a reader that ended with the document in its hands: it crashed
    │   ├── ReaderTimedOut     it gave no sign of life for the time that the settings allow
    │   └── ReaderOutOfMemory  it asked for more memory than they allow
    ├── SourceUnavailable      a place elsewhere did not answer, or not to the end
    ├── Unauthorized
    ├── Forbidden              the system does not let us read it
    ├── Busy                   a server that has as much to do as it takes on
    ├── ModelError             a model that loaded and then failed
    │   └── ModelUnavailable   weights that are not here: the message says which command gets them
    ├── StoreError             the store answered with an error
    │   ├── StoreUnavailable   it did not answer
    │   ├── LibraryLocked      another process holds the library
    │   └── SpaceMismatch      the collection was made by another model
    └── JobError               a job that could not go on; bad documents are in its report instead
        └── JobOver            a job that was to be stopped and has ended already

Each class has a stable `code` (for programs), the HTTP `status` that says the same, and
`retryable`: whether the same call may work later without a change by the caller.
"""

from typing import ClassVar


class MMSearchError(Exception):
    """The root; its text is one sentence for a person, with the way out where there is one."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False


class ConfigError(MMSearchError):
    code = "config"


class InputError(MMSearchError):
    code = "input"
    status = 400


class InvalidFilter(InputError):
    code = "invalid_filter"


class UnsupportedMedia(InputError):
    code = "unsupported_media"
    status = 415


class CorruptMedia(InputError):
    code = "corrupt_media"
    status = 422


class TooLarge(InputError):
    code = "too_large"
    status = 413


class TooSlow(InputError):
    code = "too_slow"
    status = 408


class NotFound(MMSearchError):
    code = "not_found"
    status = 404


class ReaderFailed(MMSearchError):
    code = "reader_failed"


class ReaderTimedOut(ReaderFailed):
    code = "reader_timed_out"


class ReaderOutOfMemory(ReaderFailed):
    code = "reader_out_of_memory"


class SourceUnavailable(MMSearchError):
    code = "source_unavailable"
    status = 503
    retryable = True


class Unauthorized(MMSearchError):
    code = "unauthorized"
    status = 401


class Forbidden(MMSearchError):
    code = "forbidden"
    status = 403


class Busy(MMSearchError):
    code = "busy"
    status = 429
    retryable = True
    pause_s: ClassVar[int] = 1
    """How long to wait before the next try."""


class ModelError(MMSearchError):
    code = "model"


class ModelUnavailable(ModelError):
    code = "model_unavailable"
    status = 503
    retryable = True


class StoreError(MMSearchError):
    code = "store"


class StoreUnavailable(StoreError):
    code = "store_unavailable"
    status = 503
    retryable = True


class LibraryLocked(StoreError):
    code = "library_locked"
    status = 409
    retryable = True


class SpaceMismatch(StoreError):
    code = "space_mismatch"
    status = 409


class JobError(MMSearchError):
    code = "job"


class JobOver(JobError):
    code = "job_over"
    status = 409


def error_class(name: str) -> type[MMSearchError] | None:
    """The class of that code or name; None for one that this version does not know."""
    classes: list[type[MMSearchError]] = [MMSearchError]
    for known in classes:  # grows while it is walked: the whole tree
        if name in (known.code, known.__name__):
            return known
        classes += known.__subclasses__()
    return None


def error_named(name: str, message: str = "") -> MMSearchError:
    """The error of that code or class; the root, naming it, for one that this version does not know."""
    kind = error_class(name)
    return kind(message) if kind else MMSearchError(f"{name}: {message}")
