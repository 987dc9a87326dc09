"""A bucket, by s3fs, on moto's S3 server: `pip install s3fs "moto[s3,server]"` to run it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from libraries import Library

from mmsearch.errors import NotFound
from mmsearch.types import Root

s3fs = pytest.importorskip("s3fs", reason="s3fs is the user's to install")
moto = pytest.importorskip("moto.server", reason="moto is not installed")

pytestmark = pytest.mark.slow


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from fsspec.config import conf

    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    how = {"key": "k", "secret": "s", "endpoint_url": f"http://{host}:{port}"}
    monkeypatch.setitem(conf, "s3", how)
    fs = s3fs.S3FileSystem(**how)
    fs.mkdir("town")
    fs.pipe({"town/docs/a.txt": b"Along the quay.", "town/docs/deep/b#1.txt": b"Storm.", "town/other/c.txt": b"No."})
    try:
        yield fs
    finally:
        fs.clear_instance_cache()
        server.stop()


def test_a_bucket_is_indexed_followed_and_not_lost(
    bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library, root = Library(tmp_path / "library"), Root.at("s3://town/docs/")
    report = library.indexer().index([root])
    assert (report.indexed, report.failed) == (2, ())
    assert {segment.uri for segment, _ in library.dump()["words"].values()} == {
        "s3://town/docs/a.txt",
        "s3://town/docs/deep/b#1.txt",
    }
    assert library.indexer().index([root]).unchanged == 2
    bucket.pipe("town/docs/a.txt", b"Along the cove.")
    bucket.rm("town/docs/deep/b#1.txt")
    report = library.indexer().index([root])
    assert (report.indexed, report.removed) == (1, 1)
    assert library.words() == "Along the cove."
    bucket.rm("town/docs/a.txt")
    with pytest.raises(NotFound, match="--prune"):
        library.indexer().index([root])
    assert library.indexer().index([root], prune=True).removed == 1
