"""Segments with what the spaces keep of them, made by a worker, and the encoders that hand it on to the writer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Self, cast

import numpy as np

from mmsearch.protocols import Encoder
from mmsearch.types import Content, Query, Segment, Space, Vector


def _values(segment: Segment) -> dict[str, Any]:
    """The fields of the segment; of its sound only that there was one: the worker made rows of it."""
    sound = None if segment.sound is None else b""
    return {each.name: getattr(segment, each.name) for each in fields(Segment)} | {"sound": sound}


@dataclass(frozen=True, slots=True)
class Row(Segment):
    """A piece of a segment with its row in one space: a vector, or the analysed string."""

    row: Vector | str = ""

    @classmethod
    def of(cls, piece: Segment, row: Vector | str) -> Self:
        return cls(**_values(piece), row=row)


@dataclass(frozen=True, slots=True)
class Encoded(Segment):
    """A segment with its rows by space name; only of the spaces that it was to enter and that store its medium."""

    rows: Mapping[str, Sequence[Row]] = field(default_factory=dict)

    @classmethod
    def of(cls, segment: Segment, rows: Mapping[str, Sequence[Row]]) -> Self:
        return cls(**_values(segment), rows=rows)


@dataclass(frozen=True, slots=True)
class Received:
    """Stands for an encoder where its work was done by a worker: gives the rows that came with the segments."""

    encoder: Encoder

    @property
    def space(self) -> Space:
        return self.encoder.space

    def windows(self, segment: Segment) -> Sequence[Segment]:
        return cast(Encoded, segment).rows[self.space.name]

    def encode(self, segments: Sequence[Segment]) -> Content:
        rows = [cast(Row, segment).row for segment in segments]
        return cast(Content, rows) if self.space.kind == "lexical" else np.stack(cast(list[Vector], rows))

    def encode_query(self, query: Query) -> Vector | str:
        return self.encoder.encode_query(query)
