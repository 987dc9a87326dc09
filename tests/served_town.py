"""The town served over HTTP within this process: fixtures, and how answers are read."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from serving import OWNER, eventually, open_light, over_http
from town import make_town

from mmsearch.client import Client


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_town(tmp_path_factory.mktemp("served") / "town")


@pytest.fixture(scope="module")
def client(town: Path) -> Iterator[Client]:
    with open_light(town.parent / "library") as client:
        assert not client.index(town).failed
        yield client


@pytest.fixture(scope="module")
def http(client: Client) -> Iterator[TestClient]:
    with over_http(client) as http:
        yield http


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Client]:
    """An empty library to change."""
    (tmp_path / "files").mkdir()
    with open_light(tmp_path / "library", indexing={"batch_segments": 1, "max_file_bytes": 200_000}) as client:
        client.index(tmp_path / "files")
        yield client


@pytest.fixture
def owner(shelf: Client) -> Iterator[TestClient]:
    with over_http(shelf) as http:
        http.headers.update(OWNER)
        yield http


def ids_of(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [result["segment"]["id"] for result in answer.json()["results"]]


def error_of(answer: Any) -> tuple[int, str]:
    said = answer.json()
    assert said.keys() == {"error"}, answer.text
    assert said["error"].keys() == {"code", "message", "retryable"}
    assert said["error"]["message"]
    return answer.status_code, said["error"]["code"]


def events_of(said: str) -> list[tuple[str, Any]]:
    """(name, what it says) of each server-sent event."""
    told = [dict(line.partition(": ")[::2] for line in block.splitlines()) for block in said.split("\n\n")]
    return [(event["event"], json.loads(event["data"])) for event in told if "event" in event]


def finished(http: TestClient, submitted: Any) -> Any:
    assert submitted.status_code == 202, submitted.text
    place = submitted.headers["location"]
    return eventually(lambda: (job := http.get(place).json())["state"] not in ("waiting", "running") and job)
