"""The client that is awaited: the same methods and results, many at once, cancelled without loss."""

import asyncio
import inspect
from pathlib import Path
from typing import Any

import pytest
from serving import PASSAGES, QUERIES, TOKEN, awaited, closed, eventually, light, on_a_port, open_light, served
from town import make_town

from mmsearch import AsyncClient, Client
from mmsearch.errors import NotFound

pytestmark = pytest.mark.slow

NOT_AWAITED = {"app", "address", "serve"}


def _settings(**indexing: Any) -> dict[str, Any]:
    return {**light(), "indexing": {"workers": 0, **indexing}}


def test_every_method_of_the_client_is_there_with_what_it_takes() -> None:
    methods = {name: method for name, method in vars(Client).items() if not name.startswith("_")}
    for name in methods.keys() - NOT_AWAITED - {"follow", "close"}:
        awaited = getattr(AsyncClient, name)
        assert inspect.iscoroutinefunction(awaited), name
        assert inspect.signature(awaited).parameters == inspect.signature(methods[name]).parameters, name
    assert inspect.isasyncgenfunction(AsyncClient.follow)


def test_it_indexes_searches_and_follows(tmp_path: Path) -> None:
    town = make_town(tmp_path / "town")

    async def use() -> None:
        async with AsyncClient(tmp_path / "library", **_settings()) as client:
            job = await client.submit(town)
            states = [now.state async for now in client.follow(job.id)]
            assert states[-1] == "done"
            assert (await client.index(town)).unchanged == 9
            words = ["whale", "lanterns", "herring barrels", "red cottage"] * 8
            found = await asyncio.gather(*(client.search(text, top_k=1) for text in words))
            names = [Path(ranking.results[0].segment.uri).name for ranking in found]
            assert names == ["memories.flac", "festival.md", "boats.csv", "cliff.png"] * 8
            with pytest.raises(NotFound):
                await client.remove("0" * 32)

    awaited(use())


def test_it_asks_a_server(tmp_path: Path) -> None:
    town = make_town(tmp_path / "town")

    async def use(address: str) -> list[str]:
        async with AsyncClient(address, server={"token": TOKEN}) as client:
            assert (await client.index(town)).indexed == 9
            assert (await client.estimate_reembed("text", "other")).documents == 9
            assert (await client.reembed("text", "other")).after == "other"
            assert (await client.roll_back("text")).after == "hashing"
            assert await client.forget_previous("text") > 0
            return [result.segment.id for result in (await client.search("whale")).results]

    with open_light(tmp_path / "library") as local, on_a_port(served(local)) as address:
        found = awaited(use(address))
        assert found == [result.segment.id for result in local.search("whale").results]


def test_a_search_that_is_cancelled_does_not_hold_its_caller(tmp_path: Path) -> None:
    town = make_town(tmp_path / "town")

    async def use() -> None:
        async with AsyncClient(tmp_path / "library", **_settings()) as client:
            await client.index(town)
            with closed(QUERIES):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(client.search("whale"), 0.3)
                assert not QUERIES.is_set(), "it came back while the search still waited"
            assert (await client.search("whale", top_k=1)).results

    awaited(use())


def test_an_indexing_that_is_cancelled_ends_after_the_batch_at_hand(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    for number in range(4):
        (tmp_path / "files" / f"{number}.txt").write_text(f"Otter number{number}.")

    async def use() -> None:
        async with AsyncClient(tmp_path / "library", **_settings(batch_segments=1)) as client:
            with closed(PASSAGES):
                indexing = asyncio.create_task(client.index(tmp_path / "files"))
                await asyncio.to_thread(eventually, lambda: _states(client) == ["running"])
                indexing.cancel()
                asyncio.get_running_loop().call_later(0.3, PASSAGES.set)
                with pytest.raises(asyncio.CancelledError):
                    await indexing
            assert [job.state for job in await client.jobs()] == ["interrupted"]
            report = await client.index(tmp_path / "files")
            assert report.indexed > 0
            assert report.indexed + report.unchanged == 4

    awaited(use())


def _states(client: AsyncClient) -> list[str]:
    return [job.state for job in client._client.jobs()]
