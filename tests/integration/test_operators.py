"""Operators through the engine: they hold in every space, on every store."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from libraries import Library

from mmsearch.errors import InputError
from mmsearch.protocols import Store
from mmsearch.search import Searcher
from mmsearch.spaces import open_for_search
from mmsearch.stores.memory import MemoryStore
from mmsearch.stores.milvus import MilvusStore
from mmsearch.types import Query
from mmsearch.wording import Sieve, Wording

DOCUMENTS = {
    "lights.md": "# Evening\n\nThe harbour lights burn above the quay.\n",
    "reversed.md": "# Evening\n\nThe lights of a harbour; a harbour of lights, and harbour again, harbour.\n",
    "rowing.md": "# Evening\n\nRowing boats under the harbour lights.\n",
    "bread.md": "# Bread\n\nRye bread for the market.\n",
    "boats.csv": "boat,berth\nKittiwake,harbour lights 3\nSilver Dawn,north quay\n",
}


@pytest.fixture(scope="module", params=["memory", "milvus"])
def searcher(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    folder = tmp_path_factory.mktemp(request.param)
    store: Store = MemoryStore() if request.param == "memory" else MilvusStore(str(folder / "library.db"))
    library, papers = Library(folder / "library"), folder / "papers"
    papers.mkdir()
    for name, text in DOCUMENTS.items():
        (papers / name).write_text(text, encoding="utf-8")
    report = library.indexer(store).index([papers])
    assert report.indexed == len(DOCUMENTS)
    spaces, closed = open_for_search(library.encoders, library.manifest, store)
    yield Searcher(spaces, closed, store, library.manifest, 10, "calibrated")
    store.close()


def _found(searcher: Searcher, text: str, spaces: frozenset[str] = frozenset()) -> set[str]:
    ranking = searcher.search(Query(text, spaces=spaces))
    return {Path(result.segment.uri).name for result in ranking.results}


@pytest.mark.parametrize("spaces", [frozenset[str](), frozenset({"words"}), frozenset({"text"})])
def test_wording_holds_in_every_space(searcher: Searcher, spaces: frozenset[str]) -> None:
    with_phrase = {"lights.md", "rowing.md", "boats.csv"}
    assert _found(searcher, "harbour lights", spaces) > with_phrase
    assert _found(searcher, '"harbour lights"', spaces) == with_phrase
    assert _found(searcher, '"harbour lights" -rowing', spaces) == with_phrase - {"rowing.md"}
    assert "rowing.md" not in _found(searcher, "harbour lights -rowing", spaces)
    assert "reversed.md" in _found(searcher, "harbour lights -rowing", spaces)
    assert _found(searcher, '"harbour lights" -type:table', spaces) == with_phrase - {"boats.csv"}
    assert _found(searcher, '"harbour lights" in:rowing', spaces) == {"rowing.md"}
    assert _found(searcher, '"harbour bread"', spaces) == set()


def test_every_hit_of_a_result_is_of_the_wording(searcher: Searcher) -> None:
    ranking = searcher.search(Query('harbour evening bread -"harbour lights"'))
    assert {Path(result.segment.uri).name for result in ranking.results} <= {"reversed.md", "bread.md", "boats.csv"}
    for result in ranking.results:
        assert all("harbour lights" not in segment.text for segment in (result.segment, *result.more))
    assert ranking.query.text == 'harbour evening bread -"harbour lights"'


def test_operators_without_words_say_what_is_missing(searcher: Searcher) -> None:
    with pytest.raises(InputError, match="add words"):
        searcher.search(Query("type:image before:2024"))
    with pytest.raises(InputError, match="the query is empty"):
        searcher.search(Query("  "))


def test_documents_without_a_date_are_not_before_it(searcher: Searcher) -> None:
    assert _found(searcher, "harbour before:2024") == set()


def test_the_sieve_looks_deeper_while_it_refuses(searcher: Searcher) -> None:
    """The best for "harbour" is refused, and one is wanted: the second comes."""
    collection = searcher.spaces["words"].collection
    plain = searcher.store.search(collection, "harbour", 10)
    first = [hit.segment_id for hit in plain]
    assert Path(searcher.store.segments(collection, first)[first[0]].uri).name == "reversed.md"
    sieve = Sieve(searcher.store, collection, Wording(excluded=("harbour again",)), {"en"})
    hits = sieve.search(collection, "harbour", 1, None)
    assert [(hit.segment_id, hit.rank) for hit in hits] == [(first[1], 1)]
