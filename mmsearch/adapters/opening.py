"""The library of an adapter: opened when it is first asked, and closed by whoever opened it."""

import threading
from pathlib import Path
from typing import Any

from mmsearch.client import Client


class Opening:
    """A library named by its folder or address, or a client that is open already."""

    def __init__(self, library: str | Path | Client, **settings: Any) -> None:
        """`settings` by name are those of Client, for a library that is opened here."""
        self._named, self._settings = library, settings
        self._opened: Client | None = None
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The folder or address."""
        if isinstance(self._named, Client):
            return self._named.address or str(self._named.settings.library)
        return str(self._named)

    @property
    def client(self) -> Client:
        """The open client. Raises NotFound where there is no library, LibraryLocked, StoreUnavailable, ConfigError."""
        if isinstance(self._named, Client):
            return self._named
        with self._lock:
            if self._opened is None:
                self._opened = Client(self._named, create=False, **self._settings)
            return self._opened

    def close(self) -> None:
        """Release what was opened here; the next question opens it again."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()
                self._opened = None
