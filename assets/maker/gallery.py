"""Which pictures the library has, in which format, and what is written beside or inside each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from PIL import Image, PngImagePlugin

from maker import charts, scenes_day, scenes_lettered, scenes_night, scenes_old, scenes_sea, town

DESCRIPTION, MADE_BY, EXIF_BLOCK, TAKEN = 0x010E, 0x013B, 0x8769, 0x9003  # EXIF tag numbers


@dataclass(frozen=True)
class Picture:
    """One picture: where it goes, who paints it, and its words if it has any."""

    target: str
    paint: Callable[[], Image.Image]
    caption: str = ""  # in a text file beside it
    description: str = ""  # inside the file
    taken: str = ""  # EXIF date, "YYYY:MM:DD hh:mm:ss"
    xmp: bool = False  # the description as XMP and not as EXIF


PICTURES = (
    Picture(
        "harbour/harbour_morning.png",
        scenes_day.harbour_morning,
        caption="Sunrise over the North Quay: blue, red, green and yellow fishing boats at their moorings, "
        "with painted houses climbing the hill behind.",
    ),
    Picture("harbour/fish_stall.jpg", scenes_lettered.fish_stall),
    Picture(
        "lighthouse/lighthouse_night.png",
        scenes_night.lighthouse_night,
        caption="Gannet Head on a clear night, its two beams sweeping over the sea under a full moon; "
        "one window of the cottage is lit.",
    ),
    Picture("lighthouse/tower_section.png", charts.tower_section),
    Picture(
        "weather/storm_wave.jpg",
        scenes_sea.storm_wave,
        description="A huge breaker goes over the end of the Long Arm, seen from the harbour office.",
        taken="2024:01:13 15:42:10",
    ),
    Picture(
        "weather/tide_curve.png",
        charts.tide_curve,
        description="Predicted and measured water level in the harbour during the January storm.",
    ),
    Picture("festival/lantern_evening.webp", scenes_night.lantern_evening),
    Picture("festival/poster.png", scenes_lettered.poster),
    Picture(
        "history/herring_fleet_1907.jpg",
        scenes_old.herring_fleet_1907,
        description="Herring drifters under sail leave Port Skerrin for the fishing grounds, August 1907; "
        "empty barrels wait on the quay.",
        xmp=True,
    ),
    Picture("history/town_map.png", town.town_map),
    Picture("ferry/timetable_board.png", scenes_lettered.timetable_board),
    Picture("ferry/crossing.webp", scenes_day.crossing),
    Picture(
        "lifeboat/lifeboat_launch.jpg",
        scenes_sea.lifeboat_launch,
        caption="The Grace Annable going down the slipway on exercise, with her crew in yellow oilskins.",
        taken="2024:06:01 11:05:00",
    ),
    Picture("wildlife/gull.png", scenes_day.gull),
)


def xmp_packet(description: str) -> bytes:
    """The description as an XMP packet."""
    text = escape(description)
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:description><rdf:Alt>'
        f'<rdf:li xml:lang="x-default">{text}</rdf:li></rdf:Alt></dc:description>'
        '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
    ).encode()


def hang(picture: Picture, library: Path) -> Path:
    """Paint one picture into the library, with its caption file; returns its path."""
    path = library / picture.target
    image = picture.paint().convert("RGB")
    exif = Image.Exif()
    if picture.description and not picture.xmp:
        exif[DESCRIPTION] = picture.description
        exif[MADE_BY] = "Port Skerrin Library"
    if picture.taken:
        exif[EXIF_BLOCK] = {TAKEN: picture.taken}
    options: dict[str, Any] = {"exif": exif.tobytes()} if len(exif) else {}
    if picture.xmp:
        options["xmp"] = xmp_packet(picture.description)
    if path.suffix == ".png":
        notes = PngImagePlugin.PngInfo()
        if picture.description:
            notes.add_text("Description", picture.description)
        image.save(path, optimize=True, pnginfo=notes)
    elif path.suffix == ".webp":
        image.save(path, quality=88, method=6, **options)
    else:
        image.save(path, quality=90, optimize=True, **options)
    if picture.caption:
        path.with_suffix(".txt").write_text(picture.caption + "\n", encoding="utf-8", newline="\n")
    return path
