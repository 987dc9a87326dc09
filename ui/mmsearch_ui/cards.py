"""Results as HTML. Every value from a document passes through templates that escape it."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from types import MappingProxyType
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mmsearch.feedback import asked_by
from mmsearch.places import clock, place
from mmsearch.server.files import SHOWN
from mmsearch.types import CalibratedBy, Modality, Ranking, Result, Route, Segment
from mmsearch_ui.asked import Asked
from mmsearch_ui.facets import FACETS, FacetName, Value, text_of
from mmsearch_ui.formats import is_playable
from mmsearch_ui.tables import Row, excerpt, numeric_columns, word_pattern

NAMES: Mapping[Modality, str] = {"text": "Text", "table": "Table", "image": "Picture", "audio": "Recording"}
"""What a person calls a medium."""

PLURALS: Mapping[Modality, str] = {"text": "Texts", "table": "Tables", "image": "Pictures", "audio": "Recordings"}

CALIBRATIONS: Mapping[CalibratedBy, str] = {
    "nothing": "the order of this fusion, and not a probability.",
    "background": "how probably it is an answer: what the spaces say together, measured against chance.",
    "judgements": "how often results like it were judged an answer.",
}
"""What a score is, by what calibrated it."""

SHOWN_COPIES = 5
FRAGMENT_WORDS = 6
BOX_MARGIN = 0.05
"""Of a box's height, drawn around it: letters touch the edges of the box that they are found in."""
AROUND = 120
"""Characters that are shown before and after a sentence that answers."""

Piece = tuple[str, bool]
"""A stretch of text, and whether the query's words match it."""

_templates = Environment(
    loader=PackageLoader("mmsearch_ui"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Card:
    """What a card shows of a result, ready for the template. Addresses are relative to the page."""

    result: Result
    medium: str
    title: str
    headings: tuple[str, ...]
    place: str
    snippet: list[Piece]
    path: str
    original: str | None
    picture: str | None
    moment_s: float | None
    rows: list[Row]
    numeric: frozenset[int]
    cell: Callable[[str], list[Piece]]
    """Cuts a cell into pieces."""
    more: list[tuple[str, str | None, float | None]]
    """Further places in the document: the words for each, its address, and its second in a recording."""
    copies: list[tuple[str, str | None]]
    """The first near copies: the end of the path and the address of each."""
    judged: int | None = None
    """The grade that somebody gave it for this query."""
    alike: str = ""
    """Where a picture's like are searched for."""
    marks: "Marks | None" = None
    """What is marked on the picture."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Boxes (left, top, width, height) on a picture of that width and height, in its pixels."""

    width: int
    height: int
    boxes: list[tuple[float, float, float, float]]


def answer_html(
    ranking: Ranking,
    asked: Asked,
    judged: Mapping[str, int] = MappingProxyType({}),
    *,
    search: int = 0,
    lanes: Mapping[Modality, int] = MappingProxyType({}),
    nearest: int = 0,
    facets: Mapping[FacetName, Sequence[Value]] = MappingProxyType({}),
    keep: bool = False,
    by_picture: bool = False,
) -> str:
    """The whole answer: what was asked of whom, closed spaces, and a card for each result.

    `judged` are the grades that were given for this query, by document id; `search` is its number among the notes of
    searches; `lanes`, `nearest` and `facets` say what there is; see Finding.
    With `keep` the links go on with the picture or sound in the box; `by_picture` says that a space answers pictures.
    """
    routes = {route.space: route.reason for route in reversed(ranking.routes)}
    return _templates.get_template("answer.html").render(
        ranking=ranking,
        asked=asked,
        everywhere=asked.of(()),
        widened=replace(asked, narrowed=()).address,
        lanes=lanes,
        nearest=nearest,
        facets=facets,
        keep=keep,
        search=search,
        why=routes,
        of_all_spaces=replace(asked, spaces=()).address,
        names=NAMES,
        reasons=reasons(ranking.routes),
        spaces=list(dict.fromkeys(route.space for route in ranking.routes)),
        weights=asked_by(ranking)[1],
        cards=[
            replace(
                card(result),
                judged=judged.get(result.segment.document_id),
                alike=_alike(result, by_picture) if result.segment.modality == "image" else "",
            )
            for result in ranking.results
        ],
    )


def welcome_html(examples: Sequence[str]) -> str:
    """What stands there before the first search: searches to try."""
    return _templates.get_template("welcome.html").render(
        examples=[(words, Asked(words).address) for words in examples]
    )


def error_html(sentence: str) -> str:
    """An error as one sentence."""
    return _templates.get_template("error.html").render(sentence=sentence)


def transcript_html(document_id: str, said: Iterable[Segment], here: str, words: Collection[str]) -> str:
    """What is said in a recording, stretch by stretch, with the words marked; `here` is the stretch that was found."""
    pattern = word_pattern(words)
    marked = [
        (one, pieces(one.text, [match.span() for match in pattern.finditer(one.text)] if pattern else []))
        for one in said
    ]
    return _templates.get_template("transcript.html").render(document_id=document_id, said=marked, here=here)


def card(result: Result) -> Card:
    """What the card of the result shows."""
    segment = result.segment
    is_record = "record_id" in segment.metadata
    original = _original(segment.uri, segment.modality, segment.document_id, is_record)
    words = {result.snippet[start:end].casefold() for start, end in result.highlights}
    pattern = word_pattern(words)
    title = segment.title or PurePosixPath(segment.uri).name
    plays = original is not None and segment.modality == "audio" and is_playable(segment.uri)
    return Card(
        result=result,
        medium=NAMES[segment.modality],
        title=title[:1].upper() + title[1:] if title.islower() else title,
        headings=tuple(heading for heading in segment.headings if heading != title),
        place=place(segment.span),
        snippet=_snippet(result, title),
        path=_short(segment.uri),
        original=original and original + _fragment(segment),
        picture=f"media/picture/{segment.document_id}/{segment.id}" if segment.modality == "image" else None,
        moment_s=segment.span.start_s or 0.0 if plays else None,
        rows=excerpt(segment.table, words, (segment.span.start_row or 0) + 1, result.answer) if segment.table else [],
        numeric=numeric_columns(segment.table) if segment.table else frozenset(),
        cell=lambda text: pieces(text, [match.span() for match in pattern.finditer(text)] if pattern else []),
        more=_more(result, original),
        copies=[
            (_short(copy.uri), _original(copy.uri, segment.modality, copy.document_id))
            for copy in result.duplicates[:SHOWN_COPIES]
        ],
        marks=_marks(result),
    )


def _marks(result: Result) -> Marks | None:
    """What the answer marks; None also for a picture of which nobody says how it is proportioned."""
    width, height = (result.segment.metadata.get(name) for name in ("width", "height"))
    if not result.answer or not result.answer.boxes or not (isinstance(width, int) and isinstance(height, int)):
        return None
    boxes = []
    for left, top, right, bottom in result.answer.boxes:
        margin = BOX_MARGIN * (bottom - top) * height
        sizes = (right - left) * width, (bottom - top) * height
        boxes.append((left * width - margin, top * height - margin, sizes[0] + 2 * margin, sizes[1] + 2 * margin))
    return Marks(width, height, boxes)


def _snippet(result: Result, title: str) -> list[Piece]:
    """The sentence that answers, marked among its neighbours; without one, the words around what was found."""
    text, answer = result.segment.text, result.answer
    if answer and answer.characters:
        start, end = answer.characters
        first = max(0, text.rfind(" ", 0, max(0, start - AROUND)) + 1)
        last = len(text) if (cut := text.find(" ", end + AROUND)) < 0 else cut
        head, tail = ("… " if first else ""), (" …" if last < len(text) else "")
        found = [(head + text[first:start], False), (text[start:end], True), (text[end:last] + tail, False)]
        return [(piece, marks) for piece, marks in found if piece]
    return [] if result.segment.table or result.snippet == title else pieces(result.snippet, result.highlights)


def pieces(text: str, highlights: Iterable[tuple[int, int]]) -> list[Piece]:
    """The text cut at its highlights, in order; nothing of it is lost or shown twice."""
    cut: list[Piece] = []
    done = 0
    for start, end in sorted(highlights):
        start, end = max(start, done), min(end, len(text))
        if start < end:
            cut += [(text[done:start], False), (text[start:end], True)]
            done = end
    return [piece for piece in [*cut, (text[done:], False)] if piece[0]]


def reasons(routes: Iterable[Route]) -> list[tuple[str, str]]:
    """(reason, spaces asked for it), in the order of the routes."""
    grouped: dict[str, list[str]] = {}
    for route in routes:
        grouped.setdefault(route.reason, []).append(route.space)
    return [(reason, ", ".join(dict.fromkeys(spaces))) for reason, spaces in grouped.items()]


def _alike(result: Result, by_picture: bool) -> str:
    """Empty for a picture that has no words where no space answers pictures."""
    segment = result.segment
    told = by_picture or segment.title.strip() or segment.text.strip()
    return Asked(like=f"{segment.document_id}/{segment.id}").address if told else ""


def _original(uri: str, modality: Modality, document_id: str, is_record: bool = False) -> str | None:
    """The address of the file; what is elsewhere has none here, nor a record that is no line with a media file."""
    is_line = ".jsonl#" in uri
    is_record = is_record or is_line or ".parquet#" in uri
    if "://" in uri or uri.startswith("records:") or (is_record and (modality in ("text", "table") or not is_line)):
        return None
    return f"media/document/{document_id}"


def _short(uri: str) -> str:
    """The file's name and its folder's."""
    return "/".join(PurePosixPath(uri).parts[-2:])


def _fragment(segment: Segment) -> str:
    if segment.span.page is not None and segment.uri.lower().endswith(".pdf"):
        return f"#page={segment.span.page}"
    if segment.modality == "text" and SHOWN.get(PurePosixPath(segment.uri).suffix.lower()) == "text/plain":
        return _text_fragment(segment)
    return f"#t={segment.span.start_s:.1f}" if segment.span.start_s is not None else ""


def _text_fragment(segment: Segment) -> str:
    """Has the browser show the place where the passage begins (WICG: scroll to text fragment)."""
    line = next((line for line in segment.text.splitlines() if line.strip()), "")
    plain = re.split(r"[*_`\[\]<>|#]", line.strip())[0].split()[:FRAGMENT_WORDS]
    return f"#:~:text={quote(' '.join(plain), safe='').replace('-', '%2D')}" if plain else ""


def _more(result: Result, original: str | None) -> list[tuple[str, str | None, float | None]]:
    """The further places that can be named, each once, in the order of the document."""
    named = {place(result.segment.span)}
    found = []
    for segment in sorted(result.more, key=lambda other: _position(other)):
        where = place(segment.span) or (segment.headings[-1] if segment.headings else "")
        if where and where not in named:
            named.add(where)
            moment_s = segment.span.start_s if segment.modality == "audio" else None
            found.append((where, original and original + _fragment(segment), moment_s))
    return found


def _position(segment: Segment) -> tuple[float, int, int]:
    span = segment.span
    return span.start_s or 0.0, span.page or 0, span.start_char or span.start_row or 0


def _breakable(text: str) -> Markup:
    """The text, escaped, with a place to break the line after each underscore."""
    return Markup("_<wbr>").join(text.split("_"))


_templates.globals |= {
    "clock": clock,
    "calibrations": CALIBRATIONS,
    "labels": FACETS,
    "plurals": PLURALS,
    "text_of": text_of,
}
_templates.filters["breakable"] = _breakable
