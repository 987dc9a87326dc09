"""The commands for indexings: which there were, how far one is, stop it, go on with it, try its failures again."""

from typing import Annotated

import typer

from mmsearch.cli.library import run_index
from mmsearch.cli.moving import run_reembed
from mmsearch.cli.options import Json, Library, errors, print_json
from mmsearch.jobs import Job

JobId = Annotated[str, typer.Argument(metavar="[JOB]", help='The id, the beginning of it, or "last".')]


def list_jobs(library: Library = None, as_json: Json = False) -> None:
    """The indexings and re-embeddings of a library, the newest first."""
    from mmsearch import schemas, terminal
    from mmsearch.opening import jobs_of
    from mmsearch.settings import read_settings

    with errors(as_json):
        found = jobs_of(read_settings(library=library)).all()
        if as_json:
            print_json([schemas.job_json(job) for job in found])
        else:
            terminal.show_jobs(found)


def show(id: JobId = "last", library: Library = None, as_json: Json = False) -> None:
    """What a job was asked, how far it is, and every document that failed."""
    from mmsearch import schemas, terminal

    with errors(as_json):
        job = _job(library, id)
        if as_json:
            print_json(schemas.job_json(job))
        else:
            terminal.show_job(job)


def cancel(id: JobId = "last", library: Library = None) -> None:
    """Ask a running job to stop: it finishes the batch at hand and keeps what is done."""
    from mmsearch import terminal
    from mmsearch.opening import jobs_of
    from mmsearch.settings import read_settings

    with errors():
        job = jobs_of(read_settings(library=library)).cancel(id)
        terminal.out.print(f"job {job.id} stops after the batch at hand; what is done is kept")


def resume(id: JobId = "last", library: Library = None, as_json: Json = False) -> None:
    """Ask the same again: what is done is not done twice."""
    with errors(as_json):
        job = _job(library, id).repeatable()
    if job.space:
        run_reembed(library, job.space, job.asked["model"], job.asked["pretrained"], job.asked["rollback"], as_json)
    else:
        run_index(library, job.roots, job.how, as_json)


def retry_failed(id: JobId = "last", library: Library = None, as_json: Json = False) -> None:
    """Index the documents again that failed in a job; of a retrieval set all that is not in the library yet."""
    from mmsearch import terminal
    from mmsearch.sources import is_there
    from mmsearch.types import Root

    with errors(as_json):
        job = _job(library, id).repeatable()
        there = [place for place in job.failed_places if is_there(Root.at(place))]
    if gone := len(job.failed_places) - len(there):
        terminal.err.print(f"{gone} of the failed documents are no longer there")
    if there:
        run_index(library, there, job.how, as_json)
    elif not gone:
        terminal.err.print(f"no document failed in job {job.id}")


def _job(library: str | None, id: str) -> Job:
    from mmsearch.opening import jobs_of
    from mmsearch.settings import read_settings

    return jobs_of(read_settings(library=library)).get(id)
