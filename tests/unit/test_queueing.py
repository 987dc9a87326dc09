"""Jobs that wait for their turn in a process that also answers searches."""

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from mmsearch.jobs import Jobs, RunningJob
from mmsearch.queueing import NICENESS, JobQueue


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a niceness is that of the whole process")
def test_a_job_and_the_threads_that_it_starts_leave_the_processor_to_others(tmp_path: Path) -> None:
    queue, found = JobQueue(Jobs(tmp_path)), list[int]()

    def look() -> None:
        found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    def work(job: RunningJob, _: Callable[[], bool]) -> None:
        look()
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()

    look()
    queue.submit({"roots": []}, work)
    queue.finish()
    look()
    own = found[0]
    assert found == [own, max(own, NICENESS), max(own, NICENESS), own]
