"""An encoder of a process of its own whose work on another model can be held in the middle from outside."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hashing import ABSENT, USUAL, HashingEncoder

from mmsearch.types import Embeddings, Segment

FREE_SEGMENTS = 8
ABSENT.add("absent")


@dataclass
class WaitingEncoder(HashingEncoder):
    """As a job, by a model that is not the usual one, it encodes a few segments and then waits for the gate's file
    to go away."""

    gate: str = ""

    def encode(self, segments: Sequence[Segment]) -> Embeddings:
        as_a_job = threading.current_thread().name.startswith("jobs")  # and not for an estimate
        while as_a_job and self.model != USUAL and len(self.encoded) >= FREE_SEGMENTS and Path(self.gate).exists():
            time.sleep(0.02)
        return super().encode(segments)
