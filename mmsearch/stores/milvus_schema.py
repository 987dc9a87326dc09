"""What a collection looks like in Milvus: the columns, the index, and the facts of the model it was made for."""

import json
from typing import Any

from mmsearch import bm25
from mmsearch.stores import rows
from mmsearch.stores.milvus_filters import DOCUMENT_NUMBER
from mmsearch.types import Space


def schema(space: Space) -> Any:
    """The columns of a row (`rows.row`) with the vector or the terms; the space's facts are the description."""
    from pymilvus import DataType, Function, FunctionType, MilvusClient

    facts = {"space": space.name, "kind": space.kind, "dim": space.dim, "model": space.model}
    facts |= {"revision": space.revision, "fingerprint": space.fingerprint}
    made = MilvusClient.create_schema(enable_dynamic_field=False, description=json.dumps(facts))
    made.add_field("id", DataType.VARCHAR, is_primary=True, max_length=rows.ID_BYTES)
    made.add_field("document", DataType.VARCHAR, max_length=rows.ID_BYTES)
    made.add_field(DOCUMENT_NUMBER, DataType.INT64)
    for name in ("modality", "uri", "title"):
        made.add_field(name, DataType.VARCHAR, max_length=rows.FILTER_LIMIT_BYTES)
    made.add_field("facets", DataType.JSON)
    made.add_field("cut", DataType.BOOL)
    text = {"element_type": DataType.VARCHAR, "max_length": rows.COLUMN_BYTES}
    made.add_field("payload", DataType.ARRAY, max_capacity=4096, **text)
    if space.kind == "lexical":
        split = {"enable_analyzer": True, "analyzer_params": {"tokenizer": "whitespace"}}
        made.add_field("terms", DataType.VARCHAR, max_length=65_535, **split)
        made.add_field("weights", DataType.SPARSE_FLOAT_VECTOR)
        made.add_function(Function("bm25", FunctionType.BM25, ["terms"], ["weights"]))
    else:
        made.add_field("vector", DataType.FLOAT_VECTOR, dim=space.dim)
    return made


def index(space: Space, exact: bool) -> Any:
    """BM25 for words; for vectors a plain scan where it is to be `exact`, else HNSW, denser than its default.

    The inner product of vectors of unit length is their cosine, and takes Milvus Lite half the time of it: for a cosine
    it measures every row's length again, at each search, also of rows that the filter leaves out.
    """
    from pymilvus import MilvusClient

    made = MilvusClient.prepare_index_params()
    if space.kind == "lexical":
        constants = {"bm25_k1": bm25.K1, "bm25_b": bm25.B}
        made.add_index("weights", index_type="SPARSE_INVERTED_INDEX", metric_type="BM25", params=constants)
    elif exact:
        made.add_index("vector", index_type="FLAT", metric_type="IP")
    else:
        made.add_index("vector", index_type="HNSW", metric_type="IP", params={"M": 32, "efConstruction": 256})
    return made
