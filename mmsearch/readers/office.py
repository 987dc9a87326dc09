"""What Word documents and presentations have in common: properties and embedded pictures."""

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mmsearch.errors import CorruptMedia, TooLarge
from mmsearch.protocols import OcrEngine
from mmsearch.readers.lettering import lettered
from mmsearch.readers.raster import LETTERING_PIXELS, opened, picture_facts, rendition, upright, upright_size
from mmsearch.readers.segments import Origin
from mmsearch.types import Segment, Span

_ICON_PIXELS = 64
_FILE_NAME = re.compile(r"(?i).*\.(?:png|jpe?g|gif|bmp|tiff?|webp|emf|wmf|svg)")
"""What programs write as the alternative text of a picture that nobody described."""
_TEMPLATE_TITLES = frozenset({"Word Document", "PowerPoint Presentation", "Presentation", "Slide 1"})


@dataclass(frozen=True, slots=True)
class OfficePicture:
    """An embedded picture file and its alternative text."""

    content: bytes
    description: str = ""


def facts_of(properties: Any) -> tuple[str, dict[str, Any]]:
    """(title, metadata) of the document's properties. The date is when it was last changed."""
    facts: dict[str, Any] = {}
    changed = properties.modified or properties.created
    if isinstance(changed, datetime):
        facts["date"] = changed.date().isoformat()
    if properties.author:
        facts["author"] = properties.author
    if tags := [tag.strip() for tag in (properties.keywords or "").replace(";", ",").split(",") if tag.strip()]:
        facts["tags"] = tags
    title = " ".join((properties.title or "").split())
    return "" if title in _TEMPLATE_TITLES else title, facts


def picture_segment(
    origin: Origin, ocr: OcrEngine | None, picture: OfficePicture, place: Span, headings: Sequence[str]
) -> Iterator[Segment]:
    """The segment of an embedded picture; nothing for icons, for too many pixels, and for drawings (EMF, WMF, SVG)."""
    path = origin.document.path
    try:
        with opened(path, io.BytesIO(picture.content), origin.limits) as content:
            size = upright_size(content)
            if min(size) < _ICON_PIXELS or content.format in ("WMF", "EMF"):
                return
            shown = upright(path, content, LETTERING_PIXELS)
    except (CorruptMedia, TooLarge):
        return
    described = "" if _FILE_NAME.fullmatch(picture.description) else picture.description.strip()
    text, lettering = lettered(ocr, described, shown)
    yield origin.segment(
        "image",
        place,
        headings=headings,
        text=text,
        picture=rendition(shown),
        metadata=picture_facts(shown, size),
        lettering=lettering,
    )
