"""What a long-lived process holds, and what it looks at for garbage."""

import subprocess
import sys

import pytest

HEAPS = """
import ctypes, threading
from mmsearch.allocations import give_back, share_heaps
{first}
ready, over = threading.Barrier(9), threading.Event()
def hold():
    held = [bytearray(5_000) for _ in range(100)]
    ready.wait()
    over.wait()
threads = [threading.Thread(target=hold) for _ in range(8)]
for thread in threads:
    thread.start()
ready.wait()
libc = ctypes.CDLL(None)
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout"))
libc.fflush(None)
over.set()
give_back()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc is Linux'")
def test_eight_threads_share_two_heaps() -> None:
    def heaps(first: str) -> int:
        code = HEAPS.format(first=first)
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.count(
            "<heap nr="
        )

    if heaps("") <= 2:
        pytest.skip("this C library makes no more heaps by itself")
    assert heaps("share_heaps()") == 2


def test_what_is_there_is_left_out_of_later_searches_for_garbage() -> None:
    code = "import gc, numpy; from mmsearch.allocations import settle; settle(); print(len(gc.get_objects()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 1_000
