"""A web server of this process that behaves as badly as a test wants."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass
class Page:
    """What the server has at a path. `failures` are statuses that are answered first, one a request for the bytes."""

    content: bytes
    etag: str = ""
    status: int = 200
    failures: list[int] = field(default_factory=list)
    cut_bytes: int = 0
    trickle_s: float = 0.0


@dataclass
class Web:
    """`asked` counts the requests by method and path."""

    address: str
    pages: dict[str, Page] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)


@contextmanager
def serving() -> Iterator[Web]:
    web = Web("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def _answer(self, with_body: bool) -> None:
            path = urlsplit(self.path).path
            web.asked[f"{self.command} {path}"] += 1
            page = web.pages.get(path, Page(b"", status=404))
            status = page.failures.pop(0) if with_body and page.failures else page.status
            content = page.content if status == 200 else b""
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            if page.etag:
                self.send_header("ETag", page.etag)
            self.end_headers()
            if not with_body:
                return
            try:
                if page.trickle_s:
                    for byte in content:
                        self.wfile.write(bytes([byte]))
                        self.wfile.flush()
                        time.sleep(page.trickle_s)
                else:
                    self.wfile.write(content[: len(content) - page.cut_bytes])
            except OSError:  # the client has gone
                self.close_connection = True
            if page.cut_bytes:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    web.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
