"""The segments of one document on their way from its reader to the writer: in memory when few, else in a file.

A document is spooled whole before any of it is written, so that a bad file replaces nothing, and read back one segment
at a time, so that a huge one needs no more memory than a small one.
"""

import pickle
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, cast

from mmsearch.disks import writing
from mmsearch.limits import FileLimits
from mmsearch.liveness import alive
from mmsearch.types import Segment

INLINE_BYTES = 1 << 20
"""More than this of one document goes through a file: what waits between processes is bounded."""


@dataclass(frozen=True, slots=True)
class Spooled:
    """A document's segments: `content` itself, or a `file` that holds them until it is discarded."""

    content: bytes
    file: Path | None
    size_bytes: int

    def segments(self) -> Iterator[Segment]:
        """The segments in order, read as they are asked for."""
        with self._opened() as stream:
            while stream.tell() < self.size_bytes:
                yield cast(Segment, pickle.load(stream))

    def discard(self) -> None:
        """Remove the file, if there is one."""
        if self.file is not None:
            self.file.unlink(missing_ok=True)

    def _opened(self) -> BinaryIO:
        return BytesIO(self.content) if self.file is None else self.file.open("rb")


def spool(segments: Iterable[Segment], file: Path, limits: FileLimits) -> Spooled:
    """All the segments, in `file` if they are large. Each is a sign of life.

    Raises what the reader raises, StoreError when the disk is full, TooLarge when they are more, or take longer, than
    the limits; leaves no file then.
    """
    started = time.monotonic()
    stream: BinaryIO = BytesIO()
    try:
        for segment in segments:
            alive()
            with writing(file.parent):
                pickle.dump(segment, stream, pickle.HIGHEST_PROTOCOL)
                size = f"{segment.uri} grows to {stream.tell() >> 20} MiB when it is read"
                limits.hold("spooled_bytes", stream.tell(), size)
                limits.hold("read_s", time.monotonic() - started, f"{segment.uri} is still not read to its end")
                if isinstance(stream, BytesIO) and stream.tell() > INLINE_BYTES:
                    spilled = file.open("wb")
                    spilled.write(stream.getbuffer())
                    stream = spilled
        size_bytes = stream.tell()
        content = stream.getvalue() if isinstance(stream, BytesIO) else b""
        stream.close()
    except BaseException:
        stream.close()
        file.unlink(missing_ok=True)
        raise
    return Spooled(content, None if content or not size_bytes else file, size_bytes)
