"""Where spaces are kept: `memory` is the exact reference, `milvus` is Milvus Lite, a server or a cluster."""
