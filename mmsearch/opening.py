"""Finds the library that a client is to use: in this process, or behind the server that has it open."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from mmsearch.app import App
from mmsearch.errors import LibraryLocked
from mmsearch.feedback import open_feedback
from mmsearch.holding import Holder, holder_of
from mmsearch.jobs import Jobs
from mmsearch.library import JobList, Judgements
from mmsearch.remote_library import RemoteLibrary
from mmsearch.settings import Settings, existing_library, read_settings

LOOK_S = 0.1


def open_library(
    library: str | Path | None,
    create: bool = True,
    on_wait: Callable[[Holder | None, float], None] = lambda _holder, _seconds: None,
    **options: Any,
) -> tuple[Settings, App | RemoteLibrary]:
    """The settings, and the library at a path or at the address of a server.

    At a path it is used through its server if it is served already.

    Where another process has it open and does not serve it, waits for `wait_s` of the settings, and first calls
    `on_wait` with who that is and how long. Raises LibraryLocked after that, at once if it is this process or if
    options are given that a server would not know, ConfigError, and NotFound with `create` off.
    """
    settings = read_settings(library=library, **options)
    if address := address_of(settings):
        return settings, RemoteLibrary(address, settings.server.token)
    deadline = time.monotonic() + settings.wait_s
    waited = False
    while True:
        try:
            return settings, App(settings, create)
        except LibraryLocked:
            holder = holder_of(settings.library.absolute())
            own = _own(options)
            if not own and (remote := _server(holder)):
                return settings, remote
            hopeless = holder and (holder.pid == os.getpid() or (own and holder.address))
            if hopeless or time.monotonic() > deadline:
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


def jobs_of(settings: Settings) -> JobList:
    """The jobs of the library that the settings name, whoever has it open. Raises NotFound, StoreError."""
    address = address_of(settings)
    return RemoteLibrary(address, settings.server.token).jobs if address else Jobs(existing_library(settings))


@contextmanager
def judgements_of(settings: Settings) -> Iterator[Judgements]:
    """What was said of the library that the settings name, whoever has it open. Raises NotFound, StoreError."""
    if address := address_of(settings):
        with closing(RemoteLibrary(address, settings.server.token)) as remote:
            yield remote
    else:
        with open_feedback(settings) as feedback:
            yield feedback


def _server(holder: Holder | None) -> RemoteLibrary | None:
    """The server that the holder is, if it answers there."""
    if holder is None or not holder.address:
        return None
    remote = RemoteLibrary(holder.address, holder.token)
    if remote.pid() == holder.pid:
        return remote
    remote.close()
    return None


def _own(options: Mapping[str, Any]) -> bool:
    """Whether the caller asks for settings of its own that a server would not know; a root brings its own along."""
    said = {name: value for name, value in options.items() if value is not None and name != "wait_s"}
    of_roots = {"include", "exclude", "follow_symlinks"}
    return bool(said.keys() - {"indexing"} or said.get("indexing", {}).keys() - of_roots)
