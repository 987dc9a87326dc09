"""A light library behind the server's application, and behind a real port, in this process."""

import asyncio
import socket
import threading
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hashing import HashingEncoder

from mmsearch.client import Client
from mmsearch.server.application import application
from mmsearch.types import Embeddings, Query, Segment, Vector

TOKEN = "the town's token"
OWNER = {"Authorization": f"Bearer {TOKEN}"}
OFF = {"part": ""}

QUERIES, PASSAGES = threading.Event(), threading.Event()
"""What a GatedEncoder waits for; open unless a test closes them."""
QUERIES.set()
PASSAGES.set()


@dataclass
class GatedEncoder(HashingEncoder):
    """Encodes queries and passages when the gates are open."""

    def encode_query(self, query: Query) -> Vector:
        assert QUERIES.wait(60)
        return super().encode_query(query)

    def encode(self, segments: list[Segment]) -> Embeddings:  # type: ignore[override]
        assert PASSAGES.wait(60)
        return super().encode(segments)


@contextmanager
def closed(gate: threading.Event) -> Iterator[None]:
    """Inside, what needs the gate waits; it may be opened early."""
    gate.clear()
    try:
        yield
    finally:
        gate.set()


def light(encoder: str = "serving:GatedEncoder") -> dict[str, Any]:
    """Settings of words and an encoder without weights, on the real store."""
    spaces = {"text": {"part": encoder}, "image": OFF, "table": OFF, "sound": OFF}
    return {"spaces": spaces, "recognizer": OFF, "ocr": OFF, "reranker": OFF}


def open_light(folder: Path, **settings: Any) -> Client:
    """A library without any weights, which reads in this process."""
    indexing = {"workers": 0, **settings.pop("indexing", {})}
    return Client(folder, **light(), indexing=indexing, **settings)


def served(client: Client, **options: Any) -> FastAPI:
    """As on this machine, where searching needs no key, unless the options say otherwise."""
    return application(client.app, TOKEN, **{"keyless": True, **options})


def over_http(client: Client, from_host: str = "127.0.0.1", **options: Any) -> TestClient:
    """A caller of the application; the server's own mistakes come back as answers, as to anybody."""
    app = served(client, **options)
    return TestClient(app, "http://localhost", client=(from_host, 50_000), raise_server_exceptions=False)


@contextmanager
def on_a_port(app: FastAPI) -> Iterator[str]:
    """The address at which the application really listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            deadline = time.monotonic() + 30
            while not server.started:
                assert thread.is_alive()
                assert time.monotonic() < deadline
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(60)


def awaited(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """In a thread of its own: where the browser was driven before, this one has a loop that never ends."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


def eventually(found: Any, seconds: float = 60.0) -> Any:
    """What the callable gives once it gives something true; tests wait for events, not for times."""
    deadline = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)
    return value
