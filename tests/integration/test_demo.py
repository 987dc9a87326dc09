"""The demo library: each medium is found by words, with the shipped weights alone."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mmsearch.client import Client
from mmsearch.demo import demo_library, example_searches

pytestmark = [pytest.mark.encoders, pytest.mark.slow]

SHIPPED = {name: {"part": ""} for name in ("image", "table")}
MORE = json.loads((demo_library().parent / "searches.json").read_text())["more"]
WITHIN, MORE_WITHIN = 3, 5


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with Client(tmp_path_factory.mktemp("demo"), spaces=SHIPPED, recognizer={"part": ""}) as client:
        report = client.index(demo_library())
        assert not report.failed
        assert not report.skipped
        assert report.found > 60
        yield client


def test_the_six_searches_show_every_medium() -> None:
    assert len(example_searches()) == 6
    assert {example["expect_modality"] for example in example_searches()} == {"text", "table", "image", "audio"}


@pytest.mark.parametrize("example", example_searches(), ids=lambda example: example["query"])
def test_an_example_search_finds_what_it_shows(client: Client, example: dict[str, str]) -> None:
    assert _expected(example) in _found(client, example["query"])


@pytest.mark.parametrize("example", [e for e in MORE if e.get("needs") != "clip"], ids=lambda example: example["query"])
def test_more_searches_find_theirs_among_the_first(client: Client, example: dict[str, str]) -> None:
    assert _expected(example) in _found(client, example["query"], MORE_WITHIN)


def _expected(example: dict[str, str]) -> tuple[str, str]:
    return example["expect_modality"], (demo_library() / example["expect_document"]).as_posix()


def _found(client: Client, query: str, top_k: int = WITHIN) -> list[tuple[str, str]]:
    results = client.search(query, top_k=top_k).results
    return [(result.segment.modality, Path(result.segment.uri).as_posix()) for result in results]
