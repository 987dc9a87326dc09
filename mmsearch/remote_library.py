"""A library that another process serves: the same questions and answers over HTTP.

By httpx2 2.16 (BSD-3-Clause, November 2026), the successor of httpx by its author, which reads server-sent events
itself, and is pure Python.
"""

import json
import tempfile
from base64 import b64encode
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import httpx2

from mmsearch.asking import SearchFields
from mmsearch.errors import InputError, JobError, MMSearchError, NotFound, StoreUnavailable
from mmsearch.feedback import Judgement, asked_by
from mmsearch.holding import holder_of
from mmsearch.jobs import Job, Outcome
from mmsearch.model_choice import settled
from mmsearch.progress import Progress
from mmsearch.reembedding import ReembedEstimate
from mmsearch.reports import Audit, BackedUp, IndexedDocument, Reembedded, Report, SpaceState, Stats
from mmsearch.retrying import json_of, may_work_later, patient, raise_error, was_not_done
from mmsearch.schemas import audit_of, encoded, job_of, ranking_of, segment_of, state_of, stats_of
from mmsearch.sources.found import reachable
from mmsearch.types import Document, Engine, Query, Ranking, Result, Root, Segment

TIMEOUT = httpx2.Timeout(120.0, connect=5.0)
"""A search may have to wait for a model that is being loaded; a stream says something every 15 s."""
LOOK = httpx2.Timeout(2.0)
LONG = httpx2.Timeout(3_600.0, connect=5.0)
"""For what looks at a whole library."""


class RemoteLibrary:
    """The library behind the server at `http://host:port`.

    `token` is a key of the library; without one that is used which the server left in its library's folder for this
    user, if it runs on this machine. Errors are of the same classes as in the server; what may work later is tried
    again for a few seconds. Raises StoreUnavailable when nothing answers.
    """

    def __init__(self, address: str, token: str = "") -> None:
        self.address = address.rstrip("/")
        self._token: str | None = token or None
        _check_address(address)
        self._http = httpx2.Client(base_url=self.address, timeout=TIMEOUT, trust_env=not _is_local(address))
        self.jobs = RemoteJobs(self)
        self._open = ExitStack()
        self._open.enter_context(self._http)

    @cached_property
    def _files(self) -> Path:
        """Where copies stand until this is closed."""
        return Path(self._open.enter_context(tempfile.TemporaryDirectory(prefix="mmsearch-")))

    def pid(self) -> int | None:
        """The process that answers at the address, None when none of ours does."""
        try:
            return int(self._http.get("/healthz", timeout=LOOK).json()["pid"])
        except (httpx2.HTTPError, ValueError, KeyError, TypeError):
            return None

    def index(
        self,
        roots: Sequence[Root],
        on_progress: Callable[[Progress], None] = lambda _: None,
        spaces: Collection[str] = (),
        stop: Callable[[], bool] = lambda: False,
        *,
        verify: bool = False,
        prune: bool = False,
        engine: Engine = "local",
    ) -> Report:
        job = self.submit(roots, spaces, verify=verify, prune=prune, engine=engine)
        return self._done(job, Report, on_progress, stop)

    def submit(
        self,
        roots: Sequence[Root],
        spaces: Collection[str] = (),
        *,
        verify: bool = False,
        prune: bool = False,
        engine: Engine = "local",
    ) -> Job:
        asked = {"roots": [asdict(root) for root in roots], "spaces": sorted(spaces), "verify": verify, "prune": prune}
        asked |= {"engine": engine}
        return job_of(self._change("POST", "/v1/jobs", body=asked))

    def index_records(
        self,
        root: Root,
        records: Iterable[Mapping[str, Any] | Document],
        complete: bool = False,
        on_progress: Callable[[Progress], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Report:
        asked = {
            "name": root.place.removeprefix("records:"),
            "columns": root.columns,
            "complete": str(complete).lower(),
        }
        headers = {"Content-Type": "application/x-ndjson"}
        sent = map(record_line, records)  # cannot be sent twice, so it is not tried again
        job = self._once("POST", "/v1/documents/records", params=asked, headers=headers, content=sent)
        return self._done(job_of(json_of(job)), Report, on_progress, stop)

    def add(
        self,
        files: Sequence[Path],
        replace: bool = False,
        on_progress: Callable[[Progress], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
        access: Sequence[str] = (),
    ) -> Report:
        with ExitStack() as opened:
            sent = []
            for file in files:
                with reachable(file):
                    sent.append(("files", (file.name, opened.enter_context(file.open("rb")))))
            job = self._change(
                "POST", "/v1/documents", files=sent, data={"replace": str(replace).lower(), "access": list(access)}
            )
        return self._done(job_of(job), Report, on_progress, stop)

    def remove(self, document_id: str) -> None:
        self._change("DELETE", f"/v1/documents/{_segment(document_id)}")

    def reembed(
        self,
        space: str,
        model: str = "",
        pretrained: str = "",
        on_progress: Callable[[Progress], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Reembedded:
        job = self._change("POST", _of_space(space, "reembed"), body=_weights(model, pretrained))
        return self._done(job_of(job), Reembedded, on_progress, stop)

    def estimate_reembed(self, space: str, model: str = "", pretrained: str = "") -> ReembedEstimate:
        place = _of_space(space, "reembed/estimate")
        return ReembedEstimate(**self._change("POST", place, body=_weights(model, pretrained)))

    def roll_back(
        self,
        space: str,
        on_progress: Callable[[Progress], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Reembedded:
        return self._done(job_of(self._change("POST", _of_space(space, "rollback"))), Reembedded, on_progress, stop)

    def forget_previous(self, space: str) -> int:
        return int(self._change("DELETE", _of_space(space, "previous"))["forgotten_rows"])

    def search(self, query: Query) -> Ranking:
        fields = SearchFields.of(query).model_dump()
        media = {name: data for name in ("image", "audio") if (data := getattr(query, name)) is not None}
        if not media:
            said = self._ask("POST", "/v1/search", body=fields)
        else:
            files = {name: (name, data) for name, data in media.items()}
            said = self._ask(
                "POST", "/v1/search", data={k: v for k, v in fields.items() if v not in ([], None)}, files=files
            )
        return ranking_of(said, query)

    def documents(self, offset: int = 0, limit: int = 100, part: str = "") -> list[IndexedDocument]:
        said = self._ask("GET", "/v1/documents", params={"offset": offset, "limit": limit, "part": part})
        return [IndexedDocument(**document) for document in said["documents"]]

    def document(self, document_id: str) -> IndexedDocument:
        return IndexedDocument(**self._ask("GET", f"/v1/documents/{_segment(document_id)}"))

    def segments(self, document_id: str, offset: int = 0, limit: int = 100) -> list[Segment]:
        place = f"/v1/documents/{_segment(document_id)}/segments"
        said = self._ask("GET", place, params={"offset": offset, "limit": limit})
        return [segment_of(segment) for segment in said["segments"]]

    def file(self, document_id: str) -> Path | None:
        return self._fetched(f"/v1/documents/{_segment(document_id)}/content", {})

    def picture(self, document_id: str, segment_id: str = "") -> Path | None:
        return self._fetched(f"/v1/documents/{_segment(document_id)}/thumbnail", {"segment": segment_id})

    def judge(self, query: str | Ranking, document: str | Path | Result, grade: int = 1) -> Judgement:
        words, routes = asked_by(query)
        seen = (
            {"document": document.segment.document_id, "segment": document.segment.id}
            | {"rank": document.rank, "score": document.score}
            if isinstance(document, Result)
            else {"document": str(document)}
        )
        return Judgement(
            **self._change("POST", "/v1/feedback", body={"query": words, "grade": grade, "routes": routes} | seen)
        )

    def withdraw(self, query: str, document: str | Path) -> bool:
        said = {"query": query, "document": str(document)}
        return bool(self._change("DELETE", "/v1/feedback", body=said)["withdrawn"])

    def judgements(self, query: str = "") -> list[Judgement]:
        said = self._ask("GET", "/v1/feedback", params={"query": query})
        return [Judgement(**judgement) for judgement in said["judgements"]]

    def examples(self) -> list[str]:
        return list(self._ask("GET", "/v1/examples")["examples"])

    def spaces(self) -> list[SpaceState]:
        return [state_of(state) for state in self._ask("GET", "/v1/spaces")["spaces"]]

    def stats(self) -> Stats:
        return stats_of(self._ask("GET", "/v1/stats"))

    def audit(self, repair: bool = False) -> Audit:
        return audit_of(self._change("POST", "/v1/audit", body={"repair": repair}, timeout=LONG))

    def back_up(self, folder: Path) -> BackedUp:
        return BackedUp(**self._change("POST", "/v1/backups", body={"folder": folder.as_posix()}, timeout=LONG))

    def close(self) -> None:
        self._open.close()

    def _done(
        self, job: Job, kind: type[Outcome], on_progress: Callable[[Progress], None], stop: Callable[[], bool]
    ) -> Outcome:
        """The report of the job when it is over; it is cancelled when whoever waits for it is interrupted or stops."""
        last: Mapping[str, Any] = {}
        try:
            for now in self.jobs.follow(job.id):
                job = now
                if job.progress and job.progress != last:
                    last = job.progress
                    on_progress(Progress(**last))
                if stop() and not job.over:
                    with suppress(JobError):  # it ended meanwhile
                        self.jobs.cancel(job.id)
        except BaseException:
            with suppress(MMSearchError):
                self.jobs.cancel(job.id)
            raise
        return job.outcome(kind)

    def _events(self, place: str) -> Iterator[Any]:
        """What the server tells at the place, until it ends or breaks off."""
        with self._translated(), self._http.sse(place, headers=self._authorization()) as events:
            raise_error(events.response)
            for event in events:
                yield event.json()

    def _ask(self, method: str, place: str, **sent: Any) -> Any:
        """What the server answers, asked again where that may help."""
        return json_of(patient(may_work_later)(self._once, method, place, **sent))

    def _change(self, method: str, place: str, **sent: Any) -> Any:
        """The same for what changes the library: what may have been done already is not asked for again."""
        answer = patient(was_not_done)(self._once, method, place, **sent)
        return json_of(answer) if answer.content else None

    def _once(
        self,
        method: str,
        place: str,
        body: Any = None,
        headers: Mapping[str, str] = {},
        **sent: Any,
    ) -> httpx2.Response:
        if body is not None:
            sent["content"] = encoded(body)
            headers = {**headers, "Content-Type": "application/json"}
        sent["headers"] = {**self._authorization(), **headers}
        with self._translated():
            answer = self._http.request(method, place, **sent)
        raise_error(answer)
        return answer

    def _fetched(self, place: str, params: Mapping[str, str]) -> Path | None:
        """A copy of what is at the place, kept until this is closed; None when there is nothing."""
        folder, known = Path(tempfile.mkdtemp(dir=self._files)), self._authorization()
        try:
            with self._translated(), self._http.stream("GET", place, params=params, headers=known) as answer:
                raise_error(answer)
                file = folder / _file_name(answer)
                with file.open("wb") as kept:
                    for chunk in answer.iter_bytes():
                        kept.write(chunk)
        except NotFound:
            return None
        return file

    def _authorization(self) -> dict[str, str]:
        if self._token is None:
            self._token = self._token_of_neighbour()
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    def _token_of_neighbour(self) -> str:
        """The key that a server on this machine left for this user, if this is the address it left it for."""
        if not _is_local(self.address):
            return ""
        with self._translated():
            answer = self._http.get("/v1/stats")
        try:
            holder = holder_of(Path(json_of(answer)["library"])) if answer.is_success else None
        except (MMSearchError, KeyError, TypeError):
            holder = None  # no server of ours, as what is asked of it next will say
        port = urlsplit(self.address).port
        return holder.token if holder and holder.address and urlsplit(holder.address).port == port else ""

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except httpx2.HTTPError as error:
            raise StoreUnavailable(
                f'no mmsearch server answers at {self.address} ({error}); start one with "mmsearch serve"'
            ) from error


class RemoteJobs:
    """The indexings and re-embeddings of the library behind a server."""

    def __init__(self, library: RemoteLibrary) -> None:
        self._library = library

    def all(self) -> list[Job]:
        said = self._library._ask("GET", "/v1/jobs")
        return [job_of(job) for job in said["jobs"]]

    def get(self, id: str) -> Job:
        return job_of(self._library._ask("GET", f"/v1/jobs/{_segment(id, 'job')}"))

    def cancel(self, id: str) -> Job:
        return job_of(self._library._change("DELETE", f"/v1/jobs/{_segment(id, 'job')}"))

    def follow(self, id: str) -> Iterator[Job]:
        """As it is told; where the telling breaks off, whether the server is still there is asked anew."""
        while True:
            job = self.get(id)
            yield job
            if job.over:
                return
            with suppress(StoreUnavailable):
                for event in self._library._events(f"/v1/jobs/{job.id}/events"):
                    job = job_of(event)
                    yield job
                    if job.over:
                        return


def _check_address(address: str) -> None:
    try:
        place = urlsplit(address)
        good = bool(place.hostname) and place.port != 0  # a port beyond the last is a ValueError
        httpx2.URL(address)
    except (ValueError, httpx2.InvalidURL):
        good = False
    if not good:
        raise InputError(f"{address} is not the address of a server; write http://host:port")


def record_line(record: Mapping[str, Any] | Document) -> bytes:
    """A record as a line of JSON. Raises InputError for what cannot be sent."""
    if isinstance(record, Document):
        raise InputError("a server takes records, not documents: send them as dicts")
    said = dict(record)
    if isinstance(content := said.get("bytes"), bytes | bytearray | memoryview):
        said["bytes"] = b64encode(content).decode()
    try:
        return json.dumps(said, default=str).encode() + b"\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"a record that cannot be sent as JSON: {error}") from error


def _segment(id: str, of: str = "document") -> str:
    """The id as one segment of an address. Raises NotFound for what cannot be an id."""
    if not id.isalnum():
        raise NotFound(f"the library has no {of} {id[:80]!r}")
    return id


def _of_space(name: str, what: str) -> str:
    return f"/v1/spaces/{quote(name, safe='')}/{what}"


def _weights(model: str, pretrained: str) -> dict[str, str]:
    """A model as a server on this machine finds it, whatever folder it runs in."""
    return {"model": settled(model), "pretrained": settled(pretrained)}


def _file_name(answer: httpx2.Response) -> str:
    """The name that the server gives the file, without any folder."""
    said = answer.headers.get("content-disposition", "")
    _, coded, name = said.partition("filename*=utf-8''")
    name = unquote(name) if coded else said.partition('filename="')[2].partition('"')[0]
    return Path(name).name or "file"


def _is_local(address: str) -> bool:
    return urlsplit(address).hostname in ("localhost", "127.0.0.1", "::1")
