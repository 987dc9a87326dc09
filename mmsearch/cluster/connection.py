"""The Ray that does the work: a running cluster, or one of this machine's own, and what its workers may take."""

import logging
import os
import pickle
import shutil
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

from tenacity import Retrying, stop_after_attempt

from mmsearch.cluster.worker import Answer, Setup, ShardWorker
from mmsearch.errors import ConfigError, JobError
from mmsearch.reading import Order
from mmsearch.settings import Settings

QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_ENABLE_AUTO_CONNECT": "0",  # a thread that still asks when we have disconnected would start another Ray
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".*",  # what raylets say of dead workers goes to stdout otherwise
}
STORE_BYTES, LEAST_STORE_BYTES = 1 << 30, 80 << 20
"""Of a local Ray's object store: the shards on their way back, with what is waiting for this process."""
CONNECT_S = 10.0
STARTS = 3
"""A Ray of our own now and then does not get up, or has no node yet when it is asked: then it is started anew."""
MOST_CPUS = 8
"""For a worker with a GPU: they read while it encodes."""


@dataclass(frozen=True, slots=True)
class Shares:
    """How many workers there are, and what each of them has: processors, GPUs, processes that read."""

    workers: int
    cpus: int
    gpus: float

    @property
    def readers(self) -> int:
        return max(1, self.cpus // 2)


class Connection:
    """A connection to Ray. Close it: a Ray that it started ends, a cluster is left."""

    def __init__(self, settings: Settings) -> None:
        """Connect to the cluster that RAY_ADDRESS or the settings name, else start a Ray here.

        Raises ConfigError when the extra is missing or the address is of Ray Client, JobError when Ray does not start
        or answer.
        """
        address = os.environ.get("RAY_ADDRESS") or settings.indexing.ray_address
        address = "" if address == "local" else address
        if address.startswith("ray://"):
            raise ConfigError(
                f"{address} is an address of Ray Client, which Ray Data does not work through: run mmsearch on a node "
                "of the cluster with its GCS address (HOST:6379), or as a job by `ray job submit`"
            )
        self._ray = _quiet_ray()
        self._ours = not self._ray.is_initialized()
        if self._ours:
            self._start(address, settings.indexing.workers)
        self.shares = shares(self._ray.nodes(), settings.indexing.workers)

    def answers(self, setup: Setup, dealt: Sequence[Sequence[Order]], tries: int, most_lost: int) -> Generator[Answer]:
        """The workers' answers to the shards, in any order, as they are asked for.

        Ray Data works ahead of that only as far as its object store reaches. A shard whose worker dies `tries` times
        has no answer. Raises what Ray raises, also when more than `most_lost` have none.
        """
        data = self._ray.data
        rows = [{"orders": pickle.dumps(orders)} for orders in dealt]
        found = data.from_items(rows, override_num_blocks=len(rows))
        with warnings.catch_warnings():
            # Without a limit Ray Data tries a shard for ever; the limit has no other way in until 2.64.
            warnings.simplefilter("ignore", self._ray.util.annotations.RayDeprecationWarning)
            found = found.map_batches(
                ShardWorker,
                fn_constructor_args=(replace(setup, readers=self.shares.readers),),
                batch_size=None,
                batch_format="pyarrow",
                compute=data.ActorPoolStrategy(
                    size=min(self.shares.workers, len(rows)),
                    max_tasks_in_flight_per_actor=1,  # what waits at a worker that dies loses one of its tries with it
                ),
                num_cpus=self.shares.cpus,
                num_gpus=self.shares.gpus,
                max_restarts=-1,
                max_task_retries=tries - 1,
            )
        found.context.max_errored_blocks = most_lost
        found.context.enable_progress_bars = False
        found.context.print_on_execution_start = False
        for table in found.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=1):
            for answer in table["answer"]:
                yield pickle.loads(answer.as_py())

    def close(self) -> None:
        """Disconnect; what workers are doing for us ends."""
        if self._ours:
            self._ray.shutdown()

    def _start(self, address: str, workers: int | None) -> None:
        how: dict[str, Any] = {"address": address}
        if not address:
            how = {"address": "local", "include_dashboard": False, "object_store_memory": _store_bytes()}
            how |= {"num_cpus": workers} if workers else {}
        where = f"the Ray cluster at {address} does not answer" if address else "Ray does not start here"
        try:
            _reach(address)  # Ray itself would try for minutes
            for attempt in Retrying(
                stop=stop_after_attempt(1 if address else STARTS),
                before_sleep=lambda _: self._ray.shutdown(),
                reraise=True,
            ):
                with attempt, _signals_kept(), _paths_passed_on(), _silent():
                    self._ray.init(**how, log_to_driver=False, logging_level=logging.CRITICAL)
        except Exception as error:
            raise JobError(f"{where}: {type(error).__name__}: {str(error).strip()[:500]}") from error


def shares(nodes: Sequence[dict[str, Any]], wanted: int | None) -> Shares:
    """The workers for a cluster of these nodes, as Ray lists them: one a GPU, or one a processor where there is none.

    Of `wanted` workers more than there are GPUs, several share one. Raises JobError when nothing is there.
    """
    there = [node["Resources"] for node in nodes if node["Alive"]]
    gpus = sum(int(resources.get("GPU", 0)) for resources in there)
    if gpus:
        workers = wanted or gpus
        share = min(1.0, gpus / workers)
        per_gpu = min(r.get("CPU", 0) / int(r["GPU"]) for r in there if int(r.get("GPU", 0)))
        return Shares(workers, max(1, min(MOST_CPUS, int(per_gpu * share))), share)
    cpus = int(sum(resources.get("CPU", 0) for resources in there))
    if not cpus:
        raise JobError("the Ray cluster has no processors for us now")
    return Shares(min(wanted or cpus, cpus), 1, 0.0)


def check_installed() -> None:
    """Raises ConfigError when Ray is not installed."""
    if find_spec("ray") is None:
        raise ConfigError('the engine "ray" is not installed; install it with pip install "mmsearch[ray]"')


def _reach(address: str) -> None:
    """Raises OSError when nobody listens at HOST:PORT; other addresses ("auto") are for Ray to find."""
    host, _, port = address.rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_S).close()


def _quiet_ray() -> Any:
    """Ray and Ray Data, telling nobody anything."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    import ray
    import ray.data

    logging.getLogger("ray").setLevel(logging.CRITICAL)
    for handler in logging.getLogger("ray.data").handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setLevel(logging.CRITICAL)  # its file in Ray's folder of the session has it all
    return ray


def _store_bytes() -> int:
    """For a local object store, which lies in /dev/shm: that may be small in a container."""
    try:
        free = shutil.disk_usage("/dev/shm").free
    except OSError:
        return STORE_BYTES
    return max(LEAST_STORE_BYTES, min(STORE_BYTES, free * 6 // 10))


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Ray takes SIGTERM for itself; who asks for an orderly end is heard all the same."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _paths_passed_on() -> Iterator[None]:
    """A Ray that is started inside finds the modules that this process finds."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


@contextmanager
def _silent() -> Iterator[None]:
    """Keeps from stderr what Ray's C++ says of itself while it starts; what goes wrong is raised."""
    sys.stderr.flush()
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)
