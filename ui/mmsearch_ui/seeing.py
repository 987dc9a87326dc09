"""The library as whoever looks at the page sees it."""

from collections.abc import Callable
from copy import copy

from starlette.requests import Request

from mmsearch.client import Client
from mmsearch.keys import Key
from mmsearch.local_library import LocalLibrary
from mmsearch.server.doors import asker


def views(client: Client) -> Callable[[Request], Client]:
    """The client of the library as the key of a request sees it."""

    def view(request: Request) -> Client:
        return seen_with(client, asker(request))

    return view


def seen_with(client: Client, key: Key) -> Client:
    """The client of the library as the key sees it."""
    seen = copy(client)
    seen.library = LocalLibrary(client.app, key)
    return seen
