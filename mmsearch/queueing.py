"""Jobs that are asked for and not waited for: one after another in a thread of the library's own."""

import logging
import os
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from mmsearch.errors import Busy, MMSearchError
from mmsearch.jobs import Job, Jobs, RunningJob

MOST_WAITING = 32
NICENESS = 10
"""Of jobs: while two cores encode, a search then has to wait for neither."""

Work = Callable[[RunningJob, Callable[[], bool]], object]
"""Does the job, and ends it early once what it is given says so."""

log = logging.getLogger(__name__)


class JobQueue:
    """The jobs that wait for their turn in this process."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._submitting, self._counting = threading.Lock(), threading.Lock()
        self._ending = threading.Event()
        self._worker: ThreadPoolExecutor | None = None
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """How many are not over."""
        return self._waiting

    def submit(self, asked: Mapping[str, Any], work: Work) -> Job:
        """A job that is done after those before it; how it goes is in `Jobs`. Raises Busy."""
        with self._submitting:
            if self._waiting >= MOST_WAITING:
                raise Busy(f"{MOST_WAITING} jobs wait already; try again when some are done")
            self._worker = self._worker or ThreadPoolExecutor(1, thread_name_prefix="jobs", initializer=_step_back)
            job = self._jobs.begin(asked)
            with self._counting:
                self._waiting += 1
            self._worker.submit(self._do, job, work)
        return self._jobs.get(job.id)

    def finish(self) -> None:
        """End what was submitted: the batch at hand is finished, what waits is left for a later indexing."""
        with self._submitting:
            worker, self._worker = self._worker, None
            if worker:
                self._ending.set()
                worker.shutdown(wait=True)
                self._ending.clear()

    def _do(self, job: RunningJob, work: Work) -> None:
        try:
            work(job, self._ending.is_set)
        except MMSearchError:
            pass  # the job says it
        except Exception:  # the outermost loop of this thread: the job says it too
            log.exception("job %s failed", job.id)
        finally:
            with self._counting:
                self._waiting -= 1


def _step_back() -> None:
    """Let others have the processor before this thread, and before the threads and processes that it starts.

    On Linux a thread has a niceness of its own, which those take over; elsewhere it would be that of all.
    """
    if sys.platform == "linux":
        own = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, own, max(NICENESS, os.getpriority(os.PRIO_PROCESS, own)))
