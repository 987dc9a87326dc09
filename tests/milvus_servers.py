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


@contextmanager
def lite_over_tcp(file: Path) -> Iterator[str]:
    """Milvus Lite listening on a port of the loopback."""
    port, program = free_port(), lite_program()
    child = subprocess.Popen(
        [program, file, f"127.0.0.1:{port}", "ERROR"],
        env={**os.environ, "LD_LIBRARY_PATH": str(program.parent), "DYLD_LIBRARY_PATH": str(program.parent)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, child, 20)
        yield f"http://127.0.0.1:{port}"
    finally:
        child.terminate()
        child.wait(10)


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
