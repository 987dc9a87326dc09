"""What takes words and files from outside, for hypothesis and for atheris: nothing but our own errors may come out."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

from mmsearch.answering.table import TableAnswerer
from mmsearch.answering.values import read as read_value
from mmsearch.errors import MMSearchError
from mmsearch.filters import expression, matches, parse
from mmsearch.passages import PassageSplitter
from mmsearch.query_language import read_operators
from mmsearch.readers import default_readers
from mmsearch.readers.columns import cell_type
from mmsearch.readers.transcripts import timed
from mmsearch.sources import reader_of
from mmsearch.stores.milvus_filters import LITE, Dialect, compiled
from mmsearch.types import Document, Query, Segment, Span, Table
from mmsearch.well_formed import well_formed

METADATA = {"date": "2024-05", "tags": ["sea", "boat"], "year": 2024, "rating": 4.5, "public": True, "language": "de"}
SEGMENT = Segment(
    "id", "document", "/harbour.txt", "text", Span(), title="Hafen", text="boats at night", metadata=METADATA
)
SERVER = Dialect(negation=True, parts=True)
READERS = default_readers(PassageSplitter(64))


def filter_words(words: str) -> None:
    """A filter: read, written and read again, asked of a segment, made an expression of each Milvus."""
    tree = parse(words)
    matches(tree, SEGMENT)
    for dialect in (LITE, SERVER):
        compiled(tree, dialect)
    assert parse(expression(tree)) == tree


def query(words: str) -> None:
    """A query with operators, and whether a segment is worded as it asks."""
    asked, wording = read_operators(Query(words))
    wording.holds(SEGMENT)
    if asked.filter:
        matches(asked.filter, SEGMENT)


def value(cell: str) -> None:
    """A cell of a table."""
    read_value(cell)
    cell_type(cell)


def answer(words: str) -> None:
    """A question, and below it a table whose cells are divided by `|`."""
    question, *lines = words.split("\n")
    header, *rows = [line.split("|") for line in lines] or [["a"]]
    fitted = tuple((*row, *[""] * len(header))[: len(header)] for row in rows)
    segment = Segment("id", "document", "/ships.csv", "table", Span(start_row=0), table=Table(tuple(header), fitted))
    [found] = TableAnswerer(floor=0.0).answer(question, [segment])
    if found is not None:
        assert all(0 <= row < len(rows) and 0 <= column < len(header) for row, column in found.cells)


def transcript(suffix: str, words: str) -> None:
    """A transcript: its times are in order."""
    said = timed(_written(suffix, words))
    assert all(utterance.start_s <= utterance.end_s for utterance in said)
    assert [u.start_s for u in said] == sorted(u.start_s for u in said)


def document(suffix: str, words: str) -> None:
    """A document of one format: every segment has its own id and is well-formed but for what the pipeline mends."""
    path = _written(suffix, words)
    found = Document(path.as_posix(), path)
    segments = list(reader_of(found, READERS).read(found))
    assert len({segment.id for segment in segments}) == len(segments) > 0


TARGETS: Mapping[str, Callable[[str], None]] = {
    "filter": filter_words,
    "query": query,
    "value": value,
    "answer": answer,
    "vtt": partial(transcript, ".vtt"),
    "srt": partial(transcript, ".srt"),
    **{suffix[1:]: partial(document, suffix) for suffix in (".csv", ".tsv", ".json", ".jsonl", ".html", ".md", ".txt")},
}


PIECES: Mapping[str, str] = {
    "filter": "( ) [ ] , = != <= and or not in contains prefix date year tags \"a\" 'b' 2024-05 -1e9 true \\ \\u12 . :",
    "query": '- " “ ” type: before: after: lang: in: photo 2024 2024-05 de "a b" boats , : --all',
    "value": "1 12 1,452 3.5 % $ € ( ) - – : / . ' May may auguſt Sunday 1978 circa 10th h min s million [4] † ² km",
    "answer": "how many which is the most average total \n | 1901 1,500 $3 May 1978 ships Aurora 3–2 1:32 %",
    "vtt": "WEBVTT \n \n\n 00:01.000 --> 00:02.500 1:00:00.000 NOTE STYLE <v Ann> </v> align:start words 99:99.999",
    "srt": "1 2 \n \n\n 00:00:01,000 --> 00:00:02,500 <i> </i> words -1 99:99:99,999 {\\an8}",
    "csv": ', ; \t | " "" \n \r\n \r a b 1 2024 1.5',
    "tsv": '\t , " "" \n \r a b 1 2024 1.5',
    "json": '{ } [ ] , : "a" "b" 1 1.5e9 true null NaN "\\ud800" "header" "rows" "columns" "data" \n',
    "jsonl": '{"a":1} {"b":[1]} \n { } [ ] , : "a" 1 null "\\udfff"',
    "html": "<table> </table> <tr> <td> <th colspan=3> <td rowspan=9> <p> <br> <h1> </h1> <main> <article> <pre> "
    "<title> <meta name=keywords content='a,b'> <img alt=x> <div> </div> <!-- --> & &lt; &#xd800; words <script>",
    "md": "# ## - * ** _ [ ] ( ) ` ``` | --- \n \n\n > 1. <b> words title: tags: [a] &a *a !!int date:",
    "txt": "words . \n \n\n \t Mr. \u0301 漢字 e.g. 1.",
}
"""What means something to each target."""


def run(target: str, words: str) -> None:
    """Give the words to the target. Raises whatever is not our own error."""
    with suppress(MMSearchError):
        TARGETS[target](words)


def _written(suffix: str, words: str) -> Path:
    path = _folder() / f"file{suffix}"
    path.write_bytes(well_formed(words).encode())
    return path


@cache
def _folder() -> Path:
    kept.append(TemporaryDirectory())
    return Path(kept[0].name)


kept: list["TemporaryDirectory[str]"] = []
"""Gone with the process."""
