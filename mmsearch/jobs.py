"""Indexings and re-embeddings as jobs: what was asked, how far it is, how it ended.

They are remembered in the library, beside the manifest, in a file of their own that any process may read and write:
whoever looks at a job or cancels it needs not hold the library. A running job holds a lock, which the system frees when
the process dies: a job whose lock is free is no longer running, whatever it last wrote.
"""

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self, TypeVar, get_args
from uuid import uuid4

from filelock import BaseFileLock, FileLock, Timeout

from mmsearch.errors import InputError, JobError, JobOver, NotFound, StoreError, error_named
from mmsearch.reports import Failure, Reembedded, Report
from mmsearch.sources import CORPUS_FILE, MANIFEST_ENDING, lies_at
from mmsearch.types import Root

JOBS_FILE = "jobs.sqlite3"
KEPT_JOBS = 1_000
"""Older ones are forgotten when a new one starts."""
LOOK_S = 1.0
"""How often a running job writes down how far it is, and looks whether it was cancelled."""

FOLLOW_S = 0.2
"""How often a job is looked at for those who follow it."""
LONGEST_SILENCE_S = 1.0
"""Whoever follows a job hears of it at least so often."""

Outcome = TypeVar("Outcome", Report, Reembedded)

State = Literal["waiting", "running", "done", "cancelled", "interrupted", "failed"]
"""`waiting` for another change of the library to end; `interrupted` by a person, a signal or a killed process;
`failed` by an error that no document is to blame for."""
UNDER_WAY: tuple[State, ...] = ("waiting", "running")

SCHEMA = """
create table if not exists jobs (
    id text primary key, state text not null, started text not null, ended text not null, cancelled integer not null,
    asked text not null, progress text not null, report text not null, error text not null);
"""


@dataclass(frozen=True, slots=True)
class Job:
    """One indexing: `asked` are the `roots` and options. Or a space taken to another model: `asked` are no roots, the
    `space`, the `model` with its weights, and whether it was a `rollback`.

    Times are ISO 8601 in UTC, `ended` is empty while it runs. `progress` is how far it came, as `Progress` says it;
    `report` is there once it ended by itself.
    """

    id: str
    state: State
    started: str
    asked: Mapping[str, Any]
    ended: str = ""
    progress: Mapping[str, Any] = field(default_factory=dict)
    report: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""

    @property
    def over(self) -> bool:
        return self.state not in UNDER_WAY

    @property
    def roots(self) -> tuple[Root, ...]:
        """What was to be indexed."""
        return tuple(_root(root) for root in self.asked.get("roots", ()))

    @property
    def space(self) -> str:
        """The space that was to be taken to another model; empty for an indexing."""
        return str(self.asked.get("space", ""))

    @property
    def subject(self) -> str:
        """What was to be done, in words: the places to index, or the space and its model."""
        if not self.space:
            return ", ".join(root.place for root in self.roots)
        model = "its previous model" if self.asked["rollback"] else self.asked["model"] or "the model of the settings"
        return f"{self.space} by {model}"

    @property
    def how(self) -> dict[str, Any]:
        """The options of `Client.index` that it was asked with."""
        flags = {name: bool(self.asked.get(name)) for name in ("verify", "prune")}
        return {**flags, "engine": self.asked.get("engine", "local")}

    @property
    def failed(self) -> tuple[Failure, ...]:
        """The documents that could not be indexed."""
        said = self.report.get("failed", ())
        return tuple(Failure(**{**failure, "access": tuple(failure.get("access", ()))}) for failure in said)

    def outcome(self, kind: type[Outcome]) -> Outcome:
        """The report of a job of the kind that is over. Raises what it failed by, JobError where its process died."""
        if self.state == "failed":
            raise error_named(*self.error.split(": ", 1))
        if not self.report:
            raise JobError(
                f"job {self.id} was {self.state}; what is done is kept, the same asked again goes on from there"
            )
        return kind(**{**self.report, "failed": self.failed})

    @property
    def failed_places(self) -> tuple[str | Root, ...]:
        """What to index so that they are tried again: each file, and for records the set or the list of them."""
        return tuple(dict.fromkeys(self._again(failure.uri) for failure in self.failed))

    def repeatable(self) -> Self:
        """The job, if it can be asked again by what is remembered of it. Raises InputError."""
        for root in self.roots:
            if root.kind == "records":
                raise InputError(
                    f"job {self.id} indexed records that a program gave ({root.place}), which are not kept: "
                    "run that program again; what is done is not done twice"
                )
        return self

    def _again(self, uri: str) -> str | Root:
        for root in self.roots:
            whole = root.kind != "files" or uri.endswith("/") or uri == root.place
            if whole and lies_at(uri, root.place):
                return root
        manifest, named, _ = uri.partition(f"{MANIFEST_ENDING}#")
        return manifest + MANIFEST_ENDING if named else uri.partition(f"/{CORPUS_FILE}#")[0]


class Jobs:
    """The jobs of one library."""

    def __init__(self, library: Path) -> None:
        """Raises StoreError when the file is no database."""
        self._locks = library / "jobs"
        with _translated():
            self._sql = sqlite3.connect(library / JOBS_FILE, check_same_thread=False, timeout=10, isolation_level=None)
            self._sql.executescript("pragma journal_mode=wal;" + SCHEMA)

    def begin(self, asked: Mapping[str, Any]) -> "RunningJob":
        """A new job, which waits until `start`; pass it to `ending`, in any thread."""
        id = uuid4().hex[:8]
        self._locks.mkdir(exist_ok=True)
        lock = FileLock(self._locks / f"{id}.lock", thread_local=False)
        lock.acquire()
        newest = "select id from jobs order by rowid desc limit ?"  # as begun, whatever the clock said
        row = (id, "waiting", _now(), "", 0, json.dumps(asked), "{}", "{}", "")
        with _translated():
            self._sql.execute("insert into jobs values (?,?,?,?,?,?,?,?,?)", row)
            self._sql.execute(f"delete from jobs where id not in ({newest})", (KEPT_JOBS,))
        return RunningJob(self, id, lock)

    @contextmanager
    def ending(self, job: "RunningJob") -> Iterator[None]:
        """The job ends with the block, and how the block ends says how."""
        try:
            yield
        except KeyboardInterrupt:
            self._end(job.id, "interrupted")
            raise
        except BaseException as error:
            self._end(job.id, "failed", error=f"{type(error).__name__}: {error}")
            raise
        else:
            job.settle()
            stopped = job.report is not None and job.report.stopped
            state: State = "cancelled" if job.is_cancelled else "interrupted" if stopped else "done"
            self._end(job.id, state, report=job.report)
        finally:
            job.lock.release()
            (self._locks / f"{job.id}.lock").unlink(missing_ok=True)

    def all(self) -> list[Job]:
        """Every job, the newest first."""
        with _translated():
            rows = self._sql.execute("select * from jobs order by rowid desc").fetchall()
        return [self._job(row) for row in rows]

    def get(self, id: str) -> Job:
        """The job of that id, or whose id begins so; "last" is the newest. Raises NotFound, InputError."""
        with _translated():
            whole = self._sql.execute("select * from jobs where id = ?", (id,)).fetchall()
        if whole:
            return self._job(whole[0])
        found = self.all() if id == "last" else [job for job in self.all() if job.id.startswith(id)]
        if not found:
            raise NotFound(f'no job is called "{id[:80]}"; "mmsearch jobs list" names them')
        if id != "last" and len(found) > 1:
            raise InputError(f'"{id}" begins the ids of {len(found)} jobs: {", ".join(job.id for job in found[:5])}')
        return found[0]

    def cancel(self, id: str) -> Job:
        """Ask a job to stop: it finishes the batch at hand. Raises NotFound, JobOver when it has ended."""
        job = self.get(id)
        if job.over:
            raise JobOver(f"job {job.id} is not running, it is {job.state}")
        with _translated():
            self._sql.execute("update jobs set cancelled = 1 where id = ?", (job.id,))
        return job

    def follow(self, id: str) -> Iterator[Job]:
        """The job as it goes on, whenever that changes and at least every second, to its end. Raises NotFound."""
        news = News()
        while True:
            job = self.get(id)
            if news.of(job):
                yield job
            if job.over:
                return
            time.sleep(FOLLOW_S)

    def close(self) -> None:
        self._sql.close()

    def is_cancelled(self, id: str) -> bool:
        with _translated():
            row = self._sql.execute("select cancelled from jobs where id = ?", (id,)).fetchone()
        return bool(row and row[0])

    def note(self, id: str, progress: Mapping[str, Any]) -> None:
        """Write down how far a job is."""
        with _translated():
            self._sql.execute("update jobs set progress = ? where id = ?", (json.dumps(progress), id))

    def start(self, id: str) -> None:
        """Say that the job waits no longer."""
        with _translated():
            self._sql.execute("update jobs set state = 'running' where id = ?", (id,))

    def _end(self, id: str, state: State, report: Report | Reembedded | None = None, error: str = "") -> None:
        said = json.dumps(asdict(report)) if report else "{}"
        change = "update jobs set state = ?, ended = ?, report = ?, error = ? where id = ?"
        with _translated():
            self._sql.execute(change, (state, _now(), said, error, id))

    def _job(self, row: Sequence[Any]) -> Job:
        """The job of the row; one that nobody does any more is interrupted, unless it ended since the row was read."""
        job = _job_of(row)
        if job.over or self._lives(job.id):
            return job
        with _translated():
            [now] = self._sql.execute("select * from jobs where id = ?", (job.id,)).fetchall() or [row]
        job = _job_of(now)
        return job if job.over else replace(job, state="interrupted")

    def _lives(self, id: str) -> bool:
        """Whether a process holds the job's lock."""
        lock = FileLock(self._locks / f"{id}.lock")
        with suppress(Timeout), lock.acquire(timeout=0):
            return False
        return True


class RunningJob:
    """The job at hand: takes progress as often as it comes, and the report at the end."""

    def __init__(self, jobs: Jobs, id: str, lock: BaseFileLock) -> None:
        self._jobs = jobs
        self.id, self.lock = id, lock
        self.report: Report | Reembedded | None = None
        self.is_cancelled = False
        self._noted_s = self._looked_s = 0.0
        self._last: Mapping[str, Any] = {}

    def start(self) -> None:
        """It waits no longer."""
        self._jobs.start(self.id)

    def step(self, progress: Mapping[str, Any]) -> bool:
        """Note how far the job is, at most once in LOOK_S; False when it was asked to stop."""
        now_s, self._last = time.monotonic(), progress
        if now_s - self._noted_s >= LOOK_S:
            self._noted_s = now_s
            self._jobs.note(self.id, progress)
        return not self.cancelled()

    def cancelled(self) -> bool:
        """Whether it was asked to stop; looked up at most once in LOOK_S."""
        now_s = time.monotonic()
        if now_s - self._looked_s >= LOOK_S:
            self._looked_s = now_s
            self.is_cancelled = self._jobs.is_cancelled(self.id)
        return self.is_cancelled

    def settle(self) -> None:
        """Note how far it came."""
        self._jobs.note(self.id, self._last)


class News:
    """Which looks at a job are worth telling: those that find a change, and one a second where nothing changes."""

    def __init__(self) -> None:
        self._last: Job | None = None
        self._said_s = 0.0

    def of(self, job: Job) -> bool:
        """Whether this is news."""
        now_s = time.monotonic()
        if job == self._last and now_s - self._said_s < LONGEST_SILENCE_S:
            return False
        self._last, self._said_s = job, now_s
        return True


def _job_of(row: Sequence[Any]) -> Job:
    id, state, started, ended, _, asked, progress, report, error = row
    assert state in get_args(State), state
    return Job(id, state, started, json.loads(asked), ended, json.loads(progress), json.loads(report), error)


def asked_for(roots: Iterable[Root], **how: bool | str) -> dict[str, Any]:
    """What a job was asked, as it is remembered."""
    return {"roots": [asdict(root) for root in roots], **how}


def _root(values: Mapping[str, Any]) -> Root:
    said: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
    return Root(**said)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(f"the library's jobs cannot be read or written: {error}") from error
