"""The contract of the stores on a real Milvus server, started here."""

from collections.abc import Iterator

import pytest
from filter_contract import FilterContract
from milvus_servers import real_server
from store_contract import DenseContract

from mmsearch.protocols import Store
from mmsearch.stores.milvus import MilvusStore


@pytest.mark.server
class TestMilvusServer(DenseContract, FilterContract):
    """A real Milvus: `not`, `exists`, HNSW. Version 2.3 is what can be started from a package; it has no BM25 yet."""

    lexical = False

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
        with real_server(tmp_path_factory.mktemp("server")) as uri:
            store = MilvusStore(uri)
            yield store
            store.close()
