"""Markdown: sections under their headings, tables."""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Any, ClassVar

from mmsearch.limits import USUAL, FileLimits
from mmsearch.passages import PassageSplitter
from mmsearch.readers.charsets import decode, encoding_fact
from mmsearch.readers.decoding import TRIPPED, decoding
from mmsearch.readers.segments import Origin, title_from_name
from mmsearch.readers.tables import window_segments
from mmsearch.types import Document, Segment, Span, digest

if TYPE_CHECKING:
    from markdown_it.token import Token

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


@dataclass(frozen=True, slots=True)
class Block:
    """Lines [first_line, end_line) below a path of headings; `rows` when they are a table, its header first."""

    first_line: int
    end_line: int
    headings: tuple[str, ...]
    rows: Sequence[Sequence[str]] = ()


@dataclass(frozen=True, slots=True)
class MarkdownReader:
    """CommonMark with tables; passages are the source's own characters, each under its path of headings.

    The title is the front matter's, else the first heading when it is the only one of its level, else the file's name.
    """

    splitter: PassageSplitter
    table_rows: int = 20
    limits: FileLimits = USUAL
    suffixes: ClassVar[frozenset[str]] = frozenset({".md", ".markdown"})
    sidecar_suffixes: ClassVar[tuple[str, ...]] = ()

    @property
    def fingerprint(self) -> str:
        return digest("markdown 2", self.splitter.fingerprint, self.table_rows)[:16]

    def read(self, document: Document) -> Iterator[Segment]:
        text, encoding = decode(document.path)
        with decoding(document.path):
            from markdown_it import MarkdownIt
            from mdit_py_plugins.front_matter import front_matter_plugin
        tokens = MarkdownIt("commonmark").enable("table").use(front_matter_plugin).parse(text)
        facts = _front_matter(tokens)
        title = facts.pop("title", "") or _title(tokens) or title_from_name(document.path)
        origin = Origin(document, "markdown", title, {**encoding_fact(encoding), **facts}, limits=self.limits)
        starts = list(accumulate(map(len, _LINE.findall(text)), initial=0))
        segments = chain.from_iterable(
            self._segments(origin, text, starts, block) for block in _blocks(tokens, len(starts) - 1)
        )
        first = next(segments, None)
        if first is None:  # nothing but headings
            yield from origin.passages(self.splitter, text)
        else:
            yield first
            yield from segments

    def _segments(self, origin: Origin, text: str, starts: Sequence[int], block: Block) -> Iterator[Segment]:
        start, end = starts[block.first_line], starts[block.end_line]
        headings = [heading for heading in block.headings if heading != origin.title]
        if len(block.rows) > 1:
            place = Span(start_char=start, end_char=end)
            yield from window_segments(
                origin, block.rows[0], block.rows[1:], self.table_rows, headings=headings, place=place
            )
        else:
            yield from origin.passages(self.splitter, text[start:end], headings=headings, offset=start)


def _blocks(tokens: Sequence["Token"], line_count: int) -> Iterator[Block]:
    """The stretches between headings, and the tables, in order."""
    path: list[tuple[int, str]] = []
    done = 0
    for place, token in enumerate(tokens):
        if token.level or token.map is None or token.type not in ("heading_open", "table_open", "front_matter"):
            continue
        first, end = token.map[0], min(token.map[1], line_count)
        headings = tuple(name for _, name in path)
        if first > done:
            yield Block(done, first, headings)
        if token.type == "table_open":
            yield Block(first, end, headings, _rows(tokens[place:]))
        elif token.type == "heading_open":
            depth = int(token.tag[1:])
            path = [*(above for above in path if above[0] < depth), (depth, _plain(tokens[place + 1]))]
        done = end
    if line_count > done:
        yield Block(done, line_count, tuple(name for _, name in path))


def _rows(tokens: Sequence["Token"]) -> list[list[str]]:
    """The cells of the table that these tokens start with, the header first."""
    rows: list[list[str]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(_plain(token))
        elif token.type == "table_close":
            break
    return rows


def _plain(token: "Token") -> str:
    """The words of an inline token without their marks."""
    return "".join(child.content or " " * child.type.endswith("break") for child in token.children or ()).strip()


def _title(tokens: Sequence["Token"]) -> str:
    """The heading that stands alone at the highest level of the text."""
    headings = [
        (token.tag, _plain(tokens[place + 1])) for place, token in enumerate(tokens) if token.type == "heading_open"
    ]
    top = min((tag for tag, _ in headings), default="")
    names = [name for tag, name in headings if tag == top]
    return names[0] if len(names) == 1 and headings[0][0] == top else ""


def _front_matter(tokens: Sequence["Token"]) -> dict[str, Any]:
    """Title, date, author, language and tags of the YAML block at the top; one that does not parse says nothing."""
    if not tokens or tokens[0].type != "front_matter":
        return {}
    import yaml

    failures: tuple[type[Exception], ...] = (yaml.YAMLError, *TRIPPED)
    try:
        facts = yaml.safe_load(tokens[0].content)
    except failures:
        return {}
    if not isinstance(facts, dict):
        return {}
    facts.setdefault("language", facts.get("lang"))
    told = ("title", "date", "author", "language")
    found: dict[str, Any] = {key: text for key in told if (text := _scalar(facts.get(key)))}
    tags = facts.get("tags") or facts.get("keywords") or []
    named = tags.split(",") if isinstance(tags, str) else tags if isinstance(tags, list) else []
    words = [text for tag in named if (text := _scalar(tag))]
    return found | ({"tags": words} if words else {})


def _scalar(value: object) -> str:
    """A plain value as it reads; nothing for lists and mappings, which YAML's aliases make as large as they like."""
    return str(value).strip() if isinstance(value, str | int | float | dt.date) and value else ""
