"""What a served process sets for itself, before any request comes."""

import socket
import subprocess
import sys

import pytest

from mmsearch.server.serving import listen

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_no_answer_waits_for_the_receipt_of_its_first_part(host: str) -> None:
    with listen(host, 0) as listener, socket.create_connection(listener.getsockname()[:2]):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_products_keep_to_one_thread_whatever_searches_end() -> None:
    code = """
import threading, numpy
from threadpoolctl import ThreadpoolController
from mmsearch.server.serving import one_thread_each
one_thread_each()
def search():
    with ThreadpoolController().limit(limits=1, user_api="blas"):
        pass
thread = threading.Thread(target=search)
thread.start()
thread.join()
assert {of["num_threads"] for of in ThreadpoolController().info() if of["user_api"] == "blas"} == {1}
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
