"""A ranking as HTML of its own, for a notebook: pictures, tables and players lie in it, nothing is fetched."""

import mimetypes
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, fields
from html import escape
from pathlib import Path
from typing import Self

from mmsearch.errors import MMSearchError
from mmsearch.library import Library
from mmsearch.places import place
from mmsearch.types import Box, Ranking, Result, Table

MOST_SOUND_BYTES = 16 * 1024 * 1024
"""A larger recording is named and not put into the notebook, which is saved with it."""
MOST_ROWS = 20
MOST_COLUMNS = 12


@dataclass(frozen=True, slots=True)
class Found(Ranking):
    """A ranking that shows itself in a notebook, with the media of the library that it comes from."""

    library: Library | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, ranking: Ranking, library: Library) -> Self:
        """The ranking, from that library."""
        return cls(**{f.name: getattr(ranking, f.name) for f in fields(Ranking)}, library=library)

    def _repr_html_(self) -> str:
        notes = [f"closed: {name}: {reason}" for name, reason in self.closed_spaces.items()]
        if self.no_good_match:
            notes.insert(0, "Nothing here matches well." if self.results else "Nothing is found.")
        said = "".join(f"<p><small>{escape(note)}</small></p>" for note in notes)
        return f"<div>{said}<ol>{''.join(self._shown(result) for result in self.results)}</ol></div>"

    def _shown(self, result: Result) -> str:
        segment = result.segment
        where = " · ".join(part for part in (segment.uri, place(segment.span)) if part)
        title = escape(segment.title or Path(segment.uri).name)
        return (
            f"<li><b>{title}</b> <small>{result.score:.2f} · {escape(where)}</small>"
            f"{self._medium(result)}<div>{marked(result)}</div></li>"
        )

    def _medium(self, result: Result) -> str:
        segment = result.segment
        match segment.modality:
            case "image":
                return self._picture(result)
            case "audio":
                return self._player(result)
            case "table":
                return table_html(segment.table, result) if segment.table else ""
            case "text":
                return ""

    def _picture(self, result: Result) -> str:
        segment = result.segment
        file = self._file(lambda library: library.picture(segment.document_id, segment.id))
        if file is None:
            return ""
        image = f'<img src="{data_uri(file)}" alt="{escape(segment.title)}" style="display:block;max-width:24em">'
        marks = "".join(mark_html(box) for box in (result.answer.boxes if result.answer else ()))
        return f'<div style="display:inline-block;position:relative">{image}{marks}</div>'

    def _player(self, result: Result) -> str:
        segment = result.segment
        file = self._file(lambda library: library.file(segment.document_id))
        if file is None or file.stat().st_size > MOST_SOUND_BYTES:
            return ""
        start_s, end_s = segment.span.start_s or 0, segment.span.end_s
        moment = f"#t={start_s:g}" + (f",{end_s:g}" if end_s else "")
        return f'<div><audio controls preload="metadata" src="{data_uri(file)}{moment}"></audio></div>'

    def _file(self, find: Callable[[Library], Path | None]) -> Path | None:
        """The file that is looked for in the library; None where it is not there, or the library any more."""
        found = None
        if self.library is not None:
            with suppress(MMSearchError):
                found = find(self.library)
        return found if found and found.is_file() else None


def marked(result: Result) -> str:
    """The snippet, what the query's words match in bold."""
    text, parts, done = result.snippet, [], 0
    for start, end in result.highlights:
        parts += [escape(text[done:start]), "<mark>", escape(text[start:end]), "</mark>"]
        done = end
    return "".join([*parts, escape(text[done:])])


def mark_html(box: Box) -> str:
    """A frame over a picture that fills what holds it."""
    left, top, right, bottom = (100 * share for share in box)
    place = f"left:{left:.2f}%;top:{top:.2f}%;width:{right - left:.2f}%;height:{bottom - top:.2f}%"
    return f'<span style="position:absolute;{place};outline:2px solid #e07b00;background:rgb(255 196 0 / 18%)"></span>'


def table_html(table: Table, result: Result) -> str:
    """The first rows and columns of the table; the cells that answer are marked."""
    cells = set(result.answer.cells) if result.answer else set[tuple[int, int]]()
    first = result.segment.span.start_row or 0
    head = "".join(f"<th>{escape(name)}</th>" for name in table.header[:MOST_COLUMNS])
    rows = []
    for number, row in enumerate(table.rows[:MOST_ROWS]):
        shown = [
            f"<td><mark>{escape(cell)}</mark></td>" if (first + number, column) in cells else f"<td>{escape(cell)}</td>"
            for column, cell in enumerate(row[:MOST_COLUMNS])
        ]
        rows.append(f"<tr>{''.join(shown)}</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def data_uri(file: Path) -> str:
    """The file's content as an address."""
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return f"data:{kind};base64,{b64encode(file.read_bytes()).decode()}"
