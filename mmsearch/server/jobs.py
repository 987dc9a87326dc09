"""Changes of the library that take long: one at a time in a thread of their own, followed and cancelled by their id."""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any, Literal
from uuid import uuid4

from typing_extensions import TypedDict

from mmsearch.errors import Busy, JobError, MMSearchError, NotFound
from mmsearch.indexing import Progress
from mmsearch.schemas import ErrorJson, error_json, report_json
from mmsearch.types import Report

MOST_WAITING = 32
MOST_REMEMBERED = 200

State = Literal["waiting", "running", "done", "failed", "cancelled"]
Work = Callable[[Callable[[Progress], None]], Report]
"""Does the job and calls what it is given before each document."""

log = logging.getLogger(__name__)


class JobJson(TypedDict):
    """What `Job.as_json` gives."""

    id: str
    state: State
    paths: list[str]
    progress: Progress | None
    report: Report | None
    error: ErrorJson | None


class _Cancelled(Exception):
    """Ends a job between two documents; what is half done the next indexing completes."""


@dataclass(slots=True)
class Job:
    """A change that is asked for, under way or over."""

    paths: Sequence[str]
    id: str = field(default_factory=lambda: uuid4().hex)
    state: State = "waiting"
    progress: Progress | None = None
    report: Report | None = None
    error: MMSearchError | None = None
    _stop: threading.Event = field(default_factory=threading.Event)

    @property
    def over(self) -> bool:
        return self.state in ("done", "failed", "cancelled")

    def cancel(self) -> None:
        """End it before the next document; nothing happens when it is over."""
        self._stop.set()
        if self.state == "waiting":
            self.state = "cancelled"

    def run(self, work: Work) -> None:
        """Do it. Errors are kept for those who follow it."""
        try:
            self._step(None)
            self.state = "running"
            self.report = work(self._step)
            self.state = "done"
        except _Cancelled:
            self.state = "cancelled"
        except MMSearchError as error:
            self.error, self.state = error, "failed"
        except Exception as error:
            log.exception("job %s failed", self.id)
            self.error, self.state = JobError(f"the job broke: {error!r}; the server's log says where"), "failed"

    def as_json(self) -> dict[str, Any]:
        state = self.state  # read first: what belongs to it is there before it
        return {
            "id": self.id,
            "state": state,
            "paths": list(self.paths),
            "progress": asdict(self.progress) if self.progress else None,
            "report": report_json(self.report) if self.report else None,
            "error": error_json(self.error)["error"] if self.error else None,
        }

    def _step(self, progress: Progress | None) -> None:
        if self._stop.is_set():
            raise _Cancelled
        self.progress = progress


class Jobs:
    """The jobs of a server, the newest last; the oldest that are over are forgotten."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="job")
        self._lock = threading.Lock()

    def submit(self, paths: Sequence[str], work: Work) -> Job:
        """Have the work done after what waits before it. Raises Busy."""
        with self._lock:
            if sum(not job.over for job in self._jobs.values()) >= MOST_WAITING:
                raise Busy(f"{MOST_WAITING} jobs wait already; try again when some are done")
            for id in [job.id for job in self._jobs.values() if job.over][: -MOST_REMEMBERED or None]:
                del self._jobs[id]
            job = Job(paths)
            self._jobs[job.id] = job
            self._worker.submit(job.run, work)
        return job

    def get(self, id: str) -> Job:
        """Raises NotFound."""
        if id not in self._jobs:
            raise NotFound(f"there is no job {id[:80]!r}; jobs are forgotten when the server ends")
        return self._jobs[id]

    def all(self) -> list[Job]:
        return list(self._jobs.values())

    def stop(self) -> None:
        """Cancel all; returns when the one under way has ended."""
        for job in self.all():
            job.cancel()
        self._worker.shutdown(wait=True)
