"""The contract of the stores, on each of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from filter_contract import FilterContract
from milvus_servers import lite_over_tcp
from store_contract import DenseContract, LexicalContract

from mmsearch.protocols import Store
from mmsearch.stores.memory import MemoryStore
from mmsearch.stores.milvus import MilvusStore


class TestMemory(DenseContract, LexicalContract, FilterContract):
    @pytest.fixture(scope="class")
    @classmethod
    def store(cls) -> Iterator[Store]:
        store = MemoryStore()
        yield store
        store.close()


class TestMilvusLite(DenseContract, LexicalContract, FilterContract):
    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
        store = MilvusStore(str(tmp_path_factory.mktemp("lite") / "library.db"))
        yield store
        store.close()


class TestMilvusOverTcp(DenseContract, LexicalContract):
    """The way to a server: the same calls through http://host:port."""

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
        with lite_over_tcp(tmp_path_factory.mktemp("tcp") / "library.db") as uri:
            store = MilvusStore(uri)
            yield store
            store.close()


def test_a_store_on_a_path_makes_its_folder(tmp_path: Path) -> None:
    store = MilvusStore(str(tmp_path / "deep" / "er" / "library.db"))
    store.close()
    assert (tmp_path / "deep" / "er" / "library.db").exists()
