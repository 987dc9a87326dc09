"""Retrievers for Haystack and LangChain: in their real libraries, over a library here and behind a server."""

import asyncio
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from haystack import Document, Pipeline
from haystack.components.builders import PromptBuilder
from haystack.utils.filters import document_matches_filter
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document as LangChainDocument
from langchain_core.runnables import Runnable, RunnableParallel, RunnablePassthrough
from serving import awaited, light, on_a_port, open_light, served
from town import make_town

from mmsearch.adapters import haystack, langchain
from mmsearch.client import Client
from mmsearch.errors import InvalidFilter, NotFound
from mmsearch.filters import matches
from mmsearch.types import Segment, Span

pytestmark = pytest.mark.slow

WHO = "Who saw a whale swim past the breakwater?"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("adapted")
    with open_light(folder / "library") as client:
        assert not client.index(make_town(folder / "town")).failed
        yield client


@pytest.fixture(scope="module")
def address(client: Client) -> Iterator[str]:
    with on_a_port(served(client)) as address:
        yield address


def test_haystack_finds_what_the_client_finds(client: Client) -> None:
    pipeline = Pipeline()
    pipeline.add_component("retriever", haystack.MMSearchRetriever(client, top_k=3))
    pipeline.add_component(
        "prompt",
        PromptBuilder("{% for d in documents %}{{ d.content }} [{{ d.meta.uri }}]\n{% endfor %}", ["documents"]),
    )
    pipeline.connect("retriever.documents", "prompt.documents")
    ran = pipeline.run({"retriever": {"query": WHO}}, include_outputs_from={"retriever"})
    documents = ran["retriever"]["documents"]
    ranking = client.search(WHO, top_k=3)
    assert [(d.id, d.score) for d in documents] == [(r.segment.id, r.score) for r in ranking.results]
    best = documents[0]
    assert best.content == "Old Jonas saw a whale swim past the breakwater."
    assert best.meta["span"] == {"start_s": 40.0, "end_s": 58.0}
    assert best.meta["file_path"] == best.meta["uri"] == ranking.results[0].segment.uri
    assert best.meta["answer"]["seconds"] == list(ranking.results[0].answer.seconds)  # type: ignore[union-attr,arg-type]
    assert ran["prompt"]["prompt"].startswith(f"{best.content} [{best.meta['uri']}]\n")
    assert Document.from_dict(best.to_dict()) == best


def test_a_table_is_markdown_and_a_picture_its_words(client: Client) -> None:
    retriever = haystack.MMSearchRetriever(client, modalities=["table"])
    [table] = [d for d in retriever.run("herring barrels Silver Dawn")["documents"] if "boats" in d.meta["uri"]]
    lines = (table.content or "").splitlines()
    assert lines[:2] == ["| boat | built | herring_barrels |", "| --- | --- | --- |"]
    assert "| Silver Dawn | 1917 | 4711 |" in lines
    [picture] = haystack.MMSearchRetriever(client, modalities=["image"]).run("red cottage")["documents"]
    assert picture.content == "A red cottage on the cliff at sunset."
    assert Path(picture.meta["file_path"]).name == "cliff.png"


def test_a_pipeline_is_saved_and_loaded_with_its_library(client: Client, address: str) -> None:
    pipeline = Pipeline()
    filters = {"field": "meta.modality", "operator": "==", "value": "audio"}
    pipeline.add_component(
        "retriever",
        haystack.MMSearchRetriever(address, 2, filters, "merge", ["audio", "text"], {"wait_s": 1.0}),
    )
    loaded = Pipeline.loads(pipeline.dumps(), allowed_modules=["mmsearch.adapters.haystack"])
    assert loaded.to_dict() == pipeline.to_dict()
    [found] = loaded.run({"retriever": {"query": "whale ferry frost"}})["retriever"]["documents"]
    assert found.meta["uri"].endswith("memories.flac")
    assert found.meta["url"] == f"{address}/v1/documents/{found.meta['document']}/content"
    beside = {"field": "meta.title", "operator": "contains", "value": "nowhere"}
    assert loaded.run({"retriever": {"query": "whale", "filters": beside}})["retriever"]["documents"] == []
    loaded.close()
    given = haystack.MMSearchRetriever(client).to_dict()["init_parameters"]
    assert given["library"] == str(client.settings.library)


def test_a_library_is_opened_by_warming_up_and_released_by_closing(tmp_path: Path) -> None:
    with open_light(tmp_path / "library") as client:
        client.index_records([{"id": "a", "text": "An otter swims.", "level": 3}, {"id": "b", "text": "An otter."}])
    retriever = haystack.MMSearchRetriever(tmp_path / "library", settings=light())
    pipeline = Pipeline()
    pipeline.add_component("retriever", retriever)
    pipeline.warm_up()
    deep = {"field": "meta.level", "operator": ">", "value": 2}
    assert [
        d.meta["level"]
        for d in pipeline.run({"retriever": {"query": "otter", "filters": deep}})["retriever"]["documents"]
    ] == [3]
    pipeline.close()
    with open_light(tmp_path / "library", wait_s=0.0) as client:
        assert client.search("otter").results, "it is free for others"
    retriever.close()
    with pytest.raises(NotFound):
        haystack.MMSearchRetriever(tmp_path / "nowhere").warm_up()


def test_haystack_awaits_it_beside_others(client: Client) -> None:
    async def run() -> list[Any]:
        pipeline = Pipeline()
        pipeline.add_component("retriever", haystack.MMSearchRetriever(client, top_k=1))
        asked = [{"retriever": {"query": words}} for words in ("whale", "lanterns", "herring barrels")]
        return [(await pipeline.run_async(one))["retriever"]["documents"] for one in asked]

    found = awaited(run())
    assert [Path(d.meta["uri"]).name for [d] in found] == ["memories.flac", "festival.md", "boats.csv"]


SEGMENTS = [
    Segment("1", "d1", "/a.md", "text", Span(), title="Log", metadata={"level": 3, "date": "2024-05-01", "open": True}),
    Segment("2", "d2", "/b.csv", "table", Span(), title="Buoys", metadata={"level": 3.5, "tags": ["sea", "red"]}),
    Segment("3", "d3", "/c.png", "image", Span(), metadata={"date": "2023-11-02", "open": False, "level": 0}),
]
"""With fields that others miss."""


def _as_haystack(segment: Segment) -> Document:
    own = {"modality": segment.modality, "document": segment.document_id, "uri": segment.uri, "title": segment.title}
    return Document(id=segment.id, content="", meta={**segment.metadata, **own})


COMPARISONS = st.one_of(
    st.builds(
        lambda field, operator, value: {"field": f"meta.{field}", "operator": operator, "value": value},
        st.just("level"),
        st.sampled_from(["==", "!=", ">", ">=", "<", "<="]),
        st.sampled_from([0, 3, 3.5, 7, -1]),
    ),
    st.builds(
        lambda operator, value: {"field": "meta.date", "operator": operator, "value": value},
        st.sampled_from(["==", "!=", ">", ">=", "<", "<="]),
        st.sampled_from(["2024-05-01", "2023-11-02", "2023-12-31"]),
    ),
    st.builds(
        lambda field, operator, value: {"field": f"meta.{field}", "operator": operator, "value": value},
        st.sampled_from(["modality", "title", "uri", "document", "missing"]),
        st.sampled_from(["==", "!="]),
        st.sampled_from(["text", "image", "Log", "", "/a.md", "d2"]),
    ),
    st.builds(
        lambda field, operator, value: {"field": f"meta.{field}", "operator": operator, "value": value},
        st.sampled_from(["modality", "title", "missing"]),
        st.sampled_from(["in", "not in"]),
        st.lists(st.sampled_from(["text", "table", "Log"]), max_size=3),
    ),
    st.builds(
        lambda operator, value: {"field": "meta.open", "operator": operator, "value": value},
        st.sampled_from(["==", "!="]),
        st.booleans(),
    ),
)
FILTERS = st.recursive(
    COMPARISONS,
    lambda parts: st.builds(
        lambda operator, conditions: {"operator": operator, "conditions": conditions},
        st.sampled_from(["AND", "OR", "NOT"]),
        st.lists(parts, min_size=1, max_size=3),
    ),
    max_leaves=6,
)


@given(FILTERS)
def test_a_filter_means_what_haystack_means(filters: dict[str, Any]) -> None:
    filter = haystack.translated(filters)
    passing = [segment.id for segment in SEGMENTS if matches(filter, segment)]
    documents = map(_as_haystack, SEGMENTS)
    # a number under true or false, and the other way round, is no comparison of ours
    assert passing == [document.id for document in documents if document_matches_filter(filters, document)]


def test_lists_and_dates_are_asked_too() -> None:
    red = haystack.translated({"field": "meta.tags", "operator": "contains", "value": "red"})
    assert [segment.id for segment in SEGMENTS if matches(red, segment)] == ["2"]
    since = haystack.translated({"field": "meta.date", "operator": ">=", "value": date(2024, 1, 1)})
    assert [segment.id for segment in SEGMENTS if matches(since, segment)] == ["1"]


@pytest.mark.parametrize(
    "filters",
    [
        {"field": "meta.level", "operator": "~", "value": 1},
        {"field": "meta.level", "operator": "in", "value": 1},
        {"field": "meta.level", "operator": "==", "value": None},
        {"field": "meta.level", "operator": ">", "value": [1]},
        {"field": "content", "operator": "==", "value": "x"},
        {"field": "meta.span.page", "operator": "==", "value": 1},
        {"field": "meta.level", "value": 1},
        {"operator": "XOR", "conditions": []},
        {"operator": "AND"},
    ],
)
def test_a_filter_that_cannot_be_asked_is_an_error(filters: dict[str, Any], client: Client) -> None:
    with pytest.raises(InvalidFilter):
        haystack.MMSearchRetriever(client).run("boats", filters=filters)


def _shown(documents: list[LangChainDocument]) -> str:
    return " | ".join(document.page_content for document in documents)


def test_langchain_finds_what_the_client_finds(client: Client) -> None:
    retriever = langchain.MMSearchRetriever(library=client, top_k=3)
    ranking = client.search(WHO, top_k=3)
    documents = retriever.invoke(WHO)
    assert [(d.id, d.metadata["score"]) for d in documents] == [(r.segment.id, r.score) for r in ranking.results]
    best = documents[0]
    assert best.page_content == "Old Jonas saw a whale swim past the breakwater."
    assert best.metadata["span"] == {"start_s": 40.0, "end_s": 58.0}
    assert best.metadata["uri"] == ranking.results[0].segment.uri
    assert best.metadata["answer"]["text"] == ranking.results[0].answer.text  # type: ignore[union-attr]
    chain: Runnable[str, Any] = RunnableParallel({"context": retriever | _shown, "question": RunnablePassthrough()})
    assert chain.invoke(WHO) == {"context": _shown(documents), "question": WHO}
    assert len(retriever.invoke(WHO, top_k=1)) == 1
    assert [d.metadata["modality"] for d in retriever.invoke(WHO, filter='modality = "text"')] == ["text"] * 3


def test_langchain_awaits_it_over_the_same_library(client: Client, address: str) -> None:
    words = ["whale", "lanterns", "herring barrels"] * 3

    async def ask(library: Client | str) -> list[str]:
        retriever = langchain.MMSearchRetriever(library=library, top_k=1, modalities=("text", "table", "audio"))
        found = await asyncio.gather(*(retriever.ainvoke(text) for text in words))
        retriever.close()
        return [Path(document.metadata["uri"]).name for [document] in found]

    expected = ["memories.flac", "festival.md", "boats.csv"] * 3
    assert awaited(ask(client)) == awaited(ask(address)) == expected
    assert client.search("whale").results, "a client that was given stays open"


def test_langchain_opens_a_folder_and_releases_it(tmp_path: Path) -> None:
    with open_light(tmp_path / "library") as client:
        client.index_records([{"id": "a", "text": "An otter swims.", "level": 3}])
    retriever = langchain.MMSearchRetriever(library=tmp_path / "library", filter="level > 3", settings=light())
    assert retriever.invoke("otter") == []
    assert [d.metadata["level"] for d in retriever.invoke("otter", filter="level >= 3")] == [3]
    retriever.close()
    with open_light(tmp_path / "library", wait_s=0.0) as client:
        assert client.search("otter").results
