"""A model hub on the loopback: the few answers of the real one that its client asks for when it downloads."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha1, sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

COMMIT = "abcdef0123456789abcdef0123456789abcdef01"


@contextmanager
def serving(repo: str, folder: Path) -> Iterator[tuple[str, list[str]]]:
    """(the hub's URL, the paths that were downloaded so far) while the folder is served as the repository."""
    downloaded: list[str] = []
    files = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}

    class Hub(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, body: bool) -> None:
            path = self.path.partition("?")[0]
            if path.startswith(f"/api/models/{repo}"):
                listed = [{"rfilename": name, "size": file.stat().st_size} for name, file in files.items()]
                facts = {"id": repo, "modelId": repo, "sha": COMMIT, "siblings": listed, "tags": [], "private": False}
                self._send(200, json.dumps(facts).encode(), body, {"Content-Type": "application/json"})
                return
            name = path.removeprefix(f"/{repo}/resolve/").partition("/")[2]
            if name not in files:
                self._send(404, b"", body, {"X-Error-Code": "EntryNotFound"})
                return
            content = files[name].read_bytes()
            large = name.endswith((".safetensors", ".bin"))
            digest = sha256(content) if large else sha1(b"blob %d\0" % len(content) + content)
            if body:
                downloaded.append(name)
            self._send(200, content, body, {"ETag": f'"{digest.hexdigest()}"', "X-Repo-Commit": COMMIT})

        def _send(self, status: int, content: bytes, body: bool, headers: dict[str, str]) -> None:
            self.send_response(status)
            for key, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(key, value)
            self.end_headers()
            if body:
                self.wfile.write(content)

        def log_request(self, code: object = "-", size: object = "-") -> None:
            """Nothing on the console."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", downloaded
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
