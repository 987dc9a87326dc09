"""Proof that something asked no network."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import pytest


@contextmanager
def no_network() -> Iterator[None]:
    """Inside, every look-up and connection fails as without a network; the test fails if there was any."""
    tried: list[Any] = []

    def refuse(*asked: Any, **_: Any) -> NoReturn:
        tried.append(asked)
        raise OSError("there is no network in this test")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", refuse)
        patch.setattr(socket.socket, "connect", refuse)
        yield
    assert not tried, f"asked the network for {tried}"
