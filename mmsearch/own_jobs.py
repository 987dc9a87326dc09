"""The jobs of a library as a key that is no admin's finds them."""

from collections.abc import Iterator
from dataclasses import asdict, replace

from mmsearch.errors import NotFound
from mmsearch.jobs import Job, Jobs
from mmsearch.keys import Key


class OwnJobs:
    """The jobs that were asked for with a key, without the names of documents that it does not see."""

    def __init__(self, jobs: Jobs, key: Key) -> None:
        self._jobs, self._key = jobs, key

    def all(self) -> list[Job]:
        return [self._seen(job) for job in self._jobs.all() if self._is_own(job)]

    def get(self, id: str) -> Job:
        found = [job for job in self._jobs.all() if self._is_own(job) and (id == "last" or job.id.startswith(id))]
        if not found or (id != "last" and len(found) > 1):
            raise NotFound(f'no job of this key is called "{id[:80]}"')
        return self._seen(found[0])

    def cancel(self, id: str) -> Job:
        return self._seen(self._jobs.cancel(self.get(id).id))

    def follow(self, id: str) -> Iterator[Job]:
        return map(self._seen, self._jobs.follow(self.get(id).id))

    def _is_own(self, job: Job) -> bool:
        return bool(job.asked.get("by", "") == self._key.name)

    def _seen(self, job: Job) -> Job:
        """The document at hand is not named: whether the key will see it is not known yet."""
        failed = [asdict(failure) for failure in job.failed if self._key.sight.sees(failure.access)]
        report = {**job.report, "failed": failed} if "failed" in job.report else job.report
        progress = {**job.progress, "uri": ""} if "uri" in job.progress else job.progress
        return replace(job, report=report, progress=progress)
