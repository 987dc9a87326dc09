"""What is said of a picture: EXIF, XMP and IPTC inside it, caption files beside it."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, ParseError

from mmsearch.readers.charsets import decode
from mmsearch.readers.decoding import DAMAGED, TRIPPED, decoding, is_blank
from mmsearch.readers.raster import exif_of, quiet
from mmsearch.readers.segments import telling

if TYPE_CHECKING:
    from PIL import Image

_DC = "{http://purl.org/dc/elements/1.1/}"
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_XMP_DATES = (
    "{http://ns.adobe.com/exif/1.0/}DateTimeOriginal",
    "{http://ns.adobe.com/photoshop/1.0/}DateCreated",
    "{http://ns.adobe.com/xap/1.0/}CreateDate",
)
_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
_CAMERA_WORDS = frozenset(
    {"olympus digital camera", "dcim", "default", "digital camera", "samsung", "minolta digital camera"}
)
"""What cameras write into every picture as its description."""
_DATE = re.compile(r"(\d{4})[:-](\d{2})[:-](\d{2})(?:[T ](\d{2}:\d{2}:\d{2}))?")


@dataclass(frozen=True, slots=True)
class Caption:
    """What one source says: empty where it says nothing."""

    title: str = ""
    text: str = ""
    tags: tuple[str, ...] = ()
    date: str = ""
    place: tuple[float, float] | None = None


def merged(captions: Sequence[Caption]) -> tuple[str, str, dict[str, Any]]:
    """(title, text, metadata) of several sources, the preferred first; nothing is said twice."""
    texts = list(dict.fromkeys(caption.text for caption in captions if caption.text))
    tags = list(dict.fromkeys(tag for caption in captions for tag in caption.tags if tag))
    date = next((caption.date for caption in captions if caption.date), "")
    place = next((caption.place for caption in captions if caption.place), None)
    facts: dict[str, Any] = {}
    if date:
        facts["date"] = date
    if tags:
        facts["tags"] = tags
    if place:
        facts["lat"], facts["lon"] = place
    return next(filter(None, (telling(caption.title) for caption in captions)), ""), "\n".join(texts), facts


def beside(sidecars: Sequence[Path]) -> Iterator[Caption]:
    """What the caption files say, in their order; a blank one says nothing. Raises CorruptMedia for a broken one."""
    for path in sidecars:
        if is_blank(path):
            continue
        match path.suffix.lower():
            case ".xmp":
                with decoding(path, ParseError, *TRIPPED):
                    yield _xmp(path.read_bytes())
            case ".json":
                with decoding(path, *TRIPPED):
                    said = json.loads(decode(path)[0])
                    caption = _json(said) if isinstance(said, dict) else Caption()
                yield caption
            case ".txt":
                yield Caption(text=decode(path)[0].strip())


def inside(picture: "Image.Image") -> Iterator[Caption]:
    """What the picture itself says. A damaged block says nothing."""
    with quiet():
        for block in (_embedded_xmp, _iptc, _exif, _png):
            try:
                yield block(picture)
            except DAMAGED:  # as cameras and editors leave them; the picture is good
                continue


def _embedded_xmp(picture: "Image.Image") -> Caption:
    packet = picture.info.get("xmp") or picture.info.get("XML:com.adobe.xmp")
    if not packet:
        return Caption()
    return _xmp(packet.encode() if isinstance(packet, str) else packet.rstrip(b"\0 "))


def _xmp(packet: bytes) -> Caption:
    from defusedxml.ElementTree import fromstring

    root: Element = fromstring(packet)
    title, text = _xmp_values(root, _DC + "title"), _xmp_values(root, _DC + "description")
    dates = (date for name in _XMP_DATES for date in _xmp_values(root, name))
    return Caption(
        title=next(iter(title), ""),
        text=next(iter(text), ""),
        tags=tuple(_xmp_values(root, _DC + "subject")),
        date=next(map(iso_date, dates), ""),
    )


def _xmp_values(root: Element, name: str) -> list[str]:
    """The values of a property: an attribute of rdf:Description, an element's text, or the items of its list."""
    values = [element.get(name, "") for element in root.iter(_RDF + "Description")]
    for element in root.iter(name):
        items = list(element.iter(_RDF + "li"))
        items.sort(key=lambda item: item.get("{http://www.w3.org/XML/1998/namespace}lang") != "x-default")
        values += [item.text or "" for item in items] or [element.text or ""]
    return [value.strip() for value in values if value.strip()]


def _iptc(picture: "Image.Image") -> Caption:
    from PIL import IptcImagePlugin
    from PIL.ImageFile import ImageFile

    said = IptcImagePlugin.getiptcinfo(picture) if isinstance(picture, ImageFile) else None
    said = said or {}
    utf8 = said.get((1, 90)) == b"\x1b%G"

    def values(field: int) -> list[str]:
        found = said.get((2, field), [])
        return [_words(value, utf8=utf8) for value in (found if isinstance(found, list) else [found])]

    date = next(iter(values(55)), "")
    return Caption(
        title=next(iter(values(5)), ""),
        text=next(iter(values(120)), ""),
        tags=tuple(values(25)),
        date=f"{date[:4]}-{date[4:6]}-{date[6:8]}" if re.fullmatch(r"\d{8}", date) else "",
    )


def _words(value: bytes, *, utf8: bool) -> str:
    try:
        return value.decode("utf-8").strip("\0 \r\n")
    except UnicodeDecodeError:
        return value.decode("utf-8" if utf8 else "cp1252", errors="replace").strip("\0 \r\n")


def _exif(picture: "Image.Image") -> Caption:
    exif = exif_of(picture)
    detail = exif.get_ifd(_EXIF_IFD)
    text = str(exif.get(0x010E, "")).strip("\0 \r\n")
    windows_title, windows_tags = (_utf16(exif.get(tag)) for tag in (0x9C9B, 0x9C9E))
    return Caption(
        title=windows_title,
        text="" if text.lower() in _CAMERA_WORDS else _unmangled(text),
        tags=tuple(tag.strip() for tag in windows_tags.split(";") if tag.strip()),
        date=iso_date(str(detail.get(0x9003) or detail.get(0x9004) or exif.get(0x0132) or "")),
        place=_gps(exif.get_ifd(_GPS_IFD)),
    )


def _unmangled(text: str) -> str:
    """EXIF says ASCII and cameras write UTF-8: Pillow reads it as Latin-1."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _utf16(value: object) -> str:
    content = bytes(value) if isinstance(value, (bytes, tuple)) else b""
    return content.decode("utf-16-le", errors="ignore").strip("\0 ")


def _gps(said: Mapping[int, Any]) -> tuple[float, float] | None:
    if not (said.get(2) and said.get(4)):
        return None
    lat, lon = (float(d) + float(m) / 60 + float(s) / 3600 for d, m, s in (said[2], said[4]))
    lat = -lat if str(said.get(1, "N")).upper().startswith("S") else lat
    lon = -lon if str(said.get(3, "E")).upper().startswith("W") else lon
    known = abs(lat) <= 90 and abs(lon) <= 180 and (lat, lon) != (0.0, 0.0)
    return (round(lat, 6), round(lon, 6)) if known else None


def _png(picture: "Image.Image") -> Caption:
    said = {
        key: value.strip() for key, value in picture.info.items() if isinstance(key, str) and isinstance(value, str)
    }
    return Caption(title=said.get("Title", ""), text=said.get("Description", "") or said.get("comment", ""))


def _json(said: Mapping[str, Any]) -> Caption:
    """Our own keys and those of the side-cars that Google Takeout writes."""
    taken = said.get("photoTakenTime")
    stamp = taken.get("timestamp") if isinstance(taken, dict) else None
    spot = said.get("geoData")
    tags = said.get("tags") or said.get("keywords") or said.get("labels") or []
    return Caption(
        title="" if stamp else str(said.get("title") or ""),  # Takeout's title is the file's name
        text=str(said.get("caption") or said.get("description") or "").strip(),
        tags=tuple(str(tag).strip() for tag in (tags.split(",") if isinstance(tags, str) else tags)),
        date=_from_timestamp(stamp) if stamp else iso_date(str(said.get("date") or "")),
        place=_spot(spot) if isinstance(spot, dict) else None,
    )


def _spot(said: Mapping[str, Any]) -> tuple[float, float] | None:
    lat, lon = said.get("latitude"), said.get("longitude")
    known = isinstance(lat, (int, float)) and isinstance(lon, (int, float)) and (lat or lon)
    return (float(lat), float(lon)) if known and lat is not None and lon is not None else None


def _from_timestamp(stamp: object) -> str:
    try:
        return datetime.fromtimestamp(int(str(stamp)), UTC).strftime("%Y-%m-%dT%H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return ""


def iso_date(said: str) -> str:
    """An EXIF, XMP or ISO date as ISO 8601, cut to what is known; "" where it is none."""
    said = said.strip()
    if match := _DATE.match(said):
        year, month, day, time = match.groups()
        if "00" in (month, day) or year == "0000":
            return "" if year == "0000" else year
        return f"{year}-{month}-{day}" + (f"T{time}" if time else "")
    return said if re.fullmatch(r"\d{4}(-\d{2})?", said) else ""
