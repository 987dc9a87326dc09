"""Finds the library that a client is to use: in this process, or behind the server that has it open."""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mmsearch.app import App
from mmsearch.errors import LibraryLocked
from mmsearch.holding import Holder, holder_of
from mmsearch.remote import Remote
from mmsearch.settings import Settings, read_settings

LOOK_S = 0.1


def open_library(
    library: str | Path | None,
    create: bool = True,
    on_wait: Callable[[Holder | None, float], None] = lambda _holder, _seconds: None,
    **options: Any,
) -> App | Remote:
    """The library at a path or at the address of a server; at a path, through its server if it is served already.

    Where another process has it open and does not serve it, waits for `wait_s` of the settings, and first calls
    `on_wait` with who that is and how long. Raises LibraryLocked after that, at once if it is this process or if
    options are given that a server would not know, ConfigError, and NotFound with `create` off.
    """
    settings = read_settings(library=library, **options)
    if address := address_of(settings):
        return Remote(address, settings.server.token)
    deadline = time.monotonic() + settings.wait_s
    waited = False
    while True:
        try:
            return App(settings, create)
        except LibraryLocked:
            holder = holder_of(settings.library.absolute())
            if not _own(options) and (remote := _server(holder)):
                return remote
            if time.monotonic() > deadline or (holder and holder.pid == os.getpid()):
                raise
            if not waited:
                waited = True
                on_wait(holder, settings.wait_s)
            time.sleep(LOOK_S)


def address_of(settings: Settings) -> str:
    """The address of a server where the settings name one in place of a folder; else empty."""
    scheme, *rest = settings.library.parts or ("",)
    if scheme not in ("http:", "https:"):
        return ""
    return f"{scheme}//{'/'.join(rest)}"  # a Path has lost one of the slashes


def _server(holder: Holder | None) -> Remote | None:
    """The server that the holder is, if it answers there."""
    if holder is None or not holder.address:
        return None
    remote = Remote(holder.address, holder.token)
    if remote.pid() == holder.pid:
        return remote
    remote.close()
    return None


def _own(options: Mapping[str, Any]) -> bool:
    """Whether the caller asks for settings of its own besides how long to wait."""
    return any(value is not None for name, value in options.items() if name != "wait_s")
