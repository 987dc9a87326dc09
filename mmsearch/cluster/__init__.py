"""Documents read and encoded by the workers of a Ray cluster, or of a local Ray; this process writes what they made.

A worker is an actor of Ray Data: it loads each model once, reads a shard of documents in processes of its own and
encodes it. What comes back takes the way of the local engine: the caller's thread plans and counts, one thread writes
rows and then the Manifest. Workers write nothing, so that any of them may be killed.
"""

from mmsearch.cluster.engine import RayEngine

__all__ = ["RayEngine"]
