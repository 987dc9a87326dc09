"""A reader as a third party might write it: what the file says is what happens to the process that reads it."""

import ctypes
import os
import sys
import time
from collections.abc import Iterator, Sequence

from hashing import HashingEncoder

from mmsearch.liveness import alive
from mmsearch.readers import segment_id
from mmsearch.types import Document, Embeddings, Segment, Span

STEP_S = 0.2
kept: list[bytes] = []
"""What a reader that leaks leaves behind."""


class BadReader:
    """Takes `.bad` files: the first word says what to do, the second how much of it; then a segment with the text."""

    suffixes = frozenset({".bad"})
    sidecar_suffixes: tuple[str, ...] = ()
    fingerprint = "bad 1"

    def read(self, document: Document) -> Iterator[Segment]:
        text = document.path.read_text()
        what, much = (*text.split(), "0", "0")[:2]
        getattr(self, what)(float(much))
        yield self.segment(document, 0, text)
        if what == "many":
            for number in range(1, int(much)):
                yield self.segment(document, number, f"{text} {'word ' * 200}")

    def segment(self, document: Document, number: int, text: str) -> Segment:
        span = Span(start_row=number)
        id = segment_id(document, "bad", "text", span)
        return Segment(id, document.id, document.uri, "text", span, text=f"{text} read by {os.getpid()}")

    def fine(self, _: float) -> None:
        """Nothing bad."""

    def many(self, _: float) -> None:
        """Nothing bad; so many segments follow."""

    def abort(self, _: float) -> None:
        os.abort()

    def fault(self, _: float) -> None:
        ctypes.string_at(0)

    def leave(self, _: float) -> None:
        sys.exit(7)

    def trip(self, _: float) -> None:
        raise LookupError("no such table")

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def hold(self, _: float) -> None:
        """Hang in foreign code that does not let Python's other threads run."""
        ctypes.PyDLL(None).pause()

    def slow(self, seconds: float) -> None:
        """Take long, with signs of life."""
        for _ in range(round(seconds / STEP_S)):
            time.sleep(STEP_S)
            alive()

    def allocate(self, mebibytes: float) -> None:
        """Fill memory, and wait with it."""
        held = b"x" * (int(mebibytes) << 20)
        time.sleep(60 if held else 0)

    def leak(self, mebibytes: float) -> None:
        """Fill memory and leave it behind, fast enough to be done with the document before anybody looks."""
        kept.append(b"x" * (int(mebibytes) << 20))

    def chatter(self, _: float) -> None:
        """Print, and ask for input, as libraries should not."""
        print("chatter " * 1000)
        os.write(1, b"\x80\x05garbage")
        assert sys.stdin.read() == ""


class SlowEncoder(HashingEncoder):
    """Takes SLOW_S seconds of the environment for a segment."""

    def encode(self, segments: Sequence[Segment]) -> Embeddings:
        time.sleep(len(segments) * float(os.environ.get("SLOW_S", "0")))
        return super().encode(segments)
