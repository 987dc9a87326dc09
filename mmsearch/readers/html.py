"""HTML: the main text under its headings, tables."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from mmsearch.errors import CorruptMedia
from mmsearch.limits import USUAL, FileLimits
from mmsearch.passages import PassageSplitter
from mmsearch.readers.captions import iso_date
from mmsearch.readers.charsets import decode, encoding_fact
from mmsearch.readers.decoding import DAMAGED, decoding, read_bytes
from mmsearch.readers.segments import Origin, title_from_name
from mmsearch.readers.tables import sheet_segments
from mmsearch.types import Document, Segment, Span, digest

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

_JUNK = (
    "script, style, noscript, template, nav, footer, aside, form, button, select, iframe, svg, dialog, [hidden], "
    "[aria-hidden=true], [role=navigation], [role=banner], [role=contentinfo], [role=complementary], [role=search]"
)
_INLINE = frozenset(
    """a abbr acronym b bdi bdo big cite code data del dfn em font i img ins kbd label mark q rp rt ruby s samp small
    span strike strong sub sup time tt u var wbr br picture source""".split()  # noqa: SIM905 - reads as a list
)
_HEADING = re.compile(r"h[1-6]")
_MAIN_CHARS = 200
"""A <main> with less text than this is not where the text is."""
_LAYOUT_CELL_CHARS = 600
"""Tables with a cell longer than this and no header cells place a page's parts; they hold no data."""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, or a table when it has `rows`, below a path of headings."""

    headings: tuple[str, ...]
    text: str = ""
    rows: Sequence[Sequence[str]] = ()
    headed: bool = False


@dataclass(frozen=True, slots=True)
class HtmlReader:
    """The main text of a page without its menus, scripts and footers; tables of data as tables.

    The document's text is its paragraphs with an empty line between them: that is what spans count in.
    """

    splitter: PassageSplitter
    table_rows: int = 20
    limits: FileLimits = USUAL
    suffixes: ClassVar[frozenset[str]] = frozenset({".html", ".htm", ".xhtml"})
    sidecar_suffixes: ClassVar[tuple[str, ...]] = ()

    @property
    def fingerprint(self) -> str:
        return digest("html 1", self.splitter.fingerprint, self.table_rows)[:16]

    def read(self, document: Document) -> Iterator[Segment]:
        path = document.path
        with decoding(path):
            from bs4 import BeautifulSoup
            from bs4.dammit import EncodingDetector
        declared = EncodingDetector.find_declared_encoding(read_bytes(path), is_html=True)
        text, encoding = decode(path, declared)
        with decoding(path, *DAMAGED):
            soup = BeautifulSoup(text, "lxml")
            title, facts = _head(soup)
            blocks = list(_Walk(path, self.limits).blocks(_main(soup)))
        facts = {**encoding_fact(encoding), **facts}
        origin = Origin(document, "html", title or title_from_name(path), facts, limits=self.limits)
        if not blocks:
            raise CorruptMedia(f"{path} holds no text outside of its menus and scripts")
        yield from _segments(origin, self.splitter, self.table_rows, blocks)


def _segments(origin: Origin, splitter: PassageSplitter, window: int, blocks: Sequence[Block]) -> Iterator[Segment]:
    offset, start, tables = 0, 0, 0
    paragraphs: list[str] = []
    for block, following in zip(blocks, [*blocks[1:], None], strict=True):
        headings = [heading for heading in block.headings if heading != origin.title]
        if block.rows:
            tables += 1
            place = Span(start_char=offset, end_char=offset, part=f"table {tables}")
            yield from sheet_segments(origin, block.rows, window, headings=headings, place=place, headed=block.headed)
            start = offset
            continue
        paragraphs.append(block.text)
        offset += len(block.text) + 2
        if following is None or following.rows or following.headings != block.headings:
            yield from origin.passages(splitter, "\n\n".join(paragraphs), headings=headings, offset=start)
            paragraphs, start = [], offset


def _head(soup: "BeautifulSoup") -> tuple[str, dict[str, Any]]:
    """(title, metadata) that the page says of itself."""
    said = {
        str(meta.get("name") or meta.get("property")).lower(): str(meta.get("content", "")).strip()
        for meta in soup.find_all("meta")
    }
    heading = soup.find("h1")
    titles = (
        soup.title.get_text() if soup.title else "",
        said.get("og:title", ""),
        heading.get_text() if heading else "",
    )
    facts: dict[str, Any] = {}
    if date := iso_date(said.get("article:published_time") or said.get("date") or said.get("dcterms.date") or ""):
        facts["date"] = date
    if tags := [tag.strip() for tag in said.get("keywords", "").split(",") if tag.strip()]:
        facts["tags"] = tags
    if author := said.get("author"):
        facts["author"] = author
    return next((" ".join(title.split()) for title in titles if title.strip()), ""), facts


def _main(soup: "BeautifulSoup") -> "Tag":
    """The element that holds the main text, without what is no part of it."""
    for junk in soup.select(_JUNK):
        junk.decompose()
    for header in soup.select("body > header"):
        if header.find("h1") is None:
            header.decompose()
    articles = soup.find_all("article")
    candidates = [*soup.select("main, [role=main]")[:1], *(articles if len(articles) == 1 else [])]
    for candidate in candidates:
        if len(candidate.get_text(" ", strip=True)) >= _MAIN_CHARS:
            return candidate
    return soup.body or soup


@dataclass(slots=True)
class _Walk:
    """A walk through the elements in reading order; remembers the headings that it passed.

    Raises TooLarge for elements too deep inside each other, and for tables that spans make too wide.
    """

    file: Path
    limits: FileLimits
    depth: int = 0
    path: list[tuple[int, str]] = field(default_factory=list)

    def blocks(self, element: "Tag") -> Iterator[Block]:
        from bs4.element import NavigableString, Tag

        self.depth += 1
        self.limits.hold("nesting", self.depth, f"{self.file} has elements nested too deep")
        words: list[str] = []
        for child in element.children:
            if isinstance(child, Tag) and not self._inline(child):
                yield from self._paragraph(words)
                words = []
                yield from self._block(child)
            elif isinstance(child, Tag):
                words.append(_inline_text(child))
            elif type(child) is NavigableString:  # comments and doctypes are its children
                words.append(str(child))
        yield from self._paragraph(words)
        self.depth -= 1

    def _block(self, element: "Tag") -> Iterator[Block]:
        if _HEADING.fullmatch(element.name):
            depth, name = int(element.name[1]), " ".join(element.get_text(" ").split())
            if name:
                self.path = [*(above for above in self.path if above[0] < depth), (depth, name)]
        elif element.name == "table" and (rows := _data_rows(element, self.file, self.limits)):
            caption = element.find("caption")
            name = " ".join(caption.get_text(" ").split()) if caption else ""
            yield Block((*self._headings(), *([name] if name else [])), rows=rows, headed=_is_headed(element))
        elif element.name == "pre":
            yield from self._text(element.get_text().strip("\n"))
        else:
            yield from self.blocks(element)

    def _inline(self, element: "Tag") -> bool:
        return element.name in _INLINE and all(child.name in _INLINE for child in element.find_all(True))

    def _paragraph(self, words: Sequence[str]) -> Iterator[Block]:
        lines = (" ".join(line.split()) for line in "".join(words).replace("\n", " ").split("\v"))
        yield from self._text("\n".join(line for line in lines if line))

    def _text(self, text: str) -> Iterator[Block]:
        if text.strip():
            yield Block(self._headings(), text)

    def _headings(self) -> tuple[str, ...]:
        return tuple(name for _, name in self.path)


def _inline_text(element: "Tag") -> str:
    """Its words; a line break as a vertical tab, a picture as what its description says."""
    if element.name == "br":
        return "\v"
    if element.name == "img":
        return f" {element.get('alt') or ''} "
    for inner in element.find_all(["br", "img"]):
        inner.replace_with(_inline_text(inner))
    return element.get_text()


def _data_rows(table: "Tag", file: Path, limits: FileLimits) -> list[list[str]]:
    """The cells of a table of data, spans filled with the cell that spans; nothing when it only places parts."""
    if table.find("table") is not None:
        return []
    rows: list[dict[int, str]] = []
    hanging: dict[int, tuple[int, str]] = {}
    for line in table.find_all("tr"):
        row = {column: text for column, (_, text) in hanging.items()}
        hanging = {column: (left - 1, text) for column, (left, text) in hanging.items() if left > 1}
        column = 0
        for cell in line.find_all(["td", "th"]):
            text = " ".join(cell.get_text(" ").split())
            while column in row:
                column += 1
            for place in range(column, column + _span(cell, "colspan")):
                row[place] = text
                if _span(cell, "rowspan") > 1:
                    hanging[place] = (_span(cell, "rowspan") - 1, text)
        wide = max(row, default=-1) + 1
        limits.hold("columns", wide, f"{file} has a table of {wide:,} columns")
        rows.append(row)
    width = max((max(row, default=-1) + 1 for row in rows), default=0)
    cells = [[row.get(column, "") for column in range(width)] for row in rows]
    headed = table.find(["th", "caption", "thead"]) is not None
    longest = max((len(cell) for row in cells for cell in row), default=0)
    return cells if len(cells) > 1 and width > 1 and (headed or longest < _LAYOUT_CELL_CHARS) else []


def _is_headed(table: "Tag") -> bool:
    """Whether the first row is marked as a header."""
    line = table.find("tr")
    return line is not None and line.find("th") is not None and line.find("td") is None


def _span(cell: "Tag", name: str) -> int:
    said = str(cell.get(name, "1"))
    return min(max(int(said), 1), 100) if said.isdecimal() else 1
