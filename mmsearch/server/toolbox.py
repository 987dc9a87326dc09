"""What the tools for assistants do on a library. Every answer is small, and says what it leaves out."""

import io
import json
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from anyio.to_thread import run_sync

from mmsearch.asking import SearchFields
from mmsearch.errors import NotFound
from mmsearch.library import Library
from mmsearch.limits import USUAL
from mmsearch.places import place
from mmsearch.readers.raster import encoded, opened, upright
from mmsearch.serialisation import for_reading
from mmsearch.server.tools import MOST_PASSAGES, MOST_SAID, PICTURE_PIXELS, GetTool, ListTool, SearchTool
from mmsearch.types import Query, Ranking, Result, Segment, is_digest

SHORT, LONG = 200, 500
"""Characters of a title, and of a place or an answer."""
PAGE = 1_000
"""Segments that are asked for at once."""

Search = Callable[[Query], Awaitable[Ranking]]
_UNREADABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Told:
    """The answer to a call: a JSON object, and the pictures that its keys `picture` number from 1."""

    said: dict[str, Any]
    pictures: list[bytes]


class Toolbox:
    """The tools over one library; `search` asks it, as whoever keeps it takes on searches."""

    def __init__(self, library: Library, search: Search) -> None:
        self._library, self._search = library, search

    async def call(self, name: str, arguments: Any) -> Told:
        """The answer of the tool of that name. Raises NotFound for another, InputError, and what the library raises."""
        match name:
            case SearchTool.tool:
                return await self._found(SearchTool.read(arguments))
            case GetTool.tool:
                return await run_sync(partial(self._got, GetTool.read(arguments)))
            case ListTool.tool:
                return await run_sync(partial(self._listed, ListTool.read(arguments)))
            case _:
                raise NotFound(f'there is no tool "{_clip(name, SHORT)}"; there are search, get and list')

    async def _found(self, asked: SearchTool) -> Told:
        fields = asked.model_dump(include={"modalities", "filter", "top_k", "offset"})
        ranking = await self._search(SearchFields.read({**fields, "text": asked.query}).query())
        return await run_sync(partial(self._shown, ranking, asked))

    def _shown(self, ranking: Ranking, asked: SearchTool) -> Told:
        album = _Album(self._library, asked.pictures)
        closed = {name: _clip(reason, LONG) for name, reason in ranking.closed_spaces.items()}
        said: dict[str, Any] = {"no_good_match": ranking.no_good_match, "closed_spaces": closed, "results": []}
        for result in ranking.results:
            item = _result(result, asked.characters)
            if said["results"] and _size(said) + _size(item) > MOST_SAID:
                said["left_out"] = len(ranking.results) - len(said["results"])
                said["next_offset"] = asked.offset + len(said["results"])
                break
            said["results"].append(album.illustrated(item, result.segment))
        return Told(said, album.pictures)

    def _got(self, asked: GetTool) -> Told:
        if not is_digest(asked.document):
            raise NotFound(f"the library has no document {_clip(asked.document, SHORT)!r}")
        document, album = self._library.document(asked.document), _Album(self._library, asked.pictures)
        said: dict[str, Any] = {
            "document": document.id,
            "uri": _clip(document.uri, LONG),
            "modality": document.modality,
            "passages": [],
            "next_offset": None,
        }
        at, room = 0, asked.characters
        for segment in self._from(asked):
            text = _plain(for_reading(segment))
            begin = max(0, asked.offset - at)
            if begin < max(1, len(text)):
                piece = text[begin : begin + room]
                item = _passage(segment) | {"text": piece}
                full = len(said["passages"]) == MOST_PASSAGES or _size(said) + _size(item) > MOST_SAID
                if said["passages"] and (full or not room):
                    said["next_offset"] = at + begin
                    break
                said["passages"].append(album.illustrated(item, segment))
                room -= len(piece)
                if begin + len(piece) < len(text):
                    said["next_offset"] = at + begin + len(piece)
                    break
            at += len(text) + 1  # passages count as if a line's end stood between them
        return Told(said, album.pictures)

    def _from(self, asked: GetTool) -> Iterator[Segment]:
        """The segments of the document from the one that is named on. Raises NotFound when it is not there."""
        offset, begun = 0, not asked.segment
        while page := self._library.segments(asked.document, offset, PAGE):
            offset += len(page)
            for segment in page:
                begun = begun or segment.id == asked.segment
                if begun:
                    yield segment
        if not begun:
            raise NotFound(f"the document holds no segment {_clip(asked.segment, SHORT)!r} any longer; search again")

    def _listed(self, asked: ListTool) -> Told:
        said: dict[str, Any] = {"documents": [], "next_offset": None}
        for document in self._library.documents(asked.offset, asked.limit + 1, asked.part):
            item = {
                "document": document.id,
                "uri": _clip(document.uri, LONG),
                "modality": document.modality,
                "segments": document.segments,
            }
            if len(said["documents"]) == asked.limit or _size(said) + _size(item) > MOST_SAID:
                said["next_offset"] = asked.offset + len(said["documents"])
                break
            said["documents"].append(item)
        return Told(said, [])


class _Album:
    """Small copies of so many pictures, of the segments that come first."""

    def __init__(self, library: Library, most: int) -> None:
        self._library, self._most = library, most
        self.pictures: list[bytes] = []

    def illustrated(self, item: dict[str, Any], segment: Segment) -> dict[str, Any]:
        """The item; with the number of its picture, where there is one and it is still wanted."""
        if len(self.pictures) < self._most:
            file = self._library.picture(segment.document_id, segment.id)
            if file is not None:
                self.pictures.append(_small(file))
                item["picture"] = len(self.pictures)
        return item


def _small(file: Path) -> bytes:
    content = io.BytesIO(file.read_bytes())
    with opened(file, content, USUAL) as picture:
        return encoded(upright(file, picture, PICTURE_PIXELS))


def _result(result: Result, characters: int) -> dict[str, Any]:
    segment, answer = result.segment, result.answer
    text = _plain(for_reading(segment))
    said: dict[str, Any] = {"rank": result.rank, "score": round(result.score, 3), "document": segment.document_id}
    said |= _passage(segment) | {"uri": _clip(segment.uri, LONG), "title": _clip(segment.title, SHORT)}
    if date := segment.metadata.get("date"):
        said["date"] = _clip(str(date), SHORT)
    if answer:
        said["answer"] = {"text": _clip(answer.text, LONG), "confidence": round(answer.confidence, 3)}
        if answer.seconds:
            said["answer"]["seconds"] = list(answer.seconds)
    said["text"] = text[:characters]
    if len(text) > characters:
        said |= {"cut": {"shown": characters, "of": len(text)}, "snippet": _clip(result.snippet, LONG)}
    if result.duplicates:
        said["near_copies"] = len(result.duplicates)
    return said


def _passage(segment: Segment) -> dict[str, Any]:
    said: dict[str, Any] = {"segment": segment.id, "modality": segment.modality}
    if where := place(segment.span):
        said["where"] = _clip(where, SHORT)
    if segment.headings:
        said["headings"] = _clip(" / ".join(segment.headings), SHORT)
    return said


def _size(said: Any) -> int:
    return len(json.dumps(said, ensure_ascii=False))


def _clip(text: str, most: int) -> str:
    """The text, or its beginning with a sign that it goes on."""
    text = _plain(text)
    return text if len(text) <= most else text[: most - 2] + " …"


def _plain(text: str) -> str:
    """The text with a blank for each control character and half character: these are not for reading."""
    return _UNREADABLE.sub(" ", text)
