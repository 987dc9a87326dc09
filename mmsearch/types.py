"""The nouns of mmsearch: frozen values without I/O. Each word has one meaning everywhere."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Modality = Literal["text", "table", "image", "audio"]
MODALITIES: tuple[Modality, ...] = ("text", "table", "image", "audio")
QueryKind = Literal["text", "image", "audio"]
Engine = Literal["local", "ray"]
"""Where documents are read and encoded: in processes of this machine, or by the workers of a Ray cluster."""
SpaceKind = Literal["dense", "lexical"]
AnswerKind = Literal["cells", "figure", "phrase", "sentence", "moment", "region"]
CalibratedBy = Literal["nothing", "background", "judgements"]
"""What made scores probabilities: nothing (fusions of other scores), what is usual in each space, judgements too."""
RootKind = Literal["files", "manifest", "dataset", "records"]
ROOT_KINDS: tuple[RootKind, ...] = ("files", "manifest", "dataset", "records")
"""Files and folders; JSON Lines or Parquet of records; records that a program gave, which cannot be looked at again."""

Vector = NDArray[np.float32]
"""One embedding, shape (dim,)."""
Embeddings = NDArray[np.float32]
"""Embeddings in the order of their inputs, shape (n, dim)."""
Content = Embeddings | Sequence[str]
"""What a space keeps of segments: embeddings (dense) or analysed words, one string a segment (lexical)."""
Qrels = dict[str, dict[str, int]]
"""query id -> document id -> grade of relevance."""
Run = dict[str, dict[str, float]]
"""query id -> document id -> score."""


Scalar = str | int | float | bool
Box = tuple[float, float, float, float]
"""(left, top, right, bottom) as shares of the width and height of a page or picture."""


@dataclass(frozen=True, slots=True)
class Compare:
    """`field op value`; false where the segment has no such field or a value of another type."""

    field: str
    op: Literal["=", "!=", "<", "<=", ">", ">="]
    value: Scalar


@dataclass(frozen=True, slots=True)
class In:
    """The field's value is one of `values`."""

    field: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Contains:
    """A list that holds the value, or a string that holds it as a part."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Prefix:
    """A string that starts with `value`: `uri prefix "/photos/2024/"`."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The plain complement: true also where the part is false for want of the field."""

    part: "Filter"


Filter = Compare | In | Contains | Prefix | And | Or | Not
"""Fields: `modality`, `document` (its id), `uri`, `title`, and any key of the metadata, such as `date` and `tags`."""


def digest(*parts: object) -> str:
    """A stable id of 32 hexadecimal digits for the parts; equal parts give equal ids on every machine."""
    return blake2b("\x1f".join(map(str, parts)).encode(), digest_size=16).hexdigest()


def is_digest(text: str) -> bool:
    """Whether the text can be an id that `digest` made: of what comes from outside, no other is looked for."""
    return re.fullmatch(r"[0-9a-f]{32}", text) is not None


@dataclass(frozen=True, slots=True)
class Span:
    """Where a segment lies in its document; only the fields of its medium are set.

    Ranges are half open: [start, end). Seconds count from the start of the recording, characters
    in the document's text as the reader decoded it, rows from 0 below the header, pages and slides from 1.
    `box` lies on the page; `part` names a sheet.
    """

    start_s: float | None = None
    end_s: float | None = None
    start_char: int | None = None
    end_char: int | None = None
    start_row: int | None = None
    end_row: int | None = None
    page: int | None = None
    box: Box | None = None
    part: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The fields that are set, for JSON and for the segment's id."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in values.items() if value is not None}

    @property
    def order(self) -> tuple[Any, ...]:
        """Sorts what a document holds as it is read; what has a box alone comes behind its page's text."""
        box = self.box or (0.0,) * 4
        start = math.inf if self.start_char is None else self.start_char
        return self.page or 0, self.start_s or 0.0, start, box[1], box[0], self.part or "", self.start_row or 0


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as strings, exactly as they read in the source; every row is as long as the header."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Sight:
    """The documents that somebody sees: those without an access list, and whose list names a principal of theirs.

    Without `principals` it is every document.
    """

    principals: frozenset[str] | None = None

    def sees(self, access: Iterable[str]) -> bool:
        """Whether it is a document with that list, empty for none."""
        named = frozenset(access)
        return self.principals is None or not named or not named.isdisjoint(self.principals)


EVERYTHING = Sight()


@dataclass(frozen=True, slots=True)
class Root:
    """A place to index, and what of it: an absolute path with "/" between names, or an address such as "s3://...".

    `include` and `exclude` are patterns as in gitignore(5), relative to the root; no `include` takes all. A root that
    is no files holds records, whose `columns` ("text=body") say which key or column plays which role. `access` names
    who may see what it holds; without it that stays as it was said before, everybody at first.
    """

    place: str
    kind: RootKind = "files"
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    follow_symlinks: bool = False
    columns: tuple[str, ...] = ()
    access: tuple[str, ...] = ()

    @classmethod
    def at(cls, place: "str | Path | Root", **how: Any) -> "Root":
        """The root at a path, made absolute, or at an address, looked at as said; a Root is itself."""
        if isinstance(place, Root):
            return place
        if isinstance(place, str) and "://" in place and not place.startswith("file://"):
            return cls(place if place.endswith("://") else place.rstrip("/"), **how)
        path = Path(place.removeprefix("file://") if isinstance(place, str) else place)
        return cls(path.expanduser().resolve().as_posix(), **how)


@dataclass(frozen=True, slots=True)
class Remote:
    """A file elsewhere as its listing tells of it; `version` changes with its bytes, "" where nothing tells that."""

    url: str
    size_bytes: int | None = None
    version: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """One file or record as a source found it, before any reader has opened it.

    `uri` is its place (an absolute path, or `path#record`); `sidecars` are files that describe it;
    `record` is the content of a record that is not a file of its own. The bytes of a document with `remote` are
    elsewhere, its own first, then what describes it; its `path` is only a name until they are fetched. `access` names
    who may see it, as it says itself until the lists of folders are looked at too.
    """

    uri: str
    path: Path
    sidecars: tuple[Path, ...] = ()
    record: Mapping[str, Any] | None = None
    remote: tuple[Remote, ...] = ()
    access: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Identity is the place: the same file changed is the same document."""
        return digest(self.uri)


@dataclass(frozen=True, slots=True)
class Lettering:
    """A word that stands on a picture: characters [start, end) of the segment's text, and its box on the picture.

    `confidence` is the probability, by who read it, that it reads so.
    """

    start: int
    end: int
    box: Box
    confidence: float


@dataclass(frozen=True, slots=True)
class Segment:
    """The unit that is embedded, stored and found: a passage, a window of table rows, a picture, a stretch of speech.

    `text` is what a person reads of it and what words find it by (a caption and lettering for a picture, the
    transcript for speech, empty for a table). `picture` is its rendition: an upright JPEG, PNG or WebP that a browser
    shows, at most 768 pixels a side; `lettering` says where words of the text stand on it, in the order of the text.
    `sound` is some seconds of a recording as a FLAC file: a reader makes such pieces of its segments
    (`mmsearch.windows`) for a space that hears, and nothing else takes or keeps them.
    `metadata` values are str, int, float, bool or lists of str; `date` (ISO 8601, cut to what is known: "2024-05") and
    `tags` (list of str) mean the same in every format.
    """

    id: str
    document_id: str
    uri: str
    modality: Modality
    span: Span
    title: str = ""
    headings: tuple[str, ...] = ()
    text: str = ""
    table: Table | None = None
    picture: bytes | None = field(default=None, repr=False)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    lettering: tuple[Lettering, ...] = field(default=(), repr=False)
    sound: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Space:
    """A set of vectors or terms whose scores may be compared with each other. Facts: nothing is loaded for them."""

    name: str
    kind: SpaceKind
    stores: frozenset[Modality]
    answers: frozenset[QueryKind]
    model: str
    revision: str
    dim: int = 0
    """Length of a vector; 0 in a lexical space. Dense spaces are compared by cosine, on vectors of unit length."""
    usual_cosines: tuple[float, float] | None = None
    """Median and interquartile range of a query's cosines with what does not answer it, where the model's are known."""

    @property
    def fingerprint(self) -> str:
        """Changes when vectors made before and after would not be comparable."""
        return digest(self.name, self.kind, self.model, self.revision, self.dim)[:16]


@dataclass(frozen=True, slots=True)
class Query:
    """What a person asks: words, a picture or a sound (the encoded file's bytes), and what they limit it to."""

    text: str = ""
    image: bytes | None = field(default=None, repr=False)
    audio: bytes | None = field(default=None, repr=False)
    top_k: int = 10
    modalities: frozenset[Modality] = frozenset()
    filter: Filter | None = None
    spaces: frozenset[str] = frozenset()
    """The spaces to ask; when empty, the router decides."""
    languages: frozenset[str] = frozenset()
    """ISO 639-1 codes of the languages that its words may be in; when empty, those of the library."""
    answer: bool | None = None
    """Whether the first results are asked for the answer itself; without a word the settings decide."""
    rerank: bool | None = None
    """Whether the best results are read again by the reranker; without a word the settings decide."""
    fusion: str = ""
    """The fusion by name; when empty, the one of the settings."""
    diversity: float | None = None
    """How much results are to differ from each other, from 0 (relevance alone) to 1; None is what the settings say."""
    all_copies: bool = False
    """Every near copy of a document takes a place of its own."""
    offset: int = 0
    """How many of the best results to pass over: the next page begins behind this one's top_k."""
    like: str = ""
    """A document of the library whose like are looked for: its path, uri or id, or "document/segment" by their ids."""
    sight: Sight = EVERYTHING
    """The documents that whoever asks may see: no other is looked at."""

    @property
    def kind(self) -> QueryKind:
        """By what the query is asked; a picture or a sound decides over words beside it."""
        if self.image is not None:
            return "image"
        return "audio" if self.audio is not None else "text"


@dataclass(frozen=True, slots=True)
class Route:
    """A space to ask, how deep, with what weight, and why in words; `modalities` limits it."""

    space: str
    weight: float
    depth: int
    reason: str
    modalities: frozenset[Modality] = frozenset()


@dataclass(frozen=True, slots=True)
class Hit:
    """A segment in one space, with that space's own score. Never compared across spaces.

    `probability` is that of relevance by this score alone, which is compared: what the space by itself would say of the
    document. None where nothing calibrates the score, and as long as nothing has.
    What a reranker says of a segment is a hit as well, in "reranker": its probability as the score, its rank among
    those it read. `read` gives the segment where the store brought it along; results have none.
    """

    segment_id: str
    document_id: str
    modality: Modality
    space: str
    rank: int
    score: float
    probability: float | None = None
    read: Callable[[], Segment] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a segment says to the question: in words, how surely, and where it stands; only its own places are set.

    `kind` is "cells" (read from a table), "figure" (reckoned from its cells), "phrase" or "sentence" (of a text),
    "moment" (of a recording) or "region" (where words of the question stand on a picture). `confidence` is the
    probability that it is right. `cells` are (row, column), rows counted as in the span, from 0 below the header of the
    whole table; `characters` are [start, end) of the segment's text, `seconds` [start, end) of the recording, `boxes`
    lie on the picture.
    """

    kind: AnswerKind
    text: str
    confidence: float
    cells: tuple[tuple[int, int], ...] = ()
    characters: tuple[int, int] | None = None
    seconds: tuple[float, float] | None = None
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A near copy of a result's document that was found too, with the score it would have had by itself."""

    document_id: str
    uri: str
    title: str
    score: float


@dataclass(frozen=True, slots=True)
class Result:
    """A document in the final list by its best segment; `score` is in [0, 1].

    `rank` is its place: for a query with diversity, scores do not fall from place to place. `more` are further segments
    of the document that were found. `highlights` are the [start, end) characters of the snippet that the query's words
    match. `duplicates` are its near copies, best first, which have no place of their own; their scores add nothing to
    this one's.
    """

    rank: int
    score: float
    segment: Segment
    snippet: str
    highlights: tuple[tuple[int, int], ...]
    hits: tuple[Hit, ...]
    more: tuple[Segment, ...] = ()
    answer: Answer | None = None
    duplicates: tuple[Duplicate, ...] = ()


@dataclass(frozen=True, slots=True)
class Ranking:
    """The answer to a query: results best first, the routes taken, the spaces that could not be asked, and the time.

    `media` is how probably the query wants each medium, `media_reason` why in words. `no_good_match` says that the best
    result is more likely there by chance than an answer. `calibration` is what the scores were calibrated by.
    """

    query: Query
    routes: tuple[Route, ...]
    media: Mapping[Modality, float]
    no_good_match: bool
    closed_spaces: Mapping[str, str]
    took_ms: Mapping[str, float]
    results: tuple[Result, ...]
    media_reason: str = ""
    calibration: CalibratedBy = "background"
