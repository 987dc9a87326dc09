"""The joints of the engine. Every promise below has a test in tests/contract that each implementation inherits."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mmsearch.types import (
    Answer,
    Content,
    Document,
    Embeddings,
    Filter,
    Hit,
    Lettering,
    Modality,
    Query,
    Segment,
    Space,
    Vector,
)


class Reader(Protocol):
    """Turns a document into segments."""

    @property
    def suffixes(self) -> frozenset[str]:
        """The endings it takes, lower case, with the dot."""

    @property
    def sidecar_suffixes(self) -> tuple[str, ...]:
        """The endings of files beside it that describe it, the preferred first.

        `.xmp` names both `photo.xmp` and `photo.jpg.xmp` beside `photo.jpg`.
        """

    @property
    def fingerprint(self) -> str:
        """Changes when the same bytes would give other segments: name, version, and what it is configured with."""

    def read(self, document: Document) -> Iterator[Segment]:
        """The segments in document order; the same bytes give the same ids.

        Raises CorruptMedia when it does not decode or holds nothing, Forbidden when the system does not let us read it.
        """


class Encoder(Protocol):
    """Puts segments and queries into one space."""

    @property
    def space(self) -> Space:
        """The facts of the space, without loading a model. Raises ModelUnavailable when the weights are not here."""

    def windows(self, segment: Segment) -> Sequence[Segment]:
        """The segment in the pieces that get a row each, mostly itself; none when it lacks what the space is made from.

        Ids of pieces are `mmsearch.windows`' business: the first has the segment's own.
        """

    def encode(self, segments: Sequence[Segment]) -> Content:
        """One row for each segment or piece, in order: float32 (n, dim) of unit length, or n analysed strings.

        Batch size does not change the numbers (1e-4). Raises ModelUnavailable within 5 s, ModelError.
        """

    def encode_query(self, query: Query) -> Vector | str:
        """The query in this space: float32 (dim,) of unit length, or an analysed string, empty when no word is left.

        A word of the string that may stand as several terms has them all, with `bm25.OR` between them.
        """


@dataclass(frozen=True, slots=True)
class Hearing:
    """What a model of sounds is given: windows of `window_s`, one every `step_s`, with `rate` samples a second."""

    rate: int
    window_s: float
    step_s: float


@runtime_checkable
class Hears(Protocol):
    """An encoder of sounds: readers of recordings cut them for it, while its space is open."""

    @property
    def hearing(self) -> Hearing:
        """How recordings are to be cut. Loads no model."""


@runtime_checkable
class BatchesQueries(Protocol):
    """An encoder that encodes queries together that are asked at the same time."""

    @property
    def query_batches(self) -> Mapping[int, int]:
        """How many batches there were of each size."""


@runtime_checkable
class AveragesWords(Protocol):
    """An encoder that also puts texts side by side by their words alone, in no time."""

    def average_words(self, texts: Sequence[str]) -> Embeddings:
        """(n, any dim) float32 of unit length: the mean of the vectors of each text's words, zeros without a word.

        They are compared with each other, never with what the space holds. Raises ModelUnavailable, ModelError.
        """


class Store(Protocol):
    """Keeps the spaces of one library. A collection is one space made by one model."""

    def open(self, collection: str, space: Space) -> None:
        """Make the collection if it is not there. Raises SpaceMismatch when it was made for another fingerprint."""

    def drop(self, collection: str) -> None:
        """Remove the collection; nothing happens when it is not there."""

    def upsert(self, collection: str, segments: Sequence[Segment], content: Content) -> None:
        """Write rows, idempotent by segment id. Acknowledged rows survive a killed process."""

    def prune(self, collection: str, document_id: str, keep: frozenset[str] = frozenset()) -> int:
        """Remove the document's segments except `keep`; how many were removed."""

    def search(self, collection: str, query: Vector | str, top_k: int, filter: Filter | None = None) -> list[Hit]:
        """Best first, ties by segment id; at most top_k; the filter holds. Scores are cosine or positive BM25.

        `Hit.space` is the space's name, and `Hit.read` gives the stored segment where that came for nothing.
        Of terms with `bm25.OR` between them each is looked for.
        """

    def segments(self, collection: str, ids: Sequence[str]) -> dict[str, Segment]:
        """The stored segments by id, without pictures; unknown ids are absent."""

    def vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vector]:
        """Stored vectors of a dense collection by segment id; unknown ids are absent."""

    def sample(self, collection: str, size: int) -> Content:
        """What is stored of at most `size` segments, vectors or analysed words: the same while nothing changes."""

    def scan(self, collection: str, documents: Sequence[str]) -> Iterator[tuple[Segment, Vector | str]]:
        """Every row of the documents, in any order: the stored segment or piece, and its vector or analysed words."""

    def count(self, collection: str, filter: Filter | None = None) -> int:
        """How many segments the collection holds (under the filter)."""

    def listing(self, collection: str) -> Iterator[tuple[str, str, Modality]]:
        """Of every row, in any order: the id of the segment or piece, its document's id, and its modality."""

    def close(self) -> None:
        """Release files and connections; a closed store is not used again."""


@dataclass(frozen=True, slots=True)
class Word:
    """A spoken word as it stands in the text, the blank before it included, with its seconds."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Utterance:
    """A stretch of speech: seconds from the start of the recording, and its words, by whom where that is known.

    The texts of `words`, where their times are known, are its text when they are joined.
    """

    start_s: float
    end_s: float
    text: str
    speaker: str = ""
    words: tuple[Word, ...] = ()


class SpeechRecognizer(Protocol):
    """Writes down what is said."""

    @property
    def fingerprint(self) -> str:
        """Model and revision. Raises ModelUnavailable when the weights are not here."""

    def transcribe(self, samples: NDArray[np.float32]) -> tuple[str, list[Utterance]]:
        """(language code, utterances in order) for 16 kHz mono samples in [-1, 1]; silence gives none.

        A long recording comes in windows of some minutes, cut where it is quiet, each with its seconds from 0.
        """


class OcrEngine(Protocol):
    """Reads the lettering in a picture."""

    @property
    def fingerprint(self) -> str:
        """Model and revision. Raises ModelUnavailable when it is not installed."""

    def read(self, picture: bytes) -> tuple[str, Sequence[Lettering]]:
        """The lines of lettering from top to bottom, one a line, and where the words of them stand.

        Words come in the order of the text, their boxes within the picture. ("", ()) when there is no lettering.
        """


class Reranker(Protocol):
    """Scores segments against a query with a slower, better model."""

    @property
    def fingerprint(self) -> str:
        """Model and revision. Raises ModelUnavailable when the weights are not here, ModelError when they cannot do."""

    def rerank(self, query: str, segments: Sequence[Segment]) -> list[float]:
        """One probability of relevance for each segment, same length and order as given.

        Batch size does not change the numbers (1e-4). Raises ModelUnavailable within 5 s, ModelError.
        """


class Answerer(Protocol):
    """Reads the answer to a question out of segments."""

    @property
    def modalities(self) -> frozenset[Modality]:
        """What it reads."""

    @property
    def fingerprint(self) -> str:
        """Model and revision. Raises ModelUnavailable when what it needs is not here."""

    def answer(self, question: str, segments: Sequence[Segment]) -> list[Answer | None]:
        """What each segment says to the question, same length and order as given; None where it does not say.

        Cells lie in the table and characters in the text, of the segment's span; each segment by itself, so that others
        beside it change nothing. Tables are whole. Raises ModelUnavailable within 5 s, ModelError.
        """


Closed = Mapping[str, str]
"""space name -> why it cannot be asked, with the command that opens it."""
