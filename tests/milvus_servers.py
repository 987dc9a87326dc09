"""Milvus servers for tests: started here on a free port, gone afterwards."""

import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mmsearch.stores.lite import lite_program


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


class LiteServer:
    """Milvus Lite at one address that is killed and started again."""

    def __init__(self, file: Path) -> None:
        self._file, self._port = file, free_port()
        self.uri = f"http://127.0.0.1:{self._port}"
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Listen, with what is in the file."""
        program = lite_program()
        folder = str(program.parent)
        self._child = subprocess.Popen(
            [program, self._file, f"127.0.0.1:{self._port}", "ERROR"],
            env={**os.environ, "LD_LIBRARY_PATH": folder, "DYLD_LIBRARY_PATH": folder},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _wait_for(self._port, self._child, 20)

    def kill(self) -> None:
        """End at once, as by kill -9."""
        if self._child:
            self._child.kill()
            self._child.wait(10)

    def __enter__(self) -> "LiteServer":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


@contextmanager
def lite_over_tcp(file: Path) -> Iterator[str]:
    """Milvus Lite listening on a port of the loopback."""
    with LiteServer(file) as server:
        yield server.uri


@contextmanager
def real_server(folder: Path) -> Iterator[str]:
    """A standalone Milvus 2.3 from the package `milvus`, with its own etcd; about 10 s and 450 MB of disk."""
    if importlib.util.find_spec("milvus") is None:
        pytest.skip("the package milvus is not installed: pip install 'mmsearch[milvus-server]'")
    port = free_port()
    script = (
        "import sys; from milvus import MilvusServer; server = MilvusServer(); server.set_base_dir(sys.argv[1]);"
        "server.listen_port = int(sys.argv[2]); server.start(); print('up', flush=True);"
        "sys.stdin.read(); server.stop()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(folder), str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        assert child.stdout.readline().strip() == "up", "Milvus did not start"
        yield f"http://127.0.0.1:{port}"
    finally:
        child.stdin.close()
        child.wait(30)
        child.stdout.close()


def _wait_for(port: int, child: subprocess.Popen[bytes], limit_s: float) -> None:
    deadline = time.monotonic() + limit_s
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert child.poll() is None, "the server ended"
            assert time.monotonic() < deadline, "the server does not listen"
            time.sleep(0.02)
