"""Documents read in processes of their own, so that a reader that breaks fails its document alone."""

from mmsearch.reading.here import Here
from mmsearch.reading.orders import Failed, Order, Outcome, Read, Reading, Unchanged
from mmsearch.reading.pool import Limits, ProcessPool, usual_workers
from mmsearch.reading.spool import Spooled

__all__ = [
    "Failed",
    "Here",
    "Limits",
    "Order",
    "Outcome",
    "ProcessPool",
    "Read",
    "Reading",
    "Spooled",
    "Unchanged",
    "usual_workers",
]
