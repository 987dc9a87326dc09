"""The way to Milvus: what is started or called, and its errors as ours.

Only the files `milvus_*` import pymilvus, and only when a store is made: the import takes two seconds.
"""

import logging
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from mmsearch.disks import full, is_full
from mmsearch.errors import ConfigError, StoreError, StoreUnavailable, Unauthorized
from mmsearch.masking import without_secrets
from mmsearch.stores.milvus_filters import LITE, Dialect

if TYPE_CHECKING:
    from mmsearch.stores.lite import Lite  # POSIX only

QUIET = {"grpc.keepalive_permit_without_calls": False}
"""Milvus Lite takes pings from an idle client for an attack and hangs up, with lines on stderr."""
MISCOUNTED = "Invalid sparse row: negative value"
"""Milvus Lite reads how many rows there are and how many have a word at two moments: with rows written in between, a
word of every row has a negative weight. It counts right as soon as they are written."""
RELEASED = "collection not found"
"""It loads a collection that was released and searches it at two moments: released in between, it is not there."""
LASTS_S = 10.0

steadily: Callable[..., Any] = Retrying(
    retry=retry_if_exception(lambda error: any(said in str(error) for said in (MISCOUNTED, RELEASED))),
    wait=wait_fixed(0.01),
    stop=stop_after_delay(LASTS_S),
    reraise=True,
)
"""Calls a function that reads, again while Milvus Lite says what is over in a moment."""


@contextmanager
def translating(place: str, lite: bool) -> Iterator[None]:
    """Around calls to Milvus: the one place where its errors become ours."""
    from grpc import RpcError
    from pymilvus.exceptions import MilvusException

    try:
        yield
    except (MilvusException, RpcError) as error:
        folder = Path(place).parent
        raise (full(folder) if lite and is_full(folder) else _translated(error, place)) from error


def start_lite(uri: str) -> "Lite | None":
    """The Milvus Lite that has the file; None for the address of a server. Raises ConfigError, LibraryLocked."""
    if uri.startswith(("http://", "https://", "tcp://", "unix:")):
        return None
    if not uri.endswith(".db"):
        raise ConfigError(f"store.uri {without_secrets(uri)!r} is neither a file that ends in .db nor http://host:port")
    if sys.platform == "win32":
        raise ConfigError("Milvus Lite does not run on Windows; set store.uri to a Milvus server (http://host:19530)")
    from mmsearch.stores.lite import Lite

    file = Path(uri)
    file.parent.mkdir(parents=True, exist_ok=True)
    return Lite(file)


def connected(uri: str, token: str, timeout_s: float) -> Any:
    """A client of what listens there."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from pymilvus import MilvusClient

    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # what it logs, it also raises
    return MilvusClient(uri, token=token, timeout=timeout_s, grpc_options=QUIET)


def dialect_of(client: Any, timeout_s: float) -> Dialect:
    """Milvus Lite does not know its version; it may also be what listens at an http address."""
    from grpc import RpcError, StatusCode

    try:
        version = str(client.get_server_version(timeout=timeout_s))
    except RpcError as error:
        if error.code() == StatusCode.UNIMPLEMENTED:
            return LITE
        raise
    numbers = re.match(r"v?(\d+)\.(\d+)", version)
    return Dialect(negation=True, parts=numbers is None or tuple(map(int, numbers.groups())) >= (2, 4))


def _translated(error: Exception, place: str) -> Exception:
    text = without_secrets(str(getattr(error, "message", "") or error).strip())
    lowered = text.lower()
    if "unauthenticated" in lowered or "auth check failure" in lowered or "permission deny" in lowered:
        return Unauthorized(f"Milvus at {place} refuses the token; set store.token")
    signs = ("unavailable", "deadline", "timeout", "timed out", "fail connecting", "illegal connection", "connect")
    if any(sign in lowered for sign in signs):
        return StoreUnavailable(
            f"no Milvus answers at {place}; check that it runs and that store.uri is right ({text[:200]})"
        )
    return StoreError(f"Milvus at {place}: {text[:500]}")
