"""Follows folders: whenever something below them changes and it is quiet again, the library is brought up to date.

watchfiles 1.3 (MIT, autumn 2026) waits for the system's own notices: nothing is walked while nothing changes.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event

from mmsearch.errors import ConfigError, InputError, LibraryLocked, MMSearchError, NotFound, StoreUnavailable
from mmsearch.reports import Report
from mmsearch.sources import IGNORE_FILE

QUIET_MS = 500
"""Without a change for so long, a burst of changes is over."""
LONGEST_MS = 10_000
"""A burst that does not end is indexed in parts."""
TICK_MS = 1_000
RETRY_S = 5.0
"""Between tries while another process holds the library or a folder is away."""
PASSING = (LibraryLocked, StoreUnavailable, NotFound)
"""What may be over after a while; anything else ends the watch."""


def follow(
    folders: Sequence[str | Path],
    library: Path,
    index: Callable[[], Report],
    on_outcome: Callable[[Report | MMSearchError], None],
    stop: Event | None = None,
) -> None:
    """Call `index` now and after every change below the folders until `stop` is set or an interrupt comes.

    `on_outcome` hears of each indexing that did something, and of what keeps one from being done, once. Changes below
    `library`, which the indexing itself makes, and of hidden files are none. Links out of the folders are not watched.
    Raises InputError for what is no folder, ConfigError where watchfiles is not installed or the system's limit is too
    low.
    """
    roots = [_folder(folder) for folder in folders]
    news = _News(on_outcome)
    pending, not_before_s = True, 0.0
    for changed in _notices(roots, library.resolve(), stop):
        pending = pending or changed
        if not pending or time.monotonic() < not_before_s:
            continue
        try:
            news.report(index())
            pending = False
        except PASSING as error:
            news.error(error)
            not_before_s = time.monotonic() + RETRY_S


def _notices(roots: Sequence[Path], library: Path, stop: Event | None) -> Iterator[bool]:
    """Every second, or sooner when a burst of changes is over, whether something changed since the last time."""
    try:
        import watchfiles
    except ModuleNotFoundError as error:
        raise ConfigError('watching needs watchfiles: pip install "mmsearch[watch]"') from error
    try:
        for changes in watchfiles.watch(
            *roots,
            watch_filter=lambda _, path: _counts(Path(path), roots, library),
            step=QUIET_MS,
            debounce=LONGEST_MS,
            rust_timeout=TICK_MS,
            yield_on_timeout=True,
            stop_event=stop,
        ):
            yield bool(changes)
    except OSError as error:
        raise ConfigError(
            f"the system refuses to watch the folders ({error}); where it is the number of files, raise "
            "fs.inotify.max_user_watches or set WATCHFILES_FORCE_POLLING=1"
        ) from error


class _News:
    """Tells what is new: work that was done, failures that were not there before, each error once."""

    def __init__(self, tell: Callable[[Report | MMSearchError], None]) -> None:
        self._tell = tell
        self._first = True
        self._failed: object = ()
        self._error = ""

    def report(self, report: Report) -> None:
        if self._first or report.indexed or report.removed or report.failed != self._failed:
            self._tell(report)
        self._first, self._failed, self._error = False, report.failed, ""

    def error(self, error: MMSearchError) -> None:
        if str(error) != self._error:
            self._tell(error)
        self._error = str(error)


def _folder(place: str | Path) -> Path:
    path = Path(place).expanduser().resolve()
    if "://" in str(place) or path.is_file():
        raise InputError(f"{place} cannot be watched: only folders of this machine can")
    if not path.is_dir():
        raise NotFound(f"{path} does not exist")
    return path


def _counts(path: Path, roots: Sequence[Path], library: Path) -> bool:
    """Whether a change there may change the library."""
    if path.is_relative_to(library):
        return False
    below = next(path.relative_to(root).parts for root in roots if path.is_relative_to(root))
    return not any(part.startswith(".") and part != IGNORE_FILE for part in below)
