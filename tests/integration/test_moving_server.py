"""A library moves to a real Milvus server, and changes its model there."""

from pathlib import Path
from typing import Any

import pytest
from libraries import client
from milvus_servers import real_server

from mmsearch.client import Client

pytestmark = [pytest.mark.slow, pytest.mark.server]

QUERIES = ("the lamp of the harbour", "storm and ferry", "height 3.5")


def found(library: Client) -> list[list[tuple[str, float]]]:
    rankings = [library.search(query, spaces=["text"]) for query in QUERIES]
    assert all(ranking.closed_spaces == {} for ranking in rankings)
    return [[(result.segment.id, round(result.score, 4)) for result in ranking.results] for ranking in rankings]


def test_an_export_is_taken_in_by_a_server_and_a_space_reembedded_there(tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    subjects = ("harbour", "lamp", "storm", "ferry", "keeper", "whale", "museum")
    for number in range(120):
        text = f"Note {number} on the {subjects[number % 7]} and the {subjects[number % 5]}.\n"
        (files / f"note-{number}.txt").write_text(text)
    (files / "tides.csv").write_text("day,height m\n" + "".join(f"{day},{day / 10}\n" for day in range(1, 60)))
    expected = {}
    for model in ("", "other"):
        with client(tmp_path / f"home{model}", model=model) as library:
            library.index(files)
            expected[model] = found(library)
            library.export(tmp_path / f"export{model}")
    with real_server(tmp_path / "server") as uri:
        there: dict[str, Any] = {"store": {"part": "server_halves:Halves", "uri": uri}}
        with client(tmp_path / "cluster", **there) as library:
            report = library.import_(tmp_path / "export")
            assert (report.documents, report.missing) == (121, {})
            assert found(library) == expected[""]
        with client(tmp_path / "cluster", **there) as library:
            assert found(library) == expected[""]
            assert library.estimate_reembed("text", "other").free_bytes is None
            assert library.reembed("text", "other").documents == 121
            assert found(library) == expected["other"]
            assert library.roll_back("text").documents == 0
            assert found(library) == expected[""]
            rows = report.rows["text"]
            assert library.forget_previous("text") == rows
