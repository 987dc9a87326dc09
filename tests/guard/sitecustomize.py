"""Runs first in every Python that has this folder on its path: what leaves this machine is noted and refused.

The environment names the file: GUARD_LOG. Look-ups of names and connections are watched, of every socket that is made
in Python; sockets of this machine's files and loopback pass.
"""

import ipaddress
import os
import socket
import traceback
from typing import Any

HERE = {"", "localhost", "0.0.0.0", "::", None}


def _outside(host: Any) -> bool:
    host = host.decode(errors="replace") if isinstance(host, bytes) else host
    if host in HERE or host == socket.gethostname():
        return False
    try:
        return not ipaddress.ip_address(str(host).partition("%")[0]).is_loopback
    except ValueError:
        return True


def _refuse(what: str) -> None:
    with open(os.environ["GUARD_LOG"], "a") as log:  # noqa: PTH123 -- before anything else is imported
        log.write(f"{what}\n{''.join(traceback.format_stack(limit=12))}\n")
    raise OSError(f"the guard refuses {what}")


def _guard() -> None:
    look_up, connect, connect_ex = socket.getaddrinfo, socket.socket.connect, socket.socket.connect_ex

    def guarded_look_up(host: Any, *rest: Any, **options: Any) -> Any:
        if _outside(host):
            _refuse(f"a look-up of {host!r}")
        return look_up(host, *rest, **options)

    def check(made: socket.socket, address: Any) -> None:
        if made.family in (socket.AF_INET, socket.AF_INET6) and _outside(address[0]):
            _refuse(f"a connection to {address!r}")

    def guarded_connect(self: socket.socket, address: Any) -> None:
        check(self, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        check(self, address)
        return connect_ex(self, address)

    socket.getaddrinfo = guarded_look_up
    socket.socket.connect = guarded_connect  # type: ignore[assignment,method-assign]
    socket.socket.connect_ex = guarded_connect_ex  # type: ignore[assignment,method-assign]


if "GUARD_LOG" in os.environ:
    _guard()
